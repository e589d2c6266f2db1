"""`flowport machines`: the state machines that the workspace may publish, and of which type an ARN is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import typer

from flowport_cli.errors import WrongUse
from flowport_cli.listing import show_list
from flowport_cli.render import Columns, JsonObject, field, show_table
from flowport_cli.session import All, AsJson, Cursor, Limit, Session, session_of

TAG: Final = (
    "A machine's owner consents with: aws stepfunctions tag-resource --resource-arn ARN "
    "--tags 'key=flowport:publish,value=WORKSPACE'"
)


def qualifier(arn: str) -> str:
    """Give the version or alias that an ARN ends in."""
    return arn.rpartition(":")[2]


def _qualifiers(name: str) -> Any:  # noqa: ANN401  # a column
    return lambda row: ", ".join(qualifier(str(arn)) for arn in row.get(name) or ())


_COLUMNS: Final[Columns] = {
    "NAME": field("name"),
    "TYPE": field("type"),
    "ARN": field("arn"),
    "VERSIONS": _qualifiers("versions"),
    "ALIASES": _qualifiers("aliases"),
}


def machines(
    ctx: typer.Context,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List the state machines whose owners let this workspace publish them, with their versions and aliases."""
    session = session_of(ctx, as_json=as_json)
    show_list(
        session,
        "v1",
        "admin",
        "machines",
        columns=_COLUMNS,
        about=session.about(listing="flowport machines"),
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


def offer(session: Session) -> WrongUse:
    """Show what could be published, and give the error of naming nothing."""
    found = list(_all(session))
    if found and not session.json:
        show_table(_COLUMNS, found)
    hint = "Give --machine with one of these ARNs; :VERSION or :ALIAS may follow it." if found else TAG
    return WrongUse("An endpoint needs a state machine.", hint=hint)


def fields_of(session: Session, arns: Sequence[str]) -> dict[str, str]:
    """Give the endpoint's member for each ARN: which one it is, the machine's type says.

    Raises:
        WrongUse: an ARN is of no machine that may be published, or two are of one type.
    """
    types: Mapping[str, str] = {
        arn: str(one["type"])
        for one in _all(session)
        for arn in (one["arn"], *one.get("versions", ()), *one.get("aliases", ()))
    }
    fields: dict[str, str] = {}
    for arn in arns:
        if arn not in types:
            raise WrongUse(
                f"{arn} is not among the state machines that this workspace may publish.",
                hint=f"`flowport machines` lists them. {TAG}",
            )
        member = f"{types[arn].lower()}_arn"
        if member in fields:
            raise WrongUse(f"Both {fields[member]} and {arn} are of type {types[arn]}; an endpoint takes one of each.")
        fields[member] = arn
    return fields


def _all(session: Session) -> Iterator[JsonObject]:
    cursor: str | None = None
    while True:
        query = [("limit", "100"), *([("cursor", cursor)] if cursor else [])]
        about = session.about(listing="flowport machines")
        page = session.client().send("GET", "v1", "admin", "machines", query=query, about=about).document()
        yield from page.get("items", ())
        cursor = page.get("cursor")
        if not cursor:
            return
