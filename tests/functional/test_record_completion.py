"""The recorder: EventBridge's events, which come late, twice, out of order or without the output."""

import json
from collections.abc import Callable

import pytest

from tests.functional.harness import ASYNC_JOB, STANDARD_ARN, Aws, Handler, event

Load = Callable[..., Handler]


@pytest.fixture
def recorder(published: Aws, load: Load) -> Handler:
    """The recorder, with the job of `run_async` running."""
    load("GatewayFunction")(event("apigateway/run_async"), None)
    return load("RecordCompletionFunction")


def result(capsys: pytest.CaptureFixture[str]) -> str:
    """Give what the recorder logged that it did."""
    (line,) = [line for line in capsys.readouterr().out.splitlines() if '"message":"completion"' in line]
    found: str = json.loads(line)["result"]
    return found


@pytest.mark.parametrize(
    ("name", "recorded"),
    [
        (
            "succeeded",
            {
                "status": "SUCCEEDED",
                "output": '{"seconds":2,"lines":["A report that took its time.","Waited for 2 s."]}',
            },
        ),
        (
            "failed",
            {
                "status": "FAILED",
                "error": "InvalidSeconds",
                "cause": "seconds must be a whole number from 0 to 600, not two.",
            },
        ),
        ("timed_out", {"status": "TIMED_OUT"}),
        ("aborted", {"status": "ABORTED", "error": "Operator", "cause": "Stopped by hand."}),
    ],
)
def test_an_event_ends_its_job(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str], name: str, recorded: dict[str, str]
) -> None:
    recorder(event(f"eventbridge/execution_{name}"), None)

    row = aws.job(ASYNC_JOB)
    assert {key: row[key] for key in ("status", "output", "error", "cause") if key in row} == recorded
    assert row["finished_at"] == "1795314002411"
    assert not row.keys() & {"open_shard", "check_at"}
    assert result(capsys) == "recorded"


def test_an_event_that_comes_twice_is_recorded_once(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder(event("eventbridge/execution_succeeded"), None)
    first = aws.job(ASYNC_JOB)
    assert result(capsys) == "recorded"

    recorder(event("eventbridge/execution_succeeded"), None)

    assert aws.job(ASYNC_JOB) == first
    assert result(capsys) == "known"


def test_an_ended_job_never_changes(recorder: Handler, aws: Aws) -> None:
    recorder(event("eventbridge/execution_succeeded"), None)
    first = aws.job(ASYNC_JOB)

    for name in ("failed", "timed_out", "aborted", "succeeded_large"):
        recorder(event(f"eventbridge/execution_{name}"), None)

    assert aws.job(ASYNC_JOB) == first


def test_an_output_too_large_for_its_event_is_fetched(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    # moto's executions run until they are stopped; what is fetched is what it then says.
    aws.stepfunctions.stop_execution(
        executionArn=aws.job(ASYNC_JOB)["execution_arn"], error="Fetched", cause="from DescribeExecution"
    )

    recorder(event("eventbridge/execution_succeeded_large"), None)

    assert aws.job(ASYNC_JOB)["status"] == "ABORTED"
    assert result(capsys) == "recorded"


def test_an_event_ahead_of_step_functions_own_state_changes_nothing(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder(event("eventbridge/execution_succeeded_large"), None)

    assert aws.job(ASYNC_JOB)["status"] == "RUNNING"
    assert result(capsys) == "running"


def test_an_event_that_overtakes_the_start_ends_the_accepted_job(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.dynamodb.update_item(
        TableName="JobsTable",
        Key={"job_id": {"S": ASYNC_JOB}, "item": {"S": "job"}},
        UpdateExpression="SET #status = :accepted",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":accepted": {"S": "ACCEPTED"}},
    )

    recorder(event("eventbridge/execution_succeeded"), None)

    assert aws.job(ASYNC_JOB)["status"] == "SUCCEEDED"
    assert result(capsys) == "recorded"


def test_a_strangers_execution_is_left_alone(recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    recorder(event("eventbridge/execution_foreign"), None)

    assert aws.jobs() == [ASYNC_JOB]
    assert result(capsys) == "foreign"


def test_an_execution_of_another_machine_with_a_jobs_name_is_left_alone(
    recorder: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    forged = event("eventbridge/execution_succeeded")
    forged["detail"]["executionArn"] = forged["detail"]["executionArn"].replace("ReportStandard", "Forged")
    forged["detail"]["stateMachineArn"] = STANDARD_ARN.replace("ReportStandard", "Forged")

    recorder(forged, None)

    assert aws.job(ASYNC_JOB)["status"] == "RUNNING"
    assert result(capsys) == "foreign"


def test_neither_input_nor_output_is_logged(recorder: Handler, capsys: pytest.CaptureFixture[str]) -> None:
    secret = event("eventbridge/execution_succeeded")
    secret["detail"] |= {"input": '{"pin":"secret-4711"}', "output": '{"pin":"secret-4712"}'}

    recorder(secret, None)

    printed = capsys.readouterr()
    assert "secret-471" not in printed.out + printed.err
