"""`python -m flowport_cli` is the `flowport` command."""

from flowport_cli.start import run

run()
