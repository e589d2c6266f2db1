"""One key, one effect, whoever dies when: callers with one key at once, sent again, with their own names, in batches.

World.check holds each end to it: of all calls with a key, one made a job that ran, and all are led to it.
"""

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.usecases import run_batch
from flowport.usecases.run_batch import BatchRan
from flowport.usecases.run_endpoint import Ran
from tests.world import FAULTS, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, STANDARD, SYNC, WAIT, Action, interleave
from tests.world.turns import Turns

KINDS = {
    "sync Express": (EXPRESS, SYNC),
    "async Express": (EXPRESS, ASYNC),
    "Express awaited": (EXPRESS, WAIT),
    "sync Standard": (STANDARD, SYNC),
    "async Standard": (STANDARD, ASYNC),
}
LASTING: tuple[Fault, ...] = ("dies before it", "dies after it", "gets no answer to what was done")
KEY = {"idempotency_key": "order-1"}
kinds = pytest.mark.parametrize(("endpoint", "preference"), KINDS.values(), ids=KINDS)


def _call(endpoint: Endpoint, preference: Preference, **options: Any) -> Action:  # fields of Run
    return lambda world: world.call(endpoint, preference, **options)


def _keyed(endpoint: Endpoint, preference: Preference) -> Scenario:
    return Scenario.call(endpoint, preference, options=KEY)


def _one_run(world: World) -> None:
    runs = world.states.express.total() + len(world.states.standard)
    assert runs == 1, f"{runs} runs of one key"


@kinds
def test_a_second_call_with_a_key_at_any_moment_of_the_first_is_led_to_its_job(
    endpoint: Endpoint, preference: Preference, played: Played
) -> None:
    for _, world in interleave(played, _keyed(endpoint, preference), _call(endpoint, preference, **KEY)):
        _one_run(world)
        first, second = [asked.answer for asked in world.asked]
        assert isinstance(first, Ran)
        assert isinstance(second, Ran)
        assert first.job.id == second.job.id


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["sync Express", "async Express", "async Standard"])
def test_a_second_call_with_a_key_is_not_forsaken_when_a_call_to_aws_breaks(
    name: str, fault: Fault, played: Played
) -> None:
    endpoint, preference = KINDS[name]

    def meanwhile(world: World) -> None:
        world.wire.meanwhile[1] = lambda: world.call(endpoint, preference, **KEY)

    for _ in walk(played, _keyed(endpoint, preference), fault, meanwhile):
        pass


@pytest.mark.parametrize("fault", LASTING)
@kinds
def test_a_call_sent_again_with_its_key_makes_nothing_twice(
    endpoint: Endpoint, preference: Preference, fault: Fault, played: Played
) -> None:
    again = _keyed(endpoint, preference).then(_call(endpoint, preference, **KEY))
    for _, world in walk(played, again, fault):
        # Where the answer to a direct run's start was lost, nobody knows whether it ran; else it ran by now.
        ran = world.states.express.total() + len(world.states.standard)
        assert ran == 1 or {row["error"] for row in world.rows()} <= {"Flowport.OutcomeUnknown"}


@pytest.mark.parametrize("outage_is", ["gets no answer", "is throttled"])
@pytest.mark.parametrize(
    ("name", "service"),
    [(name, service) for name in ("sync Standard", "async Standard") for service in ("states", "dynamodb", "")]
    + [(name, service) for name in ("Express awaited", "async Express") for service in ("lambda", "dynamodb")],
)
def test_a_job_that_a_second_caller_was_told_of_is_not_given_up_by_the_first(
    name: str, service: str, outage_is: Fault, played: Played
) -> None:
    endpoint, preference = KINDS[name]

    def meanwhile(world: World) -> None:
        told = world.call(endpoint, ASYNC, **KEY)
        assert isinstance(told, Ran)
        now = world.clock.monotonic()
        world.wire.outage, world.wire.outage_is = (service, now, now + 15), outage_is

    def lost(world: World) -> None:
        world.wire.faults[0] = "gets no answer to what was done"
        world.wire.meanwhile[1] = lambda: meanwhile(world)

    # Another caller is told of the row when its writer knows that it is written, and when it does not know it yet.
    _one_run(played(_keyed(endpoint, preference), lambda it: it.wire.meanwhile.update({1: lambda: meanwhile(it)})))
    _one_run(played(_keyed(endpoint, preference), lost))


def test_a_job_that_a_second_caller_was_told_of_is_not_given_up_by_a_first_that_was_asleep(played: Played) -> None:
    def meanwhile(world: World) -> None:
        assert isinstance(world.call(STANDARD, ASYNC, **KEY), Ran)
        world.clock.sleep(30)

    def prepare(world: World) -> None:
        world.wire.faults[0] = "gets no answer to what was done"
        world.wire.meanwhile[1] = lambda: meanwhile(world)

    _one_run(played(_keyed(STANDARD, ASYNC), prepare))


@pytest.mark.parametrize("seed", range(2))
@kinds
def test_of_fifty_callers_with_one_key_in_any_order_of_their_steps_one_runs(
    endpoint: Endpoint, preference: Preference, seed: int, played: Played
) -> None:
    random = Random(seed)  # noqa: S311  # the same choices each time
    callers = 50 if seed == 0 else 8

    def all_at_once(world: World) -> None:
        calls = [lambda: world.call(endpoint, preference, **KEY) for _ in range(callers)]
        Turns(world, random.randrange).play(calls)

    world = played(Scenario((all_at_once,), {"run_seconds": 0.3}))
    _one_run(world)
    assert len({asked.answer.job.id for asked in world.asked if isinstance(asked.answer, Ran)}) == 1
    assert len(world.asked) == callers


def test_of_fifty_callers_in_threads_with_one_key_one_runs(played: Played) -> None:
    def all_at_once(world: World) -> None:
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda _: world.call(STANDARD, ASYNC, **KEY), range(50)))

    world = played(Scenario((all_at_once,)))
    _one_run(world)
    assert [asked for asked in world.asked if not isinstance(asked.answer, Ran)] == []


# -- the caller's own names ------------------------------------------------------------------------------------------

NAMED = {"client_job_id": "order-1", "on_conflict": "restart-if-failed"}


@pytest.mark.parametrize("ends", ["SUCCEEDED", "FAILED"])
@kinds
def test_a_restart_at_any_moment_starts_a_failed_job_anew_and_no_other(
    endpoint: Endpoint, preference: Preference, ends: str, played: Played
) -> None:
    named = Scenario.call(endpoint, preference, options=NAMED, run_ends=ends)
    for _, world in interleave(played, named, _call(endpoint, preference, **NAMED)):
        assert len(world.rows()) <= (2 if ends == "FAILED" else 1)


@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("name", ["sync Express", "async Standard"])
def test_a_restart_of_a_failed_job_with_any_call_broken_leaves_one_that_is_led_to(
    name: str, fault: Fault, played: Played
) -> None:
    endpoint, preference = KINDS[name]
    again = _call(endpoint, preference, **NAMED)
    story = Scenario.call(endpoint, preference, options=NAMED, run_ends="FAILED").then(
        lambda world: world.clock.sleep(10), again
    )
    for _, world in walk(played, story, fault):
        assert 1 <= len(world.rows()) <= 2


# -- batches ---------------------------------------------------------------------------------------------------------

BODIES = ("1", "2")


@pytest.fixture
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_batch, "AT_ONCE", 1)  # so that a call's number means the same call each time


@pytest.mark.usefixtures("_one_at_a_time")
@pytest.mark.parametrize("fault", LASTING)
@pytest.mark.parametrize("name", ["async Express", "async Standard"])
def test_a_keyed_batch_that_died_in_the_middle_and_is_sent_again_repeats_nothing_and_misses_nothing(
    name: str, fault: Fault, played: Played
) -> None:
    endpoint, preference = KINDS[name]

    def send(world: World) -> BatchRan | Exception | None:
        return world.batch(endpoint, preference, BODIES, **KEY)

    story = Scenario((send, send), {"run_seconds": 0.3})
    complete = 0
    for _, world in walk(played, story, fault):
        runs = [world.states.express[name] for name in world.states.express] + [1] * len(world.states.standard)
        unknown = [row for row in world.rows() if row.get("error") == "Flowport.OutcomeUnknown"]
        assert set(runs) <= {1}
        assert len(runs) + sum(1 for row in unknown if not world.states.express["fp-" + row["job_id"]]) <= len(BODIES)
        complete += len(runs) == len(BODIES)
    assert complete


@pytest.mark.parametrize("name", ["async Express", "async Standard"])
def test_one_keyed_batch_sent_by_several_callers_at_once_runs_each_input_once(name: str, played: Played) -> None:
    endpoint, preference = KINDS[name]

    def send(world: World) -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: world.batch(endpoint, preference, BODIES, **KEY), range(4)))

    world = played(Scenario((send,), {"run_seconds": 0.3}))
    assert sorted(world.states.express.values()) + [1] * len(world.states.standard) == [1, 1]
