"""What the tests of the command share: the command with a made-up API behind it, and no sockets."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from flowport_cli.main import app
from flowport_cli.session import Tools

BASE_URL = "https://api.example.com/prod"
TOKEN = "fp_default_0123456789abcdefghijABCDEFGHIJ012345"
Reply = httpx.Response | Exception
# Typer builds the whole tree of commands anew for every run, which takes longer than the run.
COMMAND = typer.main.get_command(app)


@dataclass
class Clock:
    """Time that passes only while the command sleeps or an answer is held."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime.fromtimestamp(1_790_000_000 + self.seconds, UTC)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


@dataclass
class Api:
    """Answers requests in the order given, and keeps what was asked."""

    replies: list[Reply] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)
    # Long polls are held for as long as they ask, unless the test is about an API that does not.
    holds: bool = True

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self.replies:
            raise AssertionError(f"nobody expected {request.method} {request.url}")
        if self.holds:
            self.clock.seconds += float(request.url.params.get("wait", 0))
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def asked(self) -> list[str]:
        """Method and target of every request, as they were on the wire."""
        return [f"{r.method} {r.url.raw_path.decode()}" for r in self.requests]

    @property
    def last(self) -> httpx.Request:
        return self.requests[-1]


@dataclass
class Cli:
    """Runs the command."""

    api: Api
    config: Path
    env: dict[str, str | None] = field(
        default_factory=lambda: {"FLOWPORT_BASE_URL": BASE_URL, "FLOWPORT_TOKEN": TOKEN, "FLOWPORT_PROFILE": None}
    )
    aws: Callable[[str, str | None], Any] | None = None

    def __call__(self, *args: str, stdin: str | bytes | None = None) -> Result:
        clock = self.api.clock
        tools = Tools(
            transport=httpx.MockTransport(self.api.handle),
            aws=self.aws,
            monotonic=clock.monotonic,
            now=clock.now,
            sleep=clock.sleep,
        )
        env = {**self.env, "FLOWPORT_CONFIG": str(self.config), "NO_COLOR": "1"}
        with patch("typer.testing._get_command", lambda _: COMMAND):
            result = CliRunner().invoke(app, list(args), input=stdin, env=env, obj=tools, prog_name="flowport")
        # Every end is an exit code: an exception here would have been a trace for people.
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(Api(), tmp_path / "config" / "config.toml")


def answer(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """A JSON answer."""
    return httpx.Response(
        status, headers={"Content-Type": "application/json", **(headers or {})}, content=json.dumps(document).encode()
    )


def problem(status: int, kind: str, source: str = "gateway", **members: object) -> httpx.Response:
    """A problem document, as Flowport gives it."""
    return httpx.Response(
        status,
        headers={"Content-Type": "application/problem+json", "Flowport-Error-Source": source},
        content=json.dumps(
            {"type": f"https://flowport.example/problems/{kind}", "title": f"Title of {kind}", "status": status}
            | members
        ).encode(),
    )


def job(status: str = "SUCCEEDED", **members: object) -> dict[str, Any]:
    """A job's document."""
    return {
        "id": "0199b6f2-1111",
        "status": status,
        "endpoint": "samples/hello",
        "mode": "sync",
        "created_at": "2026-11-22T02:19:59.203Z",
        "started_at": "2026-11-22T02:19:59.300Z",
        "finished_at": "2026-11-22T02:19:59.415Z" if status not in {"ACCEPTED", "RUNNING"} else None,
        "duration_ms": 212 if status not in {"ACCEPTED", "RUNNING"} else None,
        "output": {"name": "hello world"} if status == "SUCCEEDED" else None,
        "error": None,
        "cause": None,
        "client_job_id": None,
        "labels": {},
        "origin": None,
        "execution_arn": "arn:aws:states:us-east-1:123456789012:express:hello:fp-0199b6f2-1111:1",
        "links": {"self": f"{BASE_URL}/v1/jobs/0199b6f2-1111"},
    } | members


def test_a_request_that_no_test_expects_fails_it(cli: Cli) -> None:
    with pytest.raises(AssertionError, match="nobody expected GET"):
        cli("endpoints", "list")
