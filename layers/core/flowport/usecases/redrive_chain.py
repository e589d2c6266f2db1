"""The attempts of one execution: a redrive is a new job on the same execution, named by the job that it redrives."""

from collections.abc import Iterator
from typing import Final

from flowport.domain.errors import NotRedrivable
from flowport.domain.job import Job
from flowport.usecases.ports import Executions, JobStore

# An execution has at most 25,000 events, of which a redrive needs several; a chain is short long before that.
LINKS_AT_MOST: Final = 1000


def redrives_of(jobs: JobStore, job: Job, *, deadline: float | None = None) -> Iterator[Job]:
    """Give the jobs that redrive this one, each other in turn, as far as they are still there."""
    for _ in range(LINKS_AT_MOST):
        newer = jobs.get(job.redriven_as, deadline=deadline) if job.redriven_as else None
        if newer is None:
            return
        yield newer
        job = newer


def job_of_attempt(jobs: JobStore, first: Job, redrives: int | None) -> Job:
    """Give the job of an execution's attempt, from the job that started it; None means the last attempt.

    An attempt that no job stands for (redriven outside of Flowport) belongs to the last job before it.
    """
    found = first
    for newer in redrives_of(jobs, first):
        if newer.execution_arn != first.execution_arn or (redrives is not None and newer.redrive_count > redrives):
            break
        found = newer
    return found


def resume(executions: Executions, job: Job, *, deadline: float | None = None) -> str:
    """Let the job's execution go on as this job's attempt, once however often it is called; give the ARN."""
    arn = job.execution_arn or ""
    try:
        executions.redrive(arn, job.attempt, deadline=deadline)
    except NotRedrivable:
        # A call that nobody saw the answer of may have done it.
        state = executions.describe(arn, deadline=deadline)
        if state is None or state.redrives < job.redrive_count:
            raise
    return arn
