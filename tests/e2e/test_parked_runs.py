"""Runs that wait for an answer: parked, resumed once only, expired."""

import secrets
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Jobs, Local, ended

CALLERS = 50


@pytest.fixture
def stranger(local: Local) -> Any:
    """Whoever has the callback id, and nothing else."""
    with local.http(None) as client:
        yield client


def start(local: Local, caller: httpx.Client, **input_: Any) -> str:
    answer = caller.post(f"/v1/run/{local.samples['approval']}", json=input_, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def resumed(client: httpx.Client, callback_id: str, body: Any, within: float = 30) -> httpx.Response:
    """Answer as soon as the run is parked: an id of the caller's own is unknown before."""
    deadline = time.monotonic() + within
    while True:
        answer = client.post(f"/v1/callbacks/{callback_id}", json=body)
        if answer.status_code != 404 or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def test_a_parked_run_is_resumed_once_and_the_answer_is_its_output(
    local: Local, caller: httpx.Client, stranger: httpx.Client
) -> None:
    callback_id = str(uuid.uuid4())
    job_id = start(local, caller, callback_id=callback_id)
    first = resumed(stranger, callback_id, {"approved": True, "by": "Ann"})
    assert (first.status_code, first.json()) == (200, {"status": "resumed"})
    again = stranger.post(f"/v1/callbacks/{callback_id}", json={"approved": False})
    assert (again.status_code, again.json()["type"]) == (409, "urn:flowport:problem:callback-repeated")
    job = ended(caller, job_id)
    assert (job["status"], job["output"]) == ("SUCCEEDED", {"approved": True, "by": "Ann"})


def test_an_answer_that_comes_before_the_run_parks_is_its_output(
    local: Local, caller: httpx.Client, stranger: httpx.Client, jobs: Jobs
) -> None:
    callback_id = jobs.invoke("ParkFunctionName", {"reserve": {}})["callback_id"]
    early = stranger.post(f"/v1/callbacks/{callback_id}", json=[1, "two"])
    assert (early.status_code, early.json()) == (200, {"status": "kept"})
    assert stranger.post(f"/v1/callbacks/{callback_id}").status_code == 409
    job = ended(caller, start(local, caller, callback_id=callback_id))
    assert (job["status"], job["output"]) == ("SUCCEEDED", [1, "two"])


def test_fifty_callers_with_one_callback_id_resume_one_run_once(local: Local, caller: httpx.Client, jobs: Jobs) -> None:
    callback_id = jobs.invoke("ParkFunctionName", {"reserve": {}})["callback_id"]
    job_id = start(local, caller, callback_id=callback_id)

    def answer(number: int) -> tuple[int, int]:
        with local.http(None) as client:
            return client.post(f"/v1/callbacks/{callback_id}", json={"number": number}).status_code, number

    with ThreadPoolExecutor(8) as pool:  # the engine starts a process for each call at one time
        answers = list(pool.map(answer, range(CALLERS)))
    assert sorted(status for status, _ in answers) == [200] + [409] * (CALLERS - 1)
    (winner,) = (number for status, number in answers if status == 200)
    assert ended(caller, job_id)["output"] == {"number": winner}


def test_a_run_that_nobody_answers_fails_when_its_callback_expires(
    local: Local, caller: httpx.Client, stranger: httpx.Client, jobs: Jobs
) -> None:
    callback_id = secrets.token_urlsafe(32)
    job_id = start(local, caller, callback_id=callback_id, expires_in=2)
    caller.get(f"/v1/jobs/{job_id}", params={"wait": 4})
    late = resumed(stranger, callback_id, {"approved": True})
    assert (late.status_code, late.json()["type"]) == (410, "urn:flowport:problem:callback-expired")
    jobs.sweep()
    job = ended(caller, job_id)
    assert (job["status"], job["error"]) == ("FAILED", "NobodyAnswered")
    assert stranger.post(f"/v1/callbacks/{callback_id}").status_code == 410


def test_a_run_that_is_given_no_id_reserves_one(local: Local, caller: httpx.Client, stranger: httpx.Client) -> None:
    job_id = start(local, caller, question="May it go out?")
    arn = caller.get(f"/v1/jobs/{job_id}").json()["execution_arn"]
    states = local.aws("stepfunctions")
    deadline = time.monotonic() + 30
    while True:
        events = states.get_execution_history(executionArn=arn)["events"]
        outputs = [event.get("stateExitedEventDetails", {}) for event in events]
        found = [details["output"] for details in outputs if details.get("name") == "AskApprover"]
        if found or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    (output,) = found
    callback_id = output.split('"callback_id":')[1].split('"')[1]
    assert stranger.post(f"/v1/callbacks/{callback_id}", json={"ok": 1}).status_code == 200
    assert ended(caller, job_id)["output"] == {"ok": 1}


def test_an_id_that_nobody_gave_out_is_not_found(stranger: httpx.Client) -> None:
    assert stranger.post(f"/v1/callbacks/{uuid.uuid4()}", json={}).status_code == 404
    assert stranger.post("/v1/callbacks/guess", json={}).status_code == 404
