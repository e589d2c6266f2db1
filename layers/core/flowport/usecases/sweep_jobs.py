"""Find jobs that did not move on, and repair each by what Step Functions says.

| row | machine | repair |
|---|---|---|
| ACCEPTED, async or keyed | Standard | start it, under the same name: started once however often |
| ACCEPTED, async or keyed | Express | hand it over again: the claim keeps it from running twice |
| ACCEPTED, a redrive | Standard | redrive it, under the same token, unless Step Functions counts it already |
| ACCEPTED, sync | Standard | record what Step Functions knows of the name; nothing there: `Flowport.NotStarted` |
| RUNNING | Standard | record its end if it has one, else look again later |
| RUNNING | Express | `Flowport.OutcomeUnknown`: nobody is left to record it |
| any, past its deadline | | stop it; `TIMED_OUT` |
| ended before its time | Standard | stop what is left of its execution |
| restored from a backup, or ACCEPTED for six hours | Standard | record what Step Functions knows of the name |
| restored from a backup | Express | `Flowport.OutcomeUnknown`: it may have run after the backup was made |

Callbacks of parked runs lie in the same index; `parked/sweep_callbacks.py` repairs those.

Work per run is bounded. Two sweeps at once do no harm: every repair is idempotent or conditional.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import FlowportError, Unavailable, UnknownOutcome
from flowport.domain.job import (
    CHECK_ACCEPTED_AFTER,
    CHECK_STANDARD_AFTER,
    Job,
    next_standard_check,
    not_started,
    outcome_unknown,
)
from flowport.domain.retention import kept_input
from flowport.usecases.parked.sweep_callbacks import SweepCallbacks
from flowport.usecases.ports import Clock, Detached, Executions, ExecutionState, JobStore
from flowport.usecases.redrive_chain import resume
from flowport.usecases.stop_job import StopJob

JOBS_PER_RUN: Final = 500
SECONDS_PER_RUN: Final = 25.0  # and one repair, which may take as long again; the function may take 55 s
# A job that cannot be repaired now (throttled) is left for the next run, further back in the queue.
RETRY_AFTER: Final = 30_000
RETRY_FAILED_AFTER: Final = 10 * 60_000
# An accepted job that nobody started for this long is ended, so that nothing waits for ever, and so that no name is
# started again that AWS has forgotten.
GIVE_UP_AFTER: Final = 6 * 60 * 60_000
# AWS forgets an execution, and its name, 90 days after its end.
KNOWN_FOR: Final = 89 * 24 * 60 * 60_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What a run did: repairs by kind, how far behind it is (milliseconds since the oldest was due), what failed."""

    repairs: dict[str, int]
    lag_ms: int
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """The use case."""

    jobs: JobStore
    executions: Executions
    detached: Detached
    clock: Clock
    stop: StopJob
    callbacks: SweepCallbacks

    def __call__(self) -> Swept:
        """Repair what is due, the longest due first."""
        started, now = self.clock.monotonic(), self.clock.now()
        due = self.jobs.due(now, JOBS_PER_RUN)
        lag = max((now - check_at for _, check_at in due), default=0)
        repairs: Counter[str] = Counter()
        since = cache(self.jobs.written_since)
        failures: list[str] = []
        for job_id, check_at in due:
            if self.clock.monotonic() - started > SECONDS_PER_RUN:
                repairs["left"] += 1
                continue
            try:
                repairs[self._repair_one(job_id, since)] += 1
            except (Unavailable, UnknownOutcome):
                repairs["refused"] += 1
                self._postpone(job_id, check_at, RETRY_AFTER)
            except Exception as error:  # noqa: BLE001  # one job that cannot be repaired must not keep the others
                repairs["failed"] += 1
                failures.append(f"{job_id}: {type(error).__name__}: {error}")
                self._postpone(job_id, check_at, RETRY_FAILED_AFTER)
        return Swept(dict(repairs), lag, tuple(failures))

    def _repair_one(self, key: str, since: Callable[[], int]) -> str:
        return self.callbacks.repair(key) if self.callbacks.owns(key) else self._repair(key, since)

    def _postpone(self, job_id: str, seen: int, pause: int) -> None:
        if self.callbacks.owns(job_id):
            self.callbacks.postpone(job_id, seen=seen, check_at=self.clock.now() + pause)
            return
        with suppress(Unavailable):  # it then stays due
            self.jobs.postpone(job_id, seen=seen, check_at=self.clock.now() + pause)

    def _repair(self, job_id: str, since: Callable[[], int]) -> str:
        job = self.jobs.get(job_id)
        now = self.clock.now()
        if job is None or job.check_at is None or job.check_at > now:
            return "moved on"  # the index lags behind the row
        if job.ended:
            self.stop.finish_stopping(job)
            return "stopped"
        startable = job.status == "ACCEPTED" and job.goes_on_alone
        if (startable or job.overdue(now)) and job.created_at < since():
            return self._restored(job)
        if job.overdue(now):
            self.stop.expire(job)
            return "timed out"
        if not startable:
            return self._standard(job) if job.machine_type == "STANDARD" else self._lost_express(job)
        return self._redrive(job) if job.redrive_count else self._start(job)

    def _redrive(self, job: Job) -> str:
        state = self.executions.describe(job.execution_arn or "")
        if state is not None and state.redrives >= job.redrive_count:
            return self._stands(job, state)
        now = self.clock.now()
        try:
            arn = resume(self.executions, job)
        except (Unavailable, UnknownOutcome):
            raise
        except FlowportError as error:
            self.jobs.end(job, not_started(now, error.detail), only_from=("ACCEPTED",))
            return "not started"
        self.jobs.mark_running(
            job.id,
            execution_arn=arn,
            at=now,
            check_at=job.look_at(now + CHECK_STANDARD_AFTER),
            drop_input=job.input_until_start,
        )
        return "redriven"

    def _standard(self, job: Job) -> str:
        state = self.executions.describe(job.execution_arn) if job.execution_arn else None
        if state is None:
            now = self.clock.now()
            if job.status == "ACCEPTED" and now - job.created_at < KNOWN_FOR:
                return self._never_started(job)
            self.jobs.end(job, outcome_unknown(now, "Step Functions no longer knows the execution."))
            return "outcome unknown"
        return self._stands(job, state)

    def _stands(self, job: Job, state: ExecutionState) -> str:
        """Bring the row to where the execution stands."""
        now = self.clock.now()
        if (outcome := state.outcome_of(job)) is not None:
            self.jobs.end(job, outcome)
            return "recorded"
        if job.overdue(now):
            self.stop.expire(job)
            return "timed out"
        check_at = job.look_at(next_standard_check(state.started_at, now))
        if job.status == "ACCEPTED":
            self.jobs.mark_running(
                job.id,
                execution_arn=job.execution_arn or "",
                at=state.started_at,
                check_at=check_at,
                drop_input=job.input_until_start,
            )
            return "found running"
        self.jobs.postpone(job.id, seen=job.check_at or 0, check_at=check_at)
        return "still running"

    def _restored(self, job: Job) -> str:
        """Bring a job that came back with a backup to where its run stands by now; nothing is started."""
        if job.machine_type == "STANDARD":
            state = self.executions.describe(job.execution_arn) if job.redrive_count and job.execution_arn else None
            if job.status == "ACCEPTED" and state is not None and state.redrives < job.redrive_count:
                return self._never_started(job)
            return self._standard(job)
        cause = (
            "The job came back with a backup that was made before its end. It may have run since, wholly or in part, "
            "and is not started again."
        )
        self.jobs.end(job, outcome_unknown(self.clock.now(), cause), only_from=(job.status,))
        return "outcome unknown"

    def _lost_express(self, job: Job) -> str:
        cause = (
            "The Express run was claimed, and the function that ran it never recorded its end. It may have run, "
            "wholly or in part, and is not started again."
        )
        self.jobs.end(job, outcome_unknown(self.clock.now(), cause), attempt=job.attempt)
        return "outcome unknown"

    def _never_started(self, job: Job) -> str:
        cause = "The job was accepted, and its process ended before it was started. Nothing ran; send it again."
        self.jobs.end(job, not_started(self.clock.now(), cause), only_from=("ACCEPTED",))
        return "not started"

    def _start(self, job: Job) -> str:
        now = self.clock.now()
        if now - job.created_at > GIVE_UP_AFTER:
            return self._standard(job) if job.machine_type == "STANDARD" else self._never_started(job)
        try:
            if job.machine_type == "EXPRESS":
                return self._hand_over(job, now)
            input_text = kept_input(self.jobs.with_input(job))
            arn = self.executions.start_standard(job.state_machine_arn, ids.execution_name(job.id), input_text)
            check_at = job.look_at(now + CHECK_STANDARD_AFTER)
            marked = self.jobs.mark_running(
                job.id, execution_arn=arn, at=now, check_at=check_at, drop_input=job.input_until_start
            )
            if not marked:
                self._stop_if_given_up(job.id, arn)
        except (Unavailable, UnknownOutcome):
            raise
        except FlowportError as error:
            self.jobs.end(job, not_started(now, error.detail), only_from=("ACCEPTED",))
            return "not started"
        return "started"

    def _stop_if_given_up(self, job_id: str, arn: str) -> None:
        """Stop what was started after another sweep, or a caller, had ended its job."""
        current = self.jobs.get(job_id)
        if current and current.ended and (current.error or "").startswith("Flowport."):
            self.executions.stop(arn, error=current.error or "", cause="The job had ended before its start.")

    def _hand_over(self, job: Job, now: int) -> str:
        age = now - job.created_at
        self.detached.start(job.id)
        self.jobs.postpone(job.id, seen=job.check_at or 0, check_at=job.look_at(now + max(CHECK_ACCEPTED_AFTER, age)))
        return "handed over"
