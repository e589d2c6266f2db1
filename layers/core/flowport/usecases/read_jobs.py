"""Read jobs: one, its input, its steps, and lists."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from flowport.domain.errors import Forbidden, JobEnded, PayloadNotKept, Unavailable
from flowport.domain.job import NOT_STARTED, Job
from flowport.domain.numbers import JobNumber
from flowport.domain.retention import LISTED_AT_MOST, as_seen
from flowport.domain.steps import HistoryEvent, Step, is_whole, steps_of, until_redriven
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import (
    Clock,
    Directory,
    ExecutionLogs,
    Executions,
    JobStore,
    KeptSteps,
    ListingPage,
    ListingQuery,
    Wanted,
)
from flowport.usecases.stop_job import StopJob
from flowport.usecases.wait import wait_for_end

NO_EXPRESS_HISTORY: Final = (
    "AWS keeps no history of Express executions; name the state machine's log group on the endpoint (log_group) and "
    "let the machine log at level ALL to see its steps."
)
NOT_STARTED_YET: Final = "The execution has not been started."
EARLIER_ATTEMPTS: Final = "The execution was redriven: its steps before this job's attempt are listed too."
NO_HISTORY: Final = "There is no history: AWS keeps it for 90 days, and nothing was logged for this execution."


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A request for one job by any of its names; `wait` seconds at most for its end."""

    reference: str | JobNumber
    wait: int = 0


@dataclass(frozen=True, slots=True)
class ReadInput:
    """A request for what a job was started with."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class ReadOutput:
    """A request for what a job's run gave, before the endpoint's mapping."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class ReadSteps:
    """A request for the states that a job went through."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class ListJobs:
    """A request for a page of jobs, newest first. `since` is epoch milliseconds; `own`: the caller's alone."""

    endpoint: str | None = None
    status: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    since: int | None = None
    limit: int = 20
    after: tuple[str, str] | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class StepsRead:
    """The steps, or why there are none to be had; with steps, `reason` says what else is among them."""

    job: Job
    steps: list[Step] | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class JobReader:
    """The use cases that read jobs. `retention_ms` is how far back a list goes that does not say."""

    access: Access
    directory: Directory
    jobs: JobStore
    executions: Executions
    logs: ExecutionLogs
    clock: Clock
    retention_ms: int
    stop: StopJob
    kept: KeptSteps | None = None

    def read(self, caller: Caller, command: ReadJob) -> Job:
        """Give the job, after waiting for its end as long as was asked."""
        _, job = self.access.to_read_job(caller, command.reference)
        wait = min(command.wait, caller.answer_by - self.clock.monotonic())
        return wait_for_end(self.jobs, self.clock, job, wait, self.stop.expire, caller.answer_by)

    def read_input(self, caller: Caller, command: ReadInput) -> str:
        """Give the JSON text that the job was started with."""
        _, job = self.access.to_read_job(caller, command.reference)
        loaded = self.jobs.with_input(job, deadline=caller.answer_by)
        if loaded.input is None:
            message = "The input of this job is not kept" + (" any more." if job.payloads == "expired" else ".")
            raise PayloadNotKept(message, members={"id": job.id, "payloads": job.payloads})
        return loaded.input

    def read_output(self, caller: Caller, command: ReadOutput) -> str:
        """Give the JSON text that the workflow gave.

        Where the endpoint maps it, that is for who may read jobs, not for every caller.
        """
        principal, job = self.access.to_read_job(caller, command.reference)
        if job.output_mapping is not None and not principal.has(*(caller.any_of or ("jobs:read",))):
            message = "The output as the workflow gave it needs a credential with the scope 'jobs:read'."
            raise Forbidden(message)
        if job.status != "SUCCEEDED":
            message = f"The job is {job.status}; only one that has succeeded has an output."
            raise JobEnded(message, members={"id": job.id, "job_status": job.status})
        loaded = self.jobs.with_output(job, deadline=caller.answer_by)
        if loaded.output is None:
            message = "The output of this job is not kept" + (" any more." if job.payloads == "expired" else ".")
            raise PayloadNotKept(message, members={"id": job.id, "payloads": job.payloads})
        return loaded.output

    def read_steps(self, caller: Caller, command: ReadSteps) -> StepsRead:
        """Give the states that the job went through, where AWS can tell."""
        _, job = self.access.to_read_job(caller, command.reference)
        if job.execution_arn is None or job.status == "ACCEPTED":
            if job.machine_type == "EXPRESS" and job.status != "ACCEPTED":
                return StepsRead(job, None, NO_EXPRESS_HISTORY)
            return StepsRead(job, [], NOT_STARTED_YET)
        kept = self.kept.load(job) if self.kept and job.ended else None
        if kept is not None:
            return _told(job, kept)
        events = self.history(job, caller.answer_by)
        if events is None:
            return StepsRead(job, None, NO_EXPRESS_HISTORY)
        history = list(events)
        read = _steps(job, history)
        if self.kept and job.ended and read.steps and is_whole(history):
            with suppress(Unavailable):  # it is read again the next time
                self.kept.keep(job, read.steps)
        return read

    def history(self, job: Job, deadline: float) -> Iterable[HistoryEvent] | None:
        """Give the events of a job's execution, as they are read; None where AWS keeps none of such a run."""
        if job.execution_arn is None:
            return None if job.machine_type == "EXPRESS" else ()
        if job.machine_type == "STANDARD":
            history = self.executions.history(job.execution_arn, deadline=deadline)
            return until_redriven(history, job.redrive_count)
        found = self.directory.look_up(Wanted(job.workspace, endpoint=job.endpoint), deadline=deadline)
        log_group = found.endpoint.log_group if found.endpoint else None
        if log_group is None:
            return None
        return self.logs.history(log_group, job.execution_arn, job.created_at, deadline=deadline)

    def list(self, caller: Caller, command: ListJobs) -> ListingPage:
        """Give a page of the jobs that the caller may see."""
        principal = self.access.to_list_jobs(caller)
        credential = principal.credential
        now = self.clock.now()
        sees_all = not command.own and (caller.any_of is not None or principal.has("jobs:read"))
        reach = self.retention_ms if command.since is None else min(now - command.since, LISTED_AT_MOST)
        page = self.jobs.page(
            ListingQuery(
                workspace=principal.workspace,
                endpoint=command.endpoint,
                endpoints=credential.endpoints if credential else None,
                principal=None if sees_all else principal.name,
                status=command.status,
                labels=command.labels,
                since=max(now - reach, principal.since),
                until=now,
                limit=command.limit,
                after=command.after,
            ),
            deadline=caller.answer_by,
        )
        return replace(page, jobs=tuple(as_seen(job, now) for job in page.jobs if not _expired(job, now)))


def _expired(job: Job, now: int) -> bool:
    return job.expires_at is not None and job.expires_at <= now


def _steps(job: Job, history: Iterable[HistoryEvent]) -> StepsRead:
    if steps := steps_of(history):
        return _told(job, steps)
    return StepsRead(job, None, NOT_STARTED_YET if job.error == NOT_STARTED else NO_HISTORY)


def _told(job: Job, steps: list[Step]) -> StepsRead:
    return StepsRead(job, steps, EARLIER_ATTEMPTS if job.redrive_count else None)
