"""What is true whatever breaks: each AWS call of a whole run fails in each way, and the sweep has to make it good.

Every test walks over all calls of a scenario. For each it lets the world happen once more with that one call broken,
lets deliveries, events and the sweep go on as AWS would, and checks what World.check says: no job lost or stuck, no
Express run twice, one Standard execution a job, no status backwards, and no caller told otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.usecases.run_endpoint import Ran
from tests.fakes import EXPRESS_ARN, STANDARD_ARN, an_endpoint
from tests.world import FAULTS, Fault, World

LARGE = '{"text":"' + "x" * 5000 + '"}'
SYNC = Preference()
ASYNC = Preference(respond_async=True)
EXPRESS = an_endpoint(express_arn=EXPRESS_ARN, standard_arn=None)
STANDARD = an_endpoint(express_arn=None, standard_arn=STANDARD_ARN)


@dataclass(frozen=True)
class Scenario:
    """One call of an endpoint, and how AWS behaves."""

    endpoint: Endpoint
    preference: Preference = SYNC
    body: str = "{}"
    output: str = '{"total":42}'
    events: int = 1
    run_seconds: float = 0.3

    def world(self, dynamodb: Any, table: str) -> World:
        return World(dynamodb, table, events=self.events, run_seconds=self.run_seconds, output=self.output)

    def play(self, world: World) -> Ran | Exception | None:
        answer = world.call(self.endpoint, self.preference, self.body)
        world.settle()
        return answer


SCENARIOS = {
    "sync Express": Scenario(EXPRESS),
    "async Express": Scenario(EXPRESS, ASYNC),
    "async Express, large payloads": Scenario(EXPRESS, ASYNC, LARGE, LARGE),
    "Express awaited": Scenario(EXPRESS, Preference(wait=5)),
    "sync Standard": Scenario(STANDARD),
    "async Standard": Scenario(STANDARD, ASYNC),
    "async Standard, large payloads": Scenario(STANDARD, ASYNC, LARGE, LARGE),
    "Standard, its event lost": Scenario(STANDARD, ASYNC, events=0),
    "Standard, its event twice": Scenario(STANDARD, ASYNC, events=2),
    "Standard, over before it is marked": Scenario(STANDARD, ASYNC, run_seconds=0),
}

# Faults that pass, and after which every call but the start of an Express run may be made again.
REPEATABLE: tuple[Fault, ...] = ("is throttled", "gets no answer", "gets no answer to what was done")
PLAIN = ("sync Express", "async Express", "Express awaited", "sync Standard", "async Standard")


@pytest.fixture
def played(dynamodb: Any, jobs_table: str) -> Callable[[Scenario, Callable[[World], None]], World]:
    """Play a scenario in a world prepared by a function, and check it."""

    def play(scenario: Scenario, prepare: Callable[[World], None] = lambda _: None) -> World:
        world = scenario.world(dynamodb, jobs_table)
        prepare(world)
        try:
            answer = scenario.play(world)
            world.check(answer)
        except AssertionError as broken:
            story = "\n".join(f"{number:3} {call}" for number, call in enumerate(world.wire.calls))
            raise AssertionError(f"{broken}\nfaults: {world.wire.faults} {world.wire.outage}\n{story}") from broken
        return world

    return play


Played = Callable[..., World]


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_run_that_nothing_disturbs_succeeds_without_the_sweep(scenario: Scenario, played: Played) -> None:
    world = played(scenario)
    assert [statuses[-1] for statuses in world.wire.written.values()] == ["SUCCEEDED"]
    if scenario.events:
        assert world.wire.calls.index("dynamodb.query") == len(world.wire.calls) - 1  # the sweep found nothing to do


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_single_fault_loses_or_doubles_a_job(scenario: Scenario, fault: Fault, played: Played) -> None:
    number = 0
    while True:

        def breaks(world: World, number: int = number) -> None:
            world.wire.faults[number] = fault

        world = played(scenario, breaks)
        if len(world.wire.calls) <= number:
            break
        if fault in REPEATABLE and world.wire.calls[number] != "states.start_sync_execution":
            costs = [row["status"] for row in world.rows() if row["status"] != "SUCCEEDED"]
            assert costs == [], f"a call that may be repeated cost a job its run: {number} {world.wire.calls[number]}"
        number += 1
    assert number >= 3


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
    scenario = SCENARIOS[name]
    calls = played(scenario).wire.calls
    for number in [number for number, call in enumerate(calls) if call.startswith(service)]:

        def breaks(world: World, number: int = number) -> None:
            def begin() -> None:
                now = world.clock.monotonic()
                world.wire.outage = (service, now, now + 60)

            world.wire.meanwhile[number] = begin

        played(scenario, breaks)


@pytest.mark.parametrize("seconds", [50, 500])
@pytest.mark.parametrize("name", PLAIN)
def test_a_process_that_stands_still_while_the_sweep_works_harms_nothing(
    name: str, seconds: int, played: Played
) -> None:
    scenario = SCENARIOS[name]
    for number in range(len(played(scenario).wire.calls)):

        def stands_still(world: World, number: int = number) -> None:
            def meanwhile() -> None:
                world.clock.sleep(seconds)
                world.sweep()

            world.wire.meanwhile[number] = meanwhile

        played(scenario, stands_still)


@pytest.mark.parametrize("name", ["async Express", "async Standard", "sync Standard"])
def test_two_sweeps_at_once_repair_a_job_once(name: str, played: Played) -> None:
    scenario = SCENARIOS[name]

    def orphan(world: World) -> None:
        world.wire.faults[1] = "dies before it"  # the row is written, and its process is gone

    alone = played(scenario, orphan).wire.calls
    begins = alone.index("dynamodb.query")
    for number in range(begins, len(alone)):

        def interleave(world: World, number: int = number) -> None:
            orphan(world)
            world.wire.meanwhile[number] = world.sweep

        played(scenario, interleave)


def test_two_deliveries_of_a_hand_over_at_once_run_it_once(played: Played) -> None:
    scenario = SCENARIOS["async Express"]
    alone = played(scenario).wire.calls
    for number in range(alone.index("lambda.invoke") + 1, alone.index("dynamodb.query")):

        def delivered_again(world: World, number: int = number) -> None:
            def meanwhile() -> None:
                (job_id,) = world.wire.written
                world.run_detached(job_id)

            world.wire.meanwhile[number] = meanwhile

        played(scenario, delivered_again)


def test_a_job_whose_repair_is_denied_keeps_no_other_from_being_repaired(
    dynamodb: Any,
    jobs_table: str,
) -> None:
    world = World(dynamodb, jobs_table)
    for _ in range(2):
        world.wire.faults[len(world.wire.calls) + 1] = "dies before it"
        assert world.call(STANDARD, ASYNC) is None
    world.clock.sleep(60)
    denied = len(world.wire.calls) + 2  # query, get, start of the first
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
