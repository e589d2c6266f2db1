"""One effect per key, and jobs that are ended before their time."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.conftest import Jobs, Local, ended

KEYS = 30
DUPLICATES = 8


def test_thirty_keys_with_eight_concurrent_duplicates_each_are_thirty_runs(
    local: Local, caller: httpx.Client, label: str
) -> None:
    def call(number: int) -> tuple[int, str, int]:
        key = number % KEYS
        answer = caller.post(
            f"/v1/run/{local.samples['hello']}",
            json={"key": key},
            headers={"Idempotency-Key": f"{label}-{key}", "Flowport-Labels": f"test={label}"},
        )
        return answer.status_code, answer.headers["Flowport-Job-Id"], key

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, sorted(range(KEYS * DUPLICATES), key=lambda number: number % KEYS)))
    assert {status for status, _, _ in answers} == {200}
    assert len({(key, job_id) for _, job_id, key in answers}) == KEYS
    listed = caller.get("/v1/jobs", params={"label": f"test={label}", "limit": 100}).json()["items"]
    assert len(listed) == KEYS
    assert len({job["execution_arn"] for job in listed}) == KEYS


@pytest.mark.parametrize("sample", ["report-express", "report-standard"])
def test_a_repeated_asynchronous_call_is_the_same_job_and_later_its_stored_answer(
    local: Local, caller: httpx.Client, sample: str
) -> None:
    key = {"Idempotency-Key": f'"{uuid.uuid4()}"', "Prefer": "respond-async"}
    url = f"/v1/run/{local.samples[sample]}"
    first, again = (caller.post(url, json={"seconds": 2}, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    ended(caller, first.json()["id"])
    replayed = caller.post(url, json={"seconds": 2}, headers=key)
    assert (replayed.status_code, replayed.headers["Idempotency-Replayed"]) == (200, "true")
    other = caller.post(url, json={"seconds": 3}, headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "urn:flowport:problem:idempotency-key-reused")


def test_a_client_job_id_names_one_job_of_its_endpoint(local: Local, caller: httpx.Client) -> None:
    name = {"Client-Job-Id": f"order-{uuid.uuid4()}"}
    url = f"/v1/run/{local.samples['hello']}"
    first = caller.post(url, json={}, headers=name).json()
    assert first["client_job_id"] == name["Client-Job-Id"]
    assert caller.post(url, json={"other": 1}, headers=name).json()["id"] == first["id"]
    rejected = caller.post(f"{url}?on_conflict=reject", json={}, headers=name)
    assert (rejected.status_code, rejected.json()["id"]) == (409, first["id"])


def test_a_cancelled_standard_run_is_stopped_and_its_caller_told(local: Local, caller: httpx.Client) -> None:
    job = caller.post(
        f"/v1/run/{local.samples['report-standard']}", json={"seconds": 60}, headers={"Prefer": "respond-async"}
    ).json()
    cancelled = caller.post(job["links"]["cancel"])
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "ABORTED")
    states = local.aws("stepfunctions")
    assert states.describe_execution(executionArn=job["execution_arn"])["status"] == "ABORTED"
    again = caller.post(job["links"]["cancel"])
    assert (again.status_code, again.json()["job_status"]) == (409, "ABORTED")
    assert caller.get(job["links"]["self"]).json()["error"] == "Flowport.Cancelled"


def test_a_late_result_of_a_cancelled_express_run_changes_nothing(local: Local, caller: httpx.Client) -> None:
    job = caller.post(
        f"/v1/run/{local.samples['report-express']}", json={"seconds": 3}, headers={"Prefer": "wait=1"}
    ).json()
    assert job["status"] == "RUNNING"
    cancelled = caller.post(job["links"]["cancel"]).json()
    assert "AWS cannot stop an Express execution" in cancelled["cause"]
    later = caller.get(job["links"]["self"], params={"wait": 4}).json()
    assert later == cancelled


def test_a_caller_who_waits_is_told_of_a_deadline_as_it_passes(local: Local, caller: httpx.Client) -> None:
    answer = caller.post(
        f"/v1/run/{local.samples['report-standard']}", json={"seconds": 30}, headers={"Flowport-Deadline": "2"}
    )
    assert (answer.status_code, answer.json()["type"]) == (504, "urn:flowport:problem:job-timed-out")
    job = answer.json()["job"]
    assert (job["status"], job["error"]) == ("TIMED_OUT", "Flowport.DeadlinePassed")
    states = local.aws("stepfunctions")
    assert states.describe_execution(executionArn=job["execution_arn"])["status"] == "ABORTED"


def test_the_endpoints_own_time_limit_is_kept_by_the_sweep_where_nobody_waits(
    local: Local, caller: httpx.Client, jobs: Jobs, endpoint: Callable[..., str]
) -> None:
    path = endpoint(express_arn=None, standard_arn=local.machines["ReportStandardArn"], time_limit=1, mode="async")
    job = caller.post(f"/v1/run/{path}", json={"seconds": 60}).json()
    jobs.row(job["id"])
    caller.get(f"/v1/jobs/{job['id']}", params={"wait": 2})
    jobs.sweep()
    assert ended(caller, job["id"])["status"] == "TIMED_OUT"


def test_an_ended_job_is_deleted_with_its_payloads(local: Local, caller: httpx.Client) -> None:
    job = caller.post(f"/v1/run/{local.samples['hello']}", json={"large": "x" * 5000}).json()
    assert caller.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert caller.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert caller.get(f"/v1/jobs/{job['id']}/input").status_code == 404


def test_a_batch_is_as_many_jobs_and_one_bad_record_harms_no_other(
    local: Local, caller: httpx.Client, label: str
) -> None:
    inputs = [{"items": [{"sku": "tea", "quantity": 1}]}, {"items": []}, {"items": [{"sku": "mug", "quantity": 2}]}]
    headers = {"Idempotency-Key": label, "Flowport-Labels": f"test={label}"}
    url = f"/v1/run/{local.samples['quote']}/batch"
    first, again = (caller.post(url, json=inputs, headers=headers) for _ in range(2))
    assert first.status_code == 200, first.text
    assert [item["status"] for item in first.json()["items"]] == [200, 500, 200]
    assert [item["job"]["output"]["total_cents"] for item in first.json()["items"][::2]] == [450, 2500]
    assert again.json() == first.json()
    assert len(caller.get("/v1/jobs", params={"label": f"test={label}"}).json()["items"]) == 3


def test_a_redrive_is_a_new_job_which_the_local_engine_can_only_start_anew(local: Local, caller: httpx.Client) -> None:
    failed = caller.post(
        f"/v1/run/{local.samples['report-standard']}",
        json={"seconds": "two"},
        headers={"Prefer": "respond-async", "Flowport-Labels": "team=blue"},
    ).json()
    before = ended(caller, failed["id"])
    assert before["status"] == "FAILED"
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first, again = (caller.post(f"/v1/jobs/{failed['id']}/redrive", headers=key) for _ in range(2))
    assert (first.status_code, first.headers["Flowport-Redrive"]) == (202, "restarted")
    job = first.json()
    assert first.headers["Location"] == job["links"]["self"]
    assert again.json()["id"] == job["id"]
    assert (job["origin"], job["labels"]) == (failed["id"], {"team": "blue"})
    assert job["execution_arn"] != failed["execution_arn"]
    assert ended(caller, job["id"])["error"] == "InvalidSeconds"
    refused = caller.post(f"/v1/jobs/{failed['id']}/redrive")
    assert (refused.status_code, refused.json()["redriven_as"]) == (409, job["id"])
    after = caller.get(f"/v1/jobs/{failed['id']}").json()
    assert after["links"].pop("redriven_as") == job["links"]["self"]
    assert after == before


@pytest.mark.parametrize("sample", ["report-express", "hello"])
def test_a_redriven_express_run_is_started_anew_with_the_same_input(
    local: Local, caller: httpx.Client, sample: str
) -> None:
    done = caller.post(f"/v1/run/{local.samples[sample]}", json={"seconds": 1, "name": "again"}).json()
    redriven = caller.post(f"/v1/jobs/{done['id']}/redrive")
    assert (redriven.status_code, redriven.headers["Flowport-Redrive"]) == (202, "restarted")
    job = ended(caller, redriven.json()["id"])
    assert (job["origin"], job["output"]) == (done["id"], done["output"])
    assert caller.get(job["links"]["input"]).json() == {"seconds": 1, "name": "again"}
