"""`flowport endpoints …`, `flowport enable` and `flowport disable`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import typer

from flowport_cli.inputs import ENDPOINT_HELP, endpoint_parts, read_json
from flowport_cli.limit_options import limits_text
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, cell_text, field, show_facts, when
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of

app = typer.Typer(help="Published workflows: list, show, change, delete.", no_args_is_help=True)
Address = Annotated[str, typer.Argument(help=ENDPOINT_HELP, metavar="MODULE/NAME")]

_COLUMNS: Final[Columns] = {
    "ENDPOINT": field("endpoint"),
    "TITLE": field("title"),
    "ENABLED": field("enabled"),
    "MACHINES": lambda row: " + ".join(kind for kind in ("express", "standard") if row.get(f"{kind}_arn")),
    "MODE": field("mode"),
    "VIEW": field("view"),
    "METHODS": field("methods"),
    "AUTH": field("auth"),
    "LIMITS": limits_text,
    "VERSION": field("version"),
}


@app.command("list")
def list_endpoints(
    ctx: typer.Context,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the workspace's endpoints."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "endpoints",
        columns=_COLUMNS,
        about=session.about(),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def show(ctx: typer.Context, endpoint: Address, as_json: AsJson = False) -> None:
    """Show an endpoint."""
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    answer = session.client().send("GET", "v1", "admin", "endpoints", *parts, about=session.about(endpoint=endpoint))
    if session.json:
        session.emit(answer)
    else:
        show_endpoint(answer.document())


@app.command()
def change(
    ctx: typer.Context,
    endpoint: Address,
    patch: Annotated[
        str,
        typer.Argument(
            help="The settings to be changed as JSON, @FILE, or - for stdin; null takes one back to its default.",
            metavar="JSON|@FILE|-",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Change some settings of an endpoint and leave the others: a JSON merge patch (RFC 7396)."""
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    body = read_json(patch, "change")
    about = session.about(endpoint=endpoint)
    answer = session.client().send("PATCH", "v1", "admin", "endpoints", *parts, body=body, about=about)
    if session.json:
        session.emit(answer)
    else:
        show_endpoint(answer.document())


@app.command()
def delete(ctx: typer.Context, endpoint: Address, as_json: AsJson = False) -> None:
    """Delete an endpoint; its state machines and its jobs stay."""
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    about = session.about(endpoint=endpoint)
    session.client().send("DELETE", "v1", "admin", "endpoints", *parts, about=about)
    session.note(f"Deleted {endpoint}.")


def enable(ctx: typer.Context, endpoint: Address, as_json: AsJson = False) -> None:
    """Let an endpoint be called again."""
    _switch(ctx, endpoint, "enable", as_json=as_json)


def disable(ctx: typer.Context, endpoint: Address, as_json: AsJson = False) -> None:
    """Refuse every call of an endpoint from now on."""
    _switch(ctx, endpoint, "disable", as_json=as_json)


def _switch(ctx: typer.Context, endpoint: str, action: str, *, as_json: bool) -> None:
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    about = session.about(endpoint=endpoint)
    answer = session.client().send("POST", "v1", "admin", "endpoints", *parts, action, about=about)
    if session.json:
        session.emit(answer)
    session.note(f"{endpoint} is {action}d.")


def _json_line(value: Any) -> str | None:  # noqa: ANN401  # any JSON value
    return None if value is None else cell_text(value)


def _json_lines(values: Sequence[Any] | None) -> str | None:
    return "\n".join(cell_text(value) for value in values) if values else None


def show_endpoint(endpoint: Mapping[str, Any]) -> None:
    """Show every member of an endpoint that is set."""
    sample = endpoint.get("sample")
    show_facts(
        {
            "endpoint": endpoint.get("endpoint"),
            "title": endpoint.get("title"),
            "enabled": endpoint.get("enabled"),
            "express": endpoint.get("express_arn"),
            "standard": endpoint.get("standard_arn"),
            "mode": endpoint.get("mode"),
            "view": endpoint.get("view"),
            "methods": endpoint.get("methods"),
            "auth": endpoint.get("auth"),
            "ip allow": endpoint.get("ip_allow"),
            "http headers": endpoint.get("http_headers"),
            "log group": endpoint.get("log_group"),
            "callback": endpoint.get("callback_url"),
            "callback hosts": endpoint.get("callback_hosts"),
            "pages of": endpoint.get("cors"),
            "sample": None if sample is None else cell_text(sample),
            "input schema": _json_line(endpoint.get("input_schema")),
            "output schema": _json_line(endpoint.get("output_schema")),
            "output mapping": endpoint.get("output_mapping"),
            "aliases": endpoint.get("aliases"),
            "parameters": _json_lines(endpoint.get("parameters")),
            **{f"{name} settings": cell_text(said) for name, said in (endpoint.get("dialects") or {}).items()},
            "limits": limits_text(endpoint),
            "version": endpoint.get("version"),
            "created": when(endpoint.get("created_at")),
            "updated": when(endpoint.get("updated_at")),
        }
    )
