"""Numbered jobs, whatever breaks: none is lost, and no number is given twice, lost to its job, or left behind."""

from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from tests.world import FAULTS, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, STANDARD
from tests.world.turns import Turns

NUMBERED = {"number_series": "nebulagraph"}
SCENARIOS = {
    "Standard": Scenario.call(STANDARD, ASYNC, options=NUMBERED),
    "Express, large payloads": Scenario.call(EXPRESS, ASYNC, LARGE, NUMBERED, output=LARGE),
    "delivered twice": Scenario.call(STANDARD, ASYNC, options=NUMBERED | {"request_id": "same"}).then(
        lambda it: it.call(STANDARD, ASYNC, request_id="same", **NUMBERED)
    ),
    "a key twice": Scenario.call(STANDARD, ASYNC, options=NUMBERED | {"idempotency_key": "k"}).then(
        lambda it: it.call(STANDARD, ASYNC, idempotency_key="k", **NUMBERED)
    ),
}


def _delete_all(world: World) -> None:
    world.clock.sleep(5)
    for job_id in list(world.wire.written):
        world.delete(job_id)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_single_fault_loses_a_number_or_gives_one_twice(scenario: Scenario, fault: Fault, played: Played) -> None:
    for _ in walk(played, scenario, fault):
        pass


@pytest.mark.parametrize("fault", FAULTS)
def test_a_deleted_jobs_number_leads_nowhere_whatever_broke(fault: Fault, played: Played) -> None:
    for _ in walk(played, SCENARIOS["Standard"].then(_delete_all), fault):
        pass


def test_jobs_that_begin_at_once_have_numbers_of_their_own(played: Played) -> None:
    world = played(Scenario(tuple(lambda it: it.call(STANDARD, ASYNC, **NUMBERED) for _ in range(5))))
    assert sorted(row["number"] for row in world.rows()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("seed", range(4))
def test_of_many_callers_in_any_order_of_their_steps_each_has_a_number_of_its_own(seed: int, played: Played) -> None:
    random = Random(seed)  # noqa: S311  # the same choices each time
    callers = 40 if seed == 0 else 8

    def all_at_once(world: World) -> None:
        Turns(world, random.randrange).play([lambda: world.call(STANDARD, ASYNC, **NUMBERED) for _ in range(callers)])

    world = played(Scenario((all_at_once,), {"run_seconds": 0.3}))
    assert sorted(row["number"] for row in world.rows()) == list(range(1, callers + 1))


def test_of_fifty_callers_in_threads_each_has_a_number_of_its_own(played: Played) -> None:
    def all_at_once(world: World) -> None:
        with ThreadPoolExecutor(50) as pool:
            list(pool.map(lambda _: world.call(STANDARD, ASYNC, **NUMBERED), range(50)))

    world = played(Scenario((all_at_once,)))
    assert sorted(row["number"] for row in world.rows()) == list(range(1, 51))
