"""NebulaGraph Explorer's clients against the deployed stack."""

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowport.adapters.items import encode_item
from tests.e2e.conftest import Local

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
API = "/api-open/v1"
CONNECTED = '{"code":0,"data":{"success":true},"message":"Success"}'
REFUSED = (
    '{"code":40104000,"message":"The credential is not valid: unknown, mistyped, revoked or expired. The workspace\'s '
    'administrator can give you another."}'
)
NO_TOKEN = '{"code":40104000,"message":"There is no explorer_token; POST /api-open/v1/connect gives one as a cookie."}'
TIM_DUNCAN = '{"input":{"query_1":{"name":"Tim Duncan"}}}'
PASSWORD = "correct horse battery staple"
JSON = {"Content-Type": "application/json"}


class Explorer:
    """A connected client."""

    def __init__(self, local: Local, account: str, workflow: str) -> None:
        self.local, self.account = local, account
        self.jobs = f"{API}/workflows/{workflow}/jobs"
        self.http = local.http(None)
        self.answer = self.http.post(
            f"{API}/connect",
            content='{"address":"192.168.8.111","port":9669}',
            headers=JSON | {"Authorization": f"Bearer {account}"},
        )

    def add(self, parameters: Any = None) -> int:
        """Add a job; a call that is asked to come back (nothing was started) does so, as on a machine that is slow."""
        for _ in range(10):
            answer = self.http.post(self.jobs, json={"input": parameters or {}})
            if "retry-after" not in answer.headers:
                break
            time.sleep(float(answer.headers["retry-after"]))
        assert answer.status_code == 200, answer.text
        return int(answer.json()["data"]["id"])

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(API + path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def ended(self, job: int, within: float = 90) -> dict[str, Any]:
        deadline = time.monotonic() + within
        while True:
            detail: dict[str, Any] = self.get(f"/jobs/{job}")
            if detail["status"] not in {0, 1}:
                return detail
            assert time.monotonic() < deadline, f"not ended: {detail}"
            time.sleep(0.3)


@pytest.fixture
def known(local: Local) -> dict[str, str]:
    given: dict[str, str] = local.description["dialects"]["nebulagraph"]
    return given


@pytest.fixture
def explorer(local: Local, known: dict[str, str]) -> Iterator[Explorer]:
    """The pages' own account and workflow."""
    made = Explorer(local, known["account_base64"], known["workflow_id"])
    with closing(made.http):
        yield made


@pytest.fixture
def connect(local: Local, admin: httpx.Client) -> Iterator[Callable[..., Explorer]]:
    """Make a user of the test's own, and connect."""
    opened: list[Explorer] = []
    users: list[str] = []

    def connected(workflow: str, **members: Any) -> Explorer:
        name = f"u{secrets.token_hex(6)}"
        body = {"name": name, "password": PASSWORD, "roles": ["supervisor"], **members}
        made = admin.post("/v1/admin/users", json=body)
        assert made.status_code == 201, made.text
        users.append(name)
        opened.append(Explorer(local, base64.b64encode(f"{name}:{PASSWORD}".encode()).decode(), workflow))
        assert opened[-1].answer.text == CONNECTED
        return opened[-1]

    yield connected
    for one in opened:
        one.http.close()
    for name in users:
        admin.post(f"/v1/admin/users/{name}/revoke")


@pytest.fixture
def workflow(local: Local, endpoint: Callable[..., str]) -> Callable[..., str]:
    """Publish a workflow under a number of its own."""

    def publish(**members: Any) -> str:
        number = str(10**11 + secrets.randbelow(10**11))
        machine = {"express_arn": None, "standard_arn": local.machines["PlayerQueryStandardArn"]}
        endpoint(**{**machine, "aliases": [f"nebulagraph:{number}"], **members})
        return number

    return publish


def set_counter(local: Local, last: int) -> None:
    """Let a workspace have counted this far already, unless it has counted further."""
    dynamodb = local.aws("dynamodb")
    key = encode_item({"job_id": f"number#{local.description['workspace']}#nebulagraph", "item": "counter"})
    try:
        dynamodb.update_item(
            TableName=local.outputs["JobsTableName"],
            Key=key,
            UpdateExpression="SET #last = :last",
            ConditionExpression="attribute_not_exists(#last) OR #last < :last",
            ExpressionAttributeNames={"#last": "last"},
            ExpressionAttributeValues=encode_item({":last": last}),
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return


# -- the pages' examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["cm9vdDoxMjM=", "WyJyb290IiwiMTIzIl0="])
def test_the_pages_connect_is_answered_byte_for_byte(local: Local, known: dict[str, str], account: str) -> None:
    client = Explorer(local, account, known["workflow_id"])
    with closing(client.http):
        assert (client.answer.status_code, client.answer.text) == (200, CONNECTED)
        assert (client.answer.headers["content-type"], client.answer.headers["content-length"]) == (
            "application/json",
            "54",
        )
        assert re.fullmatch(
            r"explorer_token=[\w-]+\.[\w-]+\.[\w-]+; Path=/; Max-Age=259200; HttpOnly",
            client.answer.headers["set-cookie"],
        )


def test_the_seeds_curl_adds_a_job_byte_for_byte(local: Local, explorer: Explorer, known: dict[str, str]) -> None:
    set_counter(local, 106)
    token = explorer.http.cookies["explorer_token"]
    url = f"{local.base_url}{API}/workflows/{known['workflow_id']}/jobs"
    curl = (
        'curl -s -i -X POST -H "Content-Type: application/json" '
        f"""-H "Cookie: "explorer_token={token}"" -d '{TIM_DUNCAN}' {url}"""
    )
    shown = subprocess.run(
        ["/bin/bash", "-c", curl], capture_output=True, check=True, env=os.environ | {"NO_PROXY": "*"}
    )
    head, _, body = shown.stdout.partition(b"\r\n\r\n")
    fields = {line.partition(b":")[0].strip().lower(): line.partition(b":")[2].strip() for line in head.splitlines()}
    assert head.splitlines()[0].split()[1] == b"200"
    number = json.loads(body)["data"]["id"]
    assert number >= 107
    assert body == b'{"code":0,"data":{"id":%d},"message":"Success"}' % number
    assert fields[b"content-type"] == b"application/json"
    assert fields[b"content-length"] == b"%d" % (45 + len(str(number)))

    assert explorer.ended(number)["status"] == 2
    found = explorer.http.get(f"{API}/jobs/{number}/tasks/query_1/sample_result", params={"limit": 10})
    assert found.text == '{"code":0,"data":{"items":[["player100","Tim Duncan","42"]]},"message":"Success"}'


def test_parameters_reach_the_task_that_they_are_for(explorer: Explorer) -> None:
    job = explorer.add({"query_1": {"name": "Tony Parker"}, "follow_1": {"limit": 1}})
    detail = explorer.ended(job)
    assert [task["id"] for task in detail["tasks"]] == ["MayPause", "query_1", "IsKnown", "follow_1"]
    assert {task["status"] for task in detail["tasks"]} == {2}
    moment = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    assert all(re.fullmatch(moment, task[name]) for task in detail["tasks"] for name in ("runBeginTime", "runEndTime"))
    assert explorer.get(f"/jobs/{job}/tasks/query_1/sample_result") == {"items": [["player101", "Tony Parker", "36"]]}
    assert explorer.get(f"/jobs/{job}/tasks/follow_1/sample_result") == {"items": [["player100", "0.95"]]}
    both = explorer.add({"query_1": {"name": "Tony Parker"}})
    explorer.ended(both)
    follows = explorer.get(f"/jobs/{both}/tasks/follow_1/sample_result")["items"]
    assert follows == [["player100", "0.95"], ["player102", "0.9"]]
    assert explorer.get(f"/jobs/{both}/tasks/follow_1/sample_result", limit=1)["items"] == follows[:1]


def test_wrong_parameters_are_refused_by_name_before_anything_is_started(explorer: Explorer) -> None:
    total = explorer.get("/jobs")["total"]
    for sent, said in (
        ("{}", "The parameter 'name' of 'query_1' is required."),
        ('{"input":{"query_1":{"name":42}}}', "The parameter 'name' of 'query_1' must be of the type string."),
        (
            '{"input":{"query_1":{"name":"Tim Duncan"},"follow_1":{"limit":true}}}',
            "The parameter 'limit' of 'follow_1' must be a string or a number.",
        ),
    ):
        refused = explorer.http.post(explorer.jobs, content=sent, headers=JSON)
        assert (refused.status_code, refused.json()) == (400, {"code": 40004001, "message": said})
    broken = explorer.http.post(explorer.jobs, content='{"input"', headers=JSON)
    assert (broken.status_code, broken.json()["code"]) == (400, 40004000)
    assert explorer.get("/jobs")["total"] == total


# -- credentials -------------------------------------------------------------------------------------------------------


def test_only_a_good_token_gets_in_by_cookie_or_header(local: Local, explorer: Explorer) -> None:
    token = explorer.http.cookies["explorer_token"]
    with local.http(None) as nobody:
        assert nobody.get(f"{API}/jobs", headers={"explorer_token": token}).status_code == 200
        assert nobody.get(f"{API}/jobs", headers={"Cookie": f'explorer_token="{token}"'}).status_code == 200
        missing = nobody.get(f"{API}/jobs")
        assert (missing.status_code, missing.text) == (401, NO_TOKEN)
        for wrong in (f"{token[:-2]}xx", "eyJhbxxx", local.description["run_token"]):
            refused = nobody.get(f"{API}/jobs", headers={"Cookie": f"explorer_token={wrong}"})
            assert (refused.status_code, refused.text) == (401, REFUSED)
        account = base64.b64encode(b"root:124").decode()
        connected = nobody.post(f"{API}/connect", headers={"Authorization": f"Bearer {account}"})
        assert (connected.status_code, connected.text) == (401, REFUSED)
        assert "set-cookie" not in connected.headers


def test_a_revoked_user_is_refused_on_the_very_next_call(
    connect: Callable[..., Explorer], workflow: Callable[..., str], admin: httpx.Client
) -> None:
    client = connect(workflow())
    client.add({"query_1": {"name": "Tim Duncan"}})
    name = base64.b64decode(client.account).decode().partition(":")[0]
    assert admin.post(f"/v1/admin/users/{name}/revoke").status_code == 200
    refused = client.http.get(f"{API}/jobs")
    assert (refused.status_code, refused.text) == (401, REFUSED)


def test_who_may_not_run_is_denied_and_sees_own_jobs_only(
    connect: Callable[..., Explorer], workflow: Callable[..., str]
) -> None:
    number = workflow()
    job = connect(number).add({"query_1": {"name": "Tim Duncan"}})
    reader = connect(number, roles=["reader"])
    denied = reader.http.post(reader.jobs, json={})
    assert (denied.status_code, denied.json()["code"]) == (403, 40304000)
    assert reader.get(f"/jobs/{job}")["id"] == job
    runner = connect(number, roles=["runner"])
    hidden = runner.http.get(f"{API}/jobs/{job}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, 40404000)
    assert runner.get("/jobs")["items"] == []


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_no_number_is_given_twice_however_many_add_jobs_at_once(
    connect: Callable[..., Explorer], workflow: Callable[..., str]
) -> None:
    client = connect(workflow())
    with ThreadPoolExecutor(12) as pool:
        numbers = list(pool.map(lambda _: client.add({"query_1": {"name": "Tim Duncan"}}), range(48)))
    assert len(set(numbers)) == 48
    listed: list[int] = []
    for page in range(1, 6):
        shown = client.get(client.jobs.removeprefix(API), page=page, pageSize=10)
        assert (shown["total"], shown["Page"], shown["PageSize"]) == (48, page, 10)
        listed += [item["id"] for item in shown["items"]]
    assert listed == sorted(numbers, reverse=True)


def test_only_this_familys_calls_are_counted(explorer: Explorer, local: Local, known: dict[str, str]) -> None:
    first = explorer.add({"query_1": {"name": "Tim Duncan"}})
    with local.http(local.description["run_token"]) as native:
        other = native.post("/v1/run/samples/player-query", json={"query_1": {"name": "Tim Duncan"}})
        assert other.status_code == 202
        second = explorer.add({"query_1": {"name": "Tim Duncan"}})
        assert second > first
        job = native.get(f"/v1/jobs/{second}").json()
        assert (job["endpoint"], job["id"]) != ("", other.json()["id"])
        assert native.get(f"/v1/jobs/{job['id']}/input").json() == {
            "query_1": {"name": "Tim Duncan"},
            "follow_1": {"limit": 10},
        }
    with local.http(None) as nobody:
        assert nobody.get(f"/v1/jobs/{second}").status_code == 404
        assert nobody.get(f"/v1/jobs/{job['id']}").status_code in {401, 404}
    assert explorer.get(f"/jobs/{second}")["workflowId"] == known["workflow_id"]


# -- lists, details, cancelling ----------------------------------------------------------------------------------------


def test_lists_are_filtered_and_ordered(connect: Callable[..., Explorer], workflow: Callable[..., str]) -> None:
    client = connect(workflow())
    done = client.add({"query_1": {"name": "Tim Duncan"}})
    failed = client.add({"query_1": {"name": "Nobody"}})
    assert client.ended(done)["status"] == 2
    broken = client.ended(failed)
    assert broken["status"] == 3
    assert broken["tasks"][-1]["id"] == "NoSuchPlayer"
    jobs = client.jobs.removeprefix(API)

    def listed(**wanted: Any) -> list[int]:
        return [item["id"] for item in client.get(jobs, filter=json.dumps(wanted))["items"]]

    assert listed() == [failed, done]
    assert listed(orderByCreateTime="asc") == [done, failed]
    assert listed(status=2) == [done]
    assert listed(status=3, name=broken["name"]) == [failed]
    assert listed(status=5) == []
    assert listed(fromCreateTime=broken["createTime"] + 1) == []
    assert set(listed(toCreateTime=broken["createTime"])) == {done, failed}
    assert broken["name"].startswith(broken["workflowName"] + "_20")
    assert broken["runBeginTime"] >= broken["createTime"] - 60_000
    assert broken["runEndTime"] >= broken["runBeginTime"]
    refused = client.http.get(client.jobs, params={"filter": '{"state":2}'})
    assert (refused.status_code, refused.json()["code"]) == (400, 40004001)


def test_a_running_job_shows_where_it_is_and_is_cancelled(local: Local, explorer: Explorer) -> None:
    job = explorer.add({"query_1": {"name": "Tim Duncan"}, "pause_1": {"seconds": 120}})
    deadline = time.monotonic() + 60
    detail = explorer.get(f"/jobs/{job}")
    while "pause_1" not in [task["id"] for task in detail["tasks"]]:
        assert time.monotonic() < deadline, detail
        time.sleep(0.3)
        detail = explorer.get(f"/jobs/{job}")
    paused = detail["tasks"][-1]
    assert (detail["status"], paused["id"], paused["status"], paused["runEndTime"]) == (1, "pause_1", 1, None)
    early = explorer.http.get(f"{API}/jobs/{job}/tasks/query_1/sample_result")
    assert (early.status_code, early.json()["code"]) == (404, 40404000)

    cancelled = explorer.http.put(
        f"{API}/jobs/{job}/cancel", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (cancelled.status_code, cancelled.text) == (200, CONNECTED)
    assert explorer.get(f"/jobs/{job}")["status"] == 4
    again = explorer.http.put(f"{API}/jobs/{job}/cancel")
    assert (again.status_code, again.json()["code"]) == (400, 40004000)
    with local.http(local.description["run_token"]) as native:
        execution = native.get(f"/v1/jobs/{job}").json()["execution_arn"]
    assert local.aws("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_an_express_workflow_says_that_its_runs_have_no_history(
    local: Local, connect: Callable[..., Explorer], workflow: Callable[..., str]
) -> None:
    number = workflow(
        standard_arn=None, express_arn=local.machines["HelloExpressArn"], log_group="/aws/vendedlogs/states/none"
    )
    client = connect(number)
    job = client.add()
    detail = client.ended(job)
    assert (detail["status"], detail["tasks"]) == (2, [])
    refused = client.http.get(f"{API}/jobs/{job}/tasks/SayHello/sample_result")
    assert (refused.status_code, refused.json()["code"]) == (404, 40404000)


@pytest.mark.parametrize("path", ["jobs/x", "jobs/999999999999999", "workflows/1/jobs", "job", "jobs/1/tasks/a"])
def test_what_is_not_there_is_told_in_the_familys_own_form(explorer: Explorer, path: str) -> None:
    refused = explorer.http.get(f"{API}/{path}")
    code = 40004001 if path == "jobs/x" else 40404000
    assert list(refused.json()) == ["code", "message"]
    assert (refused.status_code, refused.json()["code"]) == (code // 100_000, code)


def test_the_clients_of_that_system_run_unchanged(local: Local, known: dict[str, str]) -> None:
    environment = os.environ | {
        "EXPLORER_URL": local.base_url,
        "EXPLORER_ACCOUNT": known["account_base64"],
        "EXPLORER_WORKFLOW": known["workflow_id"],
        "NO_PROXY": "*",
    }
    shell = subprocess.run(
        [str(CLIENTS / "nebulagraph.sh")], env=environment, capture_output=True, text=True, check=True
    )
    connected, added, status, rows = shell.stdout.splitlines()
    assert (connected, status) == (CONNECTED, "2")
    assert re.fullmatch(r'\{"code":0,"data":\{"id":\d+\},"message":"Success"\}', added)
    assert rows == '{"code":0,"data":{"items":[["player100","Tim Duncan","42"]]},"message":"Success"}'
    account = {"EXPLORER_ACCOUNT": f"{known['user']}:{known['password']}"}
    command = [sys.executable, str(CLIENTS / "nebulagraph.py"), local.base_url, known["workflow_id"], "follow_1"]
    sent = '{"query_1":{"name":"Tony Parker"}}'
    python = subprocess.run([*command, sent], env=environment | account, capture_output=True, text=True, check=True)
    assert python.stdout == "player100\t0.95\nplayer102\t0.9\n"
    nobody = subprocess.run(
        [*command, '{"query_1":{"name":"Nobody"}}'],
        env=environment | account,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (nobody.returncode, "ended with status 3" in nobody.stderr) == (1, True)
