"""What is true of parked runs whatever breaks: each AWS call fails in each way, and retries and sweep make it good.

Every test walks over all calls of a scenario, breaks one of them, and checks what ParkedWorld.check says: the run ends
once, an answer that its caller was told is taken is its output, at most one caller is told so, and nobody hangs.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.world import FAULTS, DirectDynamoDB, Fault
from tests.world.parked import ParkedWorld

OWN = "3f1c9a52-7c1e-4a7f-9d67-0c8f2f7f3b11"
FIRST, SECOND = '{"by":"first"}', '{"by":"second"}'


def answered_while_parked(world: ParkedWorld) -> None:
    callback_id = world.reserve()
    world.park(callback_id=callback_id)
    world.clock.sleep(5)
    world.answer(callback_id, FIRST)
    world.answer(callback_id, SECOND)


def answered_early(world: ParkedWorld) -> None:
    callback_id = world.reserve()
    world.answer(callback_id, FIRST)
    world.answer(callback_id, SECOND)
    world.park(callback_id=callback_id)


def parked_on_its_own_id(world: ParkedWorld) -> None:
    world.park(callback_id=OWN)
    world.answer(OWN, FIRST)


def answered_by_name(world: ParkedWorld) -> None:
    world.park(name="done")
    world.answer_name("done", FIRST)
    world.answer_name("done", SECOND)


def answered_early_by_name(world: ParkedWorld) -> None:
    world.answer_name("done", FIRST)
    world.park(name="done")


def never_answered(world: ParkedWorld) -> None:
    world.park(callback_id=OWN, expires_in=90)


SCENARIOS = (
    answered_while_parked,
    answered_early,
    parked_on_its_own_id,
    answered_by_name,
    answered_early_by_name,
    never_answered,
)
Scenario = Callable[[ParkedWorld], None]


@pytest.fixture
def played(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Callable[..., ParkedWorld]:
    """Play a scenario over an empty table, in a world prepared by a function, and check it."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)

    def play(
        scenario: Scenario, prepare: Callable[[ParkedWorld], None] = lambda _: None, sweep_ahead: float = 0
    ) -> ParkedWorld:
        world = ParkedWorld(direct, new_jobs_table(direct), sweep_ahead)
        prepare(world)
        try:
            scenario(world)
            world.settle()
            world.check()
        except AssertionError as broken:
            story = "\n".join(f"{number:3} {call}" for number, call in enumerate(world.wire.calls))
            raise AssertionError(f"{broken}\nfaults: {world.wire.faults} {world.wire.outage}\n{story}") from broken
        return world

    return play


Played = Callable[..., ParkedWorld]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_parked_run_that_nothing_disturbs_is_resumed_without_the_sweep(scenario: Scenario, played: Played) -> None:
    world = played(scenario)
    assert world.run.attempts == 1
    if scenario is not never_answered:
        assert world.kept == [FIRST]
        assert world.wire.calls.index("dynamodb.query") == len(world.wire.calls) - 1  # the sweep found nothing to do


@pytest.mark.parametrize("fault", [*FAULTS, "finds its row moved"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_single_fault_loses_or_doubles_an_answer(scenario: Scenario, fault: Fault, played: Played) -> None:
    number = 0
    while True:

        def breaks(world: ParkedWorld, number: int = number) -> None:
            world.wire.faults[number] = fault

        world = played(scenario, breaks)
        if len(world.wire.calls) <= number:
            break
        number += 1
    assert number >= 5


@pytest.mark.parametrize("second", ["dies before it", "dies after it", "is throttled"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_that_happens_after_a_lost_answer_loses_or_doubles_an_answer(
    scenario: Scenario, second: Fault, played: Played
) -> None:
    for number in range(len(played(scenario).wire.calls)):

        def breaks(world: ParkedWorld, number: int = number) -> None:
            world.wire.faults |= {number: "gets no answer to what was done", number + 1: second}

        played(scenario, breaks)


@pytest.mark.parametrize("service", ["states", "lambda", ""], ids=lambda name: name or "everything")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_outage_of_seconds_loses_or_doubles_an_answer(scenario: Scenario, service: str, played: Played) -> None:
    calls = played(scenario).wire.calls
    for number in [number for number, call in enumerate(calls) if call.startswith(service)]:

        def breaks(world: ParkedWorld, number: int = number) -> None:
            def begin() -> None:
                now = world.clock.monotonic()
                world.wire.outage = (service, now, now + 25)

            world.wire.meanwhile[number] = begin

        played(scenario, breaks)


@pytest.mark.parametrize("seconds", [30, 200])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_process_that_stands_still_while_the_sweep_works_harms_no_answer(
    scenario: Scenario, seconds: int, played: Played
) -> None:
    for number in range(len(played(scenario).wire.calls)):

        def stands_still(world: ParkedWorld, number: int = number) -> None:
            def meanwhile() -> None:
                world.clock.sleep(seconds)
                world.sweep()

            world.wire.meanwhile[number] = meanwhile

        played(scenario, stands_still)


@pytest.mark.parametrize("waits", [0, 80, 89.99, 150])
def test_an_answer_at_the_moment_of_the_expiry_is_either_the_output_or_refused(waits: float, played: Played) -> None:
    def answered_late(world: ParkedWorld) -> None:
        world.park(callback_id=OWN, expires_in=90)
        world.clock.sleep(waits)
        world.answer(OWN, FIRST)

    for number in range(len(played(answered_late).wire.calls)):

        def sweeps(world: ParkedWorld, number: int = number) -> None:
            def meanwhile() -> None:
                world.clock.sleep(10)
                world.sweep()

            world.wire.meanwhile[number] = meanwhile

        played(answered_late, sweeps)


@pytest.mark.parametrize("scenario", [answered_while_parked, answered_early, never_answered])
def test_two_sweeps_and_two_deliveries_at_once_tell_step_functions_once(scenario: Scenario, played: Played) -> None:
    for number in range(len(played(scenario).wire.calls)):

        def doubled(world: ParkedWorld, number: int = number) -> None:
            def meanwhile() -> None:
                world.sweep()
                for item in world.open_items():
                    world.send_answer(item["job_id"]["S"])

            world.wire.meanwhile[number] = meanwhile

        played(scenario, doubled)


@pytest.mark.parametrize("ahead", [3600, -3600])
@pytest.mark.parametrize("scenario", SCENARIOS[:-1])
def test_a_sweep_whose_clock_is_an_hour_off_loses_no_answer_that_was_told_taken(
    scenario: Scenario, ahead: float, played: Played
) -> None:
    for number in range(len(played(scenario, sweep_ahead=ahead).wire.calls)):

        def sweeps(world: ParkedWorld, number: int = number) -> None:
            world.wire.meanwhile[number] = world.sweep

        played(scenario, sweeps, sweep_ahead=ahead)


@pytest.mark.parametrize("scenario", SCENARIOS[:3])
def test_two_callers_at_once_have_one_winner_whose_body_is_the_output(scenario: Scenario, played: Played) -> None:
    calls = played(scenario).wire.calls
    for number, call in enumerate(calls):
        if not call.startswith("dynamodb."):
            continue

        def races(world: ParkedWorld, number: int = number) -> None:
            def meanwhile() -> None:
                for callback_id in set(world.given_out):
                    world.answer(callback_id, SECOND)

            world.wire.meanwhile[number] = meanwhile

        played(scenario, races)
