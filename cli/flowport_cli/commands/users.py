"""`flowport users …`: callers who say who they are with a name and a password."""

import base64
from typing import Annotated

import typer

from flowport_cli import limit_options
from flowport_cli import setting_options as settings
from flowport_cli.commands.tokens import (
    COLUMNS,
    Endpoints,
    ExpiresAt,
    ExpiresInDays,
    OptionalRoles,
    OptionalScopes,
    grant,
    warn,
)
from flowport_cli.errors import WrongUse
from flowport_cli.inputs import given, secret_from_stdin
from flowport_cli.listing import show_list
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(
    help="Users with a password: create, list, show, update, password, my-password, unlock, revoke.",
    no_args_is_help=True,
)
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin instead of asking for it.")
]
Brought = Annotated[
    bool, typer.Option("--brought", help="Also a short password, for a dialect's own way in alone (not Basic).")
]
UserName = Annotated[str, typer.Argument(help="The user's name.")]
_LISTING = "flowport users list"


@app.command()
def create(
    ctx: typer.Context,
    name: UserName,
    scope: OptionalScopes = None,
    role: OptionalRoles = None,
    endpoint: Endpoints = None,
    expires_at: ExpiresAt = None,
    expires_in_days: ExpiresInDays = None,
    rate: limit_options.Rate = None,
    concurrent: limit_options.Concurrent = None,
    password_stdin: PasswordStdin = False,
    brought: Brought = False,
    as_json: AsJson = False,
) -> None:
    """Make a user; the password is asked for, or read from stdin, and never an argument."""
    session = session_of(ctx, as_json=as_json)
    client = session.client()
    scopes, limited = scope if scope or role else ["run"], limit_options.limits(rate, concurrent)
    body = {
        **grant(name, scopes, endpoint, expires_at, expires_in_days, roles=role, limited=limited),
        **given(password=_password(from_stdin=password_stdin), brought=brought or None),
    }
    answer = client.send("POST", "v1", "admin", "users", body=body, about=session.about(listing=_LISTING))
    if session.json:
        session.emit(answer)
    warn(session, answer.document())
    session.note(f"User {name} is made. Over HTTP it says who it is as {client.workspace or 'WORKSPACE'}/{name}.")


@app.command()
def password(
    ctx: typer.Context,
    name: UserName,
    password_stdin: PasswordStdin = False,
    brought: Brought = False,
    as_json: AsJson = False,
) -> None:
    """Give a user another password; the last one, and the tokens that it got, are refused from then on."""
    session = session_of(ctx, as_json=as_json)
    body = given(password=_password(from_stdin=password_stdin), brought=brought or None)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "users", name, "password", body=body, about=about)
    if session.json:
        session.emit(answer)
    warn(session, answer.document())
    session.note(f"User {name} has another password.")


@app.command()
def unlock(ctx: typer.Context, name: UserName, as_json: AsJson = False) -> None:
    """Forget the wrong passwords that were sent for a user, so that it can try again at once."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "users", name, "unlock", about=about)
    if session.json:
        session.emit(answer)
    lifted = [str(one.get("address")) for one in answer.document().get("lifted", ())]
    session.note(f"User {name} can try again{f'; it was locked from {", ".join(lifted)}' if lifted else ''}.")


@app.command("my-password")
def my_password(
    ctx: typer.Context,
    user: Annotated[str, typer.Argument(help="Who you are: WORKSPACE/NAME.", metavar="WORKSPACE/NAME")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read two lines from stdin: the present password, the new one.")
    ] = False,
) -> None:
    """Change your own password; it takes the present one and no token."""
    session = session_of(ctx, as_json=False)
    if user.count("/") != 1 or ":" in user:
        raise WrongUse(f"{user!r} is not a user.", hint="A user is WORKSPACE/NAME: default/ada")
    if password_stdin:
        present, _, new = secret_from_stdin("password").partition("\n")
    else:
        present = str(typer.prompt("Present password", hide_input=True, err=True))
        new = _password(from_stdin=False)
    if not present or not new:
        raise WrongUse("There are no two passwords on stdin.", hint="The present one comes first, each on a line.")
    basic = base64.b64encode(f"{user}:{present}".encode()).decode()
    client = session.client(needs_token=False)
    client.send("POST", "v1", "me", "password", body={"password": new}, headers={"Authorization": f"Basic {basic}"})
    session.note(f"{user} has another password; the last one, and the tokens that it got, are refused from now on.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return secret_from_stdin("password")
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
def revoke(ctx: typer.Context, name: UserName, as_json: AsJson = False) -> None:
    """Revoke a user; the very next request with its password is refused."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "users", name, "revoke", about=about)
    if session.json:
        session.emit(answer)
    session.note(f"User {name} is revoked.")


@app.command()
def show(ctx: typer.Context, name: UserName, as_json: AsJson = False) -> None:
    """Show a user."""
    session = session_of(ctx, as_json=as_json)
    settings.read_settings(session, "users", name, listing=_LISTING)


@app.command()
def update(
    ctx: typer.Context,
    name: UserName,
    scope: settings.NewScopes = None,
    no_scopes: settings.NoScopes = False,
    role: settings.NewRoles = None,
    no_roles: settings.NoRoles = False,
    endpoint: settings.NewEndpoints = None,
    all_endpoints: settings.AllEndpoints = False,
    expires_at: settings.NewEnd = None,
    expires_in_days: settings.NewDays = None,
    never_expires: settings.Never = False,
    rate: limit_options.Rate = None,
    no_rate: settings.NoRate = False,
    concurrent: limit_options.Concurrent = None,
    no_concurrent: settings.NoConcurrent = False,
    as_json: AsJson = False,
) -> None:
    """Change settings of a user; what is not named stays. It holds from the very next request."""
    session = session_of(ctx, as_json=as_json)
    patch = settings.settings(
        scopes=scope,
        no_scopes=no_scopes,
        roles=role,
        no_roles=no_roles,
        endpoints=endpoint,
        all_endpoints=all_endpoints,
        expires_at=expires_at,
        expires_in_days=expires_in_days,
        never_expires=never_expires,
        rate=rate,
        no_rate=no_rate,
        concurrent=concurrent,
        no_concurrent=no_concurrent,
    )
    settings.change_settings(session, "users", name, patch, listing=_LISTING)
