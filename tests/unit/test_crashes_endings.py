"""Jobs ended before their time, and deleted ones: at every moment, with every call broken, racing everything else.

World.check holds each end to it: whoever was told that a job is cancelled or deleted finds it so, an execution whose
job was ended does not run on, and nothing that was deleted comes back.
"""

from typing import Any

import pytest

from flowport.domain.job import ENDED
from tests.world import FAULTS, Fault, Played, Scenario, World, walk
from tests.world.scenarios import ASYNC, EXPRESS, LARGE, LONG_RUN, STANDARD, SYNC, WAIT, interleave


def _cancel(world: World) -> None:
    for job_id in list(world.wire.written):
        world.cancel(job_id)


def _delete(world: World) -> None:
    for job_id in list(world.wire.written):
        world.delete(job_id)


def _pass(seconds: float) -> Any:
    return lambda world: world.clock.sleep(seconds)


RUNS = {
    "sync Express": Scenario.call(EXPRESS),
    "async Express": Scenario.call(EXPRESS, ASYNC),
    "Express awaited": Scenario.call(EXPRESS, WAIT),
    "sync Standard": Scenario.call(STANDARD),
    "async Standard": Scenario.call(STANDARD, ASYNC, LARGE, output=LARGE),
    "Standard, its event late": Scenario.call(STANDARD, ASYNC, events=(90,)),
    "Standard, its event lost": Scenario.call(STANDARD, ASYNC, events=()),
    "Standard that runs long": Scenario.call(STANDARD, ASYNC, run_seconds=LONG_RUN),
}
LIMITED = {"deadline": 2}
ENDINGS = {
    "cancel of an accepted Express job": Scenario.call(EXPRESS, ASYNC).then(_cancel),
    "cancel of a running Express job": Scenario.call(EXPRESS, ASYNC).then(_pass(0.6), _cancel),
    "cancel of a running Standard job": RUNS["Standard that runs long"].then(_cancel),
    "cancel of a Standard job that has ended": RUNS["Standard, its event lost"].then(_pass(5), _cancel),
    "cancel and deletion": RUNS["Standard that runs long"].then(_cancel, _delete, _pass(150), _delete),
    "deletion": RUNS["async Standard"].then(_pass(5), _delete),
    "deadline, a caller waits": Scenario.call(STANDARD, SYNC, options=LIMITED, run_seconds=LONG_RUN),
    "deadline, nobody waits": Scenario.call(STANDARD, ASYNC, options=LIMITED, run_seconds=LONG_RUN),
    "deadline of an Express job, a caller waits": Scenario.call(EXPRESS, SYNC, options={"deadline": 1}),
    "deadline of an Express job, nobody waits": Scenario.call(EXPRESS, ASYNC, options={"deadline": 1}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("scenario", ENDINGS.values(), ids=ENDINGS)
def test_no_single_fault_leaves_a_job_half_ended(scenario: Scenario, fault: Fault, played: Played) -> None:
    for _ in walk(played, scenario, fault):
        pass


@pytest.mark.parametrize("scenario", RUNS.values(), ids=RUNS)
def test_a_cancel_at_any_moment_ends_the_job_or_says_how_it_had_ended(scenario: Scenario, played: Played) -> None:
    for number, world in interleave(played, scenario, _cancel, first=16):
        assert number == 0 or [changed.answer for changed in world.changed] != [None]
        for row in world.rows():
            assert row["status"] in ({"SUCCEEDED", "ABORTED"} if world.changed else {"SUCCEEDED"})


@pytest.mark.parametrize("fault", ["dies before it", "dies after it"])
@pytest.mark.parametrize("name", ["async Express", "async Standard", "Standard that runs long"])
def test_a_cancel_that_dies_at_any_call_at_any_moment_leaves_nothing_running(
    name: str, fault: Fault, played: Played
) -> None:
    for call in range(4):

        def meanwhile(world: World, call: int = call) -> None:
            world.wire.faults[len(world.wire.calls) + call] = fault
            _cancel(world)

        for _ in interleave(played, RUNS[name], meanwhile, first=8):
            pass


@pytest.mark.parametrize("name", [name for name in RUNS if name != "Standard that runs long"])
def test_a_deletion_at_any_moment_takes_only_what_has_ended_and_takes_it_whole(name: str, played: Played) -> None:
    story = RUNS[name].then(_pass(0.5))
    deleted = 0
    for _, world in interleave(played, story, _delete):
        for changed in world.changed:
            if changed.answer is True:
                assert world.wire.written[changed.job_id][-1] in ENDED
                deleted += 1
    assert deleted or "sync" not in name


@pytest.mark.parametrize("name", ["cancel of a running Standard job", "deadline, nobody waits", "deletion"])
def test_two_sweeps_at_once_end_a_job_before_its_time_once(name: str, played: Played) -> None:
    for _ in interleave(played, ENDINGS[name], World.sweep):
        pass


@pytest.mark.parametrize("fault", [None, *FAULTS])
@pytest.mark.parametrize("preference", [SYNC, ASYNC], ids=["a caller waits", "nobody waits"])
def test_a_passed_deadline_is_kept_within_a_minute_or_two_whatever_breaks(
    preference: Any, fault: Fault | None, played: Played
) -> None:
    story = Scenario.call(STANDARD, preference, options=LIMITED, run_seconds=LONG_RUN)
    late = []
    worlds = [(0, played(story))] if fault is None else walk(played, story, fault)
    for _, world in worlds:
        for row in world.rows():
            assert row.get("error") in {"Flowport.DeadlinePassed", "Flowport.NotStarted"}
            late.append((row["finished_at"] - row["deadline_at"]) / 1000)
    # The sweep looks every minute; where its one look was broken, it comes back with the next.
    assert max(late) <= (61 if fault is None else 125)


def test_an_express_run_that_is_handed_over_after_its_deadline_is_not_started(played: Played) -> None:
    def late(world: World) -> None:
        world.wire.meanwhile[2] = lambda: world.clock.sleep(5)  # lambda.invoke worked, its delivery takes its time

    world = played(Scenario.call(EXPRESS, ASYNC, options={"deadline": 1}), late)
    assert world.wire.calls[1:3] == ["lambda.invoke", "dynamodb.get_item"]
    assert [row["error"] for row in world.rows()] == ["Flowport.DeadlinePassed"]
    assert world.states.express.total() == 0


def test_an_execution_that_was_started_long_after_its_cancel_by_a_process_that_then_died_is_stopped(
    played: Played,
) -> None:
    def meanwhile(world: World) -> None:
        _cancel(world)
        world.clock.sleep(20)
        world.sweep()

    def prepare(world: World) -> None:
        def then() -> None:
            meanwhile(world)
            world.wire.faults[len(world.wire.calls)] = "dies before it"  # right after the start

        world.wire.meanwhile[1] = then

    world = played(RUNS["Standard that runs long"], prepare)
    assert [execution["status"] for execution in world.states.standard.values()] == ["ABORTED"]
