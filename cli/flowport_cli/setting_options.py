"""Options that change the settings of a credential: what is given is changed, everything else stays."""

from typing import Annotated, Any, Final

import typer

from flowport_cli import limit_options
from flowport_cli.errors import WrongUse
from flowport_cli.inputs import given
from flowport_cli.render import JsonObject, cell_text, show_facts, when
from flowport_cli.session import Session

NewName = Annotated[str | None, typer.Option("--name", help="Another name to know it by.", metavar="NAME")]
NewScopes = Annotated[
    list[str] | None,
    typer.Option("--scope", help="What it may do from now on, in the place of all its scopes; repeatable."),
]
NewRoles = Annotated[
    list[str] | None, typer.Option("--role", help="Its roles from now on, in the place of all it has; repeatable.")
]
NoScopes = Annotated[bool, typer.Option("--no-scopes", help="Take all scopes away; its roles stay.")]
NoRoles = Annotated[bool, typer.Option("--no-roles", help="Take all roles away; its scopes stay.")]
NewEndpoints = Annotated[
    list[str] | None,
    typer.Option(
        "--endpoint", help="Only for this endpoint, in the place of all it had; repeatable.", metavar="MODULE/NAME"
    ),
]
AllEndpoints = Annotated[bool, typer.Option("--all-endpoints", help="For all endpoints of the workspace.")]
NewEnd = Annotated[str | None, typer.Option("--expires-at", help="When it ends: 2027-01-31T00:00:00Z.", metavar="TIME")]
NewDays = Annotated[
    int | None, typer.Option("--expires-in-days", min=1, help="Or: so many days from now.", metavar="DAYS")
]
Never = Annotated[bool, typer.Option("--never-expires", help="Or: never.")]
NoRate = Annotated[bool, typer.Option("--no-rate", help="As many requests as it likes.")]
NoConcurrent = Annotated[bool, typer.Option("--no-concurrent", help="As many jobs at one time as it likes.")]
_NOTHING: Final = "Nothing is to be changed."


def settings(  # as many as there are options
    *,
    name: str | None = None,
    scopes: list[str] | None = None,
    no_scopes: bool = False,
    roles: list[str] | None = None,
    no_roles: bool = False,
    endpoints: list[str] | None,
    all_endpoints: bool,
    expires_at: str | None,
    expires_in_days: int | None,
    never_expires: bool,
    rate: str | None,
    no_rate: bool,
    concurrent: int | None,
    no_concurrent: bool,
) -> dict[str, Any]:
    """Give the merge patch (RFC 7396) that changes what is given; null takes a setting away.

    Raises:
        WrongUse: something is said twice, or nothing at all.
    """
    _one_of(("--scope", scopes), ("--no-scopes", no_scopes))
    _one_of(("--role", roles), ("--no-roles", no_roles))
    _one_of(("--endpoint", endpoints), ("--all-endpoints", all_endpoints))
    ends = (("--expires-at", expires_at), ("--expires-in-days", expires_in_days), ("--never-expires", never_expires))
    _one_of(*ends)
    _one_of(("--rate", rate), ("--no-rate", no_rate))
    _one_of(("--concurrent", concurrent), ("--no-concurrent", no_concurrent))
    limits = {
        **(limit_options.limits(rate, concurrent) or {}),
        **({"rate": None} if no_rate else {}),
        **({"concurrent": None} if no_concurrent else {}),
    }
    patch = {
        **given(name=name, scopes=scopes, roles=roles, endpoints=endpoints),
        **given(expires_at=expires_at, expires_in_days=expires_in_days),
        **({"scopes": []} if no_scopes else {}),
        **({"roles": []} if no_roles else {}),
        **({"endpoints": None} if all_endpoints else {}),
        **({"expires_at": None} if never_expires else {}),
        **({"limits": limits} if limits else {}),
    }
    if not patch:
        raise WrongUse(_NOTHING, hint="Say what: --rate 100/60, --expires-in-days 30, …; --help lists all.")
    return patch


def _one_of(*options: tuple[str, object]) -> None:
    said = [name for name, value in options if value]
    if len(said) > 1:
        raise WrongUse(f"{' and '.join(said)} exclude each other: give one.")


def read_settings(session: Session, kind: str, public_id: str, *, listing: str) -> None:
    """Show one credential."""
    answer = session.client().send("GET", "v1", "admin", kind, public_id, about=session.about(listing=listing))
    if session.json:
        session.emit(answer)
    else:
        show_credential(answer.document())


def change_settings(session: Session, kind: str, public_id: str, patch: dict[str, Any], *, listing: str) -> None:
    """Change one credential, and show what it is now."""
    about = session.about(listing=listing)
    answer = session.client().send("PATCH", "v1", "admin", kind, public_id, body=patch, about=about)
    if session.json:
        session.emit(answer)
    else:
        show_credential(answer.document())
    session.note("It holds from the next request.")


def show_credential(document: JsonObject) -> None:
    """Show every setting of a credential."""
    endpoints = document.get("endpoints")
    facts = {
        "id": document.get("id") or document.get("client_id"),
        "name": document.get("name"),
        "scopes": document.get("scopes"),
        "roles": document.get("roles"),
        "endpoints": "all" if endpoints is None else cell_text(endpoints),
        "limits": limit_options.limits_text(document) or "none",
        "created": when(document.get("created_at")),
        "expires": when(document.get("expires_at")) or "never",
        "last used": when(document.get("last_used_at")) or "never",
        "revoked": when(document.get("revoked_at")),
        "brought along": "yes" if document.get("brought") else None,
    }
    show_facts(facts)
