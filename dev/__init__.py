"""The local engine and everything that `make` does with it: `python -m dev COMMAND`."""
