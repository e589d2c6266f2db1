"""Detached Express runs: claimed once, recorded, never started a second time."""

from collections.abc import Callable

import pytest

from tests.functional.harness import DETACHED_JOB, EXPRESS_ARN, Aws, Handler, event

Load = Callable[..., Handler]


@pytest.fixture
def run_express(published: Aws, load: Load) -> Handler:
    """The function, with the job of `run_async_express` accepted."""
    load("GatewayFunction")(event("apigateway/run_async_express"), None)
    return load("RunExpressFunction")


def test_a_hand_over_is_run_and_its_end_recorded(run_express: Handler, aws: Aws) -> None:
    run_express(event("lambda/run_express"), None)

    assert aws.sync_executions.requests == [
        {"stateMachineArn": EXPRESS_ARN, "name": f"fp-{DETACHED_JOB}", "input": '{"seconds":2}'}
    ]
    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["output"]) == ("SUCCEEDED", '{"name":"hello world"}')
    assert row["execution_arn"] == f"{EXPRESS_ARN.replace('stateMachine', 'express')}:fp-{DETACHED_JOB}:5f0c1d"


def test_a_hand_over_that_comes_twice_runs_once(run_express: Handler, aws: Aws) -> None:
    run_express(event("lambda/run_express"), None)
    first = aws.job(DETACHED_JOB)

    run_express(event("lambda/run_express"), None)

    assert len(aws.sync_executions.requests) == 1
    assert aws.job(DETACHED_JOB) == first


def test_who_comes_second_while_the_first_still_runs_starts_nothing(run_express: Handler, aws: Aws) -> None:
    aws.dynamodb.update_item(
        TableName="JobsTable",
        Key={"job_id": {"S": DETACHED_JOB}, "item": {"S": "job"}},
        UpdateExpression="SET #status = :running, attempt = :other",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":running": {"S": "RUNNING"}, ":other": {"S": "another attempt"}},
    )

    run_express(event("lambda/run_express"), None)

    assert aws.sync_executions.requests == []
    assert aws.job(DETACHED_JOB)["status"] == "RUNNING"


def test_a_failed_run_is_recorded_with_error_and_cause(run_express: Handler, aws: Aws) -> None:
    aws.sync_executions.answer = {"status": "FAILED", "error": "InvalidSeconds", "cause": "seconds must be a number."}

    run_express(event("lambda/run_express"), None)

    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["error"], row["cause"]) == ("FAILED", "InvalidSeconds", "seconds must be a number.")
    assert "output" not in row


def test_a_start_that_is_refused_for_good_ends_the_job_as_not_started(run_express: Handler, aws: Aws) -> None:
    aws.sync_executions.refusal = "AccessDeniedException"

    run_express(event("lambda/run_express"), None)

    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")


def test_a_start_whose_answer_was_lost_is_not_repeated(run_express: Handler, aws: Aws) -> None:
    aws.sync_executions.refusal = "InternalServerError"

    run_express(event("lambda/run_express"), None)
    run_express(event("lambda/run_express"), None)

    assert len(aws.sync_executions.requests) == 1
    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.OutcomeUnknown")


def test_a_large_input_reaches_the_workflow_whole(published: Aws, load: Load, aws: Aws) -> None:
    text = '{"seconds":2,"note":"' + "x" * 100_000 + '"}'
    load("GatewayFunction")(event("apigateway/run_async_express", body=text), None)

    load("RunExpressFunction")(event("lambda/run_express"), None)

    assert aws.sync_executions.requests[0]["input"] == text


def test_a_job_that_is_not_there_starts_nothing(published: Aws, load: Load, aws: Aws) -> None:
    load("RunExpressFunction")(event("lambda/run_express"), None)

    assert aws.sync_executions.requests == []
    assert aws.jobs() == []
