"""What is true of limits whatever breaks: no slot is lost, none is held twice, and no more jobs run than may.

The walks are those of test_crashes.py, over jobs that hold slots: taking them, writing the row, ending it, and giving
them back.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowport.adapters.items import decode_item
from flowport.adapters.limits_table import item_key
from flowport.domain.errors import TooManyJobs
from flowport.domain.limits import Limits, Rate, endpoint_subject, holder_of
from flowport.usecases.run_endpoint import Ran
from tests.fakes import ACME
from tests.world import FAULTS, DirectDynamoDB, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LONG_RUN, STANDARD, SYNC, WAIT, interleave
from tests.world.turns import Turns

ONE = Limits(Rate(100, 60), 1)
QUICK, DURABLE = replace(EXPRESS, limits=ONE), replace(STANDARD, limits=ONE)
SUBJECT = endpoint_subject("acme", "billing/quote")


def cancel(world: World) -> object:
    return world.cancel(next(iter(world.wire.written), "0199b6f2-0000-8000-8000-000000000001"))


def redrive(world: World) -> object:
    world.clock.sleep(5)
    return world.redrive(next(iter(world.wire.written), "0199b6f2-0000-8000-8000-000000000001"))


def delete(world: World) -> object:
    world.clock.sleep(5)
    return world.delete(next(iter(world.wire.written), "0199b6f2-0000-8000-8000-000000000001"))


SCENARIOS = {
    "sync Express": Scenario.call(QUICK),
    "async Express": Scenario.call(QUICK, ASYNC),
    "Express awaited": Scenario.call(QUICK, WAIT),
    "sync Standard": Scenario.call(DURABLE),
    "async Standard": Scenario.call(DURABLE, ASYNC),
    "its event lost": Scenario.call(DURABLE, ASYNC, events=()),
    "with a key": Scenario.call(DURABLE, ASYNC, options={"idempotency_key": "k"}),
    "cancelled": Scenario.call(DURABLE, ASYNC, run_seconds=LONG_RUN).then(cancel),
    "a failed one, redriven": Scenario.call(DURABLE, ASYNC, run_ends="FAILED").then(redrive),
    "deleted after its end": Scenario.call(DURABLE, ASYNC).then(delete),
    "a batch, of which one fits": Scenario((lambda it: it.batch(DURABLE, ASYNC, ["{}"] * 2),), {"run_seconds": 0.3}),
    "past its deadline": Scenario.call(DURABLE, ASYNC, options={"deadline": 30}, run_seconds=LONG_RUN),
}


def held(world: World) -> list[str]:
    """Name the jobs that hold a slot."""
    item = world.dynamodb.get_item(TableName=world.table, Key=item_key(SUBJECT, "slots")).get("Item", {})
    return [holder_of(mark)[1] for mark in decode_item(item).get("marks", ())]


def test_a_limited_call_costs_a_count_a_slot_and_its_return(played: Played) -> None:
    assert played(SCENARIOS["sync Express"]).wire.calls == [
        "dynamodb.update_item",  # counted
        "dynamodb.update_item",  # slot taken
        "dynamodb.put_item",
        "states.start_sync_execution",
        "dynamodb.update_item",  # ended
        "dynamodb.update_item",  # slot given back
        "dynamodb.query",  # the sweep finds nothing to do
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_job_that_nothing_disturbs_leaves_no_slot_behind(name: str, played: Played) -> None:
    assert held(played(SCENARIOS[name])) == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_single_fault_loses_a_slot(name: str, fault: Fault, played: Played) -> None:
    for number, world in walk(played, SCENARIOS[name], fault):
        world.wire.faults.clear()
        world.clock.sleep(31)
        answer = world.call(DURABLE, ASYNC)
        assert isinstance(answer, Ran), f"call {number} broken, and nobody is let in any more: {answer!r}"
        world.settle()
        assert held(world) == []


def _watch(world: World) -> None:
    """Keep the largest number of jobs that had not ended at one time, as the table has them."""
    world.most = 0  # type: ignore[attr-defined]
    note = world.wire._note  # every write that was made

    def noted(request: dict[str, Any]) -> None:
        note(request)
        running = [job for job, statuses in world.wire.written.items() if statuses[-1] in {"ACCEPTED", "RUNNING"}]
        world.most = max(world.most, len(running))  # type: ignore[attr-defined]

    world.wire._note = noted  # type: ignore[method-assign]


@pytest.mark.parametrize("name", ["sync Express", "async Express", "async Standard"])
def test_a_second_caller_at_any_moment_is_let_in_only_when_the_first_has_ended(name: str, played: Played) -> None:
    def second(world: World) -> None:
        world.call(DURABLE, ASYNC)

    for _, world in interleave(played, SCENARIOS[name], second, _watch):
        assert world.most <= 1  # type: ignore[attr-defined]
        assert held(world) == []


@pytest.mark.parametrize("name", ["sync Express", "async Standard"])
def test_an_outage_of_a_minute_loses_no_slot(name: str, played: Played) -> None:
    def begin(world: World) -> None:
        now = world.clock.monotonic()
        world.wire.outage = ("dynamodb", now, now + 60)

    for _, world in interleave(played, SCENARIOS[name], begin, at="dynamodb"):
        world.clock.sleep(90)
        assert isinstance(world.call(DURABLE, ASYNC), Ran)
        world.settle()
        assert held(world) == []


@pytest.fixture
def limited_world(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Callable[[], World]:
    """Give a function that makes a world whose runs take long."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)
    return lambda: World(direct, new_jobs_table(direct), run_seconds=LONG_RUN)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 9), max_size=60))
def test_of_ten_callers_in_any_order_of_their_steps_three_are_let_in(
    limited_world: Callable[[], World], order: list[int]
) -> None:
    world, steps = limited_world(), chain(order, repeat(0))
    endpoint = replace(STANDARD, limits=Limits(concurrent=3))
    Turns(world, lambda count: next(steps) % count).play([lambda: world.call(endpoint, ASYNC)] * 10)
    answers = [asked.answer for asked in world.asked]
    assert sum(isinstance(answer, Ran) for answer in answers) == 3
    assert sum(isinstance(answer, TooManyJobs) for answer in answers) == 7
    assert len(world.wire.written) == 3


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 9), max_size=60))
def test_of_ten_callers_in_any_order_of_their_steps_as_many_pass_as_the_rate_says(
    limited_world: Callable[[], World], order: list[int]
) -> None:
    world, steps = limited_world(), chain(order, repeat(0))
    endpoint = replace(STANDARD, limits=Limits(Rate(4, 3600)))
    Turns(world, lambda count: next(steps) % count).play([lambda: world.call(endpoint, ASYNC)] * 10)
    assert sum(isinstance(asked.answer, Ran) for asked in world.asked) == 4
    assert len(world.wire.written) == 4


def test_a_workspaces_name_is_part_of_whose_limit_it_is() -> None:
    assert endpoint_subject(ACME.name, "billing/quote") == "limit#acme#endpoint#billing/quote"


def test_a_slot_is_given_back_by_whoever_ends_the_job_however_late_its_process_wakes_up(played: Played) -> None:
    def falls_asleep(world: World) -> None:
        def meanwhile() -> None:
            world.clock.sleep(50)
            world.sweep()

        world.wire.meanwhile[3] = meanwhile  # before the start, after the row

    world = played(Scenario.call(DURABLE, SYNC), falls_asleep)
    assert held(world) == []
