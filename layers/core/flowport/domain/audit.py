"""What administrators have done: who, what, when, before and after. Nothing secret is in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

# `begun`: what became of it was never recorded, so that it may have been done.
Outcome = Literal["begun", "done", "refused"]
# A member of a document beyond this is told by its digest: an act lies in one item, beside what it changed.
MEMBER_BYTES: Final = 8_192
DOCUMENT_BYTES: Final = 100_000

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One administrative act, in the trail of a workspace.

    `act` is `<kind>.<verb>`; `what` is `<kind>:<name>`, `who` a principal in the same form, or `bootstrap`. `before`
    and `after` are the members that the act changed, everything where there was or is nothing on the other side. `at`
    is in epoch milliseconds, `expires_at` in epoch seconds.
    """

    trail: str
    act_id: str
    at: int
    who: str
    act: str
    what: str
    before: Members | None
    after: Members | None
    request_id: str | None
    expires_at: int
    outcome: Outcome = "done"

    @property
    def key(self) -> str:
        """Its place in the trail, in the order of time."""
        return f"{moment(self.at)}#{self.act_id}"


def moment(at: int) -> str:
    """Write a time so that later ones sort after it."""
    return f"{max(0, at):013d}"


def difference(before: Members | None, after: Members | None) -> tuple[Members | None, Members | None]:
    """Give of two documents the members that are not the same; all of the one that stands alone."""
    if before is None or after is None:
        return _short(before), _short(after)
    # By what they say: to Python, 1 is the same as true.
    changed = [name for name in {**before, **after} if _text(before.get(name)) != _text(after.get(name))]
    return (
        _short({name: before[name] for name in changed if name in before}),
        _short({name: after[name] for name in changed if name in after}),
    )


def _short(document: Members | None) -> Members | None:
    if document is None:
        return None
    sizes = {name: len(_text(value)) for name, value in document.items()}
    limit = MEMBER_BYTES if sum(sizes.values()) <= DOCUMENT_BYTES else 256
    return {name: value if sizes[name] <= limit else _digest(value) for name, value in document.items()}


def _digest(value: Any) -> dict[str, Any]:  # noqa: ANN401  # any JSON value
    text = _text(value)
    return {"sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}


def _text(value: Any) -> bytes:  # noqa: ANN401  # any JSON value
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
