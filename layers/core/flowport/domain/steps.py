"""From the history of an execution to the steps that it took.

An event belongs to the states that were entered and not yet left on the way to it, following `previousEventId`; so
the branches of a Parallel state and the iterations of a Map keep apart. Event names and fields as Step Functions'
GetExecutionHistory gives them (API reference, HistoryEvent).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

StepStatus = Literal["RUNNING", "SUCCEEDED", "FAILED", "CAUGHT", "ABORTED"]
_ATTEMPTS = frozenset({"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled"})
_REDRIVEN = "ExecutionRedriven"
_LAST = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted"})
_AGAIN = frozenset({"MapStateStarted", "ParallelStateStarted"})
_FAILURES = (
    "TaskFailed",
    "TaskTimedOut",
    "TaskStartFailed",
    "TaskSubmitFailed",
    "LambdaFunctionFailed",
    "LambdaFunctionTimedOut",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "ActivityFailed",
    "ActivityTimedOut",
    "ActivityScheduleFailed",
    "MapStateFailed",
    "MapIterationFailed",
    "ParallelStateFailed",
    "MapRunFailed",
    "EvaluationFailed",
)


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event of a history: number, the number before it, its type, epoch milliseconds, and its details."""

    id: int
    previous: int
    type: str
    at: int
    details: Mapping[str, Any]


@dataclass(slots=True)
class Step:
    """A state that the execution went through. Times are epoch milliseconds."""

    name: str
    type: str
    started_at: int
    finished_at: int | None = None
    status: StepStatus = "RUNNING"
    attempts: int = 0
    error: str | None = None
    cause: str | None = None
    _failed: bool = field(default=False, repr=False)


def until_redriven(events: Iterable[HistoryEvent], redrives: int) -> Iterator[HistoryEvent]:
    """Give the events of the first `redrives` redrives of an execution and of its start, not those of later ones."""
    seen = 0
    for event in events:
        seen += event.type == _REDRIVEN
        if seen > redrives:
            return
        yield event


def is_whole(events: Sequence[HistoryEvent]) -> bool:
    """Whether a history goes to the end of its execution, or of its attempt, so that its steps change no more."""
    return bool(events) and events[-1].type in _LAST


def steps_of(events: Iterable[HistoryEvent]) -> list[Step]:
    """Give the steps in the order in which they were entered.

    `attempts` counts how often a task was scheduled (1 for states that schedule nothing). A state that was left after
    a failure that it caught is `CAUGHT` and keeps the error.
    """
    entered: dict[int, Step] = {}
    inside: dict[int, tuple[int, ...]] = {0: ()}
    for event in events:
        path = inside.get(event.previous, ())
        if event.type.endswith("StateEntered"):
            entered[event.id] = Step(
                name=str(event.details.get("name", "")),
                type=event.type.removesuffix("StateEntered"),
                started_at=event.at,
            )
            inside[event.id] = (*path, event.id)
            continue
        # An event of an enclosing Map or Parallel says that the states inside it are over.
        while path and not _belongs(event, entered[path[-1]]):
            _close(entered[path[-1]], event)
            path = path[:-1]
        if event.type.endswith("StateExited"):
            if path:
                _leave(entered[path[-1]], event)
            path = path[:-1]
        elif path:
            _happen(entered[path[-1]], event)
        inside[event.id] = path
        if event.type in _LAST:
            for step in entered.values():
                _close(step, event)
    return list(entered.values())


def _belongs(event: HistoryEvent, step: Step) -> bool:
    if event.type.endswith("StateExited"):
        return str(event.details.get("name", step.name)) == step.name
    for container in ("Map", "Parallel"):
        if event.type.startswith(container):
            return step.type == container and event.details.get("name", step.name) == step.name
    return True


def _happen(step: Step, event: HistoryEvent) -> None:
    if event.type in _ATTEMPTS:
        step.attempts += 1
        if step.finished_at is not None:  # a redrive goes on in the state in which the execution had failed
            step.status, step.finished_at, step.error, step.cause = "RUNNING", None, None, None
        step._failed = False  # noqa: SLF001  # module-private
    elif event.type in _AGAIN:
        step._failed = False  # noqa: SLF001
    elif event.type in _FAILURES:
        step._failed = True  # noqa: SLF001
        step.error, step.cause = event.details.get("error"), event.details.get("cause")


def _leave(step: Step, event: HistoryEvent) -> None:
    step.finished_at = event.at
    step.attempts = step.attempts or 1
    step.status = "CAUGHT" if step._failed else "SUCCEEDED"  # noqa: SLF001
    if not step._failed:  # noqa: SLF001
        step.error = step.cause = None


def _close(step: Step, event: HistoryEvent) -> None:
    """End a state that was never left: the execution, or the Map or Parallel around it, ended first."""
    if step.status != "RUNNING":
        return
    step.finished_at = event.at
    step.attempts = step.attempts or 1
    step.status = "ABORTED" if event.type.endswith(("Aborted", "Succeeded")) else "FAILED"
    if step.status == "FAILED" and step.error is None:
        step.error, step.cause = event.details.get("error"), event.details.get("cause")
