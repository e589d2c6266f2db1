"""The gateway function, redriving: resumed by hooks that answer as AWS does (moto knows no redrives), or restarted."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from flowport import wiring
from tests.functional.harness import ASYNC_JOB, NOW, STANDARD_ARN, Aws, Handler, _answered, event, token_credential

Load = Callable[..., Handler]
# The job that events/apigateway/redrive.json makes: computed from its extendedRequestId.
REDRIVEN_JOB = "db89ab95-f4dd-80e4-b22a-f1254145cb0a"
EXECUTION = STANDARD_ARN.replace(":stateMachine:", ":execution:") + f":fp-{ASYNC_JOB}"
LINKS = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/"


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    """The gateway, and the job of `run_async` ended as `execution_failed` says."""
    gateway = load("GatewayFunction")
    gateway(event("apigateway/run_async"), None)
    load("RecordCompletionFunction")(event("eventbridge/execution_failed"), None)
    return gateway


class Redrives:
    """DescribeExecution of a failed execution, and RedriveExecution, which begins its next attempt."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.count = 0

    def describe(self, params: Mapping[str, Any], **_: object) -> Any:
        at = datetime.fromtimestamp(NOW / 1000, UTC)
        answer = {"executionArn": json.loads(params["body"])["executionArn"], "startDate": at, "redriveCount": 0}
        ended = {"status": "FAILED", "stopDate": at, "redriveStatus": "REDRIVABLE"}
        running = {"status": "RUNNING", "redriveStatus": "NOT_REDRIVABLE", "redriveCount": self.count}
        return _answered(200, answer | (running if self.count else ended))

    def redrive(self, params: Mapping[str, Any], **_: object) -> Any:
        self.requests.append(json.loads(params["body"]))
        self.count += 1
        return _answered(200, {"redriveDate": datetime.fromtimestamp(NOW / 1000, UTC)})


@pytest.fixture
def redrives(gateway: Handler, aws: Aws) -> Redrives:
    """Step Functions as on AWS, its machine tagged by its owner."""
    redrives = Redrives()
    hooks = wiring.Clients().executions().meta.events
    hooks.register("before-call.sfn.DescribeExecution", redrives.describe)
    hooks.register("before-call.sfn.RedriveExecution", redrives.redrive)
    aws.stepfunctions.tag_resource(resourceArn=STANDARD_ARN, tags=[{"key": "flowport:publish", "value": "default"}])
    return redrives


def test_a_failed_run_goes_on_in_its_execution_and_its_event_ends_the_new_job(
    gateway: Handler, redrives: Redrives, aws: Aws, load: Load
) -> None:
    answer = gateway(event("apigateway/redrive"), None)

    assert (answer["statusCode"], answer["headers"]["Flowport-Redrive"]) == (202, "resumed")
    assert answer["headers"]["Location"] == LINKS + REDRIVEN_JOB
    body = json.loads(answer["body"])
    assert (body["status"], body["origin"], body["execution_arn"]) == ("RUNNING", ASYNC_JOB, EXECUTION)
    assert body["labels"] == {"team": "blue", "run": "42"}
    row = aws.job(REDRIVEN_JOB)
    assert redrives.requests == [{"executionArn": EXECUTION, "clientToken": row["attempt"]}]

    record = load("RecordCompletionFunction")
    late, ends = event("eventbridge/execution_failed"), event("eventbridge/execution_succeeded")
    ends["detail"] |= {"redriveCount": 1, "redriveDate": NOW}
    record(late, None)
    assert aws.job(REDRIVEN_JOB)["status"] == "RUNNING"
    record(ends, None)
    assert aws.job(REDRIVEN_JOB)["status"] == "SUCCEEDED"
    origin = json.loads(gateway(event("apigateway/read_job"), None)["body"])
    assert (origin["status"], origin["links"]["redriven_as"]) == ("FAILED", LINKS + REDRIVEN_JOB)


def test_the_same_request_delivered_twice_redrives_once(gateway: Handler, redrives: Redrives, aws: Aws) -> None:
    keyed = {"Idempotency-Key": "k"}
    first, again = (gateway(event("apigateway/redrive", headers=keyed), None) for _ in range(2))
    assert first["body"] == again["body"]
    assert len(redrives.requests) == 1
    refused = gateway(event("apigateway/redrive"), None)
    assert refused["statusCode"] == 409
    problem = json.loads(refused["body"])
    assert (problem["type"], problem["redriven_as"]) == ("urn:flowport:problem:already-redriven", REDRIVEN_JOB)


def test_a_machine_that_lost_its_tag_does_not_go_on(gateway: Handler, redrives: Redrives, aws: Aws) -> None:
    aws.stepfunctions.untag_resource(resourceArn=STANDARD_ARN, tagKeys=["flowport:publish"])
    answer = gateway(event("apigateway/redrive"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (
        403,
        "urn:flowport:problem:consent-withdrawn",
    )
    assert (redrives.requests, aws.job(REDRIVEN_JOB)) == ([], {})


def test_where_step_functions_does_not_say_that_a_run_can_go_on_it_is_started_anew(gateway: Handler, aws: Aws) -> None:
    aws.stepfunctions.stop_execution(executionArn=EXECUTION)
    answer = gateway(event("apigateway/redrive"), None)
    assert (answer["statusCode"], answer["headers"]["Flowport-Redrive"]) == (202, "restarted")
    assert json.loads(answer["body"])["execution_arn"] == EXECUTION.replace(ASYNC_JOB, REDRIVEN_JOB)
    started = aws.stepfunctions.describe_execution(executionArn=EXECUTION.replace(ASYNC_JOB, REDRIVEN_JOB))
    assert json.loads(started["input"]) == {"seconds": 2}


def test_another_callers_job_is_not_redriven(gateway: Handler, redrives: Redrives, aws: Aws) -> None:
    aws.put(token_credential(credential_id="tok_other"))
    assert gateway(event("apigateway/redrive"), None)["statusCode"] == 403
    assert redrives.requests == []
