"""PhixFlow's clients against the deployed stack."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from load.effects import NOTHING, Effect, tallied
from tests.e2e.conftest import Jobs, Local

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
INVALID = (
    '{"success":false,"message":"The credential is not valid: unknown, mistyped, revoked or expired. '
    "The workspace's administrator can give you another.\"}"
)


class Instance:
    """An instance of PhixFlow: its clients, and its administrator."""

    def __init__(self, local: Local, known: dict[str, str]) -> None:
        self.local, self.known, self.name = local, known, known["instance"]
        self.http = local.http(None)
        self.admin = local.http(known["admin_token"])
        self.key = {"Authorization": f"Bearer {known.get('api_key', '')}"}

    def trigger(self, action: str, body: Any = "", **options: Any) -> httpx.Response:
        headers = {**(self.key if options.pop("keyed", True) else {}), **options.pop("headers", {})}
        if not isinstance(body, str):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body)
        path = f"/{self.name}/api/1/action/{action}/trigger"
        return self.http.request(options.pop("method", "POST"), path, content=body, headers=headers, **options)

    def status(self, process: str, *, keyed: bool = True) -> httpx.Response:
        headers = self.key if keyed else {}
        return self.http.get(f"/{self.name}/api/1/action/status/{process}", headers=headers)

    def ended(self, process: str) -> dict[str, Any]:
        deadline = time.monotonic() + 90
        while (status := self.status(process).json())["status"] == "Running":
            assert time.monotonic() < deadline, status
            time.sleep(0.5)
        return dict(status)

    def execution(self, process: str) -> str:
        with self.local.http(self.known["admin_token"]) as native:
            job = native.get(f"/v1/jobs/{process}").json()
        described = self.local.aws("stepfunctions").describe_execution(executionArn=job["execution_arn"])
        return str(described["status"])


@pytest.fixture
def instance(local: Local) -> Iterator[Instance]:
    made = Instance(local, local.description["dialects"]["phixflow"])
    with made.http, made.admin:
        yield made


@pytest.fixture
def publish(instance: Instance, local: Local) -> Iterator[Callable[..., str]]:
    """Publish actions of the test's own in the instance, deleted at its end."""
    made: list[str] = []

    def put(name: str | None = None, **spec: Any) -> str:
        action = f"tests/{quote(name or secrets.token_hex(6), safe='+')}"
        body = {"standard_arn": local.machines["ActionflowStandardArn"], "dialects": {"phixflow": {}}, **spec}
        answer = instance.admin.put(f"/v1/admin/endpoints/{action}", json=body)
        assert answer.status_code == 201, answer.text
        made.append(action)
        return action

    yield put
    for action in made:
        instance.admin.delete(f"/v1/admin/endpoints/{action}")


# -- the page's calls --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["MyApp/My%20API", "My%20API"], ids=["versions 11 and later", "version 10"])
@pytest.mark.parametrize("keyed", [True, False], ids=["API key", "anonymous"])
def test_the_pages_urls_run_the_action(instance: Instance, jobs: Jobs, action: str, keyed: bool) -> None:
    answer = instance.trigger(action, "hello", keyed=keyed)
    process = answer.headers["flowport-job-id"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text == (
        f'{{"success":true,"processId":"{process}","message":"Success",'
        '"data":{"output":{"field":"abc","record":"hello"}}}'
    )
    assert answer.headers["flowport-timeout"] == "25000"
    audit = jobs.row(process)["principal"]
    assert audit.startswith("api_key:key_") if keyed else audit == "the system"


def test_a_workflow_gets_the_call_as_four_strings_and_its_parameters(instance: Instance) -> None:
    answer = instance.trigger(
        "MyApp/My%20API",
        {"name": "Ann"},
        params={"field": "ä b+c", "seconds": "1", "undeclared": "x"},
        headers={"X-Request": "7", "Cookie": "session=secret"},
    )
    assert answer.json()["data"] == {"output": {"field": "ä b+c", "record": {"name": "Ann"}}}
    got = instance.admin.get(f"/v1/jobs/{answer.json()['processId']}/input").json()
    assert got.keys() == {"field", "seconds", "body", "contentType", "headers", "url"}
    assert (got["body"], got["contentType"], got["seconds"]) == ('{"name": "Ann"}', "application/json", 1)
    assert json.loads(got["headers"])["x-request"] == "7"
    assert not {"authorization", "cookie"} & json.loads(got["headers"]).keys()
    assert instance.key["Authorization"].removeprefix("Bearer ") not in json.dumps(got)
    assert got["url"].startswith(f"{instance.local.base_url}/phixflow/api/1/action/MyApp/My%20API/trigger?field=%C3%A4")


def test_an_action_is_run_by_get_where_it_allows_that(instance: Instance) -> None:
    answer = instance.trigger("MyApp/My%20API", method="GET", params={"field": "q"})
    assert (answer.status_code, answer.json()["data"]["output"]["field"]) == (200, "q")
    refused = instance.trigger("MyApp/My%20Report", method="GET")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert refused.text == (
        '{"success":false,"message":"The endpoint \'MyApp/My Report\' does not take GET; it takes: POST."}'
    )


# -- time-outs ---------------------------------------------------------------------------------------------------------


def test_a_run_is_aborted_when_its_time_is_over(instance: Instance) -> None:
    began = time.monotonic()
    answer = instance.trigger("MyApp/My%20API", params={"seconds": "60", "timeout": "1500"})
    assert answer.status_code == 504
    assert time.monotonic() - began < 20
    process = answer.json()["processId"]
    message = "Timed out after 1500 ms; the action was aborted"
    assert answer.json() == {"success": False, "processId": process, "message": message}
    # At once where AWS answers at once; where it does not, the sweep does it.
    assert within(150, lambda: instance.execution(process) == "ABORTED")
    assert instance.status(process).json() == {"processId": process, "status": "Fail", "message": message}


def test_a_time_out_of_60_seconds_is_cut_and_the_run_is_aborted_all_the_same(instance: Instance) -> None:
    began = time.monotonic()
    answer = instance.trigger("MyApp/My%20API", params={"seconds": "120"})
    assert (answer.status_code, answer.headers["flowport-timeout"]) == (504, "25000")
    assert 20 < time.monotonic() - began < 60
    assert within(150, lambda: instance.execution(answer.json()["processId"]) == "ABORTED")


def test_a_run_that_cannot_be_aborted_is_not_published_for_that(instance: Instance, local: Local) -> None:
    express = {"express_arn": local.machines["HelloExpressArn"], "dialects": {"phixflow": {}}}
    refused = instance.admin.put("/v1/admin/endpoints/tests/express", json=express)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (
        422,
        "/dialects/phixflow/abandon_at_timeout",
    )


def test_an_express_run_goes_on_behind_a_job_that_timed_out_where_that_is_accepted(
    local: Local, publish: Callable[..., str], instance: Instance
) -> None:
    action = publish(
        standard_arn=None,
        express_arn=local.machines["TallyExpressArn"],
        dialects={"phixflow": {"abandon_at_timeout": True}},
        parameters=[{"name": "seconds", "type": "integer", "default": 0}],
    )
    # Now what runs it is warm: a run that has not begun when its time is over never begins, and is as good as aborted.
    answer = instance.trigger(action, params={"timeout": "20000"})
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    began = time.monotonic()
    answer = instance.trigger(action, params={"seconds": "25", "timeout": "8000"})
    assert (answer.status_code, time.monotonic() - began < 24) == (504, True), answer.text
    process = answer.json()["processId"]
    message = "Timed out after 8000 ms; the action could not be aborted and goes on"
    assert answer.json() == {"success": False, "processId": process, "message": message}
    ended = {"processId": process, "status": "Fail", "message": message}
    assert instance.status(process).json() == ended

    def counted() -> Effect:
        return tallied(local.aws("dynamodb"), local.machines["TallyTableName"]).get(process, NOTHING)

    assert within(60, lambda: counted() == Effect(1, 1)), "the run did not go on to its end"
    assert instance.status(process).json() == ended, "its end came too late to be the job's"


# -- poll for result ---------------------------------------------------------------------------------------------------


def test_an_asynchronous_action_is_polled_for_its_result(instance: Instance) -> None:
    answer = instance.trigger("MyApp/My%20Report", params={"seconds": "4", "field": "x"})
    process = answer.json()["processId"]
    assert (answer.status_code, answer.text) == (
        202,
        f'{{"success":true,"processId":"{process}","message":"Running"}}',
    )
    running = instance.status(process)
    if running.json()["status"] == "Running":
        assert running.text == f'{{"processId":"{process}","status":"Running"}}'
    assert instance.ended(process) == {
        "processId": process,
        "status": "Success",
        "data": {"output": {"field": "x", "record": ""}},
    }
    for missing in (instance.status(process, keyed=False), instance.status("0" * 32)):
        assert (missing.status_code, missing.json()["success"]) == (404, False)


def test_an_asynchronous_call_waits_as_long_as_it_is_told(instance: Instance) -> None:
    answer = instance.trigger("MyApp/My%20Report", {"error": "No good."}, params={"seconds": "1", "timeout": "20000"})
    assert (answer.status_code, answer.json()["message"]) == (500, "No good.")


# -- who may call ------------------------------------------------------------------------------------------------------


def test_only_a_good_key_with_the_right_role_gets_in(instance: Instance, publish: Callable[..., str]) -> None:
    action = publish(auth=["token"])
    assert instance.trigger(action).status_code == 200
    bare = instance.key["Authorization"].removeprefix("Bearer ")
    assert instance.trigger(action, headers={"Authorization": bare}).status_code == 200
    missing = instance.trigger(action, keyed=False)
    assert (missing.status_code, missing.text) == (
        401,
        '{"success":false,"message":"This action needs an API key: Authorization: Bearer <key>."}',
    )
    forged = instance.trigger(action, headers={"Authorization": f"Bearer {bare[:-6]}AAAAAA"})
    assert (forged.status_code, forged.text) == (401, INVALID)
    reader = instance.admin.post("/v1/admin/api-keys", json={"name": "reader", "roles": ["reader"]}).json()
    refused = instance.trigger(action, headers={"Authorization": f"Bearer {reader['api_key']}"})
    assert (refused.status_code, refused.text) == (
        403,
        '{"success":false,"message":"The credential lacks the scope \'run\'."}',
    )
    assert instance.admin.post(f"/v1/admin/api-keys/{reader['id']}/revoke").status_code == 200
    assert instance.trigger(action, headers={"Authorization": f"Bearer {reader['api_key']}"}).status_code == 401


@pytest.fixture
def own_instance(local: Local, operator: httpx.Client) -> Iterator[Instance]:
    """An instance of the test's own, whose signing key nobody else needs, with an action that allows both."""
    name = f"phix{secrets.token_hex(4)}"
    assert operator.post("/v1/admin/workspaces", json={"name": name}).status_code == 201
    payload = json.dumps({"flowport": "bootstrap", "workspace": name}).encode()
    made = local.aws("lambda").invoke(FunctionName=local.outputs["AdminFunctionName"], Payload=payload)
    token = json.loads(made["Payload"].read())["token"]
    instance = Instance(local, {"instance": name, "admin_token": token})
    with instance.http, instance.admin:
        for action, auth in (("MyApp/My%20API", "token"), ("MyApp/Open", "none")):
            body = {"standard_arn": local.machines["ActionflowStandardArn"], "auth": [auth]}
            assert instance.admin.put(f"/v1/admin/endpoints/{action}", json=body).status_code == 201
        yield instance
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    assert operator.delete(f"/v1/admin/workspaces/{name}").status_code == 204


def test_keys_signed_with_the_current_and_the_previous_key_are_good_until_that_is_retired(
    own_instance: Instance, local: Local
) -> None:
    first, second = ("1" * 32, "2" * 32)
    admin = own_instance.admin
    assert admin.post("/v1/admin/keys/phixflow-api-key", json={"value": first}).status_code == 201
    user = {"name": "ann", "password": secrets.token_urlsafe(16), "scopes": ["run"]}
    assert admin.post("/v1/admin/users", json=user).status_code == 201
    signed = {key: jwt.encode({"sub": "ann"}, key, algorithm="HS256") for key in (first, second)}

    def tried(key: str) -> int:
        bearer = {"Authorization": f"Bearer {signed[key]}"}
        return own_instance.trigger("MyApp/My%20API", headers=bearer).status_code

    assert tried(first) == 200
    assert admin.post("/v1/admin/keys/phixflow-api-key", json={"value": second}).status_code == 200
    assert (tried(first), within(15, lambda: tried(second) == 200)) == (200, True)
    assert admin.post("/v1/admin/keys/phixflow-api-key/retire").status_code == 200
    assert within(120, lambda: tried(first) == 401)
    assert tried(second) == 200


def test_a_signing_key_that_is_too_short_fails_jwts_by_its_name_and_nothing_else(
    own_instance: Instance, local: Local
) -> None:
    admin = own_instance.admin
    refused = admin.post("/v1/admin/keys/phixflow-api-key", json={"value": "x" * 31})
    assert (refused.status_code, "31 bytes" in refused.text) == (422, True)
    made = admin.post("/v1/admin/api-keys", json={"name": "one", "roles": ["runner"]}).json()
    key = f"flowport/flowport/keys/{own_instance.name}/phixflow-api-key"
    local.aws("secretsmanager").put_secret_value(SecretId=key, SecretString="x" * 31)
    bearer = {"Authorization": f"Bearer {made['api_key']}"}
    answer = own_instance.trigger("MyApp/My%20API", headers=bearer)
    assert answer.status_code == 500
    assert answer.json() == {
        "success": False,
        "message": (
            "The signing key under the alias 'phixflow-api-key' has 31 bytes; HS256 needs at least 32 (RFC 7518 "
            "section 3.2). The workspace's administrator must store a longer one."
        ),
    }
    assert own_instance.trigger("MyApp/Open", keyed=False).status_code == 200
    token = {"Authorization": f"Bearer {own_instance.known['admin_token']}"}
    assert own_instance.trigger("MyApp/My%20API", headers=token).status_code == 200
    assert admin.get("/v1/admin/endpoints").status_code == 200


def within(seconds: float, done: Callable[[], bool]) -> bool:
    """Ask until it is so, or the time is over."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


# -- what the workflow and the endpoint say ----------------------------------------------------------------------------


def test_an_output_decides_status_headers_and_content_type(instance: Instance) -> None:
    decided = {"statusCode": 201, "contentType": "text/csv", "headers": {"X-More": "1"}, "body": "a;b"}
    answer = instance.trigger("MyApp/My%20API", {"answer": decided})
    assert (answer.status_code, answer.text) == (201, "a;b")
    assert (answer.headers["content-type"], answer.headers["x-more"]) == ("text/csv", "1")
    broken = instance.trigger("MyApp/My%20API", {"answer": {"statusCode": 42}})
    assert (broken.status_code, broken.json()["message"]) == (
        500,
        "The output's statusCode 42 is no final HTTP status (200 to 599).",
    )


def test_an_action_has_its_own_words(instance: Instance, publish: Callable[..., str]) -> None:
    words = {"success_message": "Taken", "fail_message": "Not taken", "output_name": "result"}
    action = publish(dialects={"phixflow": words})
    good, bad = instance.trigger(action, {"n": 1}), instance.trigger(action, {"error": "No good."})
    assert (good.status_code, good.json()["message"]) == (200, "Taken")
    assert good.json()["data"] == {"result": {"field": None, "record": {"n": 1}}}
    assert (bad.status_code, bad.json()["message"]) == (500, "Not taken")


def test_a_record_that_fails_harms_no_other(instance: Instance, publish: Callable[..., str]) -> None:
    action = publish(dialects={"phixflow": {"per_record": True}})
    records = [{"id": 1}, {"error": "Record 2 is no good."}, {"id": 3}]
    answer = instance.trigger(action, records)
    assert (answer.status_code, answer.json()["message"]) == (200, "1 of 3 records failed")
    told = answer.json()["records"]
    assert [one["success"] for one in told] == [True, False, True]
    assert told[1]["message"] == "Record 2 is no good."
    assert [told[index]["data"]["output"]["record"] for index in (0, 2)] == [{"id": 1}, {"id": 3}]
    assert len({one["processId"] for one in told}) == 3
    for one in told:
        status = instance.status(one["processId"]).json()["status"]
        assert status == ("Success" if one["success"] else "Fail")


@pytest.mark.parametrize("name", ["My API", "a+b", "x/y", "50%", "Käse"])
def test_a_name_is_decoded_once(instance: Instance, publish: Callable[..., str], name: str) -> None:
    number = secrets.token_hex(4)
    action = publish(f"{name} {number}", aliases=[f"v10:{name} {number}"])
    assert instance.trigger(action).status_code == 200
    assert instance.trigger(action.removeprefix("tests/")).status_code == 200
    missing = instance.trigger(f"{action}%25")
    assert (missing.status_code, missing.json()["success"]) == (404, False)


def test_the_clients_of_that_system_run_unchanged(instance: Instance, local: Local) -> None:
    environment = os.environ | {
        "PHIXFLOW_URL": local.base_url,
        "PHIXFLOW_API_KEY": instance.known["api_key"],
        "NO_PROXY": "*",
    }
    shell = subprocess.run(
        [str(CLIENTS / "phixflow.sh"), "MyApp/My%20API", "MyApp/My%20Report"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    waited, polled = map(json.loads, shell.stdout.splitlines())
    assert waited["data"] == {"output": {"field": "abc", "record": {"name": "Ann"}}}
    assert (polled["status"], polled["data"]["output"]["field"]) == ("Success", "abc")
    command = [sys.executable, str(CLIENTS / "phixflow.py"), local.base_url, "MyApp"]
    for action in ("My API", "My Report"):
        done = subprocess.run(
            [*command, action, '{"n": 1}', "field=x", "seconds=1"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, '{"output": {"field": "x", "record": {"n": 1}}}\n'), done.stderr
    failed = subprocess.run(
        [*command, "My API", '{"error": "No good."}'], env=environment, capture_output=True, text=True, check=False
    )
    assert (failed.returncode, failed.stderr) == (1, "No good.\n")
