"""What a waiting call costs: how often it looks, at what, and at nothing else. docs/operations.md has the figures."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from flowport.domain.job import Outcome
from flowport.domain.preferences import Preference
from flowport.usecases.read_jobs import ReadJob
from flowport.usecases.wait import wait_for_end
from tests.fakes import JOB_ID, NOW, a_job, after, an_endpoint
from tests.unit.usecases.stack import Stack

ROOT = Path(__file__).parents[3]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
PRICED = json.loads((ROOT / "bench" / "prices.json").read_text())["prices"]
GATEWAY_GB = 1
READ_UNITS_OF_A_ROW = 1  # up to 4 KB
READ_UNITS_OF_A_REQUEST = 3  # workspace, credential and job


@pytest.fixture
def asked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is asked of the tables and of Step Functions."""
    counted: Counter[str] = Counter()

    def counting(port: Any, name: str) -> None:
        method = getattr(port, name)

        def call(*arguments: Any, **named: Any) -> Any:
            counted[name] += 1
            return method(*arguments, **named)

        monkeypatch.setattr(port, name, call)

    for name in ("get", "end"):
        counting(stack.jobs, name)
    for name in ("describe", "start_standard", "run_express", "stop", "history"):
        counting(stack.executions, name)
    counting(stack.directory, "look_up")
    return counted


@pytest.mark.parametrize(("seconds", "looks"), [(0.1, 2), (1, 7), (25, 32), (60, 67)])
def test_a_wait_looks_at_its_row_as_often_as_the_documentation_says(
    stack: Stack, asked: Counter[str], seconds: float, looks: int
) -> None:
    stack.jobs.create(a_job())
    wait_for_end(stack.jobs, stack.clock, a_job(), seconds)
    assert asked == {"get": looks}


def test_a_minute_of_waiting_costs_what_the_documentation_says(stack: Stack, asked: Counter[str]) -> None:
    stack.jobs.create(a_job())
    requests = (25, 25, 10)  # a call waits for at most 25 s
    for seconds in requests:
        stack.reader.read(stack.caller(), ReadJob(JOB_ID, wait=seconds))
    assert stack.clock.now() - NOW == pytest.approx(60_000, abs=10)
    # The fake directory takes the job from the same store: those reads are part of the request's one BatchGetItem.
    looks = asked["get"] - asked["look_up"]
    assert asked.keys() == {"get", "look_up"}
    assert (len(requests), looks) == (3, 81)
    lambda_time = 60 * GATEWAY_GB * price("lambda_gb_second_arm64")
    read_units = looks * READ_UNITS_OF_A_ROW + len(requests) * READ_UNITS_OF_A_REQUEST
    reads = read_units * price("dynamodb_read_request_unit")
    the_rest = len(requests) * (price("api_gateway_request") + price("lambda_request"))
    written = f"| {lambda_time:.6f} | {reads:.6f} | {the_rest:.6f} | {lambda_time + reads + the_rest:.6f} |"
    assert f"| 3 | {looks} | {read_units} {written}" in OPERATIONS


def price(name: str) -> float:
    return float(PRICED[name]["per_million"]) / 1_000_000


def test_a_call_that_waits_for_a_standard_run_asks_step_functions_for_nothing_but_its_start(
    stack: Stack, asked: Counter[str]
) -> None:
    stack.directory.add(an_endpoint(express_arn=None))
    stack.run()
    assert asked["get"] > 20
    assert {name: asked[name] for name in ("start_standard", "describe", "history", "run_express", "stop")} == {
        "start_standard": 1,
        "describe": 0,
        "history": 0,
        "run_express": 0,
        "stop": 0,
    }


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
@pytest.mark.parametrize("preference", [None, Preference(wait=20)])
def test_a_waiting_call_is_answered_at_once_however_the_run_ends(
    stack: Stack, status: Any, preference: Preference | None
) -> None:
    stack.directory.add(an_endpoint(express_arn=None))

    def end() -> None:
        if stack.clock.now() >= NOW + 3000:
            stack.jobs.end(stack.row(), Outcome(status, NOW + 3000, error="No.Tea"))

    after(stack.clock, "sleep", end)
    ran = stack.run(preference)
    assert (ran.job.status, ran.job.error) == (status, "No.Tea")
    assert stack.clock.now() - NOW <= 4100


def test_wait_0_answers_with_the_started_job_and_looks_at_nothing(stack: Stack, asked: Counter[str]) -> None:
    job = stack.run(Preference(wait=0)).job
    assert (job.status, asked["get"], stack.clock.now()) == ("RUNNING", 0, NOW)
