"""The life cycle under arbitrary sequences of what can happen to it, drawn by hypothesis.

Each example is a world: callers, cancels, deletions, batches, several callers step by step at once, sweeps, time, and
faults in whichever call comes next. At its end the world settles and is held to World.check. The examples are the same
in every run; those that ever failed are kept as stories below. To look further, run

    FLOWPORT_EXAMPLES=5000 pytest tests/unit/test_life_cycle.py
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from flowport.usecases import run_batch
from tests.unit.life_cycle_stories import STORIES
from tests.world import DirectDynamoDB, Fault, World
from tests.world.scenarios import ASYNC, EXPRESS, LONG_RUN, STANDARD, SYNC, WAIT, story
from tests.world.stack import KINDS
from tests.world.turns import Turns
from tests.world.wire import FAULTS

EXAMPLES = int(os.environ.get("FLOWPORT_EXAMPLES", "60"))
CALLS = {
    "sync Express": (EXPRESS, SYNC),
    "async Express": (EXPRESS, ASYNC),
    "Express awaited": (EXPRESS, WAIT),
    "sync Standard": (STANDARD, SYNC),
    "async Standard": (STANDARD, ASYNC),
}
calls, keys = st.sampled_from(sorted(CALLS)), st.sampled_from([None, "a", "b"])
deadlines = st.sampled_from([None, None, 2])
which = st.integers(0, 5)


class LifeCycle(RuleBasedStateMachine):
    """One world. Every rule takes plain values, so that a story can be told again without hypothesis."""

    def __init__(self, dynamodb: Any, new_table: Callable[[Any], str]) -> None:
        super().__init__()
        self._dynamodb, self._new_table = dynamodb, new_table
        self.steps: list[tuple[str, dict[str, Any]]] = []
        self.world: World

    def _tell(self, name: str, **values: Any) -> None:
        self.steps.append((name, values))

    @initialize(
        events=st.sampled_from([(0.1,), (), (0.1, 0.1), (90.0,), (0.1, 400.0)]),
        run_seconds=st.sampled_from([0.0, 0.3, 30.0, LONG_RUN]),
        run_ends=st.sampled_from(["SUCCEEDED", "FAILED"]),
        off=st.sampled_from([None, None, *((kind, hours) for kind in KINDS for hours in (1, -1))]),
    )
    def begin(self, events: Sequence[float], run_seconds: float, run_ends: str, off: tuple[str, int] | None) -> None:
        self._tell("begin", events=events, run_seconds=run_seconds, run_ends=run_ends, off=off)
        self.world = World(
            self._dynamodb,
            self._new_table(self._dynamodb),
            events=events,
            run_seconds=run_seconds,
            run_ends=run_ends,
            ahead={off[0]: off[1] * 3600} if off else None,
        )

    def _job(self, which: int) -> str | None:
        made = list(self.world.wire.written)
        return made[which % len(made)] if made else None

    def _call(self, call: str, key: str | None = None, deadline: int | None = None, hook: bool = False) -> None:
        endpoint, preference = CALLS[call]
        if hook:
            endpoint = replace(endpoint, callback_url="https://hooks.example.com/done")
        self.world.call(endpoint, preference, idempotency_key=key, deadline=deadline)

    @rule(call=calls, key=keys, deadline=deadlines, hook=st.booleans())
    def call(self, call: str, key: str | None, deadline: int | None, hook: bool) -> None:
        self._tell("call", call=call, key=key, deadline=deadline, hook=hook)
        self._call(call, key, deadline, hook)

    @rule(call=calls, on_conflict=st.sampled_from(["return", "reject", "restart-if-failed"]))
    def named(self, call: str, on_conflict: str) -> None:
        self._tell("named", call=call, on_conflict=on_conflict)
        endpoint, preference = CALLS[call]
        self.world.call(endpoint, preference, client_job_id="mine", on_conflict=on_conflict)

    @rule(call=calls, key=keys)
    def batch(self, call: str, key: str | None) -> None:
        self._tell("batch", call=call, key=key)
        endpoint, preference = CALLS[call]
        self.world.batch(endpoint, preference, ("1", "2"), idempotency_key=key)

    @rule(
        actors=st.lists(
            st.sampled_from([*sorted(CALLS), "cancel", "delete", "redrive", "sweep"]), min_size=2, max_size=4
        ),
        key=keys,
        order=st.lists(st.integers(0, 3), max_size=30),
    )
    def together(self, actors: list[str], key: str | None, order: list[int]) -> None:
        """Let several act at once; who goes on at each call to AWS is drawn."""
        self._tell("together", actors=actors, key=key, order=order)
        acts: dict[str, Callable[[], object]] = {
            "cancel": lambda: self._cancel(0),
            "delete": lambda: self._delete(0),
            "redrive": lambda: self._redrive(0, key),
            "sweep": self.world.sweep,
        } | {name: lambda name=name: self._call(name, key) for name in CALLS}  # type: ignore[misc]
        turns = chain(order, repeat(0))
        Turns(self.world, lambda count: next(turns) % count).play([acts[actor] for actor in actors])

    def _cancel(self, which: int) -> None:
        if (job_id := self._job(which)) is not None:
            self.world.cancel(job_id)

    def _delete(self, which: int) -> None:
        if (job_id := self._job(which)) is not None:
            self.world.delete(job_id)

    @rule(which=which)
    def cancel(self, which: int) -> None:
        self._tell("cancel", which=which)
        self._cancel(which)

    @rule(which=which, key=keys)
    def redrive(self, which: int, key: str | None) -> None:
        self._tell("redrive", which=which, key=key)
        self._redrive(which, key)

    def _redrive(self, which: int, key: str | None) -> None:
        if (job_id := self._job(which)) is not None:
            self.world.redrive(job_id, key)

    @rule(which=which)
    def delete(self, which: int) -> None:
        self._tell("delete", which=which)
        self._delete(which)

    @rule(which=which)
    def resend(self, which: int) -> None:
        self._tell("resend", which=which)
        if (job_id := self._job(which)) is not None:
            self.world.resend(job_id)

    @rule()
    def sweep(self) -> None:
        self._tell("sweep")
        self.world.sweep()

    @rule(seconds=st.sampled_from([0.2, 3.0, 50.0, 300.0]))
    def pass_time(self, seconds: float) -> None:
        self._tell("pass_time", seconds=seconds)
        while seconds > 0:
            self.world.clock.sleep(min(seconds, 60))
            seconds -= 60
            if seconds > 0:
                self.world.sweep()

    @rule(after=st.integers(0, 7), fault=st.sampled_from([*FAULTS, "is denied"]))
    def break_call(self, after: int, fault: Fault) -> None:
        self._tell("break_call", after=after, fault=fault)
        self.world.wire.faults[len(self.world.wire.calls) + after] = fault
        if fault == "is denied":  # the sweep comes back to it after ten minutes
            self.world.slack += 600

    @rule(after=st.integers(0, 7), seconds=st.sampled_from([1.0, 25.0, 50.0, 500.0]))
    def stand_still(self, after: int, seconds: float) -> None:
        """Let the process that makes a call stand still before it, while the sweep works."""
        self._tell("stand_still", after=after, seconds=seconds)

        def meanwhile() -> None:
            self.world.clock.sleep(seconds)
            self.world.sweep()

        self.world.wire.meanwhile[len(self.world.wire.calls) + after] = meanwhile
        self.world.slack += seconds

    @rule(
        service=st.sampled_from(["dynamodb", "states", "lambda", ""]),
        seconds=st.sampled_from([2.0, 15.0, 60.0]),
        outage_is=st.sampled_from(["gets no answer", "is throttled"]),
    )
    def outage(self, service: str, seconds: float, outage_is: Fault) -> None:
        self._tell("outage", service=service, seconds=seconds, outage_is=outage_is)
        self.world.wire.outage_is = outage_is
        now = self.world.clock.monotonic()
        self.world.wire.outage = (service, now, now + seconds)
        self.world.slack += seconds

    def teardown(self) -> None:
        if not self.steps:
            return
        try:
            self.world.settle(60)
            self.world.check()
        except AssertionError as broken:
            told = "\n".join(f"    {step}," for step in self.steps)
            raise AssertionError(f"{broken}\nstory:\n{told}\n{story(self.world)}") from broken
        finally:
            self._dynamodb.delete_table(TableName=self.world.table)


@pytest.fixture
def _one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_batch, "AT_ONCE", 1)  # so that the same story is the same calls


@pytest.mark.usefixtures("_one_at_a_time")
def test_whatever_happens_no_job_is_lost_doubled_stuck_or_moved_backwards(
    dynamodb: Any, new_jobs_table: Callable[[Any], str]
) -> None:
    direct = DirectDynamoDB(dynamodb.meta.region_name)
    run_state_machine_as_test(
        lambda: LifeCycle(direct, new_jobs_table),  # type: ignore[arg-type]  # any maker will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=12,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.usefixtures("_one_at_a_time")
@pytest.mark.parametrize("name", STORIES)
def test_a_story_that_once_ended_badly_ends_well(
    name: str, dynamodb: Any, new_jobs_table: Callable[[Any], str]
) -> None:
    machine = LifeCycle(DirectDynamoDB(dynamodb.meta.region_name), new_jobs_table)
    for step, values in STORIES[name]:
        getattr(LifeCycle, step)(machine, **values)
    machine.teardown()
