"""What is true whatever breaks: each AWS call of a whole run fails in each way, and the sweep has to make it good.

Every test walks over all calls of a scenario. For each it lets the world happen once more with that one call broken,
lets deliveries, events and the sweep go on as AWS would, and checks what World.check says: no job lost or stuck, no
Express run twice, one Standard execution a job, no status backwards, and no caller told otherwise.
"""

from dataclasses import replace
from itertools import chain, product, repeat
from typing import Any

import pytest

from flowport.domain.errors import Unavailable
from tests.world import FAULTS, PASSING, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, STANDARD, WAIT, interleave
from tests.world.turns import Turns

SCENARIOS = {
    "sync Express": Scenario.call(EXPRESS),
    "async Express": Scenario.call(EXPRESS, ASYNC),
    "async Express, large payloads": Scenario.call(EXPRESS, ASYNC, LARGE, output=LARGE),
    "Express awaited": Scenario.call(EXPRESS, WAIT),
    "sync Standard": Scenario.call(STANDARD),
    "async Standard": Scenario.call(STANDARD, ASYNC),
    "async Standard, large payloads": Scenario.call(STANDARD, ASYNC, LARGE, output=LARGE),
    "Standard, its event lost": Scenario.call(STANDARD, ASYNC, events=()),
    "Standard, its event twice": Scenario.call(STANDARD, ASYNC, events=(0.1, 0.1)),
    "Standard, its event late": Scenario.call(STANDARD, ASYNC, events=(300,)),
    "async Standard, payloads not kept": Scenario.call(replace(STANDARD, keep_payloads_days=0), ASYNC),
    "async Express, payloads not kept": Scenario.call(replace(EXPRESS, keep_payloads_days=0), ASYNC),
    "async Standard, payloads kept a day": Scenario.call(replace(STANDARD, keep_payloads_days=1), ASYNC),
    "Standard, over before it is marked": Scenario.call(STANDARD, ASYNC, run_seconds=0),
}
PLAIN = ("sync Express", "async Express", "Express awaited", "sync Standard", "async Standard")


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_run_that_nothing_disturbs_succeeds_without_the_sweep(scenario: Scenario, played: Played) -> None:
    world = played(scenario)
    assert [statuses[-1] for statuses in world.wire.written.values()] == ["SUCCEEDED"]
    if world.events == (0.1,):
        assert world.wire.calls.index("dynamodb.query") == len(world.wire.calls) - 1  # the sweep found nothing to do


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_single_fault_loses_or_doubles_a_job(scenario: Scenario, fault: Fault, played: Played) -> None:
    for number, world in walk(played, scenario, fault):
        if fault in PASSING and world.wire.calls[number] != "states.start_sync_execution":
            costs = [row["status"] for row in world.rows() if row["status"] != "SUCCEEDED"]
            assert costs == [], f"a call that may be repeated cost a job its run: {number} {world.wire.calls[number]}"


@pytest.mark.parametrize("name", PLAIN)
def test_a_write_that_somebody_else_came_first_to_loses_and_doubles_nothing(name: str, played: Played) -> None:
    for _ in walk(played, SCENARIOS[name], "finds its row moved"):
        pass


@pytest.mark.parametrize("second", ["dies before it", "is throttled", "is denied"])
@pytest.mark.parametrize("name", PLAIN)
def test_nothing_that_happens_after_a_lost_answer_loses_or_doubles_a_job(
    name: str, second: Fault, played: Played
) -> None:
    scenario = SCENARIOS[name]
    for number in range(len(played(scenario).wire.calls)):

        def breaks(world: World, number: int = number) -> None:
            world.wire.faults |= {number: "gets no answer to what was done", number + 1: second}

        played(scenario, breaks)


@pytest.mark.parametrize("service", ["dynamodb", "states", "lambda", ""], ids=lambda name: name or "everything")
@pytest.mark.parametrize("name", PLAIN)
def test_no_outage_of_a_minute_loses_or_doubles_a_job(name: str, service: str, played: Played) -> None:
    def begin(world: World) -> None:
        now = world.clock.monotonic()
        world.wire.outage = (service, now, now + 60)

    for _ in interleave(played, SCENARIOS[name], begin, at=service):
        pass


@pytest.mark.parametrize("seconds", [50, 500])
@pytest.mark.parametrize("name", PLAIN)
def test_a_process_that_stands_still_while_the_sweep_works_harms_nothing(
    name: str, seconds: int, played: Played
) -> None:
    def meanwhile(world: World) -> None:
        world.clock.sleep(seconds)
        world.sweep()

    for _ in interleave(played, SCENARIOS[name], meanwhile):
        pass


@pytest.mark.parametrize(
    ("name", "call", "seconds"),
    [("sync Standard", "states.start_execution", 19), ("async Express", "states.start_sync_execution", 299)],
)
def test_a_process_that_is_merely_slow_keeps_its_job(name: str, call: str, seconds: float, played: Played) -> None:
    number = played(SCENARIOS[name]).wire.calls.index(call)

    def is_slow(world: World) -> None:
        def meanwhile() -> None:
            world.clock.sleep(seconds)
            world.sweep()

        world.wire.meanwhile[number] = meanwhile

    assert [row["status"] for row in played(SCENARIOS[name], is_slow).rows()] == ["SUCCEEDED"]


def test_a_process_that_wakes_up_after_the_sweep_has_decided_starts_nothing(played: Played) -> None:
    def falls_asleep(world: World) -> None:
        def meanwhile() -> None:
            world.clock.sleep(50)
            world.sweep()

        world.wire.faults[0] = "gets no answer to what was done"
        world.wire.meanwhile[1] = meanwhile

    world = played(SCENARIOS["sync Standard"], falls_asleep)
    assert [row["error"] for row in world.rows()] == ["Flowport.NotStarted"]
    assert world.states.standard == {}, "what was told as not started ran for a moment"


@pytest.mark.parametrize("name", ["async Express", "async Standard", "sync Standard"])
def test_a_job_whose_acceptance_got_no_answer_in_time_is_withdrawn_before_its_caller_is_told(
    name: str, played: Played
) -> None:
    def out_for_the_time_of_acceptance(world: World) -> None:
        def begin() -> None:
            now = world.clock.monotonic()
            world.wire.outage = ("dynamodb", now, now + 5)

        world.wire.faults[0] = "gets no answer to what was done"
        world.wire.meanwhile[1] = begin

    world = played(SCENARIOS[name], out_for_the_time_of_acceptance)
    assert isinstance(world.asked[0].answer, Unavailable)
    assert [row["error"] for row in world.rows()] == ["Flowport.NotStarted"]


@pytest.mark.parametrize("name", ["async Standard", "sync Standard"])
def test_a_start_that_worked_and_of_which_every_answer_was_lost_is_not_called_not_started(
    name: str, played: Played
) -> None:
    def loses_every_answer(world: World) -> None:
        def begin() -> None:
            now = world.clock.monotonic()
            world.wire.outage = ("states", now, now + 15)

        world.wire.faults[1] = "gets no answer to what was done"
        world.wire.meanwhile[2] = begin

    world = played(SCENARIOS[name], loses_every_answer, run_seconds=30)
    assert [row["status"] for row in world.rows()] == ["SUCCEEDED"]


@pytest.mark.parametrize("name", ["async Express", "async Standard", "sync Standard"])
def test_two_sweeps_at_once_repair_a_job_once(name: str, played: Played) -> None:
    def orphan(world: World) -> None:
        world.wire.faults[1] = "dies before it"  # the row is written, and its process is gone

    for _ in interleave(played, SCENARIOS[name], World.sweep, orphan):
        pass


@pytest.mark.parametrize("name", ["async Express", "async Standard", "sync Standard"])
def test_a_sweep_and_the_process_that_it_overtakes_decide_once_in_any_order_of_their_steps(
    name: str, played: Played
) -> None:
    (call,), world = SCENARIOS[name].actions, SCENARIOS[name].world

    def at_once(it: World, order: list[int]) -> None:
        def late_sweep() -> None:
            it.clock.sleep(50)
            it.sweep()

        steps = chain(order, repeat(0))
        Turns(it, lambda count: next(steps) % count).play([lambda: call(it), late_sweep])

    for before, swept in product(range(1, 6), range(1, 6)):
        order = [0] * before + [1] * swept  # then the process goes on to its end, and after it the sweep
        played(Scenario((lambda it, order=order: at_once(it, order),), world))  # type: ignore[misc]


def test_two_deliveries_of_a_hand_over_at_once_run_it_once(played: Played) -> None:
    def delivered_again(world: World) -> None:
        for job_id in world.wire.written:
            world.run_detached(job_id)

    for _ in interleave(played, SCENARIOS["async Express"], delivered_again):
        pass


def test_a_job_whose_repair_is_denied_keeps_no_other_from_being_repaired(
    dynamodb: Any,
    jobs_table: str,
) -> None:
    world = World(dynamodb, jobs_table)
    for _ in range(2):
        world.wire.faults[len(world.wire.calls) + 1] = "dies before it"
        assert world.call(STANDARD, ASYNC) is None
    world.clock.sleep(60)
    denied = len(world.wire.calls) + 3  # query, get, the table's age, start of the first
    world.wire.faults[denied] = "is denied"
    world.sweep()
    world.settle()
    assert sorted(row["status"] for row in world.rows()) == ["FAILED", "SUCCEEDED"]


@pytest.mark.parametrize("broken", ["status", "created_at"])
def test_a_row_that_cannot_be_read_keeps_no_other_from_being_repaired(
    dynamodb: Any,
    jobs_table: str,
    broken: str,
) -> None:
    world = World(dynamodb, jobs_table)
    for _ in range(2):
        world.wire.faults[len(world.wire.calls) + 1] = "dies before it"
        world.call(STANDARD, ASYNC)
    first, second = world.wire.written
    dynamodb.update_item(
        TableName=jobs_table,
        Key={"job_id": {"S": first}, "item": {"S": "job"}},
        UpdateExpression="REMOVE #broken",
        ExpressionAttributeNames={"#broken": broken},
    )
    world.settle()
    rows = {row["job_id"]: row for row in world.rows()}
    assert rows[second]["status"] == "SUCCEEDED"
    assert world.sweep_jobs().repairs.get("failed", 0) <= 1
