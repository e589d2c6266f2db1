"""One endpoint, called through every contract on the deployed stack: the same runs, the same jobs."""

import base64
import secrets
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from flowport.dialects import REGISTRY
from tests.e2e.conftest import Local, ended

OUTPUT: Final = {"name": "hello world"}


@dataclass(frozen=True)
class Published:
    """The endpoint as each family knows it, and a caller without any credential of its own."""

    http: httpx.Client
    admin: httpx.Client
    workspace: str
    token: str
    module: str
    name: str
    task: str
    workflow: str
    number: int

    @property
    def path(self) -> str:
        return f"{quote(self.module)}/{quote(self.name)}"


@pytest.fixture
def published(local: Local, admin: httpx.Client) -> Iterator[Published]:
    """An endpoint under every identifier, with both machines; its name wants encoding."""
    with local.http(None) as http:
        made = Published(
            http,
            admin,
            workspace=local.description["workspace"],
            token=local.description["run_token"],
            module=f"contracts {secrets.token_hex(4)}",
            name="hello",
            task=secrets.token_hex(12),
            workflow=str(uuid.uuid4()),
            number=10**11 + secrets.randbelow(10**11),
        )
        body = {
            "express_arn": local.machines["HelloExpressArn"],
            "standard_arn": local.machines["HelloStandardArn"],
            "methods": ["GET", "POST"],
            "aliases": [f"theeye:{made.task}", f"workfloplus:{made.workflow}", f"nebulagraph:{made.number}"],
        }
        answer = admin.put(f"/v1/admin/endpoints/{made.path}", json=body)
        assert answer.status_code == 201, answer.text
        yield made
        admin.delete(f"/v1/admin/endpoints/{made.path}")


def body_of(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, f"{answer.request.url}\n{answer.status_code} {answer.text}"
    return answer.json()


# -- each contract's way to call, which gives what the job is called there --------------------------------------------


def by_native(endpoint: Published) -> str:
    """A token in `Authorization`; the job is the answer."""
    headers = {"Authorization": f"Bearer {endpoint.token}"}
    job = body_of(endpoint.http.post(f"/v1/run/{endpoint.path}", json={}, headers=headers))
    assert (job["status"], job["output"]) == ("SUCCEEDED", OUTPUT)
    return str(job["id"])


def by_iolinker(endpoint: Published) -> str:
    """A token in `token`; the uid is the job's id in decimal."""
    url = f"/v1/api/{endpoint.workspace}/{endpoint.path}"
    response = body_of(endpoint.http.get(url, headers={"token": endpoint.token}))["response"]
    assert (response["data"], response["code"]) == (OUTPUT, 0)
    return str(response["uid"])


def by_phixflow(endpoint: Published) -> str:
    """An API key of its own; the process id is the job's."""
    made = endpoint.admin.post("/v1/admin/api-keys", json={"name": "all contracts", "roles": ["runner"]})
    assert made.status_code == 201, made.text
    url = f"/{endpoint.workspace}/api/1/action/{endpoint.path}/trigger"
    headers = {"Authorization": f"Bearer {made.json()['api_key']}"}
    answer = body_of(endpoint.http.post(url, json={}, headers=headers))
    endpoint.admin.post(f"/v1/admin/api-keys/{made.json()['id']}/revoke").raise_for_status()
    assert (answer["success"], answer["data"]) == (True, {"output": OUTPUT})
    return str(answer["processId"])


def by_theeye(endpoint: Published) -> str:
    """A token in the query; the job is named by a header, as the output is all that `result` shows."""
    url = f"/{endpoint.workspace}/task/{endpoint.task}/job"
    answer = endpoint.http.post(url, params={"access_token": endpoint.token}, json={"task_arguments": []})
    assert body_of(answer) == ['{"name":"hello world"}']
    return answer.headers["flowport-job-id"]


def by_workfloplus(endpoint: Published) -> str:
    """A client's token for a document, which the server starts the workflow with and gives back with the job's id."""
    made = endpoint.admin.post("/v1/admin/clients", json={"name": "all contracts", "scopes": ["workflow.execute"]})
    assert made.status_code == 201, made.text
    form = {"grant_type": "client_credentials"} | {name: made.json()[name] for name in ("client_id", "client_secret")}
    token = body_of(endpoint.http.post("/connect/token", data=form))["access_token"]
    at = "2026-11-22T02:19:59.203Z"
    times = {"created": at, "updated": at, "modified": at}
    metadata = {"clientJobId": str(uuid.uuid4()), "workflowId": endpoint.workflow, "status": "InProgress", **times}
    document = {"metadata": metadata, "completedSteps": [], "team": endpoint.workspace}
    synced = endpoint.http.post("/jobs/v1/basicSync", json=document, headers={"Authorization": f"Bearer {token}"})
    endpoint.admin.post(f"/v1/admin/clients/{form['client_id']}/revoke").raise_for_status()
    assert body_of(synced)["metadata"]["clientJobId"] == metadata["clientJobId"]
    return str(synced.json()["jobId"])


def by_nebulagraph(endpoint: Published) -> str:
    """A user's token in a cookie; the job has a number, and its end is for whoever polls it."""
    user = {"name": f"u{secrets.token_hex(6)}", "password": secrets.token_urlsafe(24), "roles": ["runner"]}
    endpoint.admin.post("/v1/admin/users", json=user).raise_for_status()
    account = base64.b64encode(f"{user['name']}:{user['password']}".encode()).decode()
    connected = endpoint.http.post("/api-open/v1/connect", headers={"Authorization": f"Bearer {account}"})
    assert body_of(connected) == {"code": 0, "data": {"success": True}, "message": "Success"}
    added = endpoint.http.post(f"/api-open/v1/workflows/{endpoint.number}/jobs", json={})  # the client keeps the cookie
    endpoint.http.cookies.clear()
    endpoint.admin.post(f"/v1/admin/users/{user['name']}/revoke").raise_for_status()
    return str(body_of(added)["data"]["id"])


WAYS: Final[dict[str, Callable[[Published], str]]] = {
    "native": by_native,
    "iolinker": by_iolinker,
    "phixflow": by_phixflow,
    "workfloplus": by_workfloplus,
    "theeye": by_theeye,
    "nebulagraph": by_nebulagraph,
}


def test_one_endpoint_is_called_through_every_contract(published: Published, caller: httpx.Client) -> None:
    jobs = {}
    for contract in REGISTRY:
        job = ended(published.admin, WAYS[contract](published))
        assert (contract, job["status"], job["output"]) == (contract, "SUCCEEDED", OUTPUT)
        assert job["endpoint"] == f"{published.module}/{published.name}"
        jobs[contract] = job["id"]
    assert len(set(jobs.values())) == len(REGISTRY)
    listed = published.admin.get("/v1/jobs", params={"endpoint": f"{published.module}/{published.name}"}).json()
    assert {job["id"] for job in listed["items"]} == set(jobs.values())
