"""`flowport clients …`: programs that get a signed token for an id and a secret."""

from typing import Annotated, Final

import typer

from flowport_cli import limit_options
from flowport_cli import setting_options as settings
from flowport_cli.commands.tokens import COLUMNS, Endpoints, ExpiresAt, ExpiresInDays, grant, limits
from flowport_cli.errors import Unreachable
from flowport_cli.listing import show_list
from flowport_cli.render import cell_text, field
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(
    help="Clients with a secret (client credentials): create, list, show, update, revoke.", no_args_is_help=True
)
_LISTING: Final = "flowport clients list"

ClientId = Annotated[str, typer.Argument(help="The client's id, fpc_…", metavar="CLIENT_ID")]
ClientScopes = Annotated[
    list[str],
    typer.Option("--scope", help="workflow.execute, job.read, job.read_all, …; repeatable.", metavar="SCOPE"),
]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A name to know it by.")],
    scope: ClientScopes = ["workflow.execute", "job.read"],  # noqa: B006  # typer reads it, nobody changes it
    endpoint: Endpoints = None,
    expires_at: ExpiresAt = None,
    expires_in_days: ExpiresInDays = None,
    rate: limit_options.Rate = None,
    concurrent: limit_options.Concurrent = None,
    as_json: AsJson = False,
) -> None:
    """Make a client and show its id and secret, once: two lines on stdout."""
    session = session_of(ctx, as_json=as_json)
    limited = limit_options.limits(rate, concurrent)
    body = grant(name, scope, endpoint, expires_at, expires_in_days, limited=limited)
    answer = session.client().send("POST", "v1", "admin", "clients", body=body, about=session.about(listing=_LISTING))
    document = answer.document()
    client_id, secret = document.get("client_id"), document.get("client_secret")
    if not isinstance(client_id, str) or not isinstance(secret, str):
        raise Unreachable(f"{answer.url} answered without a client and its secret.")
    if session.json:
        session.emit(answer)
    else:
        typer.echo(f"{client_id}\n{secret}")
        scopes = cell_text(document.get("scopes"))
        session.note(f"Client {document.get('name')}: scopes {scopes}; endpoints {limits(document)}.")
    session.note("This is the only time that the secret is shown: keep it now. Flowport stores only its hash.")


@app.command("list")
def list_clients(
    ctx: typer.Context, limit: Limit = None, cursor: Cursor = None, everything: All = False, as_json: AsJson = False
) -> None:
    """List the workspace's clients; never their secrets."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "clients",
        columns={"CLIENT ID": field("client_id"), **COLUMNS},
        about=session.about(listing=_LISTING),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def revoke(
    ctx: typer.Context,
    client_id: ClientId,
    as_json: AsJson = False,
) -> None:
    """Revoke a client; it and the tokens that it got are refused from the very next request on."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "clients", client_id, "revoke", about=about)
    if session.json:
        session.emit(answer)
    session.note(f"Client {client_id} is revoked.")


@app.command()
def show(ctx: typer.Context, client_id: ClientId, as_json: AsJson = False) -> None:
    """Show a client."""
    session = session_of(ctx, as_json=as_json)
    settings.read_settings(session, "clients", client_id, listing=_LISTING)


@app.command()
def update(
    ctx: typer.Context,
    client_id: ClientId,
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
    """Change settings of a client; what is not named stays. It holds from the very next request."""
    session = session_of(ctx, as_json=as_json)
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
    settings.change_settings(session, "clients", client_id, patch, listing=_LISTING)
