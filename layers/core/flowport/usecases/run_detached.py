"""Run an Express machine apart from the call that asked for it, and record its end.

    claim ACCEPTED -> RUNNING ── StartSyncExecution ── row ended

The claim is a conditional write: of any number of deliveries of one hand-over, one starts the run. If this process
dies after the claim, the run is not started again; the sweep ends the job as `Flowport.OutcomeUnknown`.
"""

from dataclasses import dataclass
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import FlowportError, InputNotKept, UnknownOutcome
from flowport.domain.job import EXPRESS_LOST_AFTER, Job, not_started, outcome_unknown
from flowport.domain.retention import kept_input
from flowport.usecases.ports import Clock, Executions, JobStore
from flowport.usecases.stop_job import StopJob

# The result exists only in this process, so it keeps trying to record it nearly as long as it may live on.
RECORD_WITHIN_SECONDS: Final = 60.0
# The sweep hands a job over for six hours, an invocation waits for one at most, and the clocks may be an hour apart.
# What is older comes from before a restore, or from a process that stood still: the sweep ends its job.
HAND_OVER_IS_OLD: Final = 8 * 60 * 60_000


@dataclass(frozen=True, slots=True)
class RunDetached:
    """The use case."""

    jobs: JobStore
    executions: Executions
    clock: Clock
    stop: StopJob

    def __call__(self, job_id: str) -> str:
        """Run the job if nobody else has; give its status, or `skipped`."""
        job = self.jobs.get(job_id)
        if job is None or job.status != "ACCEPTED" or self.clock.now() - job.created_at > HAND_OVER_IS_OLD:
            return "skipped"
        attempt, now = ids.new_attempt_id(), self.clock.now()
        if job.overdue(now):
            return self.stop.expire(job).status
        try:
            input_text = kept_input(self.jobs.with_input(job))
        except InputNotKept as error:  # only a claimed or ended job is without: somebody was faster
            return self._without_input(job, error)
        check_at = job.look_at(now + EXPRESS_LOST_AFTER)
        if not self.jobs.claim(job_id, attempt=attempt, at=now, check_at=check_at, drop_input=job.input_until_start):
            return "skipped"
        return self._run(job, attempt, input_text)

    def _without_input(self, job: Job, error: InputNotKept) -> str:
        ended = self.jobs.end(job, not_started(self.clock.now(), error.detail), only_from=("ACCEPTED",))
        return "FAILED" if ended else "skipped"

    def _run(self, job: Job, attempt: str, input_text: str) -> str:
        arn = None
        try:
            outcome, arn = self.executions.run_express(job.state_machine_arn, ids.execution_name(job.id), input_text)
        except UnknownOutcome as error:
            outcome = outcome_unknown(self.clock.now(), error.detail)
        except FlowportError as error:
            outcome = not_started(self.clock.now(), error.detail)
        deadline = self.clock.monotonic() + RECORD_WITHIN_SECONDS
        self.jobs.end(job, outcome, attempt=attempt, execution_arn=arn, deadline=deadline)
        return outcome.status
