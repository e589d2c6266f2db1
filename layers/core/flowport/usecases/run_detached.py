"""Run an Express machine apart from the call that asked for it, and record its end.

    claim ACCEPTED -> RUNNING ── StartSyncExecution ── row ended

The claim is a conditional write: of any number of deliveries of one hand-over, one starts the run. If this process
dies after the claim, the run is not started again; the sweep ends the job as `Flowport.OutcomeUnknown`.
"""

from dataclasses import dataclass
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import FlowportError, UnknownOutcome
from flowport.domain.job import EXPRESS_LOST_AFTER, Job, not_started, outcome_unknown
from flowport.usecases.ports import Clock, Executions, JobStore
from flowport.usecases.stop_job import StopJob

# The result exists only in this process, so it keeps trying to record it nearly as long as it may live on.
RECORD_WITHIN_SECONDS: Final = 60.0


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
        if job is None or job.status != "ACCEPTED":
            return "skipped"
        attempt, now = ids.new_attempt_id(), self.clock.now()
        if job.overdue(now):
            return self.stop.expire(job).status
        input_text = self.jobs.with_input(job).input or "{}"
        if not self.jobs.claim(job_id, attempt=attempt, at=now, check_at=job.look_at(now + EXPRESS_LOST_AFTER)):
            return "skipped"
        return self._run(job, attempt, input_text)

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
