"""`flowport tokens …`."""

from typing import Annotated, Any, Final

import typer

from flowport_cli import limit_options
from flowport_cli import setting_options as settings
from flowport_cli.errors import Unreachable, WrongUse
from flowport_cli.inputs import given, secret_from_stdin
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, JsonObject, cell_text, field, moment
from flowport_cli.session import All, AsJson, Cursor, Limit, Session, session_of

app = typer.Typer(help="Tokens: create, list, show, update, revoke.", no_args_is_help=True)

Scopes = Annotated[
    list[str],
    typer.Option("--scope", help="run, jobs:read, jobs:write or admin; repeatable.", metavar="SCOPE"),
]
OptionalScopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="run, jobs:read, jobs:write or admin; repeatable.", metavar="SCOPE"),
]
_ROLES_HELP: Final = "runner, reader, supervisor or administrator; repeatable."
Roles = Annotated[list[str], typer.Option("--role", help=_ROLES_HELP, metavar="ROLE")]
OptionalRoles = Annotated[list[str] | None, typer.Option("--role", help=_ROLES_HELP, metavar="ROLE")]
Endpoints = Annotated[
    list[str] | None,
    typer.Option("--endpoint", help="Only for this endpoint; repeatable. Else for all.", metavar="MODULE/NAME"),
]
ExpiresAt = Annotated[str | None, typer.Option(help="When it ends: 2027-01-31T00:00:00Z. Else never.", metavar="TIME")]
ExpiresInDays = Annotated[int | None, typer.Option(min=1, help="Or: after so many days.", metavar="DAYS")]
TokenId = Annotated[str, typer.Argument(help="The token's id, tok_…; not the token.", metavar="ID")]
ONCE: Final = "This is the only time that the token is shown: keep it now. Flowport stores only its hash."
LISTING: Final = "flowport tokens list"


def limits(credential: JsonObject) -> str:
    """Say which endpoints a credential reaches."""
    endpoints = credential.get("endpoints")
    return "all" if endpoints is None else cell_text(endpoints)


COLUMNS: Final[Columns] = {
    "NAME": field("name"),
    "SCOPES": field("scopes"),
    "ENDPOINTS": limits,
    "LIMITS": limit_options.limits_text,
    "CREATED": moment("created_at"),
    "EXPIRES": moment("expires_at"),
    "REVOKED": moment("revoked_at"),
    "LAST USED": moment("last_used_at"),
}


def grant(
    name: str,
    scopes: list[str] | None,
    endpoints: list[str] | None,
    expires_at: str | None,
    expires_in_days: int | None,
    roles: list[str] | None = None,
    limited: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Say what a new credential may do.

    Raises:
        WrongUse: its end is said twice.
    """
    if expires_at and expires_in_days:
        raise WrongUse("--expires-at and --expires-in-days say the same: give one.")
    return given(
        name=name,
        scopes=scopes,
        roles=roles,
        endpoints=endpoints,
        expires_at=expires_at,
        expires_in_days=expires_in_days,
        limits=limited,
    )


def warn(session: Session, document: JsonObject) -> None:
    """Pass on what the API warns of."""
    for warning in document.get("warnings", ()):
        session.note(f"Warning: {warning}")


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A name to know it by.")],
    scope: Scopes = ["run"],  # noqa: B006  # typer reads it, nobody changes it
    endpoint: Endpoints = None,
    expires_at: ExpiresAt = None,
    expires_in_days: ExpiresInDays = None,
    rate: limit_options.Rate = None,
    concurrent: limit_options.Concurrent = None,
    value_stdin: Annotated[
        bool, typer.Option("--value-stdin", help="Keep the token on stdin, for an iolinker `token` header alone.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a token and show it, once.

    The token alone goes to stdout, everything else to stderr: TOKEN=$(flowport tokens create ci)
    """
    session = session_of(ctx, as_json=as_json)
    limited = limit_options.limits(rate, concurrent)
    body = grant(name, scope, endpoint, expires_at, expires_in_days, limited=limited)
    if value_stdin:
        body["value"] = secret_from_stdin("token")
    answer = session.client().send("POST", "v1", "admin", "tokens", body=body, about=session.about(listing=LISTING))
    document = answer.document()
    token = document.get("token")
    if value_stdin:
        if session.json:
            session.emit(answer)
        warn(session, document)
        session.note(f"Token {document.get('id')} ({document.get('name')}) is kept as a hash.")
        return
    if not isinstance(token, str):
        raise Unreachable(f"{answer.url} answered without a token.")
    if session.json:
        session.emit(answer)
    else:
        typer.echo(token)
        session.note(
            f"Token {document.get('id')} ({document.get('name')}): scopes {cell_text(document.get('scopes'))};"
            f" endpoints {limits(document)}; expires {document.get('expires_at') or 'never'}."
        )
    session.note(ONCE)


@app.command("list")
def list_tokens(
    ctx: typer.Context,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the workspace's tokens; never the tokens themselves."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "tokens",
        columns={"ID": field("id"), **COLUMNS},
        about=session.about(listing=LISTING),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def revoke(
    ctx: typer.Context,
    token_id: TokenId,
    as_json: AsJson = False,
) -> None:
    """Revoke a token; the very next request with it is refused."""
    session = session_of(ctx, as_json=as_json)
    _check_id(token_id)
    about = session.about(listing=LISTING)
    answer = session.client().send("POST", "v1", "admin", "tokens", token_id, "revoke", about=about)
    if session.json:
        session.emit(answer)
    session.note(f"Token {token_id} is revoked.")


def _check_id(token_id: str) -> None:
    if token_id.startswith("fp_"):  # a path ends in access logs, and a token must not
        raise WrongUse("That is a token, not its id.", hint=f"`{LISTING}` shows the ids: tok_…")


@app.command()
def show(ctx: typer.Context, token_id: TokenId, as_json: AsJson = False) -> None:
    """Show a token."""
    session = session_of(ctx, as_json=as_json)
    _check_id(token_id)
    settings.read_settings(session, "tokens", token_id, listing=LISTING)


@app.command()
def update(
    ctx: typer.Context,
    token_id: TokenId,
    name: settings.NewName = None,
    scope: settings.NewScopes = None,
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
    """Change settings of a token; what is not named stays. It holds from the very next request."""
    session = session_of(ctx, as_json=as_json)
    _check_id(token_id)
    patch = settings.settings(
        name=name,
        scopes=scope,
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
    settings.change_settings(session, "tokens", token_id, patch, listing=LISTING)
