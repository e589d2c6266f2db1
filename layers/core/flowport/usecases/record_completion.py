"""Record the end of a Standard execution that EventBridge reports.

Events are best-effort, may come twice, late and out of order: only a job that has not ended takes one, and only from
the execution, and the attempt of it, that it belongs to.
"""

from dataclasses import dataclass
from typing import Literal

from flowport.domain import ids
from flowport.domain.job import Outcome
from flowport.usecases.ports import Executions, JobStore
from flowport.usecases.redrive_chain import job_of_attempt


@dataclass(frozen=True, slots=True)
class Completion:
    """What an event says of an attempt of an execution, the start or the redrive numbered `redrives`.

    `outcome` None means that the event leaves out details, `redrives` None that it does not number the attempt; both
    are then read from Step Functions.
    """

    execution_arn: str
    name: str
    outcome: Outcome | None
    redrives: int | None = None


@dataclass(frozen=True, slots=True)
class RecordCompletion:
    """The use case."""

    jobs: JobStore
    executions: Executions

    def __call__(self, completion: Completion) -> Literal["recorded", "known", "foreign", "running"]:
        """Record it; `known` when the job had ended, `foreign` when it is no job's execution."""
        job_id = ids.job_id_of_execution(completion.name)
        first = self.jobs.get(job_id) if job_id else None
        if first is None or first.execution_arn != completion.execution_arn:
            return "foreign"
        job = job_of_attempt(self.jobs, first, completion.redrives)
        if job.ended:
            return "known"
        outcome = completion.outcome
        if outcome is None or (completion.redrives is None and job.redrive_count):
            state = self.executions.describe(completion.execution_arn)
            if state is None:
                return "foreign"
            outcome = state.outcome_of(job)
            if outcome is None:
                return "running"
        return "recorded" if self.jobs.end(job, outcome) else "known"
