"""Nothing but a direct Express run is held longer than 25 seconds, whatever of AWS does not answer, and from when on.

Each case is played once for each of its calls, with an outage that begins there and does not end. What was begun before
25 s have passed may take one attempt more.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.errors import FlowportError
from flowport.domain.job import Job
from flowport.usecases.access import Caller
from flowport.usecases.read_jobs import JobReader, ListJobs, ReadInput, ReadJob, ReadSteps
from flowport.usecases.redrive_job import Redrive, RedriveJob
from flowport.usecases.run_batch import RunBatch, RunEndpointBatch
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete
from tests.fakes import ACME, FakeLogs
from tests.world import DirectDynamoDB, Fault, World
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, STANDARD, SYNC
from tests.world.stack import RETENTION_MS, Process

DUE = 25.0
FOREVER = 36_000.0
ONE_ATTEMPT = 2.0

Ask = Callable[[Process, Caller, Job], object]


def _reader(process: Process) -> JobReader:
    return JobReader(
        process.access,
        process.access.directory,
        process.jobs,
        process.executions,
        FakeLogs(),
        process.clock,
        RETENTION_MS,
        process.stop,
    )


def _changes(process: Process) -> ChangeJobs:
    return ChangeJobs(process.access, process.jobs, process.stop)


def _batch(process: Process, caller: Caller, _: Job) -> object:
    run = Run("billing/quote", "POST", lambda: "{}", SYNC)
    use = RunEndpointBatch(process.run_endpoint, process.jobs, process.clock)
    return use(caller, RunBatch(run, lambda: [lambda: "{}"] * 3))


def _redrive(process: Process, caller: Caller, job: Job) -> object:
    use = RedriveJob(process.access, process.jobs, process.executions, process.clock, process.run_endpoint)
    return use(caller, Redrive(job.id, "k"))


def _run(process: Process, caller: Caller, _: Job) -> object:
    return process.run_endpoint(caller, Run("billing/quote", "POST", lambda: LARGE, SYNC, idempotency_key="k"))


def _run_to_be_aborted(process: Process, caller: Caller, _: Job) -> object:
    return process.run_endpoint(caller, Run("billing/quote", "POST", lambda: "{}", abort_after_ms=60_000))


@pytest.fixture
def new_world(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Callable[..., World]:
    """Give a function that makes worlds, each over an empty Jobs table of its own."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)
    return lambda **how: World(direct, new_jobs_table(direct), **how)


CASES: dict[str, Ask] = {
    "read, waiting": lambda it, who, job: _reader(it).read(who, ReadJob(job.id, wait=25)),
    "input": lambda it, who, job: _reader(it).read_input(who, ReadInput(job.id)),
    "steps": lambda it, who, job: _reader(it).read_steps(who, ReadSteps(job.id)),
    "list": lambda it, who, _: _reader(it).list(who, ListJobs(since=0)),
    "cancel": lambda it, who, job: _changes(it).cancel(who, Cancel(job.id)),
    "redrive": _redrive,
    "delete": lambda it, who, job: _changes(it).delete(who, Delete(job.id)),
    "run": _run,
    "run, to be aborted": _run_to_be_aborted,
    "batch": _batch,
}


def _ends(name: str) -> str:
    return "FAILED" if name == "redrive" else "SUCCEEDED"


def _endless_history(**_: object) -> dict[str, Any]:
    return {"events": [], "nextToken": "more"}


def _play(world: World, ask: Ask, *, ended: bool, trouble: Callable[[World], None]) -> tuple[float, int]:
    """Give how long a call is held, and how many AWS calls it made, when there is trouble from its beginning on."""
    world.states.get_execution_history = _endless_history  # type: ignore[attr-defined]
    ran = world.call(STANDARD, ASYNC, LARGE, request_id="a-request=")
    assert isinstance(ran, Ran)
    if ended:
        world.clock.sleep(5)
    gateway = world.process("gateway")
    trouble(world)
    begun, calls = world.clock.monotonic(), len(world.wire.calls)
    with suppress(FlowportError):
        ask(gateway, world.caller(gateway, "another-request="), ran.job)
    return world.clock.monotonic() - begun, len(world.wire.calls) - calls


def _outage(service: str, number: int) -> Callable[[World], None]:
    """Let a service answer no more from the n-th call on."""

    def plan(world: World) -> None:
        def begin() -> None:
            world.wire.outage = (service, world.clock.monotonic(), float("inf"))

        world.wire.meanwhile[len(world.wire.calls) + number] = begin

    return plan


@pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
@pytest.mark.parametrize("service", ["dynamodb", "states", ""], ids=lambda name: name or "everything")
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_held_longer_than_25_seconds(
    name: str, service: str, ended: bool, new_world: Callable[..., World]
) -> None:
    def world() -> World:
        return new_world(run_seconds=1 if ended else FOREVER, output=LARGE, run_ends=_ends(name))

    _, calls = _play(world(), CASES[name], ended=ended, trouble=lambda _: None)
    for number in range(min(calls, 30)):
        held, _ = _play(world(), CASES[name], ended=ended, trouble=_outage(service, number))
        assert held <= DUE + ONE_ATTEMPT, f"from call {number} on"


@pytest.mark.parametrize("ended", [False, True], ids=["running", "ended"])
@pytest.mark.parametrize("name", CASES)
def test_calls_that_each_succeed_at_the_last_moment_do_not_add_up(
    name: str, ended: bool, new_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As long as fits: a job's row is to be written within five seconds, other calls are patient for ten.
    begins = name in {"run", "run, to be aborted", "batch"}
    seconds = {"dynamodb": 3 if begins else 8, "states": 3 if begins else 5}
    if name == "redrive":
        seconds = {"dynamodb": 4, "states": 5}
    asked_at: dict[str, float] = {}

    def throttle(world: World) -> None:
        def fault(_number: int, operation: str) -> Fault | None:
            now = world.clock.monotonic()
            if now - asked_at.setdefault(operation, now) < seconds[operation.partition(".")[0]]:
                return "is throttled"
            del asked_at[operation]
            return None

        monkeypatch.setattr(world.wire, "_fault", fault)

    events = (0.1,) if name == "redrive" else ()  # which has to know of an end
    world = new_world(run_seconds=1 if ended else FOREVER, output=LARGE, events=events, run_ends=_ends(name))
    held, calls = _play(world, CASES[name], ended=ended, trouble=throttle)
    assert calls > 0
    assert held <= DUE + ONE_ATTEMPT


def test_a_direct_run_that_cannot_be_started_is_told_in_time(new_world: Callable[..., World]) -> None:
    world = new_world()
    world.wire.outage = ("dynamodb", 0.0, float("inf"))
    world.call(EXPRESS, SYNC)
    assert world.clock.monotonic() <= DUE


def test_a_page_ends_early_where_reading_takes_long(new_world: Callable[..., World]) -> None:
    world = new_world()
    gateway = world.process("gateway")
    world.directory.add(replace(ACME, created_at=0))
    gateway.rows._client = _Slow(gateway.rows._client, world)
    page = _reader(gateway).list(world.caller(gateway), ListJobs(since=0))
    assert world.clock.monotonic() <= DUE
    assert page.after is not None


class _Slow:
    """DynamoDB, each of whose answers takes a second."""

    def __init__(self, client: Any, world: World) -> None:
        self._client, self._world = client, world

    def __getattr__(self, name: str) -> Any:
        self._world.clock.sleep(1)
        return getattr(self._client, name)
