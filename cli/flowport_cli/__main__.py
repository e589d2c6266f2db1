"""`python -m flowport_cli` is the `flowport` command."""

from flowport_cli.main import app

app(prog_name="flowport")
