"""Lists that the API gives page by page."""

from collections.abc import Iterator, Sequence
from typing import Any

from flowport_cli.client import Answer, Query
from flowport_cli.errors import About, Unreachable
from flowport_cli.render import Columns, show_table
from flowport_cli.session import Session


def show_list(  # one argument per option of a listing
    session: Session,
    *segments: str,
    columns: Columns,
    about: About,
    query: Query = (),
    limit: int | None = None,
    cursor: str | None = None,
    everything: bool = False,
) -> None:
    """Show a list: a table for people; with --json each page's document, one to a line when there are several."""
    asked = [*query, *([("limit", str(limit))] if limit else [])]
    rows: list[dict[str, Any]] = []
    following = None
    for answer in _pages(session, segments, asked, about, cursor, everything=everything):
        page = answer.document()
        if session.json:
            session.emit(answer, separate=everything)
        items = page.get("items")
        if not isinstance(items, list):
            raise Unreachable(f"{answer.url} answered without a list of items.")
        rows += [item for item in items if isinstance(item, dict)]
        following = page.get("cursor")
    if session.json:
        return
    if rows:
        show_table(columns, rows)
    else:
        session.note("There is none.")
    if following:
        session.note(f"There is more: --cursor '{following}' goes on, --all shows everything.")


def _pages(
    session: Session, segments: Sequence[str], query: Query, about: About, cursor: str | None, *, everything: bool
) -> Iterator[Answer]:
    while True:
        asked = [*query, *([("cursor", cursor)] if cursor else [])]
        answer = session.client().send("GET", *segments, query=asked, about=about)
        yield answer
        following = answer.document().get("cursor")
        if not everything or not following or following == cursor:
            return
        cursor = str(following)
