"""The gateway function, running endpoints: event file in, literal answer out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport.domain.records import Endpoint
from tests.functional.harness import (
    ASYNC_JOB,
    DETACHED_JOB,
    EXPRESS_ARN,
    STANDARD_ARN,
    STANDARD_NAME,
    SYNC_JOB,
    Aws,
    Handler,
    event,
)

Load = Callable[..., Handler]
HOST = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


def test_a_synchronous_call_answers_with_the_job_and_the_workflows_own_output(gateway: Handler, aws: Aws) -> None:
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": '{"total_cents":900,"rate":1.50}'}

    answer = gateway(event("apigateway/run_sync"), None)

    assert answer == {
        "statusCode": 200,
        "headers": {
            "Cache-Control": "no-store",
            "Content-Type": "application/json",
            "Flowport-Job-Id": SYNC_JOB,
            "Flowport-Request-Id": "JKJaXmPLvHcESHA=",
            "Location": f"{HOST}/v1/jobs/{SYNC_JOB}",
        },
        "body": (
            '{"id":"f9e3f3ae-ee33-8ace-90d2-9204bc880213","status":"SUCCEEDED","endpoint":"samples/quote","mode":"sync",'
            '"created_at":"2026-11-22T02:19:59.203Z","started_at":"2026-11-22T02:19:59.203Z",'
            '"finished_at":"2026-11-22T02:19:59.415Z","duration_ms":212,"output":{"total_cents":900,"rate":1.50},'
            '"error":null,"cause":null,"client_job_id":null,"labels":{},"origin":null,'
            '"execution_arn":"arn:aws:states:us-east-1:123456789012:express:QuoteExpress-8sTn4vBq1LxR:'
            'fp-f9e3f3ae-ee33-8ace-90d2-9204bc880213:5f0c1d",'
            '"links":{"self":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'f9e3f3ae-ee33-8ace-90d2-9204bc880213",'
            '"cancel":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'f9e3f3ae-ee33-8ace-90d2-9204bc880213/cancel",'
            '"steps":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'f9e3f3ae-ee33-8ace-90d2-9204bc880213/steps",'
            '"input":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'f9e3f3ae-ee33-8ace-90d2-9204bc880213/input"}}'
        ),
        "isBase64Encoded": False,
    }


def test_what_the_caller_sent_is_what_the_workflow_gets(gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_sync", body='{ "price": 1.10, "n": 10000000000000000000001 }'), None)

    assert aws.sync_executions.requests == [
        {
            "stateMachineArn": EXPRESS_ARN,
            "name": f"fp-{SYNC_JOB}",
            "input": '{ "price": 1.10, "n": 10000000000000000000001 }',
        }
    ]


def test_the_end_of_a_synchronous_run_is_in_its_row(gateway: Handler, aws: Aws) -> None:
    gateway(event("apigateway/run_sync"), None)

    row = aws.job(SYNC_JOB)
    assert (row["status"], row["output"], row["principal"]) == (
        "SUCCEEDED",
        '{"name":"hello world"}',
        "token:tok_example",
    )
    assert not row.keys() & {"open_shard", "check_at"}


def test_one_request_that_arrives_twice_runs_once_and_gets_one_job(gateway: Handler, aws: Aws) -> None:
    first = gateway(event("apigateway/run_sync"), None)
    second = gateway(event("apigateway/run_sync"), None)

    assert first == second
    assert len(aws.sync_executions.requests) == 1
    assert aws.jobs() == [SYNC_JOB]


def test_a_failed_run_is_the_workflows_fault(gateway: Handler, aws: Aws) -> None:
    cause = '{"message":"Validation Error. Invalid Argument Value","statusCode":418,"name":"ClientError"}'
    # AWS gives no output of a failed run, the local engine does: it is none.
    aws.sync_executions.answer = {"status": "FAILED", "error": "ClientError", "cause": cause, "output": "{}"}

    answer = gateway(event("apigateway/run_failing"), None)

    assert answer["statusCode"] == 500
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Flowport-Error-Source"] == "workflow"
    problem = json.loads(answer["body"])
    job = problem.pop("job")
    assert problem == {
        "type": "urn:flowport:problem:job-failed",
        "title": "The workflow failed",
        "status": 500,
        "detail": "The workflow failed: ClientError.",
        "error": "ClientError",
        "cause": cause,
    }
    assert (job["status"], job["output"], job["error"], job["cause"]) == ("FAILED", None, "ClientError", cause)


@pytest.mark.parametrize(
    ("status", "code", "kind"), [("TIMED_OUT", 504, "job-timed-out"), ("ABORTED", 409, "job-aborted")]
)
def test_every_other_unhappy_end_has_its_own_status(
    gateway: Handler, aws: Aws, status: str, code: int, kind: str
) -> None:
    aws.sync_executions.answer = {"status": status}

    answer = gateway(event("apigateway/run_sync"), None)

    assert answer["statusCode"] == code
    assert answer["headers"]["Flowport-Error-Source"] == "workflow"
    assert json.loads(answer["body"])["type"] == f"urn:flowport:problem:{kind}"


def test_a_gets_query_is_the_input_and_view_output_gives_it_bare(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_get"), None)

    assert aws.sync_executions.requests[0]["input"] == '{"name":"Ada Lovelace","tag":["a&b","ü"]}'
    assert (answer["statusCode"], answer["body"]) == (200, '{"name":"hello world"}')
    assert answer["headers"]["Content-Type"] == "application/json"


def test_view_http_makes_the_output_the_answer_but_sets_no_cookie(gateway: Handler, aws: Aws) -> None:
    output = {"statusCode": 418, "headers": {"Set-Cookie": "a=b", "X-Pot": "tea"}, "body": {"short": True}}
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": json.dumps(output)}

    answer = gateway(event("apigateway/run_sync", query={"view": ["http"]}), None)

    assert (answer["statusCode"], answer["body"]) == (418, '{"short":true}')
    assert answer["headers"]["X-Pot"] == "tea"
    assert answer["headers"]["Flowport-Removed-Headers"] == "set-cookie"
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert "set-cookie" not in {name.lower() for name in answer["headers"]}


def test_an_asynchronous_call_gets_202_and_a_location_below_the_stage(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_async"), None)

    assert answer == {
        "statusCode": 202,
        "headers": {
            "Cache-Control": "no-store",
            "Content-Type": "application/json",
            "Flowport-Job-Id": ASYNC_JOB,
            "Flowport-Request-Id": "Uk8f1GBdoAMFzGQ=",
            "Location": f"{HOST}/v1/jobs/{ASYNC_JOB}",
            "Preference-Applied": "respond-async",
            "Retry-After": "1",
            "Vary": "Prefer",
        },
        "body": (
            '{"id":"d1956ac9-8994-80af-9007-d136feabe9fa","status":"RUNNING","endpoint":"samples/report",'
            '"mode":"async","created_at":"2026-11-22T02:19:59.203Z","started_at":"2026-11-22T02:19:59.203Z",'
            '"finished_at":null,"duration_ms":null,"output":null,"error":null,"cause":null,"client_job_id":null,'
            '"labels":{"team":"blue","run":"42"},"origin":null,'
            '"execution_arn":"arn:aws:states:us-east-1:123456789012:execution:ReportStandard-Zq81kV2mYd7L:'
            'fp-d1956ac9-8994-80af-9007-d136feabe9fa",'
            '"links":{"self":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'd1956ac9-8994-80af-9007-d136feabe9fa",'
            '"cancel":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'd1956ac9-8994-80af-9007-d136feabe9fa/cancel",'
            '"steps":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'd1956ac9-8994-80af-9007-d136feabe9fa/steps",'
            '"input":"https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/jobs/'
            'd1956ac9-8994-80af-9007-d136feabe9fa/input"}}'
        ),
        "isBase64Encoded": False,
    }
    executions = aws.stepfunctions.list_executions(stateMachineArn=STANDARD_ARN)["executions"]
    assert [execution["name"] for execution in executions] == [f"fp-{ASYNC_JOB}"]
    assert aws.sync_executions.requests == []


@pytest.mark.parametrize(
    ("base_path", "path", "location"),
    [
        ("flow", "/flow/v1/run/samples/report", "https://api.example.com/flow/v1/jobs/"),
        ("", "/v1/run/samples/report", "https://api.example.com/v1/jobs/"),
    ],
)
def test_links_behind_a_custom_domain_carry_its_base_path(
    published: Aws, load: Load, base_path: str, path: str, location: str
) -> None:
    gateway = load("GatewayFunction", DomainName="api.example.com", BasePath=base_path)

    answer = gateway(event("apigateway/run_custom_domain", path=path), None)

    job_id = "e2b33b62-092d-8cf2-b8ac-820592bea839"
    assert answer["statusCode"] == 202
    assert answer["headers"]["Location"] == location + job_id
    assert json.loads(answer["body"])["links"]["self"] == location + job_id


def test_an_asynchronous_express_run_is_handed_over(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_async_express"), None)

    assert answer["statusCode"] == 202
    assert json.loads(answer["body"])["status"] == "ACCEPTED"
    assert aws.invocations.requests == [("flowport-run-express:live", "Event", event("lambda/run_express"))]
    assert aws.sync_executions.requests == []
    assert aws.jobs() == [DETACHED_JOB]


def test_a_wait_that_runs_out_gives_202_while_the_run_goes_on(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_wait"), None)

    assert answer["statusCode"] == 202
    assert answer["headers"]["Preference-Applied"] == "wait=1"
    assert answer["headers"]["Vary"] == "Prefer"
    assert json.loads(answer["body"])["status"] == "RUNNING"
    assert 1 <= aws.clock.slept < 1.1


def test_a_wait_ends_with_the_run(gateway: Handler, aws: Aws, load: Load) -> None:
    recorder = load("RecordCompletionFunction")
    aws.clock.meanwhile = lambda: recorder(event("eventbridge/execution_succeeded"), None)

    answer = gateway(event("apigateway/run_async", headers={"Prefer": "wait=20"}), None)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["output"] == {
        "seconds": 2,
        "lines": ["A report that took its time.", "Waited for 2 s."],
    }
    assert aws.clock.slept < 1


def test_a_synchronous_call_of_a_standard_machine_waits_25_seconds_at_most(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_sync", path="/v1/run/samples/report-standard", body='{"seconds":600}'), None)

    assert answer["statusCode"] == 202
    assert 24 < aws.clock.slept <= 25


def test_a_user_signs_in_with_workspace_name_and_password(gateway: Handler, aws: Aws) -> None:
    answer = gateway(event("apigateway/run_user"), None)

    assert answer["statusCode"] == 200
    job_id = answer["headers"]["Flowport-Job-Id"]
    assert aws.job(job_id)["principal"] == "user:ada"


def test_an_open_endpoint_takes_anybody(gateway: Handler, aws: Aws) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("none",)))

    answer = gateway(event("apigateway/run_without_credential"), None)

    assert answer["statusCode"] == 200
    assert aws.job(answer["headers"]["Flowport-Job-Id"])["principal"] == "anonymous"


def test_an_endpoint_is_found_by_its_decoded_name(gateway: Handler, aws: Aws) -> None:
    aws.put(Endpoint("default", "über uns", "heute", express_arn=EXPRESS_ARN))

    answer = gateway(event("apigateway/run_encoded_name", path="/v1/run/%C3%BCber%20uns/heute"), None)

    assert json.loads(answer["body"])["endpoint"] == "über uns/heute"


@pytest.mark.parametrize("size", [4096, 4097, 200_000])
def test_an_output_of_any_size_is_answered_and_kept(gateway: Handler, aws: Aws, size: int) -> None:
    output = json.dumps("x" * (size - 2))
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": output}

    answer = gateway(event("apigateway/run_sync"), None)
    again = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}"), None)

    assert json.loads(answer["body"])["output"] == json.loads(output)
    assert again["body"] == answer["body"]
    assert len(aws.job(SYNC_JOB).get("output", "")) <= 4096


def test_a_throttled_start_ends_the_job_and_asks_to_come_back(gateway: Handler, aws: Aws) -> None:
    aws.sync_executions.refusal = "ThrottlingException"

    answer = gateway(event("apigateway/run_sync"), None)

    assert answer["statusCode"] == 503
    assert answer["headers"]["Flowport-Error-Source"] == "gateway"
    assert int(answer["headers"]["Retry-After"]) >= 1
    row = aws.job(SYNC_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")


def test_a_machine_without_its_tag_is_said_to_have_withdrawn_its_consent(gateway: Handler, aws: Aws) -> None:
    aws.sync_executions.refusal = "AccessDeniedException"

    answer = gateway(event("apigateway/run_sync"), None)

    assert_problem(answer, 403, "consent-withdrawn")
    row = aws.job(SYNC_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")


def test_a_machine_that_is_gone_is_said_to_be_missing(gateway: Handler, aws: Aws) -> None:
    gone = f"arn:aws:states:us-east-1:123456789012:stateMachine:{STANDARD_NAME}-gone"
    aws.put(Endpoint("default", "samples", "report", standard_arn=gone))

    answer = gateway(event("apigateway/run_async"), None)

    assert_problem(answer, 500, "state-machine-missing")
    row = aws.job(ASYNC_JOB)
    assert (row["status"], row["error"]) == ("FAILED", "Flowport.NotStarted")


def assert_problem(answer: dict[str, Any], status: int, kind: str) -> None:
    assert answer["statusCode"] == status, answer["body"]
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["Flowport-Error-Source"] == "gateway"
    assert json.loads(answer["body"])["type"] == f"urn:flowport:problem:{kind}"
