"""Running endpoints: sync and async, both machine types, waits, hang-ups."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.conftest import Local, ended

QUOTE = {"items": [{"sku": "tea", "quantity": 2}, {"sku": "mug", "quantity": 1}], "discount_percent": 10}
PRICED = {
    "currency": "EUR",
    "lines": [
        {"sku": "tea", "quantity": 2, "unit_cents": 450, "total_cents": 900},
        {"sku": "mug", "quantity": 1, "unit_cents": 1250, "total_cents": 1250},
    ],
    "subtotal_cents": 2150,
    "discount_cents": 215,
    "total_cents": 1935,
}


@pytest.mark.parametrize("sample", ["hello", "hello-standard"])
def test_a_sync_call_gives_the_output_in_the_same_response(caller: httpx.Client, local: Local, sample: str) -> None:
    answer = caller.post(f"/v1/run/{local.samples[sample]}", json={})
    assert answer.status_code == 200
    job = answer.json()
    assert job["status"] == "SUCCEEDED"
    assert job["output"] == {"name": "hello world"}
    assert job["mode"] == "sync"
    assert answer.headers["Flowport-Job-Id"] == job["id"]


def test_view_output_gives_the_bare_output_as_the_body(caller: httpx.Client, local: Local) -> None:
    answer = caller.post(f"/v1/run/{local.samples['hello']}?view=output", json={})
    assert answer.json() == {"name": "hello world"}
    assert caller.get(f"/v1/jobs/{answer.headers['Flowport-Job-Id']}").json()["status"] == "SUCCEEDED"


def test_a_basket_is_priced_by_a_function_of_the_workflow(caller: httpx.Client, local: Local) -> None:
    answer = caller.post(f"/v1/run/{local.samples['quote']}?view=output", json=QUOTE)
    assert answer.status_code == 200
    assert answer.json()["total_cents"] == PRICED["total_cents"]


def test_a_failed_run_is_not_2xx_and_says_that_the_workflow_failed(caller: httpx.Client, local: Local) -> None:
    answer = caller.post(f"/v1/run/{local.samples['quote']}", json={"items": []})
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Flowport-Error-Source"] == "workflow"
    problem = answer.json()
    assert problem["type"] == "urn:flowport:problem:job-failed"
    assert problem["error"] == "ClientError"
    assert problem["cause"] == (
        '{"message":"Validation Error. Invalid Argument Value","statusCode":418,"name":"ClientError",'
        '"code":"","status":418}'
    )
    assert problem["job"]["status"] == "FAILED"


@pytest.mark.parametrize("sample", ["report-express", "report-standard"])
def test_an_async_call_is_accepted_at_once_and_polled_to_its_end(
    caller: httpx.Client, local: Local, sample: str
) -> None:
    answer = caller.post(f"/v1/run/{local.samples[sample]}", json={"seconds": 2}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.json()["status"] in {"ACCEPTED", "RUNNING"}
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert int(answer.headers["Retry-After"]) >= 1
    job = ended(caller, answer.json()["id"])
    assert job["status"] == "SUCCEEDED"
    assert job["output"]["seconds"] == 2
    assert job["mode"] == "async"


@pytest.mark.parametrize("sample", ["report-express", "report-standard", "report"])
def test_wait_1_on_a_3_second_run_hands_over_and_the_job_ends_with_its_output(
    caller: httpx.Client, local: Local, sample: str
) -> None:
    answer = caller.post(f"/v1/run/{local.samples[sample]}", json={"seconds": 3}, headers={"Prefer": "wait=1"})
    assert answer.status_code == 202
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert "Prefer" in answer.headers["Vary"]
    job = ended(caller, answer.json()["id"])
    assert (job["status"], job["output"]["seconds"]) == ("SUCCEEDED", 3)


@pytest.mark.parametrize("sample", ["report-express", "report-standard"])
def test_a_wait_that_is_long_enough_gives_the_end_in_the_same_response(
    caller: httpx.Client, local: Local, sample: str
) -> None:
    answer = caller.post(f"/v1/run/{local.samples[sample]}", json={"seconds": 1}, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200
    assert answer.json()["output"]["seconds"] == 1


def test_a_get_endpoint_takes_its_query_as_input(
    caller: httpx.Client, local: Local, endpoint: Callable[..., str]
) -> None:
    path = endpoint(methods=["GET"], express_arn=local.machines["QuoteExpressArn"])
    answer = caller.get(f"/v1/run/{path}", params={"customer": "4711", "item": ["a", "b"], "view": "job"})
    job = caller.get(f"/v1/jobs/{answer.headers['Flowport-Job-Id']}/input")
    assert job.json() == {"customer": "4711", "item": ["a", "b"]}


def test_a_bad_record_is_reported_and_harms_no_other(caller: httpx.Client, local: Local) -> None:
    records = [{"id": "1", "email": "a@example.com"}, {"id": 2}, {"id": "3", "email": "c@example.com"}]
    answer = caller.post(f"/v1/run/{local.samples['import-records']}?view=output", json={"records": records})
    assert answer.status_code == 200
    outcomes = answer.json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == ["imported", "rejected", "imported"]


@pytest.mark.parametrize("sample", ["report-express", "report-standard"])
def test_the_job_of_a_client_that_hangs_up_ends_and_can_be_found(
    caller: httpx.Client, local: Local, label: str, sample: str
) -> None:
    url = urlsplit(f"{local.base_url}/v1/run/{local.samples[sample]}")
    body = b'{"seconds": 3}'
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {local.description['run_token']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nFlowport-Labels: test={label}\r\n\r\n"
    )
    with socket.create_connection((url.hostname or "", url.port or 80)) as connection:
        connection.sendall(head.encode() + body)
        time.sleep(1.5)  # accepted by now, and far from its end
    listed = caller.get("/v1/jobs", params={"label": f"test={label}"}).json()["items"]
    assert len(listed) == 1
    assert ended(caller, listed[0]["id"])["output"]["seconds"] == 3


def test_forty_concurrent_sync_calls_are_forty_jobs_each_recorded_once(
    local: Local, caller: httpx.Client, label: str
) -> None:
    def call(number: int) -> dict[str, Any]:
        answer = caller.post(
            f"/v1/run/{local.samples['hello']}", json={"n": number}, headers={"Flowport-Labels": f"test={label}"}
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(call, range(40)))
    listed = caller.get("/v1/jobs", params={"label": f"test={label}", "limit": 100}).json()
    assert {job["id"] for job in answered} == {job["id"] for job in listed["items"]}
    assert len(listed["items"]) == 40
    assert {job["status"] for job in listed["items"]} == {"SUCCEEDED"}
    assert len({job["execution_arn"] for job in listed["items"]}) == 40


def test_a_large_input_and_output_lie_beside_the_row_and_come_back_whole(caller: httpx.Client, local: Local) -> None:
    records = [{"id": str(number), "email": f"person{number}@example.com"} for number in range(200)]
    answer = caller.post(f"/v1/run/{local.samples['import-records']}", json={"records": records})
    assert answer.json()["output"]["imported"] == 200
    job = caller.get(f"/v1/jobs/{answer.json()['id']}").json()
    assert job == answer.json()
    assert caller.get(f"/v1/jobs/{job['id']}/input").json() == {"records": records}
