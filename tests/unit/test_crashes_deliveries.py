"""What is true of callbacks whatever breaks: none is lost, none tells another end, every attempt is logged once.

The walks are those of test_crashes.py, over jobs with callbacks: ending a job, handing over, settling its row, each
attempt to deliver, sending again, and deleting a job in the middle of it.
"""

from dataclasses import replace

import pytest

from tests.world import FAULTS, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, STANDARD

HOOK = "https://hooks.example.com/done?key=secret"
OWN = "https://own.example.com/"
EXPRESS_HOOK = replace(EXPRESS, callback_url=HOOK)
STANDARD_HOOK = replace(STANDARD, callback_url=HOOK, callback_hosts=("own.example.com",))


def only_job(world: World) -> str:
    """Give the only job that was written, whether or not its caller was told of it."""
    return next(iter(world.wire.written), "0199b6f2-0000-8000-8000-000000000001")


def cancel(world: World) -> object:
    return world.cancel(only_job(world))


def delete(world: World) -> object:
    world.clock.sleep(3)
    return world.delete(only_job(world))


def resend(world: World) -> object:
    world.clock.sleep(1)  # before a second attempt is due
    return world.resend(only_job(world))


SCENARIOS = {
    "sync Express": Scenario.call(EXPRESS_HOOK),
    "async Express": Scenario.call(EXPRESS_HOOK, ASYNC),
    "sync Standard": Scenario.call(STANDARD_HOOK),
    "async Standard, large output": Scenario.call(STANDARD_HOOK, ASYNC, output=LARGE),
    "two callbacks": Scenario.call(STANDARD_HOOK, ASYNC, options={"callback_url": OWN}),
    "its event lost": Scenario.call(STANDARD_HOOK, ASYNC, events=()),
    "a run that fails": Scenario.call(STANDARD_HOOK, ASYNC, run_ends="FAILED"),
    "cancelled": Scenario.call(STANDARD_HOOK, ASYNC, run_seconds=600).then(cancel),
    "past its deadline": Scenario.call(STANDARD_HOOK, ASYNC, options={"deadline": 30}, run_seconds=600),
    "answered in the end": Scenario.call(EXPRESS_HOOK, answers=(500, 302, 200)),
    "never answered well": Scenario.call(EXPRESS_HOOK, answers=(500,)),
    "gone": Scenario.call(EXPRESS_HOOK, answers=(410,)),
    "sent again": Scenario.call(EXPRESS_HOOK).then(resend),
    "sent again while it is tried": Scenario.call(EXPRESS_HOOK, answers=(500, 200)).then(resend),
    "deleted while it is tried": Scenario.call(EXPRESS_HOOK, answers=(500, 200)).then(delete),
}


ANSWERS = {
    "two callbacks": [200, 200],
    "answered in the end": [500, 302, 200],
    "never answered well": [500, 500, 500],
    "gone": [410],
    "sent again": [200, 200],
    "sent again while it is tried": [500, 200],
    "deleted while it is tried": [500],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_callback_that_nothing_disturbs_is_sent_until_it_is_answered_well(name: str, played: Played) -> None:
    world = played(SCENARIOS[name])
    assert [received.answered for received in world.receiver.received] == ANSWERS.get(name, [200])


def test_a_job_without_callbacks_costs_no_call_more(played: Played) -> None:
    without = played(Scenario.call(EXPRESS)).wire.calls
    assert without == ["dynamodb.put_item", "states.start_sync_execution", "dynamodb.update_item", "dynamodb.query"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_no_single_fault_loses_a_callback_or_tells_another_end(
    scenario: Scenario, fault: Fault, played: Played
) -> None:
    for _ in walk(played, scenario, fault):
        pass


@pytest.mark.parametrize("service", ["dynamodb", "states"])
@pytest.mark.parametrize("name", ["sync Express", "cancelled", "answered in the end"])
def test_no_outage_of_a_minute_loses_a_callback(name: str, service: str, played: Played) -> None:
    scenario = SCENARIOS[name]
    calls = played(scenario).wire.calls
    for number in [number for number, call in enumerate(calls) if call.startswith(service)]:

        def breaks(world: World, number: int = number) -> None:
            def begin() -> None:
                now = world.clock.monotonic()
                world.wire.outage = (service, now, now + 60)

            world.wire.meanwhile[number] = begin

        played(scenario, breaks)


@pytest.mark.parametrize("name", ["sync Express", "cancelled", "two callbacks"])
def test_a_sweep_in_the_middle_of_a_hand_over_hands_over_once(name: str, played: Played) -> None:
    scenario = SCENARIOS[name]
    for number in range(len(played(scenario).wire.calls)):

        def stands_still(world: World, number: int = number) -> None:
            def meanwhile() -> None:
                world.clock.sleep(100)
                world.sweep()

            world.wire.meanwhile[number] = meanwhile

        world = played(scenario, stands_still)
        assert len(world.machine.executions) <= len(SCENARIOS[name].actions) + 1


def test_two_requests_to_send_again_at_once_are_one_more_message(played: Played) -> None:
    scenario = SCENARIOS["sent again"]
    for number in range(len(played(scenario).wire.calls)):

        def twice(world: World, number: int = number) -> None:
            world.wire.meanwhile[number] = lambda: world.resend(only_job(world))

        world = played(scenario, twice)
        assert len({name for name in world.machine.executions if "-r" in name}) <= 2
