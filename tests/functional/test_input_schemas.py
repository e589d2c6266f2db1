"""Input schemas and output mappings through the functions: publishing, calls in every form, jobs, callbacks."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.records import Endpoint
from tests.functional.admin_harness import Admin
from tests.functional.dialects.cases import end_running
from tests.functional.harness import EXPRESS_ARN, SYNC_JOB, Aws, Handler, event, token_credential

SCHEMA = {
    "type": "object",
    "required": ["sku"],
    "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1, "default": 1}},
}


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


@pytest.fixture
def gateway(published: Aws, load: Callable[..., Handler]) -> Handler:
    return load("GatewayFunction")


def endpoint(**members: Any) -> Endpoint:
    return replace(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN), **members)


def strict(aws: Aws, **members: Any) -> None:
    aws.put(endpoint(input_schema=json.dumps(SCHEMA), **members))


def call(gateway: Handler, body: Any, path: str = "/v1/run/samples/quote", **changes: Any) -> Any:
    return gateway(event("apigateway/run_sync", path=path, body=json.dumps(body), **changes), None)


# -- publishing --------------------------------------------------------------------------------------------------------


def test_a_schema_and_a_mapping_are_kept_and_given_back_as_they_were_sent(admin: Admin) -> None:
    sent: dict[str, Any] = {
        "input_schema": SCHEMA,
        "output_schema": {"type": "number"},
        "output_mapping": "total",
        "sample": {"sku": "a"},
    }
    answer = admin.publish(**sent)
    assert answer.status == 201
    assert {name: answer.document[name] for name in sent} == sent
    assert {name: admin.call("GET", "endpoints/samples/quote").document[name] for name in sent} == sent
    (row,) = (row for row in admin.rows("EndpointsTable") if row["item"] == "endpoint#samples/quote")
    assert json.loads(row["input_schema"]) == SCHEMA


def test_everything_that_is_wrong_with_schemas_and_mapping_is_told_at_once(admin: Admin) -> None:
    answer = admin.publish(
        input_schema={"properties": {"a": {"pattern": "(?=x)"}, "b": {"$ref": "https://example.com"}}},
        output_schema={"type": "nope"},
        output_mapping="total.[",
    )
    assert (answer.status, answer.kind) == (422, "validation-failed")
    assert answer.pointers == [
        "/input_schema/properties/b/$ref",
        "/input_schema/properties/a/pattern",
        "/output_schema/type",
        "/output_schema/type",
        "/output_mapping",
    ]
    assert answer.document["errors"][-1]["message"].endswith("at character 8")


def test_a_sample_that_does_not_fit_the_schema_is_refused(admin: Admin) -> None:
    answer = admin.publish(input_schema=SCHEMA, sample={"quantity": 0})
    assert sorted(answer.pointers) == ["/sample", "/sample/quantity"]


def test_a_patch_of_something_else_does_not_look_at_the_schema_again(admin: Admin) -> None:
    admin.aws.put(endpoint(express_arn=admin.express, input_schema='{"pattern":"(?=x)"}'))
    assert admin.call("PATCH", "endpoints/samples/quote", {"title": "Quote"}).status == 200
    assert admin.call("PATCH", "endpoints/samples/quote", {"input_schema": {"minLength": 1}}).pointers == [
        "/input_schema/pattern"
    ]


def test_a_schema_is_an_object(admin: Admin) -> None:
    assert admin.publish(input_schema="string").pointers == ["/input_schema"]
    assert admin.publish(input_schema=True).pointers == ["/input_schema"]


# -- calls -------------------------------------------------------------------------------------------------------------


def test_an_input_that_does_not_fit_starts_nothing_and_every_violation_is_listed(gateway: Handler, aws: Aws) -> None:
    strict(aws)
    answer = call(gateway, {"quantity": 0})
    assert answer["statusCode"] == 422
    assert answer["headers"]["Flowport-Error-Source"] == "gateway"
    problem = json.loads(answer["body"])
    assert problem["type"] == "urn:flowport:problem:input-invalid"
    assert sorted(problem["errors"], key=lambda one: str(one["pointer"])) == [
        {"pointer": "", "detail": '"sku" is a required property', "keyword": "required"},
        {"pointer": "/quantity", "detail": "0 is less than the minimum of 1", "keyword": "minimum"},
    ]
    assert aws.jobs() == []
    assert aws.sync_executions.requests == []


def test_the_run_gets_the_defaults_and_the_job_keeps_them(gateway: Handler, aws: Aws) -> None:
    strict(aws)
    answer = call(gateway, {"sku": "tea"})
    assert answer["statusCode"] == 200
    assert aws.sync_executions.requests[0]["input"] == '{"sku":"tea","quantity":1}'
    assert aws.job(SYNC_JOB)["input"] == '{"sku":"tea","quantity":1}'


def test_a_caller_who_is_not_let_in_learns_nothing_of_the_schema(gateway: Handler, aws: Aws) -> None:
    strict(aws)
    answer = call(gateway, {}, headers={"Authorization": None})
    assert answer["statusCode"] == 401


def test_each_input_of_a_batch_is_checked_by_itself(gateway: Handler, aws: Aws) -> None:
    strict(aws)
    answer = call(gateway, [{"sku": "a"}, {}], "/v1/run/samples/quote/batch", headers={"Prefer": "respond-async"})
    first, second = json.loads(answer["body"])["items"]
    assert first["job"]["status"] == "ACCEPTED"
    assert second["status"] == 422
    assert second["problem"]["errors"] == [
        {"pointer": "", "detail": '"sku" is a required property', "keyword": "required"}
    ]


def test_an_input_is_validated_without_running_anything(gateway: Handler, aws: Aws) -> None:
    strict(aws, mode="async")
    fits = call(gateway, {"sku": "tea"}, "/v1/validate/samples/quote")
    assert (fits["statusCode"], fits["body"]) == (200, '{"valid":true,"input":{"sku":"tea","quantity":1}}')
    unfit = call(gateway, {"sku": 1}, "/v1/validate/samples/quote")
    assert unfit["statusCode"] == 422
    assert [one["pointer"] for one in json.loads(unfit["body"])["errors"]] == ["/sku"]
    assert aws.jobs() == []


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("/v1/validate/samples/quote", {"headers": {"Authorization": None}}, 401),
        ("/v1/validate/samples/nothing", {}, 404),
        ("/v1/validate/samples/quote", {"httpMethod": "GET"}, 405),
        ("/v1/validate/samples", {}, 404),
    ],
)
def test_validating_lets_in_whom_running_lets_in(
    gateway: Handler, aws: Aws, path: str, changes: dict[str, Any], status: int
) -> None:
    strict(aws)
    assert call(gateway, {"sku": "tea"}, path, **changes)["statusCode"] == status


def test_an_endpoint_without_a_schema_takes_any_json(gateway: Handler) -> None:
    answer = call(gateway, [1.50], "/v1/validate/samples/quote")
    assert answer["body"] == '{"valid":true,"input":[1.5]}'


def test_a_redrive_gives_the_input_that_a_run_had_before_whatever_the_schema_says_now(
    gateway: Handler, published: Aws
) -> None:
    published.sync_executions.answer = {"status": "FAILED", "error": "Broken"}
    assert call(gateway, {"old": 1})["statusCode"] == 500
    strict(published)
    answer = gateway(
        event("apigateway/redrive", path=f"/v1/jobs/{SYNC_JOB}/redrive", headers={"Idempotency-Key": None}), None
    )
    assert answer["statusCode"] == 202, answer["body"]
    assert published.job(json.loads(answer["body"])["id"])["input"] == '{"old": 1}'


# -- output mappings ---------------------------------------------------------------------------------------------------


def test_callers_get_the_mapped_output_and_the_job_keeps_the_workflows_own(gateway: Handler, aws: Aws) -> None:
    aws.put(endpoint(output_mapping="{price: total}"))
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": '{"total":1.50,"margin":0.4}'}
    assert json.loads(call(gateway, {})["body"])["output"] == {"price": 1.5}
    assert aws.job(SYNC_JOB)["output"] == '{"total":1.50,"margin":0.4}'
    read = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}"), None)
    assert json.loads(read["body"])["output"] == {"price": 1.5}
    raw = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}/output"), None)
    assert (raw["statusCode"], raw["body"]) == (200, '{"total":1.50,"margin":0.4}')


@pytest.mark.parametrize(("view", "body"), [("output", '"tea"'), ("http", "hot")])
def test_every_view_is_of_the_mapped_output(gateway: Handler, aws: Aws, view: str, body: str) -> None:
    aws.put(endpoint(output_mapping="what || {statusCode: `200`, body: temperature}"))
    given = {"output": {"what": "tea"}, "http": {"temperature": "hot"}}[view]
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": json.dumps(given)}
    answer = call(gateway, {}, query={"view": [view]})
    assert (answer["statusCode"], answer["body"]) == (200, body)


def test_a_batch_maps_each_output_and_one_that_fails_harms_no_other(
    published: Aws, load: Callable[..., Handler]
) -> None:
    standard = published.stepfunctions.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    published.put(endpoint(express_arn=None, standard_arn=standard, output_mapping="sum(prices)"))
    gateway, recorder = load("GatewayFunction"), load("RecordCompletionFunction")
    published.clock.meanwhile = lambda: end_running(published, recorder, {"output": {"prices": [1, 2]}})
    (one,) = json.loads(call(gateway, [{}], "/v1/run/samples/quote/batch")["body"])["items"]
    assert one["job"]["output"] == 3
    published.clock.meanwhile = lambda: end_running(published, recorder, {"output": {"prices": "none"}})
    again = event("apigateway/run_sync", path="/v1/run/samples/quote/batch", body="[{}]")
    again["requestContext"]["extendedRequestId"] = "Another="
    (one,) = json.loads(gateway(again, None)["body"])["items"]
    assert (one["status"], one["problem"]["type"]) == (500, "urn:flowport:problem:output-mapping-failed")


def test_a_mapping_that_fails_is_the_workflows_error_and_loses_nothing(gateway: Handler, aws: Aws) -> None:
    aws.put(endpoint(output_mapping="sum(total)"))
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": '{"total":"much"}'}
    answer = call(gateway, {})
    assert (answer["statusCode"], answer["headers"]["Flowport-Error-Source"]) == (500, "workflow")
    problem = json.loads(answer["body"])
    assert problem["type"] == "urn:flowport:problem:output-mapping-failed"
    assert (problem["id"], problem["job_status"]) == (SYNC_JOB, "SUCCEEDED")
    assert answer["headers"]["Flowport-Job-Id"] == SYNC_JOB
    assert aws.job(SYNC_JOB)["status"] == "SUCCEEDED"
    raw = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}/output"), None)
    assert raw["body"] == '{"total":"much"}'


def test_an_output_that_is_kept_nowhere_and_cannot_be_mapped_is_in_the_answer_for_readers_of_jobs(
    gateway: Handler, aws: Aws
) -> None:
    aws.put(endpoint(output_mapping="sum(total)", keep_payloads_days=0))
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": '{"total":"1.50","rate":1.50,"much":1e999}'}
    answer = call(gateway, {})
    assert answer["body"] == (
        '{"type":"urn:flowport:problem:output-mapping-failed","title":"The output cannot be mapped","status":500,'
        '"detail":"The run succeeded, but the endpoint\'s output mapping cannot be applied to what it gave: sum() was '
        "given string, and takes array-number. The endpoint has its outputs kept nowhere: that is `output` here, this "
        f'once.","id":"{SYNC_JOB}","job_status":"SUCCEEDED",'
        '"output":{"total":"1.50","rate":1.50,"much":1e999}}'
    )
    assert "output" not in aws.job(SYNC_JOB)


def test_an_output_that_is_kept_nowhere_is_shown_to_nobody_from_whom_its_mapping_hides_it(
    gateway: Handler, aws: Aws
) -> None:
    aws.put(endpoint(output_mapping="sum(total)", keep_payloads_days=0))
    aws.put(token_credential(scopes=("run",)))
    aws.sync_executions.answer = {"status": "SUCCEEDED", "output": '{"total":"secret"}'}
    problem = json.loads(call(gateway, {})["body"])
    assert (problem["job_status"], "output" in problem, "secret" in str(problem)) == ("SUCCEEDED", False, False)
    assert "this one is gone. What the run did stays done" in problem["detail"]


def test_a_job_keeps_the_mapping_that_its_endpoint_had(gateway: Handler, aws: Aws) -> None:
    aws.put(endpoint(output_mapping="name"))
    call(gateway, {})
    aws.put(endpoint(output_mapping="other"))
    read = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}"), None)
    assert json.loads(read["body"])["output"] == "hello world"


def test_what_a_mapping_leaves_out_is_for_readers_of_jobs_only(gateway: Handler, aws: Aws) -> None:
    aws.put(endpoint(output_mapping="name"), token_credential(scopes=("run",)))
    call(gateway, {})
    path = f"/v1/jobs/{SYNC_JOB}/output"
    refused = gateway(event("apigateway/read_job", path=path), None)
    assert (refused["statusCode"], json.loads(refused["body"])["type"]) == (403, "urn:flowport:problem:forbidden")
    aws.put(token_credential(scopes=("jobs:read",)))
    assert gateway(event("apigateway/read_job", path=path), None)["body"] == '{"name":"hello world"}'


def test_the_output_of_a_job_without_a_mapping_is_its_callers_own(gateway: Handler, aws: Aws) -> None:
    aws.put(token_credential(scopes=("run",)))
    call(gateway, {})
    answer = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}/output"), None)
    assert answer["body"] == '{"name":"hello world"}'


def test_a_failed_job_has_no_output_to_read(gateway: Handler, aws: Aws) -> None:
    aws.sync_executions.answer = {"status": "FAILED", "error": "Broken"}
    call(gateway, {})
    answer = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}/output"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (409, "urn:flowport:problem:job-state")
