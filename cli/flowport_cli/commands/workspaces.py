"""`flowport workspaces …`: for the stack's operator, whose token `flowport bootstrap --operator` gives."""

from typing import Annotated, Final

import typer

from flowport_cli.errors import About
from flowport_cli.inputs import given
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, field, moment, show_facts
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(help="Workspaces, for the stack's operator: create, list, show, enable, disable, delete.")
Name = Annotated[str, typer.Argument(help="The workspace's name.")]
_COLUMNS: Final[Columns] = {
    "NAME": field("name"),
    "TITLE": field("title"),
    "STATUS": field("status"),
    "CREATED": moment("created_at"),
}
_LISTING = "flowport workspaces list"
_OPERATORS: Final = (
    "Workspaces are managed with an operator's token: `flowport bootstrap --operator` gets one with AWS "
    "credentials, then `flowport --profile operator workspaces list`."
)


@app.command()
def create(
    ctx: typer.Context,
    name: Name,
    title: Annotated[str | None, typer.Option(help="Title for people.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace."""
    session = session_of(ctx, as_json=as_json)
    body = given(name=name, title=title)
    answer = session.client().send("POST", "v1", "admin", "workspaces", body=body, about=_about(name))
    if session.json:
        session.emit(answer)
    session.note(f"Workspace {name} is made. Its first token: `flowport bootstrap --workspace {name}`.")


@app.command("list")
def list_workspaces(
    ctx: typer.Context,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the stack's workspaces."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "workspaces",
        columns=_COLUMNS,
        about=_about("WORKSPACE"),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def show(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show a workspace."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client().send("GET", "v1", "admin", "workspaces", name, about=_about(name))
    if session.json:
        session.emit(answer)
    else:
        show_facts(answer.document())


@app.command()
def enable(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Let a workspace's callers in again."""
    _switch(ctx, name, "enable", as_json=as_json)


@app.command()
def disable(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Refuse every request of a workspace from now on."""
    _switch(ctx, name, "disable", as_json=as_json)


@app.command()
def delete(
    ctx: typer.Context,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a disabled workspace with its endpoints and credentials; the name stays taken for a while."""
    session = session_of(ctx, as_json=as_json)
    client = session.client()
    if not yes:
        typer.confirm(f"Delete the workspace {name}, all its endpoints and all its credentials?", abort=True, err=True)
    client.send("DELETE", "v1", "admin", "workspaces", name, about=_about(name))
    session.note(f"Workspace {name} is deleted.")


def _switch(ctx: typer.Context, name: str, action: str, *, as_json: bool) -> None:
    session = session_of(ctx, as_json=as_json)
    answer = session.client().send("POST", "v1", "admin", "workspaces", name, action, about=_about(name))
    if session.json:
        session.emit(answer)
    session.note(f"Workspace {name} is {action}d.")


def _about(name: str) -> About:
    return About(workspace=name, listing=_LISTING, forbidden=_OPERATORS)
