"""Numbers of jobs on the local engine's DynamoDB, and job ids in decimal over HTTP."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx

from flowport.adapters.clock import SystemClock
from flowport.adapters.job_numbers import DynamoJobNumbers
from tests.e2e.conftest import Local, ended


def test_no_number_is_drawn_twice_however_many_draw_at_once(local: Local) -> None:
    numbers = DynamoJobNumbers(local.aws("dynamodb"), local.outputs["JobsTableName"], SystemClock())
    workspace = uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: numbers.draw(workspace, "nebulagraph").value, range(200)))
    assert sorted(drawn) == list(range(1, 201))


def test_a_job_is_read_by_its_id_in_decimal(local: Local, caller: httpx.Client) -> None:
    job = caller.post(f"/v1/run/{local.samples['hello']}", json={}).json()
    decimal = str(uuid.UUID(job["id"]).int)
    assert caller.get(f"/v1/jobs/{decimal}").json()["id"] == job["id"]
    assert caller.get(f"/v1/jobs/{int(decimal) + 1}").status_code == 404


def test_a_number_that_no_job_has_is_not_found(caller: httpx.Client) -> None:
    answer = caller.get("/v1/jobs/999999999999999")
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no job '999999999999999' for this caller.")


def test_steps_are_the_same_when_they_are_read_again(local: Local, caller: httpx.Client) -> None:
    prefer = {"Prefer": "respond-async"}
    job = caller.post(f"/v1/run/{local.samples['report']}", json={"seconds": 0}, headers=prefer).json()
    ended(caller, job["id"])
    first = caller.get(f"/v1/jobs/{job['id']}/steps").json()
    assert {step["status"] for step in first["steps"]} == {"SUCCEEDED"}
    assert caller.get(f"/v1/jobs/{job['id']}/steps").json() == first
