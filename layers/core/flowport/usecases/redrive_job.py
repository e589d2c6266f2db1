"""Redrive an ended job: a new job, which goes on where the old one failed or starts anew.

    resumed      origin marked, new row ACCEPTED ── RedriveExecution ── row RUNNING ── answer 202
    restarted    origin marked, new row ACCEPTED ── started as an asynchronous call is ── answer 202

The mark (`redriven_as`) and the new row are one transaction, so that a job has one redrive however many ask for it.
A redrive that was never started, or that was deleted, leaves its origin free for another one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from flowport.domain.access import Principal
from flowport.domain.errors import (
    AlreadyRedriven,
    ConsentWithdrawn,
    FlowportError,
    JobEnded,
    KeyReused,
    NotFound,
    Unavailable,
    UnknownOutcome,
)
from flowport.domain.job import NOT_STARTED, Job, RedriveOf
from flowport.domain.keys import JobKey, redrive_key
from flowport.domain.limits import Quota
from flowport.domain.numbers import JobNumber
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.domain.retention import as_seen, kept_input
from flowport.usecases.access import ACCEPT_WITHIN_SECONDS, Access, Caller
from flowport.usecases.callback_urls import callbacks_again
from flowport.usecases.ports import Clock, Executions, ExecutionState, JobStore
from flowport.usecases.redrive_chain import redrives_of
from flowport.usecases.run_endpoint import Run, RunEndpoint, plan_run, same_request

# Another call may take the key or the origin first; what it made then decides.
ROUNDS: Final = 4
# What is left of the answer's time, in seconds, when all is read, at least: for the row, the redrive and its mark.
READ_UNTIL_BEFORE_ANSWER: Final = 15.0
WRITE_UNTIL_BEFORE_ANSWER: Final = 8.0
_SOON: Final[Mapping[str, str]] = {"Retry-After": "5"}
_SETTLED_SOON: Final[Mapping[str, str]] = {"Retry-After": "60"}


@dataclass(frozen=True, slots=True)
class Redrive:
    """A request to redrive an ended job."""

    begins_runs: ClassVar = True

    reference: str | JobNumber
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Redriven:
    """The new job. `replayed` says that a key led to it and that it had ended before this call.

    `quotas` are what the limits of credential and endpoint leave the caller.
    """

    job: Job
    replayed: bool = False
    quotas: tuple[Quota, ...] = ()

    @property
    def resumed(self) -> bool:
        """Whether it goes on in its origin's execution; else it was started anew."""
        return self.job.redrive_count > 0


@dataclass(frozen=True, slots=True)
class RedriveJob:
    """The use case."""

    access: Access
    jobs: JobStore
    executions: Executions
    clock: Clock
    run: RunEndpoint

    def __call__(self, caller: Caller, command: Redrive) -> Redriven:
        """Redrive a job that the caller may change, of an endpoint that it may run."""
        principal, origin = self.access.to_change_job(caller, command.reference)
        mine = replace(caller, workspace=origin.workspace)
        _, endpoint = self.access.to_run(mine, origin.endpoint, None)
        read_by = caller.answer_by - READ_UNTIL_BEFORE_ANSWER
        quotas = self.run.limits.count(principal, endpoint, read_by)
        if caller.noted is not None:
            caller.noted.quotas = quotas
        for _ in range(ROUNDS):
            key = self._key(principal, origin, command, read_by)
            if key is not None and key.replaces is not None:
                led_to = self.jobs.get(key.replaces, deadline=read_by)
                if led_to is not None and led_to.error != NOT_STARTED:
                    return replace(_replay(led_to, origin), quotas=quotas)
            made = self._try(mine, principal, endpoint, origin, key, quotas)
            if made is not None:
                return made
            current = self.jobs.get(origin.id, deadline=read_by)
            if current is None:
                message = f"There is no job {str(command.reference)!r} for this caller."
                raise NotFound(message)
            origin = as_seen(current, self.clock.now())
        message = "Other redrives of this job keep coming first; send the request again."
        raise Unavailable(message, retry_after=1)

    def _try(
        self,
        caller: Caller,
        principal: Principal,
        endpoint: Endpoint,
        origin: Job,
        key: JobKey | None,
        quotas: tuple[Quota, ...],
    ) -> Redriven | None:
        """Make the new job and begin it; None when another call came first."""
        read_by = caller.answer_by - READ_UNTIL_BEFORE_ANSWER
        self._check(origin, read_by)
        state = self._to_resume(read_by, origin, endpoint)
        job = self._new_job(caller, principal, endpoint, origin, state)
        limits = self.run.limits
        job, told = limits.take(replace(job, keyed=key is not None), principal, endpoint, quotas, read_by)
        try:
            made = self._write(caller, origin, job, key, settled=state is not None)
        except UnknownOutcome:
            raise  # the row may be there
        except FlowportError:
            limits.give_back(job)
            raise
        if made is not True:
            limits.give_back(job)
            return Redriven(same_request(made, job), quotas=told) if made else None
        return Redriven(self.run.start(job, caller.answer_by), quotas=told)

    def _write(self, caller: Caller, origin: Job, job: Job, key: JobKey | None, *, settled: bool) -> Job | bool:
        """Write the new row and its origin's mark; else give what stands in its place, or False."""
        redrive_of = RedriveOf(origin.id, origin.redriven_as, settled=settled)
        deadline = min(self.clock.monotonic() + ACCEPT_WITHIN_SECONDS, caller.answer_by - WRITE_UNTIL_BEFORE_ANSWER)
        try:
            keys = [key] if key else []
            return self.jobs.create_redrive(job, redrive_of, keys, now=job.created_at, deadline=deadline)
        except Unavailable as error:
            if not (job.keyed and self.run.was_written(job, caller.answer_by)):
                # The write may have happened after all; nothing was started, and the row must say so.
                raise self.run.give_up(job, error, caller.answer_by) from error
            return True  # another call with the key may have been told of it

    def _key(self, principal: Principal, origin: Job, command: Redrive, deadline: float) -> JobKey | None:
        """Make the caller's key; `replaces` is the job that it leads to already."""
        if command.idempotency_key is None:
            return None
        now = self.clock.now()
        key = redrive_key(
            workspace=origin.workspace,
            endpoint=origin.endpoint,
            principal=principal.name,
            key=command.idempotency_key,
            origin=origin.id,
            now=now,
        )
        return replace(key, replaces=self.jobs.find_key(key.id, now, deadline=deadline))

    def _check(self, origin: Job, deadline: float) -> None:
        """Refuse what has not ended, and what was redriven already."""
        if not origin.ended:
            message = f"The job is {origin.status}; only a job that has ended can be redriven."
            raise JobEnded(message, members={"id": origin.id, "job_status": origin.status})
        begun = [job for job in redrives_of(self.jobs, origin, deadline=deadline) if job.error != NOT_STARTED]
        if begun:
            newest = begun[-1]
            message = f"The job was redriven as {newest.id}, which is {newest.status}; redrive that one if it failed."
            raise AlreadyRedriven(
                message, members={"id": origin.id, "redriven_as": newest.id, "job_status": newest.status}
            )

    def _to_resume(self, deadline: float, origin: Job, endpoint: Endpoint) -> ExecutionState | None:
        """Give the state of the execution that can go on, None where the job is to be started anew."""
        # An endpoint that was given another machine does not run the old one any more.
        mine = origin.machine_type == "STANDARD" and origin.state_machine_arn == endpoint.standard_arn
        if not mine or origin.status == "SUCCEEDED" or origin.execution_arn is None:
            return None
        if origin.check_at is not None:
            message = "The job's execution is still being stopped; send the request again in a minute."
            raise JobEnded(message, headers=_SETTLED_SOON, members={"id": origin.id, "job_status": origin.status})
        state = self.executions.describe(origin.execution_arn, deadline=deadline)
        if state is not None and state.outcome is None:
            current = self.jobs.get(origin.id, deadline=deadline)
            self._check(current or origin, deadline)  # another redrive may have begun a moment ago
            message = (
                "Step Functions says that the job's execution is running: it has not come to rest yet, or was "
                "redriven outside of Flowport. Send the request again when it has ended."
            )
            raise JobEnded(message, headers=_SOON, members={"id": origin.id, "job_status": origin.status})
        if state is None or not state.redrivable:
            return None
        if not self.executions.consented(origin.state_machine_arn, deadline=deadline):
            message = (
                f"The state machine {origin.state_machine_arn} has lost its tag flowport:publish; its owner can tag "
                "it again."
            )
            raise ConsentWithdrawn(message)
        return state

    def _new_job(
        self, caller: Caller, principal: Principal, endpoint: Endpoint, origin: Job, state: ExecutionState | None
    ) -> Job:
        loaded = self.jobs.with_input(origin, deadline=caller.answer_by - READ_UNTIL_BEFORE_ANSWER)
        # What goes on where it failed needs no input; what starts anew does.
        input_text = loaded.input if state is not None else kept_input(loaded)
        preference = Preference(respond_async=True)
        command = Run(
            endpoint.path,
            "POST",
            lambda: input_text or "{}",
            preference,
            labels=origin.labels,
            # Without a credential it is the origin's own caller, by whatever name it was recorded.
            anonymous=origin.principal,
            checked=True,
        )
        job = self.run.new_job(caller, principal, endpoint, plan_run(endpoint, preference), command)
        callbacks = callbacks_again(endpoint, origin.callbacks, plain=self.run.plain_callbacks)
        base_url = caller.base_url if callbacks else None
        job = replace(job, origin=origin.id, input=input_text, callbacks=callbacks, base_url=base_url)
        if state is None:
            return job
        # Step Functions' count may lag behind an attempt that is known to have begun.
        begun = origin.redrive_count if origin.started_at is not None else 0
        return replace(job, execution_arn=origin.execution_arn, redrive_count=max(state.redrives, begun) + 1)


def _replay(job: Job, origin: Job) -> Redriven:
    if job.origin != origin.id:
        message = "This Idempotency-Key was used to redrive another job; use a new key for another job."
        raise KeyReused(message)
    return Redriven(job, replayed=job.ended)
