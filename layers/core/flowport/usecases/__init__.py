"""What Flowport does: one module per use case, written against the ports in `ports.py`."""
