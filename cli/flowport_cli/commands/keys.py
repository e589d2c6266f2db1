"""`flowport keys …`: the keys that sign tokens."""

from typing import Annotated, Any, Final

import typer

from flowport_cli.inputs import secret_from_stdin
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, field, moment
from flowport_cli.session import AsJson, session_of

app = typer.Typer(help="Signing keys: create, import, list, retire.", no_args_is_help=True)
Alias = Annotated[str, typer.Argument(help="flowport or phixflow-api-key.", metavar="ALIAS")]
_LISTING: Final = "flowport keys list"
_COLUMNS: Final[Columns] = {
    "ALIAS": field("alias"),
    "CURRENT SINCE": moment("created_at"),
    "PREVIOUS SINCE": moment("previous_created_at"),
}


@app.command()
def create(ctx: typer.Context, alias: Alias, as_json: AsJson = False) -> None:
    """Make a new key. What the present one signed stays valid until that is retired."""
    _put(ctx, alias, {}, as_json=as_json)


@app.command("import")
def import_key(ctx: typer.Context, alias: Alias, as_json: AsJson = False) -> None:
    """Take a key from stdin, at least 32 bytes, as the new one; for API keys that another system has signed."""
    _put(ctx, alias, {"value": secret_from_stdin("key")}, as_json=as_json)


@app.command("list")
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the workspace's keys; never the keys themselves."""
    session = session_of(ctx, as_json=as_json)
    show_list(session, "v1", "admin", "keys", columns=_COLUMNS, about=session.about(listing=_LISTING))


@app.command()
def retire(ctx: typer.Context, alias: Alias, as_json: AsJson = False) -> None:
    """End the previous key, and every token that it signed. Within a minute nobody takes them any more."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client().send(
        "POST", "v1", "admin", "keys", alias, "retire", about=session.about(listing=_LISTING)
    )
    if session.json:
        session.emit(answer)
    session.note(f"The previous key {alias} is retired; what it signed is refused within a minute.")


def _put(ctx: typer.Context, alias: str, body: dict[str, Any], *, as_json: bool) -> None:
    session = session_of(ctx, as_json=as_json)
    answer = session.client().send(
        "POST", "v1", "admin", "keys", alias, body=body, about=session.about(listing=_LISTING)
    )
    if session.json:
        session.emit(answer)
    previous = answer.document().get("previous_created_at")
    rest = f" The last one stays valid until `flowport keys retire {alias}`." if previous else ""
    session.note(f"The key {alias} is kept.{rest}")
