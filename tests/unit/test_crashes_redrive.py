"""A redrive under faults: each AWS call of it breaks in each way, and in the end the execution went on once.

A Standard run has failed. Its caller redrives it, and repeats that a few minutes later when it got no answer, or one
that promised nothing. Whatever broke, of the execution's second attempt there must be one job with its end, the first
job keeps its own, and nobody is told otherwise.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from flowport.domain.errors import AlreadyRedriven, FlowportError, JobEnded
from flowport.domain.job import NOT_STARTED
from flowport.domain.preferences import Preference
from flowport.usecases.redrive_job import Redriven
from flowport.usecases.run_endpoint import Ran
from tests.fakes import STANDARD_ARN, an_endpoint
from tests.world import FAULTS, DirectDynamoDB, Fault, World
from tests.world.promises import RANK, open_rows, running

STANDARD = an_endpoint(express_arn=None, standard_arn=STANDARD_ARN)
LARGE = '{"text":"' + "x" * 5000 + '"}'
Told = Redriven | Exception | None
Prepare = Callable[[World, int], None]


class Story:
    """A failed run and its redrive in a world of its own; `begins` is the number of the redrive's first call.

    `walked` counts the calls from there on until everything had settled.
    """

    def __init__(self, world: World, body: str = "{}") -> None:
        self.world = world
        answer = world.call(STANDARD, Preference(respond_async=True), body)
        assert isinstance(answer, Ran)
        self.origin = answer.job.id
        self.arn = answer.job.execution_arn or ""
        world.clock.sleep(5)
        assert self.row()["status"] == "FAILED"
        self.begins = len(world.wire.calls)
        self.walked = 0

    def row(self, job_id: str | None = None) -> dict[str, Any]:
        (row,) = [row for row in self.world.rows() if row["job_id"] == (job_id or self.origin)]
        return row

    def redrives(self) -> list[dict[str, Any]]:
        return [row for row in self.world.rows() if row["job_id"] != self.origin]

    def attempts(self) -> int:
        return int(self.world.states.standard[self.arn].get("redriveCount", 0))

    def check(self, told: Told) -> None:
        """Hold one redrive, whatever broke, to what is promised."""
        for statuses in self.world.wire.written.values():
            ranks = [RANK[status] for status in statuses]
            assert ranks == sorted(set(ranks)), f"a job went backwards or ended twice: {statuses}"
        assert open_rows(self.world) == [], "an ended job is still in the index of open ones"
        assert running(self.world) == [], "an execution runs on although its job has ended"
        origin = self.row()
        assert (origin["status"], origin["error"]) == ("FAILED", "Orders.Empty"), "the first attempt's end was changed"
        begun = [row for row in self.redrives() if row.get("error") != NOT_STARTED]
        assert len(begun) == self.attempts() <= 1, "the attempts and their jobs are not the same"
        for row in begun:
            assert (row["status"], row["origin"], row["redrive_count"]) == ("SUCCEEDED", self.origin, 1)
            assert origin["redriven_as"] == row["job_id"]
        others = isinstance(told, AlreadyRedriven | JobEnded)  # another call's redrive is not denied by these
        if isinstance(told, FlowportError) and told.source == "gateway" and not others:
            assert self.attempts() == 0, f"the caller was told that nothing ran ({told.kind}), but it did"
        if isinstance(told, Redriven):
            assert [row["job_id"] for row in begun] == [told.job.id], "an acknowledged redrive was dropped"


Play = Callable[..., tuple[Story, Told]]


@pytest.fixture
def new_world(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Callable[..., World]:
    """Make worlds in which a run fails and its redrive succeeds."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)

    def make(**options: Any) -> World:
        given: dict[str, Any] = {"run_seconds": 0.3, "run_ends": "FAILED"} | options
        return World(direct, new_jobs_table(direct), **given)

    return make


@pytest.fixture
def play(new_world: Callable[..., World]) -> Play:
    """Redrive a failed run in a world prepared by a function, check it, and let the caller repeat it if need be."""

    def played(
        prepare: Prepare = lambda _world, _begins: None,
        body: str = "{}",
        events: Sequence[float] = (0.1,),
        **options: Any,
    ) -> tuple[Story, Told]:
        world = new_world(**options)
        story = Story(world, body)
        world.events = events
        prepare(world, story.begins)
        told = world.redrive(story.origin)
        world.settle()
        story.walked = len(world.wire.calls) - story.begins
        faults, world.wire.faults = world.wire.faults, {}
        try:
            story.check(told)
            again = world.redrive(story.origin)
            assert isinstance(again, Redriven | AlreadyRedriven), repr(again)
            world.settle()
            story.check(again if isinstance(again, Redriven) else None)
            assert story.attempts() == 1, "the repeated call did not make good what was lost"
        except AssertionError as broken:
            calls = "\n".join(f"{number:3} {call}" for number, call in enumerate(world.wire.calls))
            raise AssertionError(f"{broken}\ntold: {told!r} faults: {faults}\n{calls}") from broken
        return story, told

    return played


OPTIONS = {
    "plain": {},
    "large payloads": {"body": LARGE, "output": LARGE},
    "its events lost": {"events": ()},
    "its events twice, late": {"events": (0.1, 130.0)},
    "over before it is marked": {"run_seconds": 0.0},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_redrive_that_nothing_disturbs_goes_on_in_its_origins_execution(options: dict[str, Any], play: Play) -> None:
    story, told = play(**options)
    assert isinstance(told, Redriven)
    assert told.resumed
    assert (told.job.origin, told.job.execution_arn) == (story.origin, story.arn)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("options", [{}, {"events": ()}], ids=["plain", "its events lost"])
def test_no_single_fault_loses_or_doubles_a_redrive(options: dict[str, Any], fault: Fault, play: Play) -> None:
    number = 0
    while True:

        def breaks(world: World, begins: int, number: int = number) -> None:
            world.wire.faults[begins + number] = fault

        story, _ = play(breaks, **options)
        if number >= story.walked:
            break
        number += 1
    assert number >= 8


@pytest.mark.parametrize("second", ["dies before it", "is throttled", "is denied"])
def test_nothing_that_happens_after_a_lost_answer_loses_or_doubles_a_redrive(second: Fault, play: Play) -> None:
    for number in range(10):

        def breaks(world: World, begins: int, number: int = number) -> None:
            world.wire.faults |= {begins + number: "gets no answer to what was done", begins + number + 1: second}

        play(breaks)


@pytest.mark.parametrize("seconds", [50, 500])
def test_a_process_that_stands_still_during_a_redrive_harms_nothing(seconds: int, play: Play) -> None:
    for number in range(10):

        def stands_still(world: World, begins: int, number: int = number) -> None:
            def meanwhile() -> None:
                world.clock.sleep(seconds)
                world.sweep()

            world.wire.meanwhile[begins + number] = meanwhile

        play(stands_still)


def test_of_two_redrives_at_once_one_is_made_and_the_other_is_told_its_job(play: Play) -> None:
    for number in range(9):
        others: list[Told] = []

        def twice(world: World, begins: int, number: int = number, others: list[Told] = others) -> None:
            (origin,) = world.wire.written
            world.wire.meanwhile[begins + number] = lambda: others.append(world.redrive(origin))

        story, told = play(twice)
        both = [told, *others]
        (made,) = [one for one in both if isinstance(one, Redriven)]
        (refused,) = [one for one in both if not isinstance(one, Redriven)]
        assert isinstance(refused, AlreadyRedriven | JobEnded), repr(refused)
        if isinstance(refused, AlreadyRedriven):
            assert refused.members["redriven_as"] == made.job.id
        assert story.attempts() == 1


def test_an_event_of_an_earlier_attempt_does_not_end_a_later_one(new_world: Callable[..., World]) -> None:
    world = new_world(run_seconds=30, events=(100, 101))
    answer = world.call(STANDARD, Preference(respond_async=True))
    assert isinstance(answer, Ran)
    for _ in range(2):  # the sweep records the failure long before its events come
        world.clock.sleep(46)
        world.sweep()
    told = world.redrive(answer.job.id)
    assert isinstance(told, Redriven)
    assert told.resumed
    world.clock.sleep(29)
    world.events = (200,)
    for _ in range(20):
        world.clock.sleep(0.5)
    statuses = {row["job_id"]: row["status"] for row in world.rows()}
    assert statuses == {answer.job.id: "FAILED", told.job.id: "RUNNING"}
    world.settle()
    assert {row["job_id"]: row["status"] for row in world.rows()}[told.job.id] == "SUCCEEDED"


def test_a_failed_redrive_is_redriven_again_and_each_attempt_keeps_its_own_end(
    new_world: Callable[..., World],
) -> None:
    world = new_world(events=(0.1, 130))
    world.redrives_end = ("TIMED_OUT", "SUCCEEDED")
    answer = world.call(STANDARD, Preference(respond_async=True))
    assert isinstance(answer, Ran)
    world.clock.sleep(5)
    newest, made = answer.job.id, [answer.job.id]
    for _ in range(2):
        told = world.redrive(newest)
        assert isinstance(told, Redriven)
        world.clock.sleep(5)
        newest = told.job.id
        made.append(newest)
    world.settle()
    rows = {row["job_id"]: (row["status"], row.get("error"), row.get("redrive_count")) for row in world.rows()}
    assert [rows[job_id] for job_id in made] == [
        ("FAILED", "Orders.Empty", None),
        ("TIMED_OUT", None, 1),
        ("SUCCEEDED", None, 2),
    ]
    refused = world.redrive(answer.job.id)
    assert isinstance(refused, AlreadyRedriven)
    assert refused.members["redriven_as"] == newest
