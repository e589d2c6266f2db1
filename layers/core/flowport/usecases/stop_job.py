"""End a job before its time: cancelled by a caller, or past its deadline.

    row ended ── StopExecution ── row off the sweep's list

The row comes first, so that the reason is recorded and not the bare abort that Step Functions reports. If this process
dies before the stop, or the execution is being started at this very moment, the sweep looks once more and stops what is
left. AWS cannot stop an Express execution: its job ends, the run itself goes on, and its result changes nothing.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowport.domain.errors import JobEnded, Unavailable
from flowport.domain.job import CANCELLED, CHECK_STOPPED_AFTER, DEADLINE_PASSED, Job, Outcome
from flowport.domain.numbers import JobNumber
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import Clock, Executions, JobStore
from flowport.usecases.redrive_chain import redrives_of

if TYPE_CHECKING:
    from flowport.domain.documents import Change

GOES_ON = "AWS cannot stop an Express execution: the run itself goes on, and its result changes nothing."


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request to cancel a job."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class Delete:
    """A request to delete an ended job and its payloads."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class StopJob:
    """Ends jobs and stops their executions."""

    jobs: JobStore
    executions: Executions
    clock: Clock

    def cancel(self, job: Job, who: str, deadline: float | None = None) -> Job:
        """End a job as `ABORTED`; raise `JobEnded` when it had ended, which is also looked up in Step Functions."""
        self._record_end(job, deadline)
        outcome = Outcome("ABORTED", self.clock.now(), error=CANCELLED, cause=_cause(job, f"Cancelled by {who}."))
        current, ended_here = self._end(job, outcome, deadline)
        if not ended_here and not current.ended:
            message = "The job is being changed or deleted at this very moment; send the request again."
            raise Unavailable(message, retry_after=1)
        if not ended_here:
            message = f"The job had ended as {current.status}; there is nothing to cancel."
            raise JobEnded(message, members={"id": job.id, "job_status": current.status})
        return current

    def abort(self, job: Job, reason: str, document: "Change", deadline: float | None = None) -> Job | None:
        """End a job as `ABORTED` together with a change of its document; None when either had moved meanwhile."""
        if self._record_end(job, deadline):
            return None
        outcome = Outcome("ABORTED", self.clock.now(), error=CANCELLED, cause=_cause(job, reason))
        current, ended_here = self._end(job, outcome, deadline, document)
        return current if ended_here else None

    def _record_end(self, job: Job, deadline: float | None) -> bool:
        """Record the end of a run that has ended by itself; whether it had."""
        if job.machine_type == "STANDARD" and job.status == "RUNNING" and job.execution_arn:
            state = self.executions.describe(job.execution_arn, deadline=deadline)
            if state is not None and (end := state.outcome_of(job)) is not None:
                self.jobs.end(job, end, deadline=deadline)
                return True
        return False

    def expire(self, job: Job, deadline: float | None = None) -> Job:
        """End a job whose deadline has passed as `TIMED_OUT`; give it as it stands, whoever ended it."""
        outcome = Outcome(
            "TIMED_OUT",
            self.clock.now(),
            error=DEADLINE_PASSED,
            cause=_cause(job, "The deadline passed before the run had ended."),
        )
        return self._end(job, outcome, deadline)[0]

    def finish_stopping(self, job: Job) -> None:
        """Stop what is left of an ended job's execution, and take it off the sweep's list."""
        if job.machine_type == "STANDARD" and job.execution_arn is not None:
            state = self.executions.describe(job.execution_arn)
            # What was redriven since is another job's run.
            if state is not None and state.outcome is None and state.redrives <= job.redrive_count:
                self.executions.stop(job.execution_arn, error=job.error or CANCELLED, cause=job.cause or "")
        if job.check_at is not None:
            self.jobs.settle(job, seen=job.check_at)

    def _end(
        self, job: Job, outcome: Outcome, deadline: float | None, document: "Change | None" = None
    ) -> tuple[Job, bool]:
        standard = job.machine_type == "STANDARD"
        look_again = self.clock.now() + CHECK_STOPPED_AFTER if standard else None
        if not self.jobs.end(job, outcome, look_again=look_again, document=document, deadline=deadline):
            current = self.jobs.get(job.id, deadline=deadline)
            return (self.jobs.with_output(current, deadline=deadline) if current else job), False
        if standard and job.execution_arn is not None and look_again is not None:
            with suppress(Unavailable):  # the sweep does it then
                error, cause = outcome.error or "", outcome.cause or ""
                self.executions.stop(job.execution_arn, error=error, cause=cause, deadline=deadline)
                if job.status == "RUNNING":  # an accepted one may be started at this very moment
                    self.jobs.settle(job, seen=look_again, deadline=deadline)
        return job.ended_with(outcome), True


@dataclass(frozen=True, slots=True)
class ChangeJobs:
    """The use cases by which callers end and delete jobs."""

    access: Access
    jobs: JobStore
    stop: StopJob

    def cancel(self, caller: Caller, command: Cancel) -> Job:
        """Cancel a job of the caller's own, or any that `jobs:write` reaches."""
        principal, job = self.access.to_change_job(caller, command.reference)
        return self.stop.cancel(job, principal.name, caller.answer_by)

    def delete(self, caller: Caller, command: Delete) -> None:
        """Delete an ended job and its payloads."""
        _, job = self.access.to_change_job(caller, command.reference)
        for newer in redrives_of(self.jobs, job, deadline=caller.answer_by):
            if not newer.ended:
                message = f"The job was redriven as {newer.id}, whose end is found by this one; delete it after that."
                raise JobEnded(message, members={"id": job.id, "job_status": job.status, "redriven_as": newer.id})
        if not self.jobs.delete(job.id, numbered=job, deadline=caller.answer_by):
            message = f"The job is {job.status}; only a job that has ended, and whose run is over, can be deleted."
            raise JobEnded(message, members={"id": job.id, "job_status": job.status})


def _cause(job: Job, reason: str) -> str:
    if job.machine_type == "EXPRESS" and job.status == "RUNNING":
        return f"{reason} {GOES_ON}"
    return reason
