"""`flowport users …`: callers who say who they are with a name and a password."""

from typing import Annotated

import typer

from flowport_cli.commands.tokens import COLUMNS, Endpoints, ExpiresAt, Scopes
from flowport_cli.errors import WrongUse
from flowport_cli.inputs import given
from flowport_cli.listing import show_list
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(help="Users with a password: create, list, revoke.", no_args_is_help=True)
_LISTING = "flowport users list"


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The user's name.")],
    scope: Scopes = ["run"],  # noqa: B006  # typer reads it, nobody changes it
    endpoint: Endpoints = None,
    expires_at: ExpiresAt = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin instead of asking for it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a user; the password is asked for, or read from stdin, and never an argument."""
    session = session_of(ctx, as_json=as_json)
    client = session.client()
    body = given(
        name=name,
        password=_password_from_stdin() if password_stdin else _password_from_prompt(),
        scopes=scope,
        endpoints=endpoint,
        expires_at=expires_at,
    )
    answer = client.send("POST", "v1", "admin", "users", body=body, about=session.about(listing=_LISTING))
    if session.json:
        session.emit(answer)
    session.note(f"User {name} is made. Over HTTP it says who it is as {client.workspace or 'WORKSPACE'}/{name}.")


def _password_from_stdin() -> str:
    try:
        text = typer.get_binary_stream("stdin").read().decode()
    except UnicodeDecodeError as error:
        raise WrongUse("The password on stdin is not UTF-8.") from error
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise WrongUse("There is no password on stdin.")
    return password


def _password_from_prompt() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


@app.command("list")
def list_users(
    ctx: typer.Context,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the workspace's users."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "users",
        columns=COLUMNS,
        about=session.about(listing=_LISTING),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def revoke(
    ctx: typer.Context, name: Annotated[str, typer.Argument(help="The user's name.")], as_json: AsJson = False
) -> None:
    """Revoke a user; the very next request with its password is refused."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "users", name, "revoke", about=about)
    if session.json:
        session.emit(answer)
    session.note(f"User {name} is revoked.")
