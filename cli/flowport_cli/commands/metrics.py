"""`flowport metrics`: calls, failures and durations of endpoints over time."""

from typing import Annotated, Any, Final

import typer

from flowport_cli.render import Columns, JsonObject, duration, field, moment, show_table
from flowport_cli.session import AsJson, session_of


def _duration(name: str) -> Any:  # noqa: ANN401  # a column
    return lambda row: duration(row.get(name))


_COLUMNS: Final[Columns] = {
    "AT": moment("at"),
    "ENDPOINT": field("endpoint"),
    "CALLS": field("calls"),
    "FAILURES": field("failures"),
    "P50": _duration("p50_ms"),
    "P95": _duration("p95_ms"),
}


def metrics(
    ctx: typer.Context,
    endpoint: Annotated[str | None, typer.Option(help="Only this endpoint.", metavar="MODULE/NAME")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="From this time; else the last 24 hours.", metavar="TIME")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="To this time; else now.", metavar="TIME")] = None,
    period: Annotated[int | None, typer.Option(help="Seconds of one line.", metavar="SECONDS")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how often endpoints ran, how often they failed, and how long it took."""
    session = session_of(ctx, as_json=as_json)
    asked = {"endpoint": endpoint, "from": since, "to": until, "period": None if period is None else str(period)}
    answer = session.client().send(
        "GET",
        "v1",
        "admin",
        "metrics",
        query=[(name, value) for name, value in asked.items() if value is not None],
        about=session.about(endpoint=endpoint or "MODULE/NAME"),
    )
    if session.json:
        session.emit(answer)
        return
    document: JsonObject = answer.document()
    rows = [row for row in document.get("series", ()) if isinstance(row, dict)]
    if rows:
        show_table(_COLUMNS, rows)
    else:
        session.note("Nothing ran in this time.")
    if document.get("complete") is False:
        session.note("There was more than could be read: ask for one endpoint, or for a shorter time.")
