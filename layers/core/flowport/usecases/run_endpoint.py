"""Run an endpoint: accept a job, start it, and wait for its end as long as the caller wants.

    sync, Express     row RUNNING ── StartSyncExecution ── row ended ── answer        (this process holds the run)
    sync, Standard    row ACCEPTED ── StartExecution ── row RUNNING ── wait on the row, at most 25 s ── answer
    async, Standard   row ACCEPTED ── StartExecution ── row RUNNING ── answer 202
    async, Express    row ACCEPTED ── hand over to run_express ── answer 202          (its claim starts it once)
    wait=N            as async, then wait on the row, at most N seconds

The row is always written before anything is started. If this process dies in between, the sweep decides by the row
alone: see docs/reliability.md.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final

from flowport.domain import ids
from flowport.domain.access import ANONYMOUS, Principal, may_read
from flowport.domain.errors import (
    ClientJobIdTaken,
    FlowportError,
    InvalidRequest,
    KeyReused,
    Unavailable,
    UnknownOutcome,
)
from flowport.domain.job import (
    CANCELLED,
    CHECK_ACCEPTED_AFTER,
    CHECK_STANDARD_AFTER,
    EXPRESS_LOST_AFTER,
    NOT_STARTED,
    START_WITHIN,
    Job,
    Outcome,
    not_started,
    outcome_unknown,
)
from flowport.domain.keys import JobKey, OnConflict, Taken, client_key, document_key, idempotency_key
from flowport.domain.limits import Quota
from flowport.domain.numbers import JobNumber, Series
from flowport.domain.preferences import MAX_WAIT_SECONDS, Preference
from flowport.domain.records import Endpoint, MachineType, Mode, View
from flowport.domain.retention import as_seen, keeps
from flowport.usecases.access import Access, Caller
from flowport.usecases.end_job import HAND_OVER_WITHIN
from flowport.usecases.limit_calls import LimitCalls
from flowport.usecases.ports import Clock, Detached, Executions, InputSchemas, JobNumbers, JobStore
from flowport.usecases.redrive_chain import resume
from flowport.usecases.stop_job import StopJob
from flowport.usecases.wait import last_read, wait_for_end

if TYPE_CHECKING:
    from flowport.domain.callbacks import Callback

# The accepting function has the result of a direct run in its hands: it keeps trying to record it this long.
RECORD_WITHIN_SECONDS: Final = 20.0
# What is left of the answer's time, in milliseconds, when a caller's own time-out stops the run at the latest. With the
# time that a last attempt may take beyond it (wait.py), the row can be ended and the execution stopped.
ABORT_BEFORE_ANSWER: Final = 2000
GIVE_UP_WITHIN_SECONDS: Final = 10.0
# A key that is free again may be taken by another call first, which then is the one that leads.
KEY_ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Run:
    """A request to run an endpoint.

    `read_input` gives the checked JSON text or raises what is wrong with it; it is called once the caller is let in,
    so that nobody else learns anything. `view` None means the endpoint's own. `endpoint` is `module/name`, None where
    only `alias` names it. `adapt` makes the command that the endpoint's own settings want of this one.

    `deadline` is in seconds. With `abort_after_ms` a caller who waits is told of the end at that time at the latest,
    and the run is stopped then; it is cut to what the answer's own time leaves. With `wait_ms` the call is an
    asynchronous one that waits so long for the end. A `stoppable` run is to end at its time limit: of an endpoint's
    machines it takes the one whose runs AWS can stop. `anonymous` is what a caller without a credential is recorded as.
    With `number_series` the job gets the workspace's next number of that series. A `checked` input is one that a run
    had before: it is not held against the endpoint's schema again.

    A `documented` job's `client_job_id` is unique in its workspace, whichever the endpoint, and leads whoever may run
    it to its job. What it parks as `resumes` is answered with its input from the beginning. With `aborted`, the reason,
    the job is written as one that has ended, and nothing is started.
    """

    begins_runs: ClassVar = True

    endpoint: str | None
    method: str | None
    read_input: Callable[[], str]
    preference: Preference = field(default_factory=Preference)
    view: View | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    client_job_id: str | None = None
    on_conflict: OnConflict = "return"
    deadline: int | None = None
    alias: str | None = None
    adapt: "Callable[[Endpoint], Run] | None" = None
    abort_after_ms: int | None = None
    wait_ms: int | None = None
    stoppable: bool = False
    anonymous: str = ANONYMOUS
    number_series: Series | None = None
    callback_url: str | None = None
    checked: bool = False
    documented: bool = False
    resumes: str | None = None
    aborted: str | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """The job as the answer is given, and the endpoint that it ran.

    `replayed` says that the job had ended before this call, which a key led to it. `quotas` are what the limits of
    credential and endpoint leave the caller. `seen_whole`: the caller may see what an output mapping leaves out.
    """

    job: Job
    endpoint: Endpoint
    view: View
    replayed: bool = False
    quotas: tuple[Quota, ...] = ()
    seen_whole: bool = False


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a run is to be started and how long its end is awaited."""

    mode: Mode
    machine_type: MachineType
    state_machine_arn: str
    direct: bool
    wait_seconds: float


def plan_run(
    endpoint: Endpoint,
    preference: Preference,
    *,
    limited: bool = False,
    wait_ms: int | None = None,
    to_be_aborted: bool = False,
) -> _Plan:
    """Decide between the endpoint's machines: Express answers fastest, Standard outlives its caller best.

    A run with a deadline (`limited`) is never direct: a process that holds a run cannot watch the clock. One that is to
    be aborted is a Standard one where there is the choice: only that can be stopped.
    """
    # Whoever names a wait is ready for a 202: the run goes on without them, so it is an asynchronous one.
    named = preference.wait if wait_ms is None else wait_ms / 1000
    detach = preference.respond_async or named is not None or endpoint.mode == "async"
    mode: Mode = "async" if detach else "sync"
    wait = float(named or 0) if detach else float(MAX_WAIT_SECONDS)
    if endpoint.express_arn and not ((detach or to_be_aborted) and endpoint.standard_arn):
        return _Plan(mode, "EXPRESS", endpoint.express_arn, direct=not detach and not limited, wait_seconds=wait)
    return _Plan(mode, "STANDARD", endpoint.standard_arn or "", direct=False, wait_seconds=wait)


@dataclass(frozen=True, slots=True)
class RunEndpoint:
    """The use case.

    `retention_ms` is how long a job is kept whose endpoint does not say; `plain_callbacks` allows callbacks over http.
    """

    access: Access
    jobs: JobStore
    executions: Executions
    detached: Detached
    clock: Clock
    retention_ms: int
    stop: StopJob
    limits: LimitCalls
    numbers: JobNumbers | None = None
    plain_callbacks: bool = False
    schemas: InputSchemas | None = None

    def __call__(self, caller: Caller, command: Run) -> Ran:
        """Run, and give the job as it stands when the answer is due."""
        principal, endpoint = self.access.to_run(caller, command.endpoint, command.method, command.alias)
        return self.let_in(caller, principal, endpoint, command if command.adapt is None else command.adapt(endpoint))

    def let_in(self, caller: Caller, principal: Principal, endpoint: Endpoint, command: Run) -> Ran:
        """Run for a caller who may run this endpoint."""
        quotas = self.limits.count(principal, endpoint, caller.deadline)
        if caller.noted is not None:
            caller.noted.quotas = quotas
        if command.client_job_id is not None and principal.credential is None:
            message = "A Client-Job-Id needs a credential: without one it would lead anybody to the job."
            raise InvalidRequest(message)
        aborted = command.abort_after_ms is not None
        plan = plan_run(
            endpoint,
            command.preference,
            limited=aborted or _time_limit(endpoint, command) is not None,
            wait_ms=command.wait_ms,
            to_be_aborted=aborted or command.stoppable,
        )
        job = self.new_job(caller, principal, endpoint, plan, command)
        view = command.view or endpoint.view
        seen_whole = principal.has("jobs:read") and principal.reaches(endpoint.path)
        existing = self._known(job, principal, endpoint, command, caller)
        if existing is None:
            if not job.ended:  # else it runs nothing
                job, quotas = self.limits.take(job, principal, endpoint, quotas, caller.deadline)
            job, existing = self._accept_or_give_back(job, principal, command, caller)
        if existing is None and job.ended:
            return Ran(self._settled(job, caller.answer_by), endpoint, view, quotas=quotas)
        if existing is None and plan.direct:
            return Ran(self._run_directly(job), endpoint, view, quotas=quotas, seen_whole=seen_whole)
        # A repeated call gets the one job that the first one made.
        started = existing or self.start(job, caller.answer_by)
        wait = min(plan.wait_seconds, caller.answer_by - self.clock.monotonic())
        try:
            ended = wait_for_end(self.jobs, self.clock, started, wait, self.stop.expire, caller.answer_by)
        except Unavailable as error:
            raise _unreadable(started) from error
        if existing is None and ended.payloads == "not-kept":
            ended = self._with_unkept_output(ended, caller.answer_by)
        replayed = job.keyed and existing is not None and existing.ended
        return Ran(ended, endpoint, view, replayed, quotas, seen_whole)

    def new_job(self, caller: Caller, principal: Principal, endpoint: Endpoint, plan: _Plan, command: Run) -> Job:
        """Make the job of a call, not yet written."""
        now = self.clock.now()
        job_id = ids.job_id_of_request(caller.request_id) if caller.request_id else ids.new_job_id()
        standard = plan.machine_type == "STANDARD"
        deadline_at = self._deadline_at(caller, endpoint, command, now)
        keep_ms, keep_payloads_ms = keeps(endpoint, self.retention_ms)
        callbacks = self._callbacks(endpoint, command)
        check_at = now + (EXPRESS_LOST_AFTER if plan.direct else CHECK_ACCEPTED_AFTER)
        job = Job(
            id=job_id,
            workspace=endpoint.workspace,
            endpoint=endpoint.path,
            status="RUNNING" if plan.direct else "ACCEPTED",
            mode=plan.mode,
            machine_type=plan.machine_type,
            state_machine_arn=plan.state_machine_arn,
            principal=principal.name if principal.credential else command.anonymous,
            created_at=now,
            attempt=ids.new_attempt_id(),
            direct=plan.direct,
            execution_arn=ids.standard_execution_arn(plan.state_machine_arn, job_id) if standard else None,
            started_at=now if plan.direct else None,
            input=self._input(endpoint, command),
            labels=dict(command.labels),
            client_job_id=command.client_job_id,
            keyed=command.idempotency_key is not None or command.client_job_id is not None,
            request_id=caller.request_id,
            keep_ms=keep_ms,
            keep_payloads_ms=keep_payloads_ms,
            deadline_at=deadline_at,
            alias=command.alias,
            check_at=min(check_at, deadline_at or check_at),
            callbacks=callbacks,
            base_url=caller.base_url if callbacks else None,
            output_mapping=endpoint.output_mapping,
            documented=command.documented,
        )
        if command.aborted is None:
            return job
        ended = job.ended_with(Outcome("ABORTED", now, error=CANCELLED, cause=command.aborted))
        return replace(ended, check_at=now + HAND_OVER_WITHIN)

    def _settled(self, job: Job, deadline: float) -> Job:
        """Take a job that had ended when it was written off the sweep's list; the sweep does it where this fails."""
        with suppress(FlowportError):
            self.jobs.settle(job, seen=job.check_at or 0, deadline=deadline)
        return job

    def _input(self, endpoint: Endpoint, command: Run) -> str:
        text = command.read_input()
        if endpoint.input_schema is None or self.schemas is None or command.checked:
            return text
        fitting = self.schemas.fit(endpoint.path, endpoint.input_schema, text)
        # A document is its client's, who sends it again to be sure: it is checked, and stays as it was sent.
        return text if command.documented else fitting

    def _callbacks(self, endpoint: Endpoint, command: Run) -> tuple[str, ...]:
        if endpoint.callback_url is None and command.callback_url is None:
            return ()
        from flowport.usecases.callback_urls import callbacks_of  # noqa: PLC0415  # few calls have any

        return callbacks_of(endpoint, command.callback_url, plain=self.plain_callbacks)

    def _numbered(self, caller: Caller, command: Run, job: Job) -> Job:
        if command.number_series is None or self.numbers is None:
            return job
        return replace(job, number=self.numbers.draw(job.workspace, command.number_series, deadline=caller.deadline))

    def _deadline_at(self, caller: Caller, endpoint: Endpoint, command: Run, now: int) -> int | None:
        limit = _time_limit(endpoint, command)
        limits = [] if limit is None else [limit * 1000]
        if command.abort_after_ms is not None:
            # Whoever waits is to see the deadline pass, not to be sent away an instant before it.
            left = (caller.answer_by - self.clock.monotonic()) * 1000 - ABORT_BEFORE_ANSWER
            limits.append(max(1, min(command.abort_after_ms, round(left))))
        return now + min(limits) if limits else None

    def _known(self, job: Job, principal: Principal, endpoint: Endpoint, command: Run, caller: Caller) -> Job | None:
        """Give the job that a key leads to already, where jobs are counted: it needs no slot of its own."""
        if not job.keyed or not self.limits.counts_jobs(principal, endpoint):
            return None
        taken = self.jobs.taken(keys_of(job, command), now=job.created_at, deadline=caller.deadline)
        return None if taken is None else self._led_to(taken, principal, command, caller.deadline)

    def _accept_or_give_back(
        self, job: Job, principal: Principal, command: Run, caller: Caller
    ) -> tuple[Job, Job | None]:
        """Number and accept a job; what holds no row, and never will, holds no slot either."""
        try:
            job = self._numbered(caller, command, job)
            existing = self._accept(job, keys_of(job, command), principal, command, caller)
        except UnknownOutcome:
            raise  # the row may be there
        except FlowportError:
            self.limits.give_back(job)
            raise
        if existing is not None:
            self.limits.give_back(job)
        return job, existing

    def _accept(self, job: Job, keys: list[JobKey], principal: Principal, command: Run, caller: Caller) -> Job | None:
        """Write the row and its keys, or give the job that was there before."""
        deadline = caller.deadline
        answer = _early_answer(job, command.resumes) if command.resumes else None
        for _ in range(KEY_ROUNDS):
            try:
                found = self.jobs.create(job, keys, now=job.created_at, answer=answer, deadline=deadline)
            except Unavailable as error:
                if job.keyed and not job.direct and self.was_written(job):
                    return None  # other calls may have been led to it and told 202
                # The write may have happened after all; nothing was started, and the row must say so.
                raise self.give_up(job, error, caller.answer_by) from error
            if found is None:
                return None
            if isinstance(found, Job):
                return same_request(found, job)
            if isinstance(found, JobNumber):
                message = f"The number {found} belongs to another job of this workspace; send the request again."
                raise Unavailable(message, retry_after=1)
            if (existing := self._led_to(found, principal, command, deadline)) is not None:
                return existing
            keys = [replace(key, replaces=found.job_id) if key == found.key else key for key in keys]
        message = "Other calls with the same key keep coming first; send the request again."
        raise Unavailable(message, retry_after=1)

    def _led_to(self, found: Taken, principal: Principal, command: Run, deadline: float) -> Job | None:
        """Give the job that a taken key leads to; None where the key is free again."""
        leads_to = self.jobs.get(found.job_id, deadline=deadline)
        if leads_to is None or _may_be_replaced(found, leads_to, principal, command.on_conflict):
            return None
        if not command.documented:
            leads_to = _led_to(found, leads_to, principal, command.on_conflict)
        return as_seen(leads_to, self.clock.now())

    def was_written(self, job: Job, deadline: float | None = None) -> bool:
        """Whether a row whose write got no answer is there after all; raise `UnknownOutcome` where nobody can tell."""
        try:
            row = self.jobs.get(job.id, deadline=deadline)
        except Unavailable as error:
            raise _neither(job) from error
        return row is not None and row.attempt == job.attempt

    def _run_directly(self, job: Job) -> Job:
        try:
            outcome, execution_arn = self.executions.run_express(
                job.state_machine_arn, ids.execution_name(job.id), job.input or "{}"
            )
        except UnknownOutcome as error:
            outcome, execution_arn = outcome_unknown(self.clock.now(), error.detail), None
        except FlowportError as error:
            raise self.give_up(job, error, self.clock.monotonic() + RECORD_WITHIN_SECONDS) from error
        ended = job.ended_with(outcome, execution_arn)
        deadline = self.clock.monotonic() + RECORD_WITHIN_SECONDS
        try:
            if self.jobs.end(job, outcome, attempt=job.attempt, execution_arn=execution_arn, deadline=deadline):
                return ended
            current = self.jobs.get(job.id)
            return self.jobs.with_output(current) if current else ended
        except Unavailable:
            return ended  # the caller gets the result that is in our hands, recorded or not

    def start(self, job: Job, answer_by: float) -> Job:
        """Begin an accepted job that this process has just written, and give it as it then stands."""
        if self.clock.now() - job.created_at > START_WITHIN:
            if job.keyed:
                return job
            message = "Accepting the job took too long; nothing was started. Send the request again."
            raise self.give_up(job, Unavailable(message), answer_by)
        try:
            if job.machine_type == "EXPRESS":
                return self._hand_over(job)
            arn = self._begin(job, answer_by)
        except UnknownOutcome as error:
            if job.goes_on_alone:
                return job  # started or not: the sweep makes sure, under the same name or by the claim
            # The sweep records what became of it; a 202 would promise a run that may not be there.
            raise UnknownOutcome(error.detail, members={"id": job.id}) from error
        except Unavailable as error:
            if job.keyed:
                return job  # another call may have been led to it and told 202: the sweep starts it
            raise self.give_up(job, error, answer_by) from error
        except FlowportError as error:
            raise self.give_up(job, error, answer_by) from error
        try:
            return self._mark_running(job, arn, answer_by)
        except Unavailable as error:
            raise _unreadable(job) from error

    def _begin(self, job: Job, answer_by: float) -> str:
        if job.redrive_count:
            return resume(self.executions, job, deadline=answer_by)
        return self.executions.start_standard(job.state_machine_arn, ids.execution_name(job.id), job.input or "{}")

    def _with_unkept_output(self, job: Job, answer_by: float) -> Job:
        """Give the output that is kept nowhere here to the one call that ran the job: Step Functions still has it."""
        if job.status != "SUCCEEDED" or job.machine_type != "STANDARD" or job.execution_arn is None:
            return job
        try:
            state = self.executions.describe(job.execution_arn, deadline=answer_by)
        except Unavailable:
            return job  # it says that its output is not kept
        return replace(job, output=state.outcome.output) if state and state.outcome else job

    def _hand_over(self, job: Job) -> Job:
        try:
            self.detached.start(job.id)
        except Unavailable:
            return job  # the row is accepted for good: the sweep hands it over
        return job

    def _mark_running(self, job: Job, arn: str, answer_by: float) -> Job:
        now = self.clock.now()
        try:
            if self.jobs.mark_running(
                job.id,
                execution_arn=arn,
                at=now,
                check_at=job.look_at(now + CHECK_STANDARD_AFTER),
                drop_input=job.input_until_start,
                deadline=last_read(self.clock, answer_by),
            ):
                return replace(job, status="RUNNING", execution_arn=arn, started_at=now)
            current = self.jobs.get(job.id, deadline=last_read(self.clock, answer_by))
        except Unavailable:
            return job  # started for certain; the completion event or the sweep moves the row on
        if current and current.ended and (current.error or "").startswith("Flowport."):
            # Given up, cancelled or timed out an instant before: what has ended must not run on, however late it is.
            cause = "The job had ended before its start."
            self.executions.stop(arn, error=current.error or "", cause=cause)
        return current or job

    def give_up(self, job: Job, error: FlowportError, deadline: float) -> FlowportError:
        """End the row of a job that was definitely not started, and give the error that its caller is told."""
        try:
            self.jobs.end(
                job,
                not_started(self.clock.now(), error.detail),
                attempt=job.attempt,
                only_from=(job.status,),
                deadline=min(deadline, self.clock.monotonic() + GIVE_UP_WITHIN_SECONDS),
            )
        except Unavailable:
            if job.keyed or not job.direct:
                # The row may stand as it was: the sweep would start it, or the key lead to it. Nobody may be told
                # otherwise.
                return _neither(job)
        return error


def _early_answer(job: Job, resumes: str) -> "Callback":
    from flowport.domain.callbacks import early_answer  # noqa: PLC0415  # few calls park a run

    return early_answer(job, resumes, job.input or "{}")


def _time_limit(endpoint: Endpoint, command: Run) -> int | None:
    """Give the shorter of the endpoint's and the caller's limits, in seconds."""
    limits = [limit for limit in (endpoint.time_limit, command.deadline) if limit is not None]
    return min(limits, default=None)


def keys_of(job: Job, command: Run) -> list[JobKey]:
    """Give the keys that are to lead to a new job."""
    keys = []
    if command.idempotency_key is not None:
        key = idempotency_key(
            workspace=job.workspace,
            endpoint=job.endpoint,
            principal=job.principal,
            key=command.idempotency_key,
            input_text=job.input or "{}",
            now=job.created_at,
        )
        keys.append(key)
    if command.client_job_id is not None and command.documented:
        keys.append(
            document_key(
                workspace=job.workspace, client_job_id=command.client_job_id, now=job.created_at, keep_ms=job.keep_ms
            )
        )
    elif command.client_job_id is not None:
        keys.append(
            client_key(
                workspace=job.workspace,
                endpoint=job.endpoint,
                client_job_id=command.client_job_id,
                now=job.created_at,
                keep_ms=job.keep_ms,
            )
        )
    return keys


def _may_be_replaced(taken: Taken, leads_to: Job, principal: Principal, on_conflict: OnConflict) -> bool:
    """Whether a taken key is free again.

    Its job was never started, or failed and is to be restarted; or it belongs to the past: the key has expired, or
    the workspace is another one of the same name.
    """
    if leads_to.created_at < principal.since or (taken.expired and leads_to.ended):
        return True
    if taken.key.kind == "idempotency" and taken.fingerprint != taken.key.fingerprint:
        return False
    if leads_to.error == NOT_STARTED:
        return True
    restart = taken.key.kind == "client" and on_conflict == "restart-if-failed"
    return restart and leads_to.ended and leads_to.status != "SUCCEEDED"


def _led_to(taken: Taken, leads_to: Job, principal: Principal, on_conflict: OnConflict) -> Job:
    """Give the job that a key leads to, or say why this call may not have it."""
    if taken.key.kind == "idempotency":
        if taken.fingerprint != taken.key.fingerprint:
            message = "This Idempotency-Key was used with another input; use a new key for another input."
            raise KeyReused(message)
        return leads_to
    if on_conflict == "reject" or not may_read(leads_to, principal):
        message = f"The name {leads_to.client_job_id!r} belongs to another job of this endpoint; choose another one."
        members = {"id": leads_to.id} if may_read(leads_to, principal) else {}
        raise ClientJobIdTaken(message, members=members)
    return leads_to


def same_request(existing: Job, job: Job) -> Job:
    """Give the job of an HTTP request that was delivered twice, unless the ids collide by chance."""
    owner = (job.workspace, job.endpoint, job.principal)
    if (existing.workspace, existing.endpoint, existing.principal) != owner:
        message = "Another request has the same request id; send it again."
        raise Unavailable(message, retry_after=1)
    return existing


def _neither(job: Job) -> UnknownOutcome:
    return UnknownOutcome("The job could neither be started nor withdrawn; it may still run.", members={"id": job.id})


def _unreadable(job: Job) -> UnknownOutcome:
    return UnknownOutcome("The run was started; its job cannot be read at the moment.", members={"id": job.id})
