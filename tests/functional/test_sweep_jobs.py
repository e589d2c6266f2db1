"""The sweep: each kind of job that did not move on, and what becomes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.harness import ASYNC_JOB, DETACHED_JOB, NOW, STANDARD_ARN, SYNC_JOB, Aws, Handler, event

Load = Callable[..., Handler]
EVERY_MINUTE = event("eventbridge/every_minute")


@pytest.fixture
def sweep(published: Aws, load: Load) -> Handler:
    return load("SweepJobsFunction")


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


def executions(aws: Aws) -> list[str]:
    return [one["name"] for one in aws.stepfunctions.list_executions(stateMachineArn=STANDARD_ARN)["executions"]]


def write(aws: Aws, job_id: str, **values: Any) -> None:
    """Put a job's row into the state in which a crash would have left it."""
    names = {f"#{name}": name for name in values}
    aws.dynamodb.update_item(
        TableName="JobsTable",
        Key={"job_id": {"S": job_id}, "item": {"S": "job"}},
        UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values) + " REMOVE started_at",
        ExpressionAttributeNames=names,
        ExpressionAttributeValues={
            f":{name}": {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in values.items()
        },
    )


def test_with_nothing_to_do_nothing_is_done(sweep: Handler, gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_sync"), None)
    gateway(event("apigateway/run_async"), None)  # running, and not due yet
    rows = aws.job(SYNC_JOB), aws.job(ASYNC_JOB)

    assert sweep(EVERY_MINUTE, None) == {}
    assert (aws.job(SYNC_JOB), aws.job(ASYNC_JOB)) == rows


def test_an_asynchronous_standard_job_that_was_never_started_is_started_once(
    sweep: Handler, gateway: Handler, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before_the_start(gateway, monkeypatch, "apigateway/run_async")
    assert (aws.job(ASYNC_JOB)["status"], executions(aws)) == ("ACCEPTED", [])
    aws.clock.sleep(60)

    assert sweep(EVERY_MINUTE, None) == {"started": 1}
    assert (aws.job(ASYNC_JOB)["status"], executions(aws)) == ("RUNNING", [f"fp-{ASYNC_JOB}"])
    assert sweep(EVERY_MINUTE, None) == {}
    assert executions(aws) == [f"fp-{ASYNC_JOB}"]


def test_an_asynchronous_express_job_that_nobody_claimed_is_handed_over_again(
    sweep: Handler, gateway: Handler, aws: Aws
) -> None:
    gateway(event("apigateway/run_async_express"), None)
    aws.invocations.requests.clear()  # as if that hand-over had been lost
    aws.clock.sleep(60)

    assert sweep(EVERY_MINUTE, None) == {"handed over": 1}
    assert aws.invocations.requests == [("flowport-run-express:live", "Event", {"job_id": DETACHED_JOB})]
    assert sweep(EVERY_MINUTE, None) == {}  # it waits before the next try


def test_an_express_job_that_nobody_claims_for_hours_is_given_up(sweep: Handler, gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_async_express"), None)
    aws.clock.sleep(6 * 3600 + 1)

    assert sweep(EVERY_MINUTE, None) == {"not started": 1}
    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")


def test_a_synchronous_standard_job_that_was_never_started_ends_as_not_started(
    sweep: Handler, gateway: Handler, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before_the_start(gateway, monkeypatch, "apigateway/run_sync", path="/v1/run/samples/report-standard")
    aws.clock.sleep(60)

    assert sweep(EVERY_MINUTE, None) == {"not started": 1}
    row = aws.job(SYNC_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")
    assert executions(aws) == []


def test_an_execution_that_was_started_but_not_noted_is_found(sweep: Handler, gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_async"), None)
    write(aws, ASYNC_JOB, status="ACCEPTED", mode="sync", check_at=NOW)
    aws.clock.sleep(60)

    assert sweep(EVERY_MINUTE, None) == {"found running": 1}
    assert aws.job(ASYNC_JOB)["status"] == "RUNNING"


def test_an_end_whose_event_never_came_is_recorded(sweep: Handler, gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_async"), None)
    aws.stepfunctions.stop_execution(executionArn=aws.job(ASYNC_JOB)["execution_arn"])
    aws.clock.sleep(120)

    assert sweep(EVERY_MINUTE, None) == {"recorded": 1}
    assert aws.job(ASYNC_JOB)["status"] == "ABORTED"


def test_a_run_that_goes_on_is_looked_at_ever_less_often(sweep: Handler, gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_async"), None)
    aws.clock.sleep(61)

    assert sweep(EVERY_MINUTE, None) == {"still running": 1}
    assert sweep(EVERY_MINUTE, None) == {}
    assert int(aws.job(ASYNC_JOB)["check_at"]) > aws.clock.now()


def test_an_express_run_whose_end_nobody_recorded_is_never_started_again(
    sweep: Handler, gateway: Handler, aws: Aws
) -> None:
    gateway(event("apigateway/run_async_express"), None)
    write(aws, DETACHED_JOB, status="RUNNING", check_at=NOW + 7 * 60_000)
    aws.invocations.requests.clear()
    aws.clock.sleep(6 * 60)
    assert sweep(EVERY_MINUTE, None) == {}

    aws.clock.sleep(61)
    assert sweep(EVERY_MINUTE, None) == {"outcome unknown": 1}
    row = aws.job(DETACHED_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.OutcomeUnknown")
    assert (aws.invocations.requests, aws.sync_executions.requests) == ([], [])


def test_an_execution_that_step_functions_has_forgotten_ends_its_job(
    sweep: Handler, gateway: Handler, aws: Aws
) -> None:
    gateway(event("apigateway/run_async"), None)
    aws.stepfunctions.delete_state_machine(stateMachineArn=STANDARD_ARN)
    aws.clock.sleep(61)

    assert sweep(EVERY_MINUTE, None) == {"outcome unknown": 1}
    assert aws.job(ASYNC_JOB)["error"] == "Flowport.OutcomeUnknown"


def test_one_job_that_cannot_be_repaired_harms_no_other(
    sweep: Handler, gateway: Handler, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_before_the_start(gateway, monkeypatch, "apigateway/run_async")
    write(aws, ASYNC_JOB, state_machine_arn=STANDARD_ARN + "-gone", check_at=NOW)
    gateway(event("apigateway/run_async_express"), None)
    aws.clock.sleep(60)

    assert sweep(EVERY_MINUTE, None) == {"not started": 1, "handed over": 1}
    assert aws.job(ASYNC_JOB)["error"] == "Flowport.NotStarted"


def test_the_lag_is_published_for_its_alarm(
    sweep: Handler, gateway: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    gateway(event("apigateway/run_async_express"), None)
    aws.clock.sleep(45 + 30)
    capsys.readouterr()

    sweep(EVERY_MINUTE, None)

    assert '"SweepLag":[30.0]' in capsys.readouterr().out.replace(" ", "")


class ProcessDied(BaseException):
    """The function's process ends here."""


def die_before_the_start(gateway: Handler, monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> None:
    """Let the gateway function die between the job's row and the start."""

    def die(*_: object, **__: object) -> None:
        raise ProcessDied

    with monkeypatch.context() as dying:
        dying.setattr("flowport.adapters.step_functions.StepFunctions.start_standard", die)
        with pytest.raises(ProcessDied):
            gateway(event(name, **changes), None)
