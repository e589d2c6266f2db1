"""What is true whatever breaks: each AWS call of a whole run fails in each way, and the sweep has to make it good.

Every test walks over all calls of a scenario. For each it lets the world happen once more with that one call broken,
lets deliveries, events and the sweep go on as AWS would, and checks what World.check says: no job lost or stuck, no
Express run twice, one Standard execution a job, no status backwards, and no caller told otherwise.
"""

from dataclasses import replace
from typing import Any

import pytest

from tests.world import FAULTS, PASSING, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, STANDARD, WAIT, interleave

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


@pytest.mark.parametrize("name", ["async Express", "async Standard", "sync Standard"])
def test_two_sweeps_at_once_repair_a_job_once(name: str, played: Played) -> None:
    def orphan(world: World) -> None:
        world.wire.faults[1] = "dies before it"  # the row is written, and its process is gone

    for _ in interleave(played, SCENARIOS[name], World.sweep, orphan):
        pass


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
