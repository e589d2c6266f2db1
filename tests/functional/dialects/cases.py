"""Exchanges of a dialect as data: literal HTTP in, literal HTTP out, played through the deployed template's function.

A file `<dialect>.yaml` is a list of cases:

    - says: A sentence that can be false
      proves: [sync, …]              features of dialects/features.py that it shows
      given: {…}                     what the dialect's own test makes of it (an endpoint's settings)
      express: {status, output, …}   what StartSyncExecution answers
      ends: {status, output, …}      how the Standard execution ends that an exchange waits for, or left running
      exchanges:
      - request: |
          POST /v1/… HTTP/1.1
          header: value

          body
        response: |
          HTTP/1.1 200
          Content-Type: application/json
          Set-Cookie: (none)

          body

A response's named header fields must be as written, `(none)` for one that must not be there; others are not looked at.
Its body is compared byte by byte, without the line end that YAML puts after it; `(any)` for one that other tests hold.
Each exchange has an extended request id of its own (REQUEST_IDS, in their order), so that its job's id is known
beforehand.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import yaml

from tests.functional.harness import NOW, Aws, Handler, event

HERE: Final = Path(__file__).parent
REQUEST_IDS: Final = tuple(f"JKJaXmPLvHcESH{letter}=" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
NOT_THERE: Final = "(none)"


@dataclass(frozen=True)
class Case:
    """One case of a file."""

    says: str
    exchanges: tuple[Mapping[str, str], ...]
    given: Mapping[str, Any]
    proves: tuple[str, ...] = ()
    express: Mapping[str, Any] | None = None
    ends: Mapping[str, Any] | None = None


def read_cases(dialect: str) -> dict[str, Case]:
    """Read a dialect's cases, by what they say."""
    documents = yaml.safe_load((HERE / f"{dialect}.yaml").read_text())
    cases = [
        Case(
            one["says"],
            tuple(one["exchanges"]),
            one.get("given") or {},
            tuple(one.get("proves") or ()),
            one.get("express"),
            one.get("ends"),
        )
        for one in documents
    ]
    assert len({case.says for case in cases}) == len(cases), "two cases say the same"
    return {case.says: case for case in cases}


def event_of(request: str, request_id: str) -> dict[str, Any]:
    """Make API Gateway's event of a literal HTTP request; the path stays as it is written."""
    head, _, body = request.partition("\n\n")
    first, *fields = head.strip("\n").splitlines()
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    made = copy.deepcopy(event("apigateway/run_sync", path=path))
    context = made["requestContext"] | {"httpMethod": method, "extendedRequestId": request_id}
    made |= {"httpMethod": method, "requestContext": context, "body": body.removesuffix("\n") or None}
    sent: dict[str, list[str]] = {}
    for name, value in (field.split(":", 1) for field in fields):
        sent.setdefault(name, []).append(value.strip())
    sent.setdefault("Host", made["multiValueHeaders"]["Host"])
    sent.setdefault("X-Forwarded-Proto", ["https"])
    made |= {"headers": {name: values[-1] for name, values in sent.items()}, "multiValueHeaders": sent}
    pairs: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        pairs.setdefault(name, []).append(value)
    made["multiValueQueryStringParameters"] = pairs or None
    made["queryStringParameters"] = {name: values[-1] for name, values in pairs.items()} or None
    return made


def play(case: Case, aws: Aws, gateway: Handler, recorder: Handler, known: Mapping[str, str] | None = None) -> None:
    """Send a case's requests and compare the answers with those that it names.

    `known` gives the values of the {PLACEHOLDERS} in requests: what only the test can make (a token, a callback's id).
    """
    if case.express is not None:
        aws.sync_executions.answer = dict(case.express)
    for request_id, exchange in zip(REQUEST_IDS[: len(case.exchanges)], case.exchanges, strict=True):
        if case.ends is not None:
            aws.clock.meanwhile = lambda: end_running(aws, recorder, case.ends or {})
        request = exchange["request"]
        for name, value in (known or {}).items():
            request = request.replace(f"{{{name}}}", value)
        answer = gateway(event_of(request, request_id), None)
        aws.clock.meanwhile = None
        assert_answer(answer, exchange["response"])


def assert_answer(answer: Mapping[str, Any], expected: str) -> None:
    """Compare an answer with a literal one."""
    head, _, body = expected.partition("\n\n")
    first, *fields = head.strip("\n").splitlines()
    given: dict[str, str] = {name.lower(): value for name, value in answer["headers"].items()}
    given |= {name.lower(): ", ".join(values) for name, values in answer.get("multiValueHeaders", {}).items()}
    shown = f"{answer['statusCode']}\n{answer['body']}"
    assert answer["statusCode"] == int(first.split(" ")[1]), shown
    for name, value in (field.split(":", 1) for field in fields):
        assert given.get(name.strip().lower(), NOT_THERE) == value.strip(), f"{name}\n{shown}"
    if (literal := body.removesuffix("\n")) != "(any)":
        assert answer["body"] == literal, f"{answer['body']}\n{literal}"


def end_running(aws: Aws, recorder: Handler, outcome: Mapping[str, Any]) -> None:
    """Let every running Standard job's execution end, as EventBridge reports it."""
    for job_id in aws.jobs():
        row = aws.job(job_id)
        if row.get("status") == "RUNNING" and ":execution:" in row.get("execution_arn", ""):
            recorder(_ended(row["execution_arn"], outcome), None)


def _ended(execution_arn: str, outcome: Mapping[str, Any]) -> dict[str, Any]:
    made = copy.deepcopy(event("eventbridge/execution_succeeded"))
    output = outcome.get("output")
    made["detail"] |= {
        "executionArn": execution_arn,
        "name": execution_arn.rpartition(":")[2],
        "status": outcome.get("status", "SUCCEEDED"),
        "startDate": NOW,
        "stopDate": NOW + 212,
        "output": output if output is None or isinstance(output, str) else json.dumps(output),
        "error": outcome.get("error"),
        "cause": outcome.get("cause"),
    }
    made["time"] = datetime.fromtimestamp((NOW + 212) / 1000, UTC).isoformat()
    return made
