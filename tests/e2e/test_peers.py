"""The test that Restate, DBOS and Temporal were put to: acknowledged runs, and every worker killed in the middle.

Thirty runs of three steps are accepted; while they run, every process in which the engine runs Lambda functions gets
SIGKILL, the gateway, the recorder, the holder of detached runs and the functions behind the steps alike. What was
started and ended is then counted by the workflows themselves, in a table of their own.

The sweep looks at a lost Standard event after 60 s and at a claimed Express run after 7 minutes. Nobody waits that long
here: `bring_forward` moves the time of that look into the past, and only once the engine has no execution running and
no function has recorded an end for a while, which is what the 7 minutes are for.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from dev.workers import kill, workers
from load.effects import NOTHING, Effect, executed, tallied
from tests.e2e.conftest import Jobs, Local

logger = logging.getLogger(__name__)

RUNS = 30
OPEN = {"ACCEPTED", "RUNNING"}
# A function that has its run's answer records it within milliseconds; this is how long one may take that has to start.
SETTLED_AFTER_SECONDS = 6.0


@dataclass
class Runs:
    """Thirty acknowledged runs of one machine, and what there is to know about them."""

    local: Local
    caller: httpx.Client
    jobs: Jobs
    machine: str
    ids: list[str]

    def effects(self) -> dict[str, Effect]:
        found = tallied(self.local.aws("dynamodb"), self.local.machines["TallyTableName"])
        return {job_id: found.get(job_id, NOTHING) for job_id in self.ids}

    def executions(self) -> dict[str, str]:
        found = dict(executed(self.local.aws("stepfunctions"), self.local.machines[self.machine]))
        return {job_id: found[job_id] for job_id in self.ids if job_id in found}

    def statuses(self) -> dict[str, str]:
        return {job_id: self.jobs.row(job_id)["status"] for job_id in self.ids}

    def history(self, event: str) -> int:
        """Count an event of the executions' histories, which the engine keeps for Express ones too."""
        states = self.local.aws("stepfunctions")
        stem = self.local.machines[self.machine].replace(":stateMachine:", ":execution:")
        arns = [f"{stem}:fp-{job_id}" for job_id in self.executions()]
        pages = [states.get_execution_history(executionArn=arn, maxResults=1000)["events"] for arn in arns]
        return sum(found["type"] == event for page in pages for found in page)

    def kill_all_workers_in_the_middle(self) -> Counter[str]:
        """Wait until half of the runs have been started, then end every worker; say whose they were."""
        until(lambda: sum(effect.starts for effect in self.effects().values()) >= RUNS / 2, within=90)
        assert any(effect.starts and not effect.ends for effect in self.effects().values())
        found = workers(self.local.engine())
        kill(found)
        return Counter(worker.function for worker in found)

    def settle(self) -> None:
        """Wait until nothing runs any more and nothing is recorded any more."""
        deadline = time.monotonic() + 100
        seen, since = self.statuses(), time.monotonic()
        while time.monotonic() - since < SETTLED_AFTER_SECONDS or "RUNNING" in self.executions().values():
            assert time.monotonic() < deadline, Counter(self.executions().values())
            time.sleep(1)
            if (now := self.statuses()) != seen:
                seen, since = now, time.monotonic()

    def sweep_what_is_left(self) -> None:
        """Let the sweep look at what has not ended, and what it starts anew run to its end."""
        for _ in range(3):
            self.settle()
            left = [job_id for job_id, status in self.statuses().items() if status in OPEN]
            if not left:
                return
            for job_id in left:
                self.jobs.bring_forward(job_id)
            self.jobs.sweep()


def until(holds: Callable[[], bool], *, within: float) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def acknowledged(local: Local, caller: httpx.Client, jobs: Jobs, endpoint: Callable[..., str]) -> Callable[[str], Runs]:
    """Have thirty runs of a machine accepted, each answered with 202."""

    def start(machine: str) -> Runs:
        named: dict[str, str | None] = {"express_arn": None, "standard_arn": None}
        named["express_arn" if "Express" in machine else "standard_arn"] = local.machines[machine]
        path = endpoint(mode="async", **named)

        def call(_number: int) -> str:
            # A busy machine's engine is slow to start workers, and some calls are refused for want of time. What was
            # not answered with 202 was not acknowledged, and another call takes its place.
            for _ in range(20):
                answer = caller.post(f"/v1/run/{path}", json={"seconds": 2})
                if answer.status_code == 202:
                    return str(answer.json()["id"])
            raise AssertionError(answer.text)

        with ThreadPoolExecutor(4) as pool:
            return Runs(local, caller, jobs, machine, list(pool.map(call, range(RUNS))))

    return start


@pytest.mark.slow
def test_thirty_standard_runs_finish_although_every_worker_is_killed_in_the_middle(
    acknowledged: Callable[[str], Runs],
) -> None:
    runs = acknowledged("ThreeStepsStandardArn")
    killed = runs.kill_all_workers_in_the_middle()
    assert any("TakeStep" in function for function in killed), killed
    runs.settle()
    recorded = Counter(runs.statuses().values())
    runs.sweep_what_is_left()
    logger.info("killed %s; recorded before the sweep %s", dict(killed), dict(recorded))
    assert Counter(runs.statuses().values()) == {"SUCCEEDED": RUNS}
    assert set(runs.effects().values()) == {Effect(starts=1, ends=1)}
    # The kill did hit steps, and each of them was taken again.
    assert runs.history("TaskFailed") > 0


@pytest.mark.slow
def test_of_thirty_express_runs_none_runs_twice_and_none_is_stuck_although_every_worker_is_killed(
    acknowledged: Callable[[str], Runs],
) -> None:
    runs = acknowledged("ThreeStepsExpressArn")
    killed = runs.kill_all_workers_in_the_middle()
    assert any("run-express" in function for function in killed), killed
    runs.sweep_what_is_left()
    effects, ends = runs.effects(), {job_id: runs.jobs.row(job_id) for job_id in runs.ids}
    counted = Counter(row.get("error", row["status"]) for row in ends.values())
    logger.info("killed %s; ended %s", dict(killed), dict(counted))
    assert max(effect.starts for effect in effects.values()) == 1
    assert counted.keys() == {"SUCCEEDED", "Flowport.OutcomeUnknown"}
    assert counted.total() == RUNS
    succeeded = [job_id for job_id, row in ends.items() if row["status"] == "SUCCEEDED"]
    assert {effects[job_id] for job_id in succeeded} == {Effect(starts=1, ends=1)}


def test_after_a_kill_the_engine_runs_functions_in_new_workers(local: Local, caller: httpx.Client) -> None:
    before = workers(local.engine())
    kill(before)
    answer = caller.post(f"/v1/run/{local.samples['hello']}", json={})
    assert answer.status_code == 200
    assert not {worker.pid for worker in before} & {worker.pid for worker in workers(local.engine())}
