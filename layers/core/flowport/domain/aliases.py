"""Aliases: other identifiers of an endpoint, for the dialects whose clients address by number, UUID or a short name.

An alias is `<kind>:<id>`; the kind says in whose URLs and bodies the id stands. It is unique in its workspace.
"""

import re
from typing import Final

ALIASES_AT_MOST: Final = 20
ALIAS_ID_MAX: Final = 128
V10: Final = "v10"  # PhixFlow's URL without an application, of its version 10
WORKFLOPLUS: Final = "workfloplus"
THEEYE: Final = "theeye"
NEBULAGRAPH: Final = "nebulagraph"
KINDS: Final = (V10, WORKFLOPLUS, THEEYE, NEBULAGRAPH)
# A JSON number that every client reads exactly, written in the one way.
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_LARGEST: Final = 2**53 - 1


def alias(kind: str, identifier: str) -> str:
    """Write an alias as it is stored and looked up."""
    return f"{kind}:{identifier}"


def alias_problem(text: str) -> str | None:
    """Say why a text is no alias, or None."""
    kind, colon, identifier = text.partition(":")
    if not colon or kind not in KINDS:
        return f"must be <kind>:<id>, the kind one of: {', '.join(KINDS)}"
    if not 1 <= len(identifier) <= ALIAS_ID_MAX or not identifier.isprintable():
        return f"must have an id of 1 to {ALIAS_ID_MAX} visible characters after {kind}:"
    if kind == NEBULAGRAPH and (not _NUMBER.fullmatch(identifier) or int(identifier) > _LARGEST):
        return f"must have a whole number up to {_LARGEST} after {NEBULAGRAPH}:"
    return None
