"""Reading jobs: by every name, lists, steps, links behind a stage and behind a base path."""

from collections.abc import Callable
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.e2e.conftest import Local, ended


def test_a_job_is_found_by_id_by_execution_arn_and_by_request_id(caller: httpx.Client, local: Local) -> None:
    answer = caller.post(f"/v1/run/{local.samples['hello-standard']}", json={})
    job = answer.json()
    for name in (job["id"], quote(job["execution_arn"], safe=""), answer.headers["Flowport-Request-Id"]):
        assert caller.get(f"/v1/jobs/{name}").json() == job


def test_an_unchanged_job_is_304_to_its_etag(caller: httpx.Client, local: Local) -> None:
    job = caller.post(f"/v1/run/{local.samples['hello']}", json={}).json()
    tag = caller.get(f"/v1/jobs/{job['id']}").headers["ETag"]
    answer = caller.get(f"/v1/jobs/{job['id']}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_no_such_job_is_404(caller: httpx.Client) -> None:
    answer = caller.get("/v1/jobs/00000000-0000-8000-8000-000000000000")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:flowport:problem:not-found")


def test_lists_are_filtered_and_paged_newest_first(caller: httpx.Client, local: Local, label: str) -> None:
    headers = {"Flowport-Labels": f"test={label}"}
    made = [caller.post(f"/v1/run/{local.samples['hello']}", json={}, headers=headers).json()["id"] for _ in range(5)]
    caller.post(f"/v1/run/{local.samples['quote']}", json={}, headers=headers)
    params: dict[str, str | int] = {"label": f"test={label}", "status": "SUCCEEDED", "limit": 2}
    pages = []
    while True:
        page = caller.get("/v1/jobs", params=params).json()
        pages.append([job["id"] for job in page["items"]])
        if page["cursor"] is None:
            break
        params["cursor"] = page["cursor"]
    assert [job_id for page in pages for job_id in page] == made[::-1]
    by_endpoint = {"endpoint": local.samples["quote"], "label": f"test={label}"}
    (failed,) = caller.get("/v1/jobs", params=by_endpoint).json()["items"]
    assert (failed["status"], "output" in failed) == ("FAILED", False)


def test_the_steps_of_a_standard_run_are_the_states_that_it_went_through(caller: httpx.Client, local: Local) -> None:
    job = caller.post(f"/v1/run/{local.samples['report-standard']}", json={"seconds": 1}).json()
    read = caller.get(job["links"]["steps"]).json()
    assert read["steps"][0]["type"] in {"Choice", "Pass"}
    waits = [step for step in read["steps"] if step["type"] == "Wait"]
    assert [(step["status"], step["attempts"]) for step in waits] == [("SUCCEEDED", 1)]


def test_the_steps_of_an_express_run_are_null_with_the_reason(
    caller: httpx.Client, endpoint: Callable[..., str]
) -> None:
    job = caller.post(f"/v1/run/{endpoint()}", json={}).json()
    read = caller.get(f"/v1/jobs/{job['id']}/steps").json()
    assert read["steps"] is None
    assert "AWS keeps no history of Express executions" in read["reason"]


def _through_stage(local: Local) -> httpx.Client:
    """Reach the API as by its execute-api host, whose first path segment is the stage."""
    host = f"{local.outputs['RestApiId']}.execute-api.localhost:{urlsplit(local.engine_url).port}"
    client = local.http(local.description["run_token"], base_url=f"{local.engine_url}/local")
    client.headers["Host"] = host
    return client


@pytest.mark.parametrize("way", ["stage prefix", "custom domain's base path"])
def test_every_link_works_when_followed(local: Local, caller: httpx.Client, way: str) -> None:
    client = _through_stage(local) if way == "stage prefix" else caller
    root = urlsplit(str(client.base_url)).path.rstrip("/")
    host = client.headers.get("Host", urlsplit(local.base_url).netloc)
    answer = client.post(
        f"/v1/run/{local.samples['report-express']}", json={"seconds": 0}, headers={"Prefer": "respond-async"}
    )
    location = answer.headers["Location"]
    links = answer.json()["links"]
    assert location == links["self"] == f"http://{host}{root}/v1/jobs/{answer.json()['id']}"
    ended(client, answer.json()["id"])
    # The engine's own host names do not resolve everywhere: the connection goes to loopback, the Host header stays.
    statuses = {
        name: client.request("POST" if name == "cancel" else "GET", local.engine_url + urlsplit(link).path).status_code
        for name, link in links.items()
    }
    assert statuses == {"self": 200, "cancel": 409, "steps": 200, "input": 200}


def test_waiting_for_a_job_gives_its_end_the_moment_it_comes(caller: httpx.Client, local: Local) -> None:
    started = caller.post(
        f"/v1/run/{local.samples['report-standard']}", json={"seconds": 2}, headers={"Prefer": "respond-async"}
    ).json()
    job = caller.get(f"/v1/jobs/{started['id']}", params={"wait": 20}).json()
    assert job["status"] == "SUCCEEDED"


def test_cors_preflights_and_errors_carry_the_allowed_origin(local: Local) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Headers": "authorization,content-type"}
    with local.http(None) as client:
        preflight = client.options(f"/v1/run/{local.samples['hello']}", headers=asked)
        refused = client.post(f"/v1/run/{local.samples['hello']}", json={}, headers=asked)
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert refused.status_code == 401
    assert preflight.headers["Access-Control-Allow-Origin"] == refused.headers["Access-Control-Allow-Origin"] == "*"
