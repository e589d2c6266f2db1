"""`flowport resume`: answer a parked run, as whoever holds its callback id."""

from typing import Annotated

import typer

from flowport_cli.errors import About
from flowport_cli.inputs import read_json
from flowport_cli.session import AsJson, session_of

_SAID = {"resumed": "The run goes on.", "kept": "Kept: no run waits on it yet; the run gets it when it parks."}


def resume(
    ctx: typer.Context,
    callback_id: Annotated[str, typer.Argument(help="The id under which the run is parked.", metavar="CALLBACK")],
    answer: Annotated[
        str | None,
        typer.Argument(help="The state's output: JSON, @FILE, or - for stdin. Else {}.", metavar="JSON|@FILE|-"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Resume a run that is parked on a callback, once. The id is the credential: no token is needed."""
    session = session_of(ctx, as_json=as_json)
    body = b"{}" if answer is None else read_json(answer, "answer")
    about = About(listing="flowport jobs list")
    said = session.client(needs_token=False).send("POST", "v1", "callbacks", callback_id, body=body, about=about)
    if session.json:
        session.emit(said)
    else:
        status = str(said.document().get("status"))
        session.note(_SAID.get(status, status))
