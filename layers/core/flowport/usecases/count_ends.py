"""Tell of every job that ends, once, whoever ends it: what the figures of endpoints are made of.

What is told is a line of the log. When the process dies right before it is written, the figures lack one call; the
job's row is what counts.
"""

from collections.abc import Callable
from typing import Any, cast

from flowport.domain.job import Job, Outcome
from flowport.usecases.ports import JobStore

Tell = Callable[[Job, Outcome], None]


class _Tells:
    """A job store whose `end` tells when it has ended a job."""

    def __init__(self, jobs: JobStore, tell: Tell) -> None:
        self._jobs = jobs
        self._tell = tell

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # the store's other methods, as they are
        return getattr(self._jobs, name)

    def end(self, job: Job, outcome: Outcome, **how: Any) -> bool:  # noqa: ANN401  # as the store takes it
        """End the job, and tell if this call did."""
        ended = self._jobs.end(job, outcome, **how)
        if ended:
            self._tell(job, outcome)
        return ended


def telling_of_ends(jobs: JobStore, tell: Tell) -> JobStore:
    """Give a job store that calls `tell` with every job that it ends, and how."""
    return cast("JobStore", _Tells(jobs, tell))
