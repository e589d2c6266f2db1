"""What a caller saw: data only, no network, so that the audit can be fed with made-up losses."""

from dataclasses import dataclass
from typing import Final

OPEN: Final = frozenset({"ACCEPTED", "RUNNING"})
NOT_STARTED: Final = "Flowport.NotStarted"
OUTCOME_UNKNOWN: Final = "Flowport.OutcomeUnknown"


@dataclass(frozen=True, slots=True)
class Told:
    """A job that a caller was told of: the `index`-th of its inputs, and how it stood."""

    index: int
    job_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The end of one call as its caller saw it.

    `outcome` is the HTTP status, or `hung up`, or `no answer`; `source` is Flowport-Error-Source. `engine` says that
    the answer was the local engine's own: Flowport's carry Flowport-Request-Id. `then` is the HTTP status of the last
    request of a call that makes several: a poll's last look, a cancel. `refusals` counts the answers before this one
    that said that nothing was started and to come back later; `seconds` is how long the last request took.
    """

    number: int
    outcome: str
    seconds: float
    told: tuple[Told, ...] = ()
    source: str | None = None
    problem: str | None = None
    engine: bool = False
    then: str | None = None
    refusals: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A job as Flowport lists it; `number` is the call that it carries as a label."""

    job_id: str
    number: int
    status: str
    error: str | None

    @property
    def ended(self) -> bool:
        """Whether the job has come to its last state."""
        return self.status not in OPEN
