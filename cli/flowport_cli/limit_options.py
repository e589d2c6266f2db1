"""Options for limits: `--rate 100/60 --concurrent 5`."""

import re
from typing import Annotated, Any, Final

import typer

from flowport_cli.errors import WrongUse
from flowport_cli.inputs import given
from flowport_cli.render import JsonObject

Rate = Annotated[
    str | None, typer.Option(help="At most so many requests in so many seconds: 100/60.", metavar="REQUESTS/SECONDS")
]
Concurrent = Annotated[int | None, typer.Option(min=1, help="At most so many jobs at one time.", metavar="JOBS")]
_RATE: Final = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


def limits(rate: str | None, concurrent: int | None) -> dict[str, Any] | None:
    """Give the member `limits`, None where nothing is limited.

    Raises:
        WrongUse: the rate is not of the form 100/60.
    """
    found = None
    if rate is not None:
        match = _RATE.fullmatch(rate)
        if match is None:
            raise WrongUse(f"{rate!r} is not a rate.", hint="A rate is REQUESTS/SECONDS: --rate 100/60")
        found = {"requests": int(match[1]), "seconds": int(match[2])}
    return given(rate=found, concurrent=concurrent) or None


def limits_text(document: JsonObject) -> str:
    """Say the limits of an endpoint or a credential in one cell."""
    said = document.get("limits") or {}
    parts = []
    if rate := said.get("rate"):
        parts.append(f"{rate.get('requests')}/{rate.get('seconds')}s")
    if concurrent := said.get("concurrent"):
        parts.append(f"{concurrent} jobs")
    return ", ".join(parts)
