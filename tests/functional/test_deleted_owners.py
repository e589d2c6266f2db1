"""Jobs whose endpoint or workspace is gone, through the functions of the template."""

import json
from collections.abc import Callable

from flowport.adapters.directory_items import endpoint_key
from flowport.domain.records import Workspace
from tests.functional.harness import ASYNC_JOB, SYNC_JOB, Aws, Handler, event

Load = Callable[..., Handler]


def test_a_run_whose_endpoint_is_deleted_ends_and_is_read(published: Aws, load: Load) -> None:
    gateway = load("GatewayFunction")
    gateway(event("apigateway/run_async"), None)
    published.dynamodb.delete_item(TableName="EndpointsTable", Key=endpoint_key("default", "samples/report"))

    assert gateway(event("apigateway/run_async", path="/v1/run/samples/report"), None)["statusCode"] == 404
    load("RecordCompletionFunction")(event("eventbridge/execution_succeeded"), None)

    answer = gateway(event("apigateway/read_job"), None)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "SUCCEEDED")


def test_the_run_of_a_deleted_workspace_ends_and_expires_and_is_read_by_nobody(published: Aws, load: Load) -> None:
    gateway = load("GatewayFunction")
    gateway(event("apigateway/run_async"), None)
    published.put(Workspace("default", "", "deleted", 0))
    load("RecordCompletionFunction")(event("eventbridge/execution_succeeded"), None)

    assert gateway(event("apigateway/read_job"), None)["statusCode"] == 404
    row = published.job(ASYNC_JOB)
    assert (row["status"], "open_shard" in row) == ("SUCCEEDED", False)
    assert int(row["expires_at"]) == (int(row["finished_at"]) + 30 * 86_400_000) // 1000


def test_no_payload_is_written_where_none_is_kept_and_the_caller_gets_its_output(published: Aws, load: Load) -> None:
    published.dynamodb.update_item(
        TableName="EndpointsTable",
        Key=endpoint_key("default", "samples/hello"),
        UpdateExpression="SET keep_payloads_days = :none",
        ExpressionAttributeValues={":none": {"N": "0"}},
    )
    gateway = load("GatewayFunction")
    answer = gateway(event("apigateway/run_sync", path="/v1/run/samples/hello"), None)
    body = json.loads(answer["body"])
    assert (answer["statusCode"], body["output"], body["payloads"]) == (200, {"name": "hello world"}, "not-kept")
    assert not {"input", "output"} & published.job(SYNC_JOB).keys()
    assert (published.job(SYNC_JOB, "input"), published.job(SYNC_JOB, "output")) == ({}, {})
    again = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}/input"), None)
    assert (again["statusCode"], json.loads(again["body"])["type"]) == (410, "urn:flowport:problem:payload-not-kept")
