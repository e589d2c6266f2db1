"""WorkfloPlus's clients against the deployed stack."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Local

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
# The page's body as it stands there, but for its trailing comma.
PAGE = """{
  "metadata":{
    "clientJobId":"cb3dc8dc-4162-47c4-af05-3575034f99e5",
    "workflowId":"b62f2507-b4e7-4248-83d3-29c03a158fbe",
    "workflowVersionId":"2831f333-af02-4d89-875d-0bceadeb16ed",
    "jobTitle":"Api Test 2",
    "metadata":{
      "Key1":"V1"
    },
    "created":"2021-10-01T12:48:12.215Z",
    "updated":"2021-10-01T12:48:13.824Z",
    "modified":"2021-10-01T12:48:14Z",
    "status":"Completed",
    "userId":"5d8cac54860b8103316b1987",
    "currentStep":null,
    "abandonReason":null,
    "username":"api.user1@example.com",
    "workflowName":"Example Workflow"
  },
  "completedSteps":[
    {
      "singleStep":{
        "values":[
        ],
        "valueResourceIds":[
        ],
        "uniqueStepId":"c025f569-8148-4a75-a2e8-a9bc19da911d",
        "previousUniqueStepId":"",
        "userId":"5d8cac54860b8103316b1987",
        "userName":"api.user1@example.com",
        "deviceId":null,
        "stepId":"ec7eee0d-5115-4141-847a-64c28694dde2",
        "stepNumber":1,
        "stepTitle":"Instruction",
        "stepDescription":"",
        "stepType":"ConfirmStep",
        "connectionType":null,
        "started":"2021-10-01T12:48:12.265Z",
        "completed":"2021-10-01T12:48:13.8Z",
        "updated":"2021-10-01T12:48:13.8Z",
        "cancelled":null,
        "timeEvents":null,
        "note":null,
        "noteResourceFilenames":null,
        "coordinates":null,
        "parentStepId":null,
        "parentUniqueStepId":null,
        "parentStepTitle":null,
        "parentStepDescription":null,
        "metadata":{
          "tags":""
        }
      },
      "reportStep":null
    }],
  "cancelledSteps":null,
  "team":"apiteam",
  "hierarchyStack":null,
  "packetIds":null,
  "jobExclusion":[
  ],
  "excluded":false
}"""
ANSWER = (
    '{"metadata":{"clientJobId":"cb3dc8dc-4162-47c4-af05-3575034f99e5","workflowId":"b62f2507-b4e7-4248-83d3-29c03a'
    '158fbe","workflowVersionId":"2831f333-af02-4d89-875d-0bceadeb16ed","jobTitle":"Api Test 2","metadata":{"Key1":'
    '"V1"},"created":"2021-10-01T12:48:12.215Z","updated":"2021-10-01T12:48:13.824Z","modified":"2021-10-01T12:48:1'
    '4Z","status":"Completed","userId":"5d8cac54860b8103316b1987","currentStep":null,"abandonReason":null,"username'
    '":"api.user1@example.com","workflowName":"Example Workflow"},"completedSteps":[{"singleStep":{"values":[],"val'
    'ueResourceIds":[],"uniqueStepId":"c025f569-8148-4a75-a2e8-a9bc19da911d","previousUniqueStepId":"","userId":"5d'
    '8cac54860b8103316b1987","userName":"api.user1@example.com","deviceId":null,"stepId":"ec7eee0d-5115-4141-847a-6'
    '4c28694dde2","stepNumber":1,"stepTitle":"Instruction","stepDescription":"","stepType":"ConfirmStep","connectio'
    'nType":null,"started":"2021-10-01T12:48:12.265Z","completed":"2021-10-01T12:48:13.8Z","updated":"2021-10-01T12'
    ':48:13.8Z","cancelled":null,"timeEvents":null,"note":null,"noteResourceFilenames":null,"coordinates":null,"par'
    'entStepId":null,"parentUniqueStepId":null,"parentStepTitle":null,"parentStepDescription":null,"metadata":{"tag'
    's":""}},"reportStep":null}],"cancelledSteps":null,"team":"apiteam","hierarchyStack":null,"packetIds":null,"job'
    'Exclusion":[],"excluded":false,"jobId":"JOB"}'
)
SAID: dict[str, str] = {}


class Client:
    """A client of the page's team, with the token that `/connect/token` gave it."""

    def __init__(self, local: Local) -> None:
        self.known: dict[str, str] = local.description["dialects"]["workfloplus"]
        self.local = local
        self.http = local.http(None)
        self.native = local.http(self.known["admin_token"])
        if not SAID:
            SAID["token"] = self.token().json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {SAID['token']}"

    def token(self, **form: str) -> httpx.Response:
        sent = {
            "grant_type": "client_credentials",
            "client_id": self.known["client_id"],
            "client_secret": self.known["client_secret"],
        } | form
        return self.http.post("/connect/token", data=sent)

    def sync(self, text: str) -> httpx.Response:
        return self.http.post("/jobs/v1/basicSync", content=text)

    def get(self, path: str) -> Any:
        answer = self.http.get(f"/jobs/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for a job's end, natively."""
        until = time.monotonic() + 240
        while time.monotonic() < until:
            job: dict[str, Any] = self.native.get(f"/v1/jobs/{job_id}?wait=15").json()
            if job.get("status") not in {"ACCEPTED", "RUNNING"}:
                return job
        raise AssertionError("the job did not end")

    def executions(self, job_id: str) -> int:
        machine = self.local.machines["FieldJobStandardArn"]
        listed = self.local.aws("stepfunctions").list_executions(stateMachineArn=machine, maxResults=1000)
        return sum(one["name"] == f"fp-{job_id}" for one in listed["executions"])


@pytest.fixture
def client(local: Local) -> Iterator[Client]:
    made = Client(local)
    yield made
    made.http.close()
    made.native.close()


def document(job: str, updated: int, status: str = "InProgress", steps: int = 1, **metadata: Any) -> str:
    named = {
        "clientJobId": job,
        "workflowId": "b62f2507-b4e7-4248-83d3-29c03a158fbe",
        "updated": f"2021-10-01T12:{updated // 60:02}:{updated % 60:02}Z",
        "status": status,
    }
    done = [{"singleStep": {"stepNumber": number + 1}, "reportStep": None} for number in range(steps)]
    return json.dumps({"metadata": named | metadata, "completedSteps": done}, separators=(",", ":"))


def new() -> str:
    return str(uuid.uuid4())


def test_the_pages_document_makes_a_job_whose_run_is_resumed_at_once(client: Client) -> None:
    job = new()
    page = PAGE.replace("cb3dc8dc-4162-47c4-af05-3575034f99e5", job)
    answer = client.sync(page)
    job_id = answer.json()["jobId"]
    expected = ANSWER.replace("cb3dc8dc-4162-47c4-af05-3575034f99e5", job).replace("JOB", job_id)
    assert (answer.status_code, answer.text) == (200, expected)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    ended = client.ended(job_id)
    assert (ended["status"], ended["client_job_id"]) == ("SUCCEEDED", job)
    assert ended["output"] == {"clientJobId": job, "status": "Completed", "completedSteps": 1}
    assert client.sync(page).text == expected, "the same document again"
    assert client.http.get(f"/jobs/v1/{job}").text == f"[{expected}]"


def test_the_pages_document_as_it_is_printed_is_refused_with_the_place_of_its_comma(client: Client) -> None:
    answer = client.sync(PAGE.replace('"Key1":"V1"', '"Key1":"V1",'))
    assert answer.status_code == 400
    assert "at line 8, column 18" in answer.json()["message"]


def test_a_job_is_synced_until_it_is_completed_which_resumes_its_parked_run(client: Client) -> None:
    job = new()
    job_id = client.sync(document(job, 1)).json()["jobId"]
    _until_parked(client, job_id)
    assert client.sync(document(job, 2, steps=2)).json()["jobId"] == job_id
    assert client.native.get(f"/v1/jobs/{job_id}").json()["status"] == "RUNNING"
    assert client.sync(document(job, 3, "Completed", steps=3)).status_code == 200
    assert client.ended(job_id)["output"] == {"clientJobId": job, "status": "Completed", "completedSteps": 3}
    late = client.sync(document(job, 4, steps=4))
    assert late.status_code == 409
    assert late.json()["errors"][0]["field"] == "metadata.clientJobId"
    assert [len(one["completedSteps"]) for one in client.get(f"/snapshots/{job}")] == [1, 2, 3, 4]


def _until_parked(client: Client, job_id: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        steps = client.native.get(f"/v1/jobs/{job_id}/steps").json()["steps"] or []
        if any(step["name"] == "AwaitCompletion" for step in steps):
            return
        time.sleep(0.5)
    raise AssertionError("the run did not get to where it waits")


def test_of_syncs_of_one_job_at_the_same_instant_one_makes_it_and_nothing_is_lost(client: Client) -> None:
    for _ in range(3):
        job, count = new(), 6
        texts = [document(job, number, steps=number) for number in range(1, count + 1)]
        with ThreadPoolExecutor(count) as pool:
            answers = list(pool.map(lambda text: _synced(client, text), texts))
        assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
        (job_id,) = {answer.json()["jobId"] for answer in answers}
        assert client.executions(job_id) == 1
        (current,) = client.get(f"/{job}")
        assert len(current["completedSteps"]) == count, "the newest document is the current one"
        kept = sorted(len(one["completedSteps"]) for one in client.get(f"/snapshots/{job}"))
        assert kept == [1, 2, 3, 4, 5, 6], "a document was lost"
        assert client.sync(document(job, 59, "Aborted")).status_code == 200


def _synced(client: Client, text: str) -> httpx.Response:
    """Sync as a device does: again, when the service says that it is too busy."""
    for _ in range(20):
        answer = client.sync(text)
        if answer.status_code not in {500, 502, 503, 504}:
            return answer
        time.sleep(1)
    return answer


def test_of_two_syncs_of_one_pages_document_at_the_same_instant_one_job_is_made(client: Client) -> None:
    page = PAGE.replace("cb3dc8dc-4162-47c4-af05-3575034f99e5", new())
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda text: _synced(client, text), [page, page]))
    assert answers[0].text == answers[1].text
    assert client.executions(answers[0].json()["jobId"]) == 1


def test_an_old_document_that_arrives_late_does_not_overwrite_the_newer_one(client: Client) -> None:
    job = new()
    job_id = client.sync(document(job, 1)).json()["jobId"]
    newer = client.sync(document(job, 9, steps=3)).text
    late = client.sync(document(job, 5, steps=2))
    assert (late.status_code, late.text) == (200, newer)
    assert client.get(f"/bson/{job_id}") == [json.loads(newer)]
    assert [len(one["completedSteps"]) for one in client.get(f"/snapshots/{job}")] == [1, 3, 2]
    assert client.sync(document(job, 10, "Aborted", abandonReason="No access")).status_code == 200
    ended = client.ended(job_id)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "No access")
    arn = ended["execution_arn"]
    assert client.local.aws("stepfunctions").describe_execution(executionArn=arn)["status"] == "ABORTED"


def test_a_first_document_that_says_aborted_starts_nothing(client: Client) -> None:
    job_id = client.sync(document(new(), 1, "Aborted")).json()["jobId"]
    assert client.ended(job_id)["status"] == "ABORTED"
    assert client.executions(job_id) == 0


def test_a_job_is_created_listed_changed_excluded_aborted_and_deleted(client: Client) -> None:
    job, user = new(), new()
    made = client.http.post("/jobs/v1", content=document(job, 1, userId=user))
    assert made.status_code == 200
    assert client.http.post("/jobs/v1", content=document(job, 2)).status_code == 409
    base = f"/jobs/v1/{job}"
    assert client.http.post(base, json={"metadata": {"status": "Paused"}}).json()["metadata"]["status"] == "Paused"
    assert client.http.post(f"{base}/metadata", json={"k": "v"}).json()["metadata"]["metadata"] == {"k": "v"}
    assert client.http.post(f"{base}/assign/{user}-2").json()["metadata"]["userId"] == f"{user}-2"
    excluded = client.http.put(base, json={"userId": user, "reason": "Test", "isExcluded": "true"}).json()
    assert excluded["excluded"] is True
    for listed in ("?limit=100", "/my?limit=100", "/workflow/b62f2507-b4e7-4248-83d3-29c03a158fbe?limit=100"):
        assert job in [one["metadata"]["clientJobId"] for one in client.get(listed)]
    assert client.http.delete(base).status_code == 409
    aborted = client.http.put(f"/jobs/v1/abort?userId={user}-2")
    assert aborted.json() == {"aborted": 1, "clientJobIds": [job]}
    assert client.http.post(f"{base}/abort").status_code == 409
    client.ended(made.json()["jobId"])
    assert _deleted(client, base) == 204
    assert client.http.get(base).status_code == 404


def test_a_job_is_aborted_for_a_reason_and_its_run_is_stopped(client: Client) -> None:
    job = new()
    job_id = client.sync(document(job, 1)).json()["jobId"]
    _until_parked(client, job_id)
    aborted = client.http.post(f"/jobs/v1/{job}/abort", json={"abandonReason": "No access"})
    assert (aborted.status_code, aborted.json()["jobId"]) == (200, job_id)
    metadata = aborted.json()["metadata"]
    assert (metadata["status"], metadata["abandonReason"]) == ("Aborted", "No access")
    ended = client.ended(job_id)
    assert (ended["status"], ended["cause"]) == ("ABORTED", "No access")
    described = client.local.aws("stepfunctions").describe_execution(executionArn=ended["execution_arn"])
    assert described["status"] == "ABORTED"


def test_lists_are_read_in_pages_the_newest_first(client: Client) -> None:
    older, newer = new(), new()
    for job in (older, newer):
        assert client.sync(document(job, 1, "Aborted")).status_code == 200
    for listed in ("", "/my", "/workflow/b62f2507-b4e7-4248-83d3-29c03a158fbe"):
        pages = [client.get(f"{listed}?skip={skip}&limit=1") for skip in (0, 1)]
        assert [one["metadata"]["clientJobId"] for page in pages for one in page] == [newer, older], listed
        refused = client.http.get(f"/jobs/v1{listed}?limit=101")
        assert (refused.status_code, refused.json()["errors"]) == (
            400,
            [{"field": "limit", "message": "must be a whole number from 1 to 100"}],
        )


@pytest.mark.parametrize("path", ["", "/snapshots", "/metadata", "/assign/x", "/abort"])
def test_a_job_that_is_not_there_is_told_in_the_familys_own_form(client: Client, path: str) -> None:
    job = new()
    if path in {"", "/snapshots"}:
        answer = client.http.get(f"/jobs/v1{path}/{job}")
    else:
        answer = client.http.post(f"/jobs/v1/{job}{path}", json={})
    assert (answer.status_code, list(answer.json())) == (404, ["message", "errors"])
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


def _deleted(client: Client, path: str) -> int:
    """Delete once the sweep has nothing left to do about a job that was stopped while it began."""
    until = time.monotonic() + 240
    while (status := client.http.delete(path).status_code) == 409 and time.monotonic() < until:
        time.sleep(2)
    return status


def test_a_clients_secret_and_its_tokens_scopes_decide(client: Client) -> None:
    wrong = client.token(client_secret="fps_wrong")
    assert (wrong.status_code, wrong.text) == (401, '{"error":"invalid_client"}')
    assert client.token(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert client.token(scope="admin").json()["error"] == "invalid_scope"
    reader = client.token(scope="job.read").json()
    assert list(reader) == ["access_token", "expires_in", "token_type"]
    with client.local.http(reader["access_token"]) as other:
        refused = other.post("/jobs/v1/basicSync", content=document(new(), 1))
        assert (refused.status_code, list(refused.json())) == (403, ["message", "errors"])
        assert other.get("/jobs/v1/my").status_code == 200
    with client.local.http(None) as nobody:
        assert nobody.get("/jobs/v1/my").status_code == 401
    with client.local.http("nonsense") as nobody:
        assert nobody.get("/jobs/v1/my").json()["errors"] == []


@pytest.mark.parametrize("kind", ["sh", "py"])
def test_the_client_scripts_sync_a_job_until_it_is_completed(client: Client, kind: str) -> None:
    job = new()
    environment = os.environ | {
        "WORKFLOPLUS_URL": client.local.base_url,
        "WORKFLOPLUS_WORKFLOW": client.known["workflow_id"],
        "WORKFLOPLUS_CLIENT_ID": client.known["client_id"],
        "WORKFLOPLUS_CLIENT_SECRET": client.known["client_secret"],
    }
    script = ["bash", str(CLIENTS / "workfloplus.sh"), job]
    if kind == "py":
        known = (client.known["workflow_id"], client.known["client_id"], client.known["client_secret"])
        script = [sys.executable, str(CLIENTS / "workfloplus.py"), client.local.base_url, *known, job]
    done = subprocess.run(script, env=environment, capture_output=True, text=True, check=True, timeout=300)
    last = json.loads(done.stdout.splitlines()[-1])
    (shown,) = last
    assert (shown["metadata"]["clientJobId"], shown["metadata"]["status"]) == (job, "Completed")
    assert len(shown["completedSteps"]) == 2
    assert client.ended(shown["jobId"])["status"] == "SUCCEEDED"


def test_the_same_job_is_seen_natively_and_a_workflow_published_by_hand_takes_documents(
    client: Client, endpoint: Callable[..., str], new_token: Callable[..., dict[str, Any]], local: Local
) -> None:
    alias = new()
    machine = local.machines["FieldJobStandardArn"]
    path = endpoint(express_arn=None, standard_arn=machine, aliases=[f"workfloplus:{alias}"])
    token = new_token(scopes=["workflow.execute", "job.read", "jobs:read"])["token"]
    with local.http(token) as mine:
        text = document(new(), 1, "Aborted", workflowId=alias)
        job_id = mine.post("/jobs/v1/basicSync", content=text).json()["jobId"]
        assert mine.get(f"/v1/jobs/{job_id}").json()["endpoint"] == path
