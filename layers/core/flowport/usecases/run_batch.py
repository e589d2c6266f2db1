"""Run an endpoint for many inputs in one call: each becomes a job of its own, so that one bad record harms no other.

for each input, several at a time:  row ── start          (never held by this process)
then, for a synchronous call:       wait on the rows until all have ended, or until the answer is due
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Final

from flowport.domain.errors import FlowportError, LimitReached, Unavailable
from flowport.domain.job import Job
from flowport.domain.limits import Quota
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.usecases.access import Caller
from flowport.usecases.ports import Clock, JobStore
from flowport.usecases.run_endpoint import Ran, Run, RunEndpoint
from flowport.usecases.wait import READ_WITHIN_SECONDS, last_read

INPUTS_AT_MOST: Final = 100
AT_ONCE: Final = 8
# What is left of the answer's time when the last input has been started, at least, for the rows to be read.
START_UNTIL_BEFORE_END: Final = 5.0
PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0
GROWTH: Final = 1.4


@dataclass(frozen=True, slots=True)
class RunBatch:
    """A request to run an endpoint once for each input.

    `read_inputs` gives a reader for each input's checked JSON text; a reader raises what is wrong with its own input.
    """

    begins_runs: ClassVar = True

    run: Run
    read_inputs: Callable[[], list[Callable[[], str]]]


@dataclass(frozen=True, slots=True)
class RunOrBatch:
    """A request of which the endpoint's own settings say whether it is one run or a batch.

    `divide` makes the one or the other of it, once the caller is let in; what it raises is told.
    """

    begins_runs: ClassVar = True

    run: Run
    divide: Callable[[Endpoint], Run | RunBatch]


Ended = Job | FlowportError


@dataclass(frozen=True, slots=True)
class BatchRan:
    """The outcome of each input, in order: its job as it stands when the answer is due, or why there is none.

    `endpoint` is the one that they ran; `quotas` are what the limits of credential and endpoint leave the caller after
    them.
    """

    outcomes: tuple[Ended, ...]
    endpoint: Endpoint | None = None
    quotas: tuple[Quota, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left to wait for."""
        return all(not isinstance(outcome, Job) or outcome.ended for outcome in self.outcomes)


@dataclass(frozen=True, slots=True)
class RunEndpointBatch:
    """The use case."""

    run: RunEndpoint
    jobs: JobStore
    clock: Clock

    def __call__(self, caller: Caller, command: RunBatch) -> BatchRan:
        """Run each input, and give their outcomes in order."""
        _, endpoint = self.run.access.to_run(caller, command.run.endpoint, command.run.method, command.run.alias)
        return self._run_all(caller, endpoint, command)

    def divided(self, caller: Caller, command: RunOrBatch) -> Ran | BatchRan:
        """Run once, or once for each input, as the endpoint has it."""
        run = command.run
        principal, endpoint = self.run.access.to_run(caller, run.endpoint, run.method, run.alias)
        divided = command.divide(endpoint)
        if isinstance(divided, RunBatch):
            return self._run_all(caller, endpoint, divided)
        return self.run.let_in(caller, principal, endpoint, divided)

    def _run_all(self, caller: Caller, endpoint: Endpoint, command: RunBatch) -> BatchRan:
        preference = command.run.preference
        wait: float | None = 0 if preference.respond_async else preference.wait
        if command.run.wait_ms is not None:
            wait = command.run.wait_ms / 1000
        elif wait is None and endpoint.mode == "async":
            wait = 0
        inputs = list(enumerate(command.read_inputs()))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            started = list(pool.map(lambda pair: self._start(caller, command.run, *pair), inputs))
        outcomes, told = [outcome for outcome, _ in started], [quotas for _, quotas in started]
        until = caller.answer_by if wait is None else min(caller.answer_by, self.clock.monotonic() + wait)
        return BatchRan(tuple(self._wait(outcomes, until, caller.answer_by)), endpoint, _least(told))

    def _start(
        self, caller: Caller, run: Run, index: int, read_input: Callable[[], str]
    ) -> tuple[Ended, tuple[Quota, ...]]:
        """Start one input as an asynchronous call of its own, under a request id and keys of its own.

        Gives what the limits leave after it, too.
        """
        mine = replace(
            caller,
            deadline=caller.answer_by - START_UNTIL_BEFORE_END,
            answer_at=caller.answer_by,
            request_id=f"{caller.request_id}#{index}" if caller.request_id else None,
        )
        command = replace(
            run,
            read_input=read_input,
            preference=Preference(respond_async=True),
            wait_ms=None,
            idempotency_key=f"{run.idempotency_key}#{index}" if run.idempotency_key else None,
        )
        try:
            ran = self.run(mine, command)
        except LimitReached as error:
            return error, error.quotas
        except FlowportError as error:
            return error, ()
        return ran.job, ran.quotas

    def _wait(self, outcomes: list[Ended], until: float, answer_by: float) -> list[Ended]:
        pause = PAUSE
        while (left := until - self.clock.monotonic()) > 0 and not BatchRan(tuple(outcomes)).complete:
            self.clock.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST_PAUSE)
            outcomes = self._expire([self._look(outcome, until) for outcome in outcomes], answer_by)
        last = last_read(self.clock, answer_by)
        return [self._with_output(outcome, last) for outcome in outcomes]

    def _look(self, outcome: Ended, until: float) -> Ended:
        if not isinstance(outcome, Job) or outcome.ended or self.clock.monotonic() >= until:
            return outcome
        if outcome.overdue(self.clock.now()):
            return outcome  # to be ended, not looked at
        try:
            return self.jobs.get(outcome.id, deadline=last_read(self.clock, until)) or outcome
        except Unavailable:
            return outcome

    def _expire(self, outcomes: list[Ended], answer_by: float) -> list[Ended]:
        """End those whose deadline has passed, several at a time: they may be many, and all at once."""
        now = self.clock.now()
        overdue = [outcome for outcome in outcomes if isinstance(outcome, Job) and outcome.overdue(now)]
        if not overdue:
            return outcomes
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ended = dict(
                zip((job.id for job in overdue), pool.map(partial(self._expired, answer_by), overdue), strict=True)
            )
        return [ended.get(outcome.id, outcome) if isinstance(outcome, Job) else outcome for outcome in outcomes]

    def _expired(self, answer_by: float, job: Job) -> Job:
        deadline = max(answer_by, self.clock.monotonic()) + READ_WITHIN_SECONDS
        with suppress(Unavailable):  # the sweep does it then
            return self.run.stop.expire(job, deadline)
        return job

    def _with_output(self, outcome: Ended, deadline: float) -> Ended:
        try:
            return self.jobs.with_output(outcome, deadline=deadline) if isinstance(outcome, Job) else outcome
        except Unavailable:
            return outcome


def _least(told: Sequence[tuple[Quota, ...]]) -> tuple[Quota, ...]:
    """Give of each limit what the input that found least of it was told: they were started in no order."""
    least: dict[str, Quota] = {}
    for quota in (quota for quotas in told for quota in quotas):
        if quota.policy not in least or quota.left < least[quota.policy].left:
            least[quota.policy] = quota
    return tuple(least.values())
