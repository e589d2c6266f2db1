"""One kind of process has its clock an hour off: jobs may end too early or too late by that hour, and nothing else.

World.check holds each end to it: no job lost, none run twice, none stuck, none moved backwards, nobody told otherwise.
"""

from typing import Any

import pytest

from tests.world import Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LONG_RUN, STANDARD, SYNC, interleave
from tests.world.stack import KINDS

HOUR = 3600.0


def _cancel(world: World) -> None:
    for job_id in list(world.wire.written):
        world.cancel(job_id)


SCENARIOS = {
    "sync Express": Scenario.call(EXPRESS),
    "async Express": Scenario.call(EXPRESS, ASYNC),
    "sync Standard": Scenario.call(STANDARD),
    "async Standard, its event lost": Scenario.call(STANDARD, ASYNC, events=()),
    "cancel": Scenario.call(STANDARD, ASYNC, run_seconds=LONG_RUN).then(_cancel),
    "deadline, a caller waits": Scenario.call(STANDARD, SYNC, options={"deadline": 2}, run_seconds=LONG_RUN),
    "deadline, nobody waits": Scenario.call(EXPRESS, ASYNC, options={"deadline": 1}),
}
off = pytest.mark.parametrize(
    "ahead", [{kind: hours * HOUR} for kind in KINDS for hours in (1, -1)], ids=lambda ahead: f"{ahead}"
)


@off
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_clock_an_hour_off_loses_and_doubles_nothing_when_a_process_dies(
    scenario: Scenario, ahead: dict[str, float], played: Played
) -> None:
    for _ in walk(played, scenario, "dies after it", ahead=ahead):
        pass


@pytest.mark.parametrize("kind", ["gateway", "sweep_jobs"])
@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_sweep_that_comes_an_hour_too_early_or_too_late_at_any_moment_harms_nothing(
    scenario: Scenario, hours: int, kind: str, played: Played
) -> None:
    for _ in interleave(played, scenario, World.sweep, ahead={kind: hours * HOUR}):
        pass


@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("kind", KINDS)
def test_two_callers_with_one_key_and_clocks_an_hour_apart_are_led_to_one_job(
    kind: str, hours: int, played: Played
) -> None:
    key = {"idempotency_key": "order-1"}

    def second(world: World) -> Any:
        world.ahead[kind] = 0
        return world.call(STANDARD, ASYNC, **key)

    for _, world in interleave(played, Scenario.call(STANDARD, ASYNC, options=key), second, ahead={kind: hours * HOUR}):
        assert len(world.states.standard) == 1
