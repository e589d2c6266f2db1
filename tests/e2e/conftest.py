"""The deployed stack on the local engine, spoken to over HTTP; nothing is mocked.

`make test-e2e` starts an engine for these tests and names its description in FLOWPORT_LOCAL_JSON.
"""

import json
import os
import secrets
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from dev import engine as engines
from dev.engine import Engine
from dev.home import Home
from flowport.adapters.items import decode_item, encode_item
from tests.e2e.browser import FLAGS, PATIENCE, WIDE, Open, chromium

Row = dict[str, Any]


class Local:
    """The local deployment: its description, HTTP clients and the engine's own AWS API."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.description: dict[str, Any] = json.loads(path.read_text())
        self.base_url: str = self.description["base_url"]
        self.samples: dict[str, str] = self.description["samples"]
        self.outputs: dict[str, str] = self.description["outputs"]
        self.machines: dict[str, str] = self.description["samples_outputs"]
        self.engine_url: str = self.description["engine_url"]

    def engine(self) -> Engine:
        """The engine's own process, started from the folder in which its description lies."""
        engine = engines.find(Home(self._path.parent, None))
        assert engine is not None
        return engine

    def http(self, token: str | None, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(
            base_url=options.pop("base_url", self.base_url), headers=headers, timeout=120, trust_env=False, **options
        )

    def aws(self, service: str) -> Any:
        config = Config(inject_host_prefix=False, read_timeout=120, retries={"total_max_attempts": 1})
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.engine_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=config,
        )


@pytest.fixture(scope="session")
def local() -> Local:
    return Local(Path(os.environ.get("FLOWPORT_LOCAL_JSON", ".flowport/local.json")))


@pytest.fixture(scope="session")
def caller(local: Local) -> Iterator[httpx.Client]:
    with local.http(local.description["run_token"]) as client:
        yield client


@pytest.fixture(scope="session")
def admin(local: Local) -> Iterator[httpx.Client]:
    with local.http(local.description["admin_token"]) as client:
        yield client


@pytest.fixture(scope="session")
def operator(local: Local) -> Iterator[httpx.Client]:
    with local.http(local.description["operator_token"]) as client:
        yield client


@pytest.fixture
def endpoint(local: Local, admin: httpx.Client) -> Iterator[Callable[..., str]]:
    """Publish endpoints of the test's own, deleted at its end."""
    made: list[str] = []

    def publish(**spec: Any) -> str:
        path = f"tests/t{secrets.token_hex(6)}"
        body = {"express_arn": local.machines["HelloExpressArn"]} | spec
        answer = admin.put(f"/v1/admin/endpoints/{path}", json=body)
        assert answer.status_code == 201, answer.text
        made.append(path)
        return path

    yield publish
    for path in made:
        admin.delete(f"/v1/admin/endpoints/{path}")


@pytest.fixture
def new_token(admin: httpx.Client) -> Callable[..., dict[str, Any]]:
    def create(**body: Any) -> dict[str, Any]:
        answer = admin.post("/v1/admin/tokens", json={"name": "e2e", "scopes": ["run"], **body})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    return create


@pytest.fixture
def label() -> str:
    """A label's value that is this test's alone, by which it finds its jobs."""
    return uuid.uuid4().hex


class Jobs:
    """The Jobs table itself: what a crash leaves behind can only be laid there by hand."""

    def __init__(self, local: Local) -> None:
        self._dynamodb = local.aws("dynamodb")
        self._lambda = local.aws("lambda")
        self._local = local
        self._table = local.outputs["JobsTableName"]

    def put(self, row: Row) -> None:
        self._dynamodb.put_item(TableName=self._table, Item=encode_item(row))

    def row(self, job_id: str) -> Row:
        key = encode_item({"job_id": job_id, "item": "job"})
        return decode_item(self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)["Item"])

    def bring_forward(self, job_id: str) -> None:
        """Make the sweep look at a job that has not ended at its next run, whatever time is left until then."""
        with suppress(self._dynamodb.exceptions.ConditionalCheckFailedException):  # it has ended meanwhile
            self._dynamodb.update_item(
                TableName=self._table,
                Key=encode_item({"job_id": job_id, "item": "job"}),
                UpdateExpression="SET check_at = :past",
                ConditionExpression="attribute_exists(open_shard)",
                ExpressionAttributeValues=encode_item({":past": time.time_ns() // 1_000_000 - 1000}),
            )

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function by its output's name, as AWS would on an event: through its alias."""
        answer = self._lambda.invoke(
            FunctionName=f"{self._local.outputs[function].partition(':')[0]}:live",
            Payload=json.dumps(event).encode(),
            InvocationType="RequestResponse",
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, payload
        return payload

    def sweep(self) -> dict[str, int]:
        return dict(self.invoke("SweepJobsFunctionName", {}))


@pytest.fixture(scope="session")
def jobs(local: Local) -> Jobs:
    return Jobs(local)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def open_console(browser: Browser, local: Local) -> Iterator[Open]:
    """Give a function that opens a view of the console in a browser session of its own, signed in."""
    said: list[str] = []
    contexts: list[BrowserContext] = []

    def heard(message: ConsoleMessage) -> None:
        # The browser itself names every answer that is no success; what is wrong with those, the page says.
        if message.type in {"error", "warning"} and not message.text.startswith("Failed to load resource"):
            said.append(f"{message.type}: {message.text}")

    def opened(view: str = "", *, token: str | None = "admin_token", scheme: Any = "light", size: Any = None) -> Page:
        context = browser.new_context(
            color_scheme=scheme, viewport=size or WIDE, reduced_motion="reduce", base_url=f"{local.base_url}/console/"
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: said.append(f"thrown: {error}"))
        if token is not None:
            value = local.description.get(token, token)
            # At the tab's first page alone, so that one can sign out.
            context.add_init_script(
                f"sessionStorage.getItem('seen') || sessionStorage.setItem('flowport.token', '{value}');"
                "sessionStorage.setItem('seen', '1')"
            )
        page.goto(view or "./")
        return page

    expect.set_options(timeout=PATIENCE)
    yield opened
    for context in contexts:
        context.close()
    assert said == []


def ended(client: httpx.Client, job_id: str, *, within: float = 180) -> dict[str, Any]:
    """Poll a job to its end as a caller does."""
    deadline = time.monotonic() + within
    while True:
        answer = client.get(f"/v1/jobs/{job_id}", params={"wait": 10})
        assert answer.status_code == 200, answer.text
        job: dict[str, Any] = answer.json()
        if job["status"] not in {"ACCEPTED", "RUNNING"}:
            return job
        assert time.monotonic() < deadline, f"not ended: {job}"
