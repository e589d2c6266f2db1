"""The job: its states, and the only ways from one to the next.

    ACCEPTED ──claim/start──> RUNNING ──end──> SUCCEEDED | FAILED | TIMED_OUT | ABORTED
        └───────────────────end──────────────────^

A job only moves forward, and an ended job never changes. The stores enforce this with a condition on every write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from flowport.domain.limits import Slots
from flowport.domain.numbers import JobNumber
from flowport.domain.records import MachineType, Mode

Status = Literal["ACCEPTED", "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]
OPEN: Final = frozenset({"ACCEPTED", "RUNNING"})
ENDED: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"})

NOT_STARTED: Final = "Flowport.NotStarted"
OUTCOME_UNKNOWN: Final = "Flowport.OutcomeUnknown"
CANCELLED: Final = "Flowport.Cancelled"
DEADLINE_PASSED: Final = "Flowport.DeadlinePassed"
# These fail a parked run's state, so that they come back as the workflow's own error.
CALLBACK_EXPIRED: Final = "Flowport.CallbackExpired"
CALLBACK_REFUSED: Final = "Flowport.CallbackRefused"

# How long after a write the sweep looks at a job that has not moved, in milliseconds. A gateway function starts what
# it accepted within START_WITHIN or not at all, so that the sweep (later) and it can never both decide.
START_WITHIN: Final = 20_000
CHECK_ACCEPTED_AFTER: Final = 45_000
CHECK_STANDARD_AFTER: Final = 60_000
CHECK_STANDARD_AT_MOST: Final = 15 * 60_000
# An Express execution ends within 5 minutes; its function within 5.5. Later than that nobody will record it.
EXPRESS_LOST_AFTER: Final = 7 * 60_000
# A stopped job's execution is looked at once more, when whoever was starting it has started it or given up.
CHECK_STOPPED_AFTER: Final = 60_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `output` is the workflow's JSON text as Step Functions gave it."""

    status: Status
    finished_at: int
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    started_at: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One run of an endpoint, from acceptance to its end. Times are epoch milliseconds.

    `input` and `output` are JSON texts, None while not loaded or absent; `direct` marks an Express run that the
    accepting function itself executes, whose acceptance is its claim; `keyed` says that a key leads to the job;
    at `deadline_at` it is stopped and ends as `TIMED_OUT`. `origin` is the job that it redrives, `redriven_as` the one
    that redrives it; `redrive_count` tells the attempts of one execution apart (0: the start). `alias` is the one by
    which its endpoint was called. Its end is sent to `callbacks`, with links that begin with `base_url`. The client of
    a `documented` job keeps documents with it (documents.py), of which its input is the first.
    `slots` is what it holds of limits on jobs at one time, until it ends.

    `output` is always the workflow's own; what callers get of it `output_mapping` says, as its endpoint had it
    at the call.

    It is kept for `keep_ms` from its end, which sets `expires_at`; its payloads for `keep_payloads_ms` (None: as long
    as the job, 0: not at all), which `payloads_expired` says are over.
    """

    id: str
    workspace: str
    endpoint: str
    status: Status
    mode: Mode
    machine_type: MachineType
    state_machine_arn: str
    principal: str
    created_at: int
    attempt: str
    direct: bool = False
    execution_arn: str | None = None
    started_at: int | None = None
    finished_at: int | None = None
    input: str | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    client_job_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = None
    request_id: str | None = None
    keep_ms: int = 0
    keep_payloads_ms: int | None = None
    expires_at: int | None = None
    payloads_expired: bool = False
    check_at: int | None = None
    keyed: bool = False
    deadline_at: int | None = None
    redriven_as: str | None = None
    redrive_count: int = 0
    number: JobNumber | None = None
    alias: str | None = None
    callbacks: tuple[str, ...] = ()
    base_url: str | None = None
    output_mapping: str | None = None
    documented: bool = False
    slots: Slots | None = None

    @property
    def goes_on_alone(self) -> bool:
        """Whether the sweep starts it when its process died before it did: a 202 or a key may lead to it."""
        return self.mode == "async" or self.keyed or (self.machine_type == "EXPRESS" and not self.direct)

    def look_at(self, at: int) -> int:
        """When the sweep is to look at the job: at `at`, or at its deadline where that comes first."""
        return at if self.deadline_at is None else min(at, self.deadline_at)

    def overdue(self, now: int) -> bool:
        """Whether its deadline has passed while it has not ended."""
        return not self.ended and self.deadline_at is not None and now >= self.deadline_at

    @property
    def payloads_apart(self) -> bool:
        """Whether its payloads go before the job does, and so lie beside the row whatever their size."""
        return self.keep_payloads_ms is not None

    @property
    def input_until_start(self) -> bool:
        """Whether its input is stored only until it was started, for the sweep to start it."""
        return self.keep_payloads_ms == 0 and self.goes_on_alone

    @property
    def payloads(self) -> Literal["kept", "not-kept", "expired"]:
        """Whether its input and output can be read."""
        if self.keep_payloads_ms == 0:
            return "not-kept"
        return "expired" if self.payloads_expired else "kept"

    def expires_after(self, finished_at: int) -> int:
        """When a job that ended at `finished_at` (by whichever clock) is not kept any more, in whole seconds."""
        return (max(finished_at, self.created_at) + self.keep_ms) // 1000 * 1000

    def payloads_expire_at(self, finished_at: int) -> int:
        """When its payloads are not kept any more, in whole seconds."""
        keep = self.keep_ms if self.keep_payloads_ms is None else self.keep_payloads_ms
        return (max(finished_at, self.created_at) + keep) // 1000 * 1000

    @property
    def ended(self) -> bool:
        """Whether the job has reached its last state."""
        return self.status in ENDED

    def ended_with(self, outcome: Outcome, execution_arn: str | None = None) -> "Job":
        """Give this job as it is after `outcome`, which the execution came to that `execution_arn` names."""
        return replace(
            self,
            status=outcome.status,
            execution_arn=execution_arn or self.execution_arn,
            finished_at=outcome.finished_at,
            output=outcome.output,
            error=outcome.error,
            cause=outcome.cause,
            started_at=self.started_at or outcome.started_at,
            expires_at=self.expires_after(outcome.finished_at),
            check_at=None,
        )


@dataclass(frozen=True, slots=True)
class RedriveOf:
    """The one redrive that an ended job may have, as a new job asks for it.

    `replaces` is the redrive that it had so far and that came to nothing. With `settled`, nothing may be left of the
    origin that the sweep is still to do: it might stop the execution on which the new job goes on.
    """

    origin: str
    replaces: str | None = None
    settled: bool = False


def error_of_workflow(error: str | None) -> str | None:
    """Give a workflow's own error name, kept apart from Flowport's, which only Flowport may use."""
    if error in {None, CALLBACK_EXPIRED, CALLBACK_REFUSED} or not error.startswith("Flowport."):
        return error
    return f"Workflow.{error}"


def not_started(now: int, cause: str) -> Outcome:
    """End of a job that is known never to have been started."""
    return Outcome("FAILED", now, error=NOT_STARTED, cause=cause)


def outcome_unknown(now: int, cause: str) -> Outcome:
    """End of a job that may have run, but whose end nobody saw: at most once, so never started again."""
    return Outcome("FAILED", now, error=OUTCOME_UNKNOWN, cause=cause)


def next_standard_check(started_at: int, now: int) -> int:
    """When the sweep looks again at a running Standard execution: ever later the longer it runs, at most 15 minutes."""
    age = max(now - started_at, CHECK_STANDARD_AFTER)
    return now + min(age, CHECK_STANDARD_AT_MOST)
