"""End a job: give back what it holds of limits, and hand its callbacks over before it leaves the sweep's list.

    row ended, on the sweep's list ── Deliver machine started, once a callback ── row off the list

Whoever ends a job does all three. When its process dies in between, the row is on the list and the sweep does the rest:
a start under one name is made once, however often it is asked for. A job without callbacks is ended by one write,
as ever.
"""

from contextlib import suppress
from typing import Any, Final, cast

from flowport.domain.job import Job, Outcome
from flowport.usecases.limit_calls import LimitCalls
from flowport.usecases.ports import Clock, Deliveries, JobStore

# The sweep looks again when whoever ended the job has handed it over or given up.
HAND_OVER_WITHIN: Final = 30_000


class _HandsOver:
    """A job store whose `end` and `settle` hand over, so that no way to end a job can forget it."""

    def __init__(self, jobs: JobStore, deliveries: Deliveries, clock: Clock, limits: LimitCalls) -> None:
        self._jobs = jobs
        self._limits = limits
        self._deliveries = deliveries
        self._clock = clock

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # the store's other methods, as they are
        return getattr(self._jobs, name)

    def end(
        self,
        job: Job,
        outcome: Outcome,
        *,
        look_again: int | None = None,
        deadline: float | None = None,
        **how: Any,  # noqa: ANN401  # as the store takes it
    ) -> bool:
        """End the job; with callbacks, it stays on the sweep's list until they are handed over."""
        due = look_again
        if job.callbacks and look_again is None:
            due = self._clock.now() + HAND_OVER_WITHIN
        ended = self._jobs.end(job, outcome, look_again=due, deadline=deadline, **how)
        if ended:
            self._limits.give_back(job)
        if ended and job.callbacks:
            # The job has ended, which is what was asked for: whatever fails here, the sweep does it, and says so.
            with suppress(Exception):
                if look_again is None and due is not None:
                    self.settle(job, seen=due, deadline=deadline)
                else:
                    self._hand_over(job, deadline)
        return ended

    def settle(self, job: Job, *, seen: int, deadline: float | None = None) -> None:
        """Take an ended job off the sweep's list, once its callbacks are handed over."""
        self._hand_over(job, deadline)
        self._jobs.settle(job, seen=seen, deadline=deadline)

    def _hand_over(self, job: Job, deadline: float | None) -> None:
        for number in range(1, len(job.callbacks) + 1):
            self._deliveries.start(job.id, number, deadline=deadline)


def handing_over(jobs: JobStore, deliveries: Deliveries, clock: Clock, limits: LimitCalls) -> JobStore:
    """Give the job store that every use case is to end jobs by."""
    return cast("JobStore", _HandsOver(jobs, deliveries, clock, limits))
