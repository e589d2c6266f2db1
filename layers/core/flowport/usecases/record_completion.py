"""Record the end of a Standard execution that EventBridge reports.

Events are best-effort, may come twice, late and out of order: only a job that has not ended takes one, and only from
the execution that it belongs to.
"""

from dataclasses import dataclass
from typing import Literal

from flowport.domain import ids
from flowport.domain.job import Outcome
from flowport.usecases.ports import Executions, JobStore


@dataclass(frozen=True, slots=True)
class Completion:
    """What an event says. `outcome` None means that the event leaves out details, to be read from Step Functions."""

    execution_arn: str
    name: str
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class RecordCompletion:
    """The use case."""

    jobs: JobStore
    executions: Executions

    def __call__(self, completion: Completion) -> Literal["recorded", "known", "foreign", "running"]:
        """Record it; `known` when the job had ended, `foreign` when it is no job's execution."""
        job_id = ids.job_id_of_execution(completion.name)
        job = self.jobs.get(job_id) if job_id else None
        if job is None or job.execution_arn != completion.execution_arn:
            return "foreign"
        if job.ended:
            return "known"
        outcome = completion.outcome
        if outcome is None:
            state = self.executions.describe(completion.execution_arn)
            if state is None:
                return "foreign"
            if state.outcome is None:
                return "running"
            outcome = state.outcome
        return "recorded" if self.jobs.end(job, outcome) else "known"
