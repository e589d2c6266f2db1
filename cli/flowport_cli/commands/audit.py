"""`flowport audit`: what administrators have done."""

import json
from typing import Annotated, Any, Final

import typer

from flowport_cli.listing import show_list
from flowport_cli.render import Columns, JsonObject, field, moment
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of


def _change(row: JsonObject) -> str:
    """Say what changed, each member on both sides; of something new or gone its name says enough."""
    before, after = row.get("before"), row.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return ""
    changed = [name for name in {**before, **after} if name not in _OF_EVERY_CHANGE]
    return "; ".join(f"{name}: {_short(before.get(name))} -> {_short(after.get(name))}" for name in changed)


def _short(value: Any) -> str:  # noqa: ANN401  # any JSON value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


_SHORT: Final = 40
_OF_EVERY_CHANGE: Final = frozenset({"version", "updated_at"})
_COLUMNS: Final[Columns] = {
    "AT": moment("at"),
    "WHO": field("who"),
    "ACT": field("act"),
    "WHAT": field("what"),
    "OUTCOME": field("outcome"),
    "CHANGED": _change,
}


def audit(
    ctx: typer.Context,
    who: Annotated[str | None, typer.Option(help="Only acts of this principal: token:tok_…", metavar="WHO")] = None,
    what: Annotated[
        str | None,
        typer.Option(help="Only acts on this: endpoint:billing/quote, or endpoint for all of them.", metavar="WHAT"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Not before this time: 2026-11-22T00:00:00Z", metavar="TIME")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Not after this time.", metavar="TIME")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """Show the audit trail, newest first: who did what to what, and how it was before and after.

    With an administrator's token it is the workspace's trail, with an operator's the operators'.
    """
    session = session_of(ctx, as_json=as_json)
    asked = {"who": who, "what": what, "since": since, "until": until}
    show_list(
        session,
        "v1",
        "admin",
        "audit",
        columns=_COLUMNS,
        about=session.about(listing="flowport audit"),
        query=[(name, value) for name, value in asked.items() if value is not None],
        limit=limit,
        cursor=cursor,
        everything=everything,
    )
