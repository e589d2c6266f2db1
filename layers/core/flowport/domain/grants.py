"""Whether a change gives a credential more than it had."""

from flowport.domain.limits import Rate
from flowport.domain.records import Credential


def widened(before: Credential, after: Credential) -> tuple[str, ...]:
    """Name the members by which `after` may do more, reach more, last longer or is held to less than `before`."""
    more = {
        "scopes": bool(set(after.scopes) - before.granted),
        "roles": bool(after.granted - before.granted - set(after.scopes)),
        "endpoints": before.endpoints is not None
        and (after.endpoints is None or not set(after.endpoints) <= set(before.endpoints)),
        "expires_at": _above(before.expires_at, after.expires_at),
        "limits": _faster(before.limits.rate, after.limits.rate)
        or _above(before.limits.concurrent, after.limits.concurrent),
    }
    return tuple(name for name, holds in more.items() if holds)


def _above(before: int | None, after: int | None) -> bool:
    """Whether a bound was taken away or raised."""
    return before is not None and (after is None or after > before)


def _faster(before: Rate | None, after: Rate | None) -> bool:
    """Whether a rate lets more through at once or over time."""
    if before is None:
        return False
    return (
        after is None
        or after.requests > before.requests
        or after.requests * before.seconds > before.requests * after.seconds
    )
