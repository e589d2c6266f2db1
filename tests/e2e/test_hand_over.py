"""Calls that join a job, outlive their patience, or learn of an end that nobody wished for."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.conftest import Jobs, Local, ended

CALLERS = 50


@pytest.fixture
def tally(local: Local, endpoint: Callable[..., str]) -> Callable[[str], str]:
    """Publish the workflow that counts its own runs, on one machine or on the other."""

    def publish(machine: str) -> str:
        named: dict[str, str | None] = {
            "express_arn": None,
            f"{machine}_arn": local.machines[f"Tally{machine.title()}Arn"],
        }
        return endpoint(**named)

    return publish


@pytest.mark.parametrize("machine", ["express", "standard"])
def test_fifty_callers_with_one_key_join_one_run_and_get_its_output(
    local: Local, caller: httpx.Client, tally: Callable[[str], str], machine: str
) -> None:
    path, key = tally(machine), str(uuid.uuid4())

    def call(number: int) -> httpx.Response:
        # Ten ask not to wait: they get the same job, ended or not.
        prefer = {"Prefer": "respond-async"} if number % 5 == 0 else {}
        return caller.post(f"/v1/run/{path}", json={"seconds": 3}, headers={"Idempotency-Key": key, **prefer})

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(call, range(CALLERS)))
    assert {answer.status_code for answer in answers} <= {200, 202}
    (job_id,) = {answer.json()["id"] for answer in answers}
    output = ended(caller, job_id)["output"]
    assert output == {"run": f"fp-{job_id}", "starts": 1, "ends": 1}
    told = [answer.json()["output"] for answer in answers if answer.status_code == 200]
    assert told
    assert all(one == output for one in told)


def test_a_synchronous_standard_run_that_fails_is_answered_at_once(
    caller: httpx.Client, tally: Callable[[str], str]
) -> None:
    path = tally("standard")
    began = time.monotonic()
    answers = [
        caller.post(f"/v1/run/{path}", json={"fail": True}, headers=headers) for headers in ({}, {"Prefer": "wait=25"})
    ]
    assert [(answer.status_code, answer.json()["error"]) for answer in answers] == [(500, "AskedToFail")] * 2
    assert time.monotonic() - began < 25


@pytest.mark.parametrize("machine", ["express", "standard"])
def test_a_caller_who_waits_is_told_at_once_that_somebody_cancelled_the_job(
    caller: httpx.Client, tally: Callable[[str], str], label: str, machine: str
) -> None:
    path = tally(machine)
    # A direct Express run is held by its own call; one with a wait can be told of the cancellation.
    headers = {"Flowport-Labels": f"test={label}", "Prefer": "wait=25"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(caller.post, f"/v1/run/{path}", json={"seconds": 40}, headers=headers)
        while not (found := caller.get("/v1/jobs", params={"label": f"test={label}"}).json()["items"]):
            time.sleep(0.2)
        assert caller.post(f"/v1/jobs/{found[0]['id']}/cancel").status_code == 200
        answer = waiting.result(timeout=60)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:flowport:problem:job-aborted")
    assert answer.json()["job"]["error"] == "Flowport.Cancelled"


@pytest.mark.parametrize("machine", ["express", "standard"])
def test_wait_0_hands_the_job_out_and_it_goes_on(
    caller: httpx.Client, tally: Callable[[str], str], machine: str
) -> None:
    answer = caller.post(f"/v1/run/{tally(machine)}", json={"seconds": 1}, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")
    assert answer.headers["Location"] == answer.json()["links"]["self"]
    assert ended(caller, answer.json()["id"])["status"] == "SUCCEEDED"


def test_a_direct_run_is_found_under_the_request_id_while_it_runs(
    local: Local, caller: httpx.Client, tally: Callable[[str], str], jobs: Jobs, label: str
) -> None:
    """On AWS the gateway's own 202 names that id; the engine cuts no call, so the row is read as that caller would."""
    path = tally("express")
    headers = {"Flowport-Labels": f"test={label}"}
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(caller.post, f"/v1/run/{path}", json={"seconds": 6}, headers=headers)
        while not (found := caller.get("/v1/jobs", params={"label": f"test={label}"}).json()["items"]):
            time.sleep(0.2)
        request_id = jobs.row(found[0]["id"])["request_id"]
        read = caller.get(f"/v1/jobs/{request_id}").json()
        assert (read["id"], read["status"]) == (found[0]["id"], "RUNNING")
        assert held.result(timeout=60).headers["Flowport-Request-Id"] == request_id
    assert caller.get(f"/v1/jobs/{request_id}").json()["status"] == "SUCCEEDED"


def test_a_batch_of_a_hundred_is_a_hundred_jobs_in_order_and_its_repetition_is_the_same_ones(
    caller: httpx.Client, tally: Callable[[str], str]
) -> None:
    path = tally("standard")
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Prefer": "respond-async"}
    inputs = [{"n": number} for number in range(100)]
    found: list[set[str]] = [set() for _ in inputs]
    whole = 0
    # A slow engine leaves some inputs for want of time, each with a 503 of its own, or with a 500 where it cannot be
    # told whether its job is there: the repetition takes them up, or finds their jobs.
    while whole < 2:
        answer = caller.post(f"/v1/run/{path}/batch", json=inputs, headers=headers)
        assert answer.status_code in {200, 202}, answer.text
        items = answer.json()["items"]
        assert len(items) == 100
        assert {item["status"] for item in items} <= {200, 202, 500, 503}, answer.text
        for ids, item in zip(found, items, strict=True):
            ids.update({item["job"]["id"]} if "job" in item else ())
        whole += all("job" in item for item in items)
    assert [len(ids) for ids in found] == [1] * 100
    assert len(set.union(*found)) == 100
    for number in (0, 1, 50, 98, 99):
        (job_id,) = found[number]
        assert caller.get(f"/v1/jobs/{job_id}/input").json() == {"n": number}
        assert ended(caller, job_id)["output"]["starts"] == 1
