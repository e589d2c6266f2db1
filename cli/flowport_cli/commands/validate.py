"""`flowport validate`: check an input as a run would, without running anything."""

from typing import Annotated

import typer

from flowport_cli.inputs import ENDPOINT_HELP, endpoint_parts, read_json
from flowport_cli.render import show_json
from flowport_cli.session import AsJson, session_of


def validate(
    ctx: typer.Context,
    endpoint: Annotated[str, typer.Argument(help=ENDPOINT_HELP, metavar="MODULE/NAME")],
    input_: Annotated[
        str | None,
        typer.Argument(help="The input: JSON, @FILE, or - for stdin. Else {}.", metavar="JSON|@FILE|-"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check an input against the endpoint's schema, and show it with the defaults filled in. Nothing is run.

    What does not fit is listed with its place in the input: exit code 3.
    """
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    body = b"{}" if input_ is None else read_json(input_, "input")
    client = session.client(needs_token=False)
    answer = client.send("POST", "v1", "validate", *parts, body=body, about=session.about(endpoint=endpoint))
    if session.json:
        session.emit(answer)
    else:
        show_json(answer.document().get("input"))
    session.note("The input fits.")
