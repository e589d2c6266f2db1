"""TheEye's clients against the deployed stack."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import Local

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
CORS = {
    "access-control-allow-methods": "GET,PUT,PATCH,POST,DELETE,OPTIONS",
    "access-control-allow-credentials": "true",
    "access-control-allow-headers": (
        "Origin, Accept, User-Agent, Accept-Charset, Cache-Control, Accept-Encoding, Content-Type, Authorization, "
        "Content-Length, X-Requested-With"
    ),
}
FORBIDDEN = '{"message":"Forbidden","code":"EORACC","statusCode":403,"name":"ClientError","status":403}'


class Client:
    """A customer's client: its calls carry the token in the query, as the vendor's page has it."""

    def __init__(self, local: Local) -> None:
        self.known: dict[str, str] = local.description["dialects"]["theeye"]
        self.http = local.http(None)
        self.jobs = f"/{self.known['customer']}/job"
        self.token = self.known["access_token"]

    def run(self, arguments: Any = None, *, task: str | None = None, query: str = "", **options: Any) -> httpx.Response:
        path = f"/{self.known['customer']}/task/{task or self.known['task']}/job?{query}access_token={self.token}"
        return self.http.post(path, json={"task_arguments": arguments or []}, **options)

    def get(self, job: str, below: str = "") -> httpx.Response:
        return self.http.get(f"{self.jobs}/{job}{below}", params={"access_token": self.token})


@pytest.fixture
def client(local: Local) -> Iterator[Client]:
    made = Client(local)
    with made.http:
        yield made


@pytest.fixture(params=["the sample", "Standard alone"])
def task(request: pytest.FixtureRequest, local: Local, client: Client, endpoint: Callable[..., str]) -> str:
    if request.param == "the sample":
        return client.known["task"]
    return endpoint(express_arn=None, standard_arn=local.machines["RestApiResponseStandardArn"]).replace("/", ".")


SLOW = [100, "2022-01-28T17:00:22.676Z", 3]
DATES = ("2022-01-28T17:00:22.676Z", "2022-01-28T16:26:41.201Z")
REFUSED = (
    r'["{\"message\":\"Validation Error. Invalid Argument Value\",\"statusCode\":418,'
    r'\"name\":\"ClientError\",\"code\":\"\",\"status\":418}"]'
)
REFUSED_PARSED = (
    '{"message":"Validation Error. Invalid Argument Value","statusCode":418,'
    '"name":"ClientError","code":"","status":418}'
)
ANSWERED = r'["{\"name\":\"tomer\",\"date\":\"2022-01-28T17:00:22.676Z\"}"]'


@pytest.mark.parametrize(
    ("arguments", "query", "status", "length", "body"),
    [
        ([200], "", 500, "135", REFUSED),
        ([100, DATES[0]], "", 200, "62", ANSWERED),
        ([100, DATES[1]], "parse&", 200, "50", '{"name":"tomer","date":"2022-01-28T16:26:41.201Z"}'),
        ([200], "parse&", 418, "115", REFUSED_PARSED),
    ],
)
def test_the_pages_samples_come_out_byte_for_byte(
    client: Client, task: str, arguments: list[Any], query: str, status: int, length: str, body: str
) -> None:
    answer = client.run(arguments, task=task, query=query)
    assert (answer.status_code, answer.content) == (status, body.encode())
    assert answer.headers["content-length"] == length
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert {name: answer.headers[name] for name in CORS} == CORS


def test_without_a_second_argument_the_date_is_the_present_one(client: Client) -> None:
    answer = client.run([100])
    assert answer.headers["content-length"] == "62"
    assert re.fullmatch(r'\["\{\\"name\\":\\"tomer\\",\\"date\\":\\"20\d\d-[\d:.T-]{18}Z\\"\}"\]', answer.text)


def test_only_a_good_token_of_the_customer_gets_in(client: Client) -> None:
    path = f"/{client.known['customer']}/task/{client.known['task']}/job"
    header = {"Authorization": f"Bearer {client.token}"}
    assert client.http.post(path, headers=header, json=[100]).status_code == 200
    assert client.http.post(path, json={"access_token": client.token, "task_arguments": [100]}).status_code == 200
    for refused in (
        client.http.post(path, json=[100]),
        client.http.post(f"{path}?access_token={client.token[:-1]}x", json=[100]),
        client.http.get(f"{client.jobs}/unknown"),
    ):
        assert (refused.status_code, refused.text) == (401, '"Unauthorized"')
    other = client.http.post(f"/somebody/task/x/job?access_token={client.token}", json=[100])
    assert (other.status_code, other.text) == (403, FORBIDDEN)


def test_a_page_of_another_origin_may_call(client: Client) -> None:
    assert (client.http.get("/api/status").status_code, client.http.get("/api/status").text) == (
        200,
        '{"status":"Node is ok."}',
    )
    origin = {"Origin": "https://app.example.org"}
    for answer, status in (
        (client.http.options(f"{client.jobs}/x/result", headers=origin), 204),
        (client.http.get(f"{client.jobs}/x/result", headers=origin), 401),
    ):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "https://app.example.org"
        assert {name: answer.headers[name] for name in CORS} == CORS


def test_a_redirected_client_gets_to_the_result(client: Client, endpoint: Callable[..., str], local: Local) -> None:
    slow = endpoint(express_arn=None, standard_arn=local.machines["RestApiResponseStandardArn"]).replace("/", ".")
    path = f"/{client.known['customer']}/task/{slow}/job"
    began = time.monotonic()
    first = client.http.post(path, json={"wait_result": True, "access_token": client.token, "task_arguments": SLOW})
    assert (first.status_code, first.json()["state"]) == (303, "in_progress")
    assert time.monotonic() - began < 3
    assert first.next_request is not None
    assert re.fullmatch(
        rf".*/{client.known['customer']}/job/{first.json()['id']}/result\?access_token={client.token}"
        r"&counter=0&limit=10&timeout=10",
        first.headers["location"],
    )
    ended = client.http.send(first.next_request, follow_redirects=True)
    assert (ended.status_code, ended.text) == (200, ANSWERED)

    whole = client.http.post(
        f"{path}?full&wait_result=true&access_token={client.token}", json=SLOW, follow_redirects=True
    )
    assert (whole.status_code, whole.json()["state"]) == (200, "success")
    assert client.get(whole.json()["id"]).json() == whole.json()
    assert client.get(whole.json()["id"], "/lifecycle").text == '"finished"'


def test_a_task_is_stopped_when_its_time_is_over(client: Client, endpoint: Callable[..., str], local: Local) -> None:
    both = {
        "express_arn": local.machines["RestApiResponseExpressArn"],
        "standard_arn": local.machines["RestApiResponseStandardArn"],
    }
    slow = endpoint(**both, time_limit=2)
    answer = client.run([100, None, 20], task=slow.replace("/", "."))
    assert (answer.status_code, answer.text) == (408, '"Request Timeout"')
    job = client.get(answer.headers["flowport-job-id"]).json()
    assert (job["lifecycle"], job["state"]) == ("terminated", "timeout")
    with local.http(local.description["run_token"]) as caller:
        execution = caller.get(f"/v1/jobs/{job['id']}").json()["execution_arn"]
    assert local.aws("stepfunctions").describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_job_is_cancelled_once_and_again(client: Client, endpoint: Callable[..., str], local: Local) -> None:
    slow = endpoint(express_arn=None, standard_arn=local.machines["RestApiResponseStandardArn"]).replace("/", ".")
    job = client.run([100, None, 60], task=slow, query="wait_result=true&").json()["id"]
    for _ in range(2):
        done = client.http.put(f"{client.jobs}/{job}/cancel", params={"access_token": client.token})
        assert (done.status_code, done.content) == (204, b"")
    assert client.get(job, "/lifecycle").text == '"canceled"'
    assert client.get(job, "/result").status_code == 500


def test_the_result_is_asked_for_again_until_that_was_often_enough(
    client: Client, endpoint: Callable[..., str], local: Local
) -> None:
    slow = endpoint(express_arn=None, standard_arn=local.machines["RestApiResponseStandardArn"]).replace("/", ".")
    job = client.run([100, None, 90], task=slow, query="wait_result=true&").json()["id"]

    def asked(method: str, counter: int) -> httpx.Response:
        query = f"access_token={client.token}&counter={counter}&limit=1&timeout=10"
        with local.http(None) as own:
            return own.request(method, f"{client.jobs}/{job}/result?{query}")

    with ThreadPoolExecutor(3) as pool:  # each waits for ten seconds
        again, late, posted = pool.map(asked, ("GET", "GET", "POST"), (0, 1, 1))
    assert again.status_code == 303
    assert again.headers["location"].endswith(
        f"/job/{job}/result?access_token={client.token}&counter=1&limit=1&timeout=10"
    )
    for answer in (late, posted):
        assert (answer.status_code, answer.text) == (408, '"Request Timeout"')
    client.http.put(f"{client.jobs}/{job}/cancel", params={"access_token": client.token}).raise_for_status()


def test_the_result_document_has_output_log_and_last_line(client: Client) -> None:
    answer = client.run([100, DATES[0]], query="result&")
    output = '{"name":"tomer","date":"2022-01-28T17:00:22.676Z"}'
    assert (answer.status_code, list(answer.json())) == (200, ["output", "log", "lastline"])
    assert answer.json()["output"] == [output]
    later = client.http.post(
        f"{client.jobs}/{answer.headers['flowport-job-id']}/result?result",
        headers={"Authorization": f"Bearer {client.token}"},
    )
    assert (later.status_code, later.text) == (200, answer.text)


@pytest.mark.parametrize(("method", "path"), [("GET", "/task/x/job"), ("POST", "/task/x"), ("DELETE", "/job/x/cancel")])
def test_a_path_or_method_that_means_nothing_is_not_found(client: Client, method: str, path: str) -> None:
    answer = client.http.request(method, f"/{client.known['customer']}{path}?access_token={client.token}")
    assert (answer.status_code, list(answer.json())) == (404, ["message", "status"])


def test_a_task_that_declares_its_arguments_wants_them_all(client: Client, endpoint: Callable[..., str]) -> None:
    declared = endpoint(dialects={"theeye": {"arguments": [{"name": "a"}, {"name": "b", "optional": True}]}})
    refused = client.run([1], task=declared.replace("/", "."))
    assert refused.status_code == 400
    assert refused.json()["message"] == (
        "Invalid Task Arguments. An array of length 2 is required. Optionals must be null"
    )
    assert client.run([1, None], task=declared.replace("/", ".")).status_code == 200


@pytest.mark.parametrize("name", ["My API", "a+b", "x/y", "50%", "Käse"])
def test_a_name_is_decoded_once(client: Client, admin: httpx.Client, local: Local, name: str) -> None:
    encoded = quote(name, safe="+")
    of_admin = f"/v1/admin/endpoints/theeye/{encoded}"
    admin.put(of_admin, json={"express_arn": local.machines["HelloExpressArn"]}).raise_for_status()
    try:
        answer = client.run(task=f"theeye.{encoded}", query="full&")
        assert (answer.status_code, answer.json()["task_id"]) == (200, f"theeye.{name}")
    finally:
        admin.delete(of_admin)


def test_the_clients_of_that_system_run_unchanged(client: Client, local: Local) -> None:
    known = client.known
    environment = os.environ | {
        "THEEYE_URL": local.base_url,
        "THEEYE_CUSTOMER": known["customer"],
        "THEEYE_TASK": known["task"],
        "THEEYE_TOKEN": known["access_token"],
        "NO_PROXY": "*",
    }
    arguments = json.dumps([100, "2022-01-28T17:00:22.676Z"])
    shell = subprocess.run(
        [str(CLIENTS / "theeye.sh"), arguments], env=environment, capture_output=True, text=True, check=True
    )
    parsed = '{"name":"tomer","date":"2022-01-28T17:00:22.676Z"}'
    assert shell.stdout.splitlines() == [ANSWERED, parsed, "200", ANSWERED, "200"]
    command = [sys.executable, str(CLIENTS / "theeye.py"), local.base_url, *known.values()]
    python = subprocess.run([*command, "200"], env=environment, capture_output=True, text=True, check=False)
    assert (python.returncode, python.stdout.split(" ")[0]) == (1, "418")
