"""Limits of a credential or an endpoint: requests per time, and jobs at one time.

Requests are counted by GCRA, the generic cell rate algorithm (a leaky bucket as one number). Each request moves `full`,
the time at which the whole quota is regained, on by one interval; it is let through while that leaves it within one
window from now:

    now ────────────── full ─────────── now + window
     └─ what is used ──┘└─ what is left ─┘             one interval = window / requests

So at most `requests` pass at once, they are regained one by one, evenly, and there is no moment at which everybody may
come back. Over any time t at most `requests` x (1 + t / seconds) pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# DynamoDB writes one item a thousand times a second at most, refused requests included; each process remembers those.
PER_SECOND_AT_MOST: Final = 500
REQUESTS_AT_MOST: Final = 1_000_000
SECONDS_AT_MOST: Final = 86_400
# The jobs that are counted are named in one item, about 60 bytes each, which every start and end writes.
CONCURRENT_AT_MOST: Final = 1_000
# Nothing says when a job will end.
RETRY_JOBS_AFTER: Final = 5
_MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int

    @property
    def interval(self) -> int:
        """In how many microseconds one request is regained."""
        return self.seconds * _MICROSECONDS // self.requests

    @property
    def window(self) -> int:
        """In how many microseconds all of them are."""
        return self.interval * self.requests

    def refused_from(self, now: int) -> int:
        """The earliest `full` (microseconds) at which nothing is left at `now`."""
        return now + self.window - self.interval + 1

    def left(self, full: int, now: int) -> int:
        """How many requests are left when the whole quota is regained at `full`."""
        return max(0, min(self.requests, (now + self.window - full) // self.interval))

    def seconds_to_next(self, full: int, now: int) -> int:
        """In how many whole seconds there is one more than now, at least one."""
        next_at = full - self.window + (self.left(full, now) + 1) * self.interval
        return max(1, -(-(next_at - now) // _MICROSECONDS))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a credential or an endpoint is limited to; None: not at all."""

    rate: Rate | None = None
    concurrent: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is limited."""
        return self.rate is not None or self.concurrent is not None


NO_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Quota:
    """What a limit leaves its caller, as it is told: `reset` are the seconds until there is more.

    `seconds` is the limit's window; None for one of jobs at one time.
    """

    policy: str
    limit: int
    left: int
    seconds: int | None = None
    reset: int | None = None


@dataclass(frozen=True, slots=True)
class Slots:
    """What a job holds of the limits on jobs at one time: whose limits, and the mark by which it is known there.

    `mark` names the job and when its slot was taken, and differs for every try.
    """

    subjects: tuple[str, ...]
    mark: str


def slot_mark(job_id: str, at: int, attempt: str) -> str:
    """Name a slot: when it was taken (epoch milliseconds), whose it is, and by which try."""
    return f"{at}:{job_id}:{attempt}"


def holder_of(mark: str) -> tuple[int, str]:
    """Read when a slot was taken, and by which job."""
    at, job_id, _ = mark.split(":")
    return int(at), job_id


def credential_subject(workspace: str, principal: str) -> str:
    """Name a credential in the items of its limits."""
    return f"limit#{workspace}#credential#{principal}"


def endpoint_subject(workspace: str, endpoint: str) -> str:
    """Name an endpoint in the items of its limits."""
    return f"limit#{workspace}#endpoint#{endpoint}"


def limits_of(stored: Mapping[str, Any] | None) -> Limits:
    """Read what `stored_limits` wrote."""
    if not stored:
        return NO_LIMITS
    rate = stored.get("rate")
    return Limits(Rate(rate["requests"], rate["seconds"]) if rate else None, stored.get("concurrent"))


def stored_limits(limits: Limits) -> dict[str, Any] | None:
    """Write limits as plain values; None where there are none, so that they cost their row nothing."""
    rate = {"requests": limits.rate.requests, "seconds": limits.rate.seconds} if limits.rate else None
    members = {"rate": rate, "concurrent": limits.concurrent}
    return {name: value for name, value in members.items() if value is not None} or None
