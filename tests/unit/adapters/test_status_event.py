"""EventBridge's status events: what each says, and when it leaves too much out to be believed alone."""

from typing import Any

import pytest

from flowport.adapters.status_event import completion_of
from flowport.domain.job import Outcome
from tests.fakes import ACCOUNT, JOB_ID, NOW

ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"


def _event(**changes: Any) -> dict[str, Any]:
    detail = {
        "executionArn": ARN,
        "stateMachineArn": f"{ACCOUNT}:stateMachine:durable",
        "name": f"fp-{JOB_ID}",
        "status": "SUCCEEDED",
        "startDate": NOW,
        "stopDate": NOW + 900,
        "input": "{}",
        "output": '{"total":42}',
        "inputDetails": {"included": True},
        "outputDetails": {"included": True},
        "error": None,
        "cause": None,
    }
    return {"source": "aws.states", "detail": {**detail, **changes}}


def test_a_success_has_its_output_and_times() -> None:
    completion = completion_of(_event())
    assert (completion.execution_arn, completion.name) == (ARN, f"fp-{JOB_ID}")
    assert completion.outcome == Outcome("SUCCEEDED", NOW + 900, output='{"total":42}', started_at=NOW)


def test_an_event_numbers_the_attempt_that_ended_and_tells_its_own_times() -> None:
    completion = completion_of(_event(redriveCount=2, redriveDate=NOW + 700))
    assert completion.redrives == 2
    assert completion.outcome is not None
    assert completion.outcome.started_at == NOW + 700
    first = completion_of(_event(redriveCount=0, redriveDate=None, outputDetails={"included": False}))
    assert (first.redrives, first.outcome) == (0, None)
    assert completion_of(_event()).redrives is None


def test_a_failure_has_its_error_and_cause() -> None:
    event = _event(status="FAILED", output=None, outputDetails=None, error="Oops", cause="it broke")
    assert completion_of(event).outcome == Outcome("FAILED", NOW + 900, error="Oops", cause="it broke", started_at=NOW)


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED"])
def test_an_end_from_outside_needs_no_error(status: str) -> None:
    outcome = completion_of(_event(status=status, output=None)).outcome
    assert outcome is not None
    assert (outcome.status, outcome.output) == (status, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"output": None, "outputDetails": {"included": False}},
        {"output": None, "outputDetails": None},
        {"status": "FAILED", "output": None},
        {"status": "RUNNING", "stopDate": None, "output": None},
        {"status": "PENDING_REDRIVE"},
        {"stopDate": None},
    ],
    ids=["output left out", "no output", "failure without error", "runs", "redriven", "no time"],
)
def test_an_event_that_leaves_something_out_is_no_outcome(changes: dict[str, Any]) -> None:
    assert completion_of(_event(**changes)).outcome is None


def test_a_workflows_error_cannot_pass_for_one_of_flowports_own() -> None:
    outcome = completion_of(_event(status="FAILED", output=None, error="Flowport.NotStarted")).outcome
    assert outcome is not None
    assert outcome.error == "Workflow.Flowport.NotStarted"
