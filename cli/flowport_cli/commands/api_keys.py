"""`flowport api-keys …`: signed tokens of long life, as PhixFlow's clients send them."""

from typing import Annotated, Final

import typer

from flowport_cli import limit_options
from flowport_cli import setting_options as settings
from flowport_cli.commands.tokens import COLUMNS, Endpoints, ExpiresAt, ExpiresInDays, Roles, grant, limits
from flowport_cli.errors import Unreachable
from flowport_cli.listing import show_list
from flowport_cli.render import cell_text, field
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(help="PhixFlow API keys (signed tokens): create, list, show, update, revoke.", no_args_is_help=True)
_LISTING: Final = "flowport api-keys list"
KeyId = Annotated[str, typer.Argument(help="The API key's id, key_…; not the key.", metavar="ID")]


@app.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A name to know it by.")],
    role: Roles = ["runner"],  # noqa: B006  # typer reads it, nobody changes it
    endpoint: Endpoints = None,
    expires_at: ExpiresAt = None,
    expires_in_days: ExpiresInDays = None,
    rate: limit_options.Rate = None,
    concurrent: limit_options.Concurrent = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and show it, once, alone on stdout. Where the signing key is missing, it is made, too."""
    session = session_of(ctx, as_json=as_json)
    limited = limit_options.limits(rate, concurrent)
    body = grant(name, None, endpoint, expires_at, expires_in_days, roles=role, limited=limited)
    answer = session.client().send("POST", "v1", "admin", "api-keys", body=body, about=session.about(listing=_LISTING))
    document = answer.document()
    key = document.get("api_key")
    if not isinstance(key, str):
        raise Unreachable(f"{answer.url} answered without an API key.")
    if session.json:
        session.emit(answer)
    else:
        typer.echo(key)
        session.note(
            f"API key {document.get('id')} ({document.get('name')}): roles {cell_text(document.get('roles'))};"
            f" endpoints {limits(document)}; expires {document.get('expires_at') or 'never'}."
        )
    session.note("This is the only time that the API key is shown: keep it now. Flowport does not store it.")


@app.command("list")
def list_api_keys(
    ctx: typer.Context, limit: Limit = None, cursor: Cursor = None, everything: All = False, as_json: AsJson = False
) -> None:
    """List the workspace's API keys; never the keys themselves."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "api-keys",
        columns={"ID": field("id"), "ROLES": field("roles"), **COLUMNS},
        about=session.about(listing=_LISTING),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def revoke(
    ctx: typer.Context,
    key_id: KeyId,
    as_json: AsJson = False,
) -> None:
    """Revoke an API key; the very next request with it is refused."""
    session = session_of(ctx, as_json=as_json)
    about = session.about(listing=_LISTING)
    answer = session.client().send("POST", "v1", "admin", "api-keys", key_id, "revoke", about=about)
    if session.json:
        session.emit(answer)
    session.note(f"API key {key_id} is revoked.")


@app.command()
def show(ctx: typer.Context, key_id: KeyId, as_json: AsJson = False) -> None:
    """Show an API key."""
    session = session_of(ctx, as_json=as_json)
    settings.read_settings(session, "api-keys", key_id, listing=_LISTING)


@app.command()
def update(
    ctx: typer.Context,
    key_id: KeyId,
    name: settings.NewName = None,
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
    """Change settings of an API key; what is not named stays. It holds from the very next request."""
    session = session_of(ctx, as_json=as_json)
    patch = settings.settings(
        name=name,
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
    settings.change_settings(session, "api-keys", key_id, patch, listing=_LISTING)
