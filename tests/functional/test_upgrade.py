"""An upgrade with jobs in flight: today's functions over rows that an earlier release wrote.

`earlier/schema-<n>.json` holds whole tables as that release's own functions left them, from before endpoints had
aliases, callbacks or retention and jobs had numbers: one job that has ended, two that run, one accepted, one key.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from flowport.adapters import directory_items, jobs_table
from tests.functional.dialects.cases import end_running
from tests.functional.harness import (
    ASYNC_JOB,
    DETACHED_JOB,
    STANDARD_NAME,
    SYNC_JOB,
    TOKEN,
    Aws,
    Handler,
    event,
    token_credential,
)

EARLIER: Final = Path(__file__).parent / "earlier"
KEYED_JOB: Final = "4d11cd62-d2f2-84ac-a65d-746290ecfba8"
Load = Callable[..., Handler]


def rows_of(version: int) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = json.loads((EARLIER / f"schema-{version}.json").read_text())
    return found


@pytest.fixture
def upgraded(aws: Aws) -> Aws:
    """AWS with the earlier release's rows and the executions that it had started."""
    machine = aws.create_machine(STANDARD_NAME)
    for table, rows in rows_of(1).items():
        for row in rows:
            aws.dynamodb.put_item(TableName=table, Item=row)
    for job_id in (ASYNC_JOB, KEYED_JOB):
        aws.stepfunctions.start_execution(stateMachineArn=machine, name=f"fp-{job_id}", input='{"seconds":2}')
    return aws


def read(gateway: Handler, job_id: str) -> dict[str, Any]:
    answer = gateway(event("apigateway/read_job", path=f"/v1/jobs/{job_id}"), None)
    assert answer["statusCode"] == 200, answer["body"]
    document: dict[str, Any] = json.loads(answer["body"])
    return document


def test_there_are_rows_of_every_schema_version() -> None:
    written = max(jobs_table.SCHEMA_VERSION, directory_items.SCHEMA_VERSION)
    assert {path.stem for path in EARLIER.glob("*.json")} == {f"schema-{number}" for number in range(1, written + 1)}


def test_every_job_of_an_earlier_release_is_read(upgraded: Aws, load: Load) -> None:
    gateway = load("GatewayFunction")
    found = {job_id: read(gateway, job_id)["status"] for job_id in (SYNC_JOB, ASYNC_JOB, KEYED_JOB, DETACHED_JOB)}
    assert found == {SYNC_JOB: "SUCCEEDED", ASYNC_JOB: "RUNNING", KEYED_JOB: "RUNNING", DETACHED_JOB: "ACCEPTED"}
    assert read(gateway, SYNC_JOB)["output"] == {"name": "hello world"}
    listed = json.loads(gateway(event("apigateway/list_jobs", query={}), None)["body"])["items"]
    assert {job["id"] for job in listed} == found.keys()
    assert len(upgraded.jobs()) == 5  # the key, too


def test_jobs_in_flight_are_recorded_when_they_end(upgraded: Aws, load: Load) -> None:
    gateway, recorder = load("GatewayFunction"), load("RecordCompletionFunction")
    end_running(upgraded, recorder, {"status": "SUCCEEDED", "output": {"total": 42}})
    for job_id in (ASYNC_JOB, KEYED_JOB):
        job = read(gateway, job_id)
        assert (job["status"], job["output"], job["labels"]) == (
            "SUCCEEDED",
            {"total": 42},
            {"run": "42", "team": "blue"},
        )


def test_a_job_that_was_handed_over_before_is_run_after_once(upgraded: Aws, load: Load) -> None:
    run = load("RunExpressFunction")
    handed_over = {**event("lambda/run_express"), "job_id": DETACHED_JOB}
    for _ in range(2):
        run(handed_over, None)
    assert len(upgraded.sync_executions.requests) == 1
    assert read(load("GatewayFunction"), DETACHED_JOB)["status"] == "SUCCEEDED"


def test_a_job_whose_hand_over_was_lost_in_the_upgrade_is_made_up_for_by_the_sweep(upgraded: Aws, load: Load) -> None:
    sweep = load("SweepJobsFunction")
    upgraded.clock.sleep(120)
    sweep(event("eventbridge/every_minute"), None)
    assert [payload["job_id"] for _, _, payload in upgraded.invocations.requests] == [DETACHED_JOB]


def test_a_key_from_before_leads_to_its_job(upgraded: Aws, load: Load) -> None:
    gateway = load("GatewayFunction")
    repeated = event("apigateway/run_async", headers={"Idempotency-Key": "k-1"})
    repeated["requestContext"] = {**repeated["requestContext"], "extendedRequestId": "JKJaXmPLvHcESHY="}
    again = gateway(repeated, None)
    assert (again["statusCode"], json.loads(again["body"])["id"]) == (202, KEYED_JOB)
    assert len(upgraded.jobs()) == 5


def test_endpoints_and_credentials_from_before_serve_and_are_administered(upgraded: Aws, load: Load) -> None:
    gateway, admin = load("GatewayFunction"), load("AdminFunction")
    assert gateway(event("apigateway/run_user"), None)["statusCode"] == 200

    def call(method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        text = None if body is None else json.dumps(body)
        sent = event("apigateway/admin_list_endpoints", path=f"/v1/admin/{path}", query={}, headers=headers)
        answer = admin({**sent, "httpMethod": method, "body": text}, None)
        assert answer["statusCode"] < 300, answer["body"]
        return json.loads(answer["body"])

    upgraded.put(token_credential(scopes=("admin",)))
    earlier = call("GET", "endpoints/samples/published-before")
    assert (earlier["title"], earlier["sample"], earlier["ip_allow"]) == (
        "From an earlier release",
        {"a": [1, None]},
        ["192.0.2.0/24"],
    )
    changed = call("PATCH", "endpoints/samples/published-before", {"title": "new", "keep_jobs_days": 9})
    assert changed == {
        **earlier,
        **{name: changed[name] for name in ("title", "keep_jobs_days", "version", "updated_at")},
    }
    (token,) = [one for one in call("GET", "tokens")["items"] if one["name"] == "ci"]
    assert call("POST", f"tokens/{token['id']}/revoke")["revoked_at"]
    assert call("POST", "users/bob/revoke")["revoked_at"]
    assert call("GET", "audit")["items"][-1]["act"] == "endpoint.change"
