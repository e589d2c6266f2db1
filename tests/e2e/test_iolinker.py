"""iolinker's clients against the deployed stack."""

import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import Local, ended

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
SYNC = "/v1/api/iolinker/test/sync"
TOKEN = {"token": "123456"}
USER = {"user": "iolinker", "password": "123456"}
UID = r'"uid":"[1-9]\d{0,38}"'
OK = rf'\{{"response":\{{"data":\{{"code":0,"msg":"ok"\}},"code":0,"msg":"",{UID}\}}\}}'
NO_TOKEN = '{"response":{"error":{"code":"requestError.invalidParams","message":"Token is required"}}}'
NO_USER = '{"response":{"error":{"code":"requestError.invalidParams","message":"User/Password is required"}}}'
REPEATED = '{"response":{"error":{"code":"requestError.repeatedOperation","message":"requestError.repeatedOperation"}}}'

Publish = Callable[..., None]


@pytest.fixture
def client(local: Local) -> Iterator[httpx.Client]:
    with local.http(None) as made:
        yield made


@pytest.fixture
def owner(local: Local) -> Iterator[httpx.Client]:
    """The owner's administrator, who reads its jobs too."""
    with local.http(local.description["dialects"]["iolinker"]["admin_token"]) as made:
        yield made


@pytest.fixture
def switch(local: Local, owner: httpx.Client) -> Iterator[Publish]:
    """Publish the page's one URL otherwise; as it was before at the end."""
    path = "/v1/admin/endpoints/test/sync"
    before = owner.get(path).json()

    def publish(machine: str = "SyncApiExpressArn", **spec: Any) -> None:
        body = {"express_arn": local.machines[machine], "methods": ["GET", "POST"]} | spec
        owner.put(path, json=body).raise_for_status()

    yield publish
    kept = ("express_arn", "methods", "auth", "title", "sample", "log_group")
    owner.put(path, json={name: before[name] for name in kept}).raise_for_status()


@pytest.fixture
def published(local: Local, owner: httpx.Client) -> Iterator[Callable[..., str]]:
    """Publish endpoints of the test's own, deleted at its end."""
    made: list[str] = []

    def publish(name: str = "", **spec: Any) -> str:
        path = f"tests/{quote(name, safe='+') or uuid.uuid4().hex}"
        body = {"express_arn": local.machines["SyncApiExpressArn"], "auth": ["none"]} | spec
        owner.put(f"/v1/admin/endpoints/{path}", json=body).raise_for_status()
        made.append(path)
        return f"/v1/api/iolinker/{path}"

    yield publish
    for path in made:
        owner.delete(f"/v1/admin/endpoints/{path}")


def assert_form(answer: httpx.Response, status: int, body: str) -> None:
    assert (answer.status_code, answer.text) == (status, body)
    assert answer.headers["content-type"] == "application/json"


def assert_like(answer: httpx.Response, pattern: str) -> None:
    assert answer.status_code == 200, answer.text
    assert re.fullmatch(pattern, answer.text), answer.text
    assert answer.headers["content-type"] == "application/json"


# -- the page's examples -----------------------------------------------------------------------------------------------


def test_the_pages_call_without_authentication(client: httpx.Client, switch: Publish) -> None:
    switch("SyncApiTextExpressArn", auth=["none"])
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post(SYNC, content=b"{}", headers=form)
    assert_like(answer, rf'\{{"response":\{{"data":"iolinker.com","code":0,"msg":"",{UID}\}}\}}')


def test_the_pages_calls_with_a_token(client: httpx.Client, switch: Publish) -> None:
    switch(auth=["token"])
    assert_form(client.get(SYNC), 400, NO_TOKEN)
    assert_like(client.get(SYNC, headers=TOKEN), OK)
    assert_like(client.get("/v1/api/admin/test/sync", headers=TOKEN), OK)


def test_the_pages_calls_with_user_and_password(client: httpx.Client, switch: Publish) -> None:
    switch(auth=["password"])
    assert_form(client.get(SYNC), 400, NO_USER)
    assert_like(client.get(SYNC, headers=USER), OK)


def test_the_pages_outputs_none_and_one_that_is_set(client: httpx.Client, switch: Publish) -> None:
    switch("SyncApiEmptyExpressArn", dialects={"iolinker": {"empty_output_is_none": True}})
    answer = client.post(SYNC, content=b"{}", headers=TOKEN)
    assert_like(answer, rf'\{{"response":\{{"data":"","code":0,"msg":"",{UID}\}}\}}')
    switch("HelloExpressArn")
    answer = client.post(SYNC, content=b"{}", headers=TOKEN)
    assert_like(answer, rf'\{{"response":\{{"data":\{{"name":"hello world"\}},"code":0,"msg":"",{UID}\}}\}}')


def test_the_samples_are_published_as_the_docs_say(client: httpx.Client, owner: httpx.Client) -> None:
    assert_form(client.get(SYNC), 400, NO_TOKEN)
    assert_like(client.get(SYNC, headers=TOKEN), OK)
    assert_like(client.get(SYNC, headers=USER), OK)
    endpoint = owner.get("/v1/admin/endpoints/test/sync").json()
    assert (endpoint["title"], endpoint["sample"], endpoint["enabled"]) == ("Sync API trigger", {}, True)


# -- what the page says besides ----------------------------------------------------------------------------------------


def test_wrong_credentials_are_refused_and_other_workspaces_have_others(client: httpx.Client, local: Local) -> None:
    invalid = '{"response":{"error":{"code":"requestError.invalidParams","message":"%s is invalid"}}}'
    assert_form(client.get(SYNC, headers={"token": "654321"}), 401, invalid % "Token")
    assert_form(client.get(SYNC, headers={"token": local.description["run_token"]}), 401, invalid % "Token")
    assert_form(client.get(SYNC, headers=USER | {"password": "1234567"}), 401, invalid % "User/Password")
    assert_form(client.get("/v1/api/admin/test/sync", headers=USER), 401, invalid % "User/Password")


def test_a_token_that_was_brought_along_opens_no_native_door(client: httpx.Client) -> None:
    as_bearer = client.post("/v1/run/test/sync", headers={"Authorization": "Bearer 123456"})
    assert (as_bearer.status_code, as_bearer.headers["content-type"]) == (401, "application/problem+json")
    as_basic = client.post("/v1/run/test/sync", auth=("iolinker/iolinker", "123456"))
    assert as_basic.status_code == 401


def test_an_endpoint_that_is_not_enabled_says_so(client: httpx.Client, switch: Publish) -> None:
    switch(enabled=False)
    disabled = '{"response":{"error":{"code":"requestError.apiDisabled","message":"The interface is not enabled"}}}'
    assert_form(client.get(SYNC, headers=TOKEN), 403, disabled)


def test_an_address_that_is_not_on_the_whitelist_is_refused(client: httpx.Client, switch: Publish) -> None:
    switch(ip_allow=["203.0.113.0/24"])
    refused = '{"response":{"error":{"code":"requestError.forbidden","message":"IP is not allowed"}}}'
    assert_form(client.get(SYNC, headers=TOKEN), 403, refused)


def test_a_method_that_the_endpoint_does_not_take_and_a_path_that_is_none(client: httpx.Client) -> None:
    refused = client.put(SYNC, headers=TOKEN, content=b"{}")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST, HEAD")
    assert list(refused.json()["response"]["error"]) == ["code", "message"]
    for path in ("/v1/api/iolinker/test/nothing", "/v1/api/nobody/test/sync", "/v1/api/iolinker", "/v1/webhook/x"):
        missing = client.post(path, content=b"{}")
        assert (missing.status_code, missing.json()["response"]["error"]["code"]) == (404, "requestError.notFound")


def test_the_uid_leads_back_to_the_job_and_its_input(
    client: httpx.Client, owner: httpx.Client, published: Callable[..., str]
) -> None:
    path = published(methods=["GET", "POST"])
    uid = client.get(path, params={"name": "a+b c", "tag": ["1", "2"]}).json()["response"]["uid"]
    job = owner.get(f"/v1/jobs/{uid}").json()
    assert (uuid.UUID(job["id"]).int, job["status"]) == (int(uid), "SUCCEEDED")
    assert owner.get(f"/v1/jobs/{uid}/input").json() == {"name": "a+b c", "tag": ["1", "2"]}
    uid = client.post(path, content=b'{"amount":1.50}').json()["response"]["uid"]
    assert owner.get(f"/v1/jobs/{uid}/input").text == '{"amount":1.50}'


def test_a_run_that_fails_has_code_1_and_says_why(
    client: httpx.Client, local: Local, published: Callable[..., str]
) -> None:
    path = published(express_arn=local.machines["RestApiResponseExpressArn"])
    answer = client.post(path, content=b'{"task_arguments":[]}')
    response = answer.json()["response"]
    assert (answer.status_code, list(response)) == (200, ["data", "code", "msg", "uid"])
    assert (response["data"], response["code"], response["msg"][:14]) == ("", 1, "ClientError: {")


def test_an_asynchronous_endpoint_gives_the_uid_alone_and_at_once(
    client: httpx.Client, owner: httpx.Client, local: Local, published: Callable[..., str]
) -> None:
    path = published(express_arn=None, standard_arn=local.machines["ReportStandardArn"], mode="async")
    answer = client.post(path, content=b'{"seconds":3}')
    assert_like(answer, rf'\{{"response":\{{{UID}\}}\}}')
    assert ended(owner, answer.json()["response"]["uid"])["status"] == "SUCCEEDED"


@pytest.mark.parametrize("name", ["My API", "a+b", "x/y", "50%", "50%25", "Käse"])
def test_a_name_is_decoded_once(client: httpx.Client, published: Callable[..., str], name: str) -> None:
    assert_like(client.post(published(name), content=b"{}"), OK)


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_a_callback_resumes_a_parked_run_once_and_is_refused_the_second_time(
    client: httpx.Client, owner: httpx.Client, local: Local
) -> None:
    callback_id = str(uuid.uuid4())
    started = client.post(
        f"/v1/api/iolinker/{local.description['dialects']['iolinker']['approval']}",
        content=json.dumps({"callback_id": callback_id}).encode(),
        headers=TOKEN,
    )
    uid = started.json()["response"]["uid"]
    deadline = time.monotonic() + 60
    while True:  # an id of the caller's own is unknown until the run parks on it
        first = client.post(f"/v1/webhook/callback/{callback_id}", content=b'{"approved":true}')
        if first.status_code != 404 or time.monotonic() > deadline:
            break
        time.sleep(0.3)
    assert_form(first, 200, '{"response":{}}')
    second = client.post(f"/v1/webhook/callback/{callback_id}", content=b'{"approved":false}')
    assert_form(second, 409, REPEATED)
    job = ended(owner, uid)
    assert (job["status"], job["output"]) == ("SUCCEEDED", {"approved": True})


def test_of_many_callbacks_at_once_one_is_taken(client: httpx.Client, owner: httpx.Client, local: Local) -> None:
    reserve = json.dumps({"reserve": {}}).encode()
    answer = local.aws("lambda").invoke(FunctionName=local.outputs["ParkFunctionName"], Payload=reserve)
    callback_id = json.loads(answer["Payload"].read())["callback_id"]
    path = f"/v1/api/iolinker/{local.description['dialects']['iolinker']['approval']}"
    body = json.dumps({"callback_id": callback_id}).encode()
    uid = client.post(path, content=body, headers=TOKEN).json()["response"]["uid"]

    def call(number: int) -> tuple[int, int]:
        with local.http(None) as own:
            return own.post(f"/v1/webhook/callback/{callback_id}", json={"number": number}).status_code, number

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(call, range(12)))
    assert sorted(status for status, _ in answers) == [200] + [409] * 11
    (winner,) = (number for status, number in answers if status == 200)
    assert ended(owner, uid)["output"] == {"number": winner}


# -- clients -----------------------------------------------------------------------------------------------------------


def test_the_clients_of_that_system_run_unchanged(local: Local) -> None:
    known = local.description["dialects"]["iolinker"]
    environment = os.environ | {
        "IOLINKER_URL": local.base_url,
        "IOLINKER_API": f"{known['owner']}/{known['api']}",
        "IOLINKER_TOKEN": known["token"],
        "IOLINKER_USER": known["user"],
        "IOLINKER_PASSWORD": known["password"],
        "NO_PROXY": "*",
    }
    shell = subprocess.run(
        [str(CLIENTS / "iolinker.sh"), '{"name":"Ada"}'], env=environment, capture_output=True, text=True, check=True
    )
    lines = shell.stdout.splitlines()
    assert len(lines) == 3
    assert all(re.fullmatch(OK, line) for line in lines), shell.stdout
    command = [sys.executable, str(CLIENTS / "iolinker.py"), local.base_url, known["owner"], "test", "sync"]
    python = subprocess.run([*command, '{"name":"Ada"}'], env=environment, capture_output=True, text=True, check=True)
    assert python.stdout == '{"code": 0, "msg": "ok"}\n'
    refused = subprocess.run([*command[:-1], "nothing"], env=environment, capture_output=True, text=True, check=False)
    assert (refused.returncode, refused.stderr.split(":")[0]) == (1, "requestError.notFound")
