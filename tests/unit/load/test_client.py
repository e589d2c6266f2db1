"""What a client reads out of an answer."""

import json
from typing import Any

import httpx
import pytest

from load import client as clients
from load.client import Client, read
from load.observed import Told
from load.plan import Call
from load.report import percentile

CALL = Call(3, "sync", "load/express", ({},))
OURS = {"Flowport-Request-Id": "r"}
JOB = {"id": "a", "status": "RUNNING"}


def answer(status: int, document: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(document), headers=OURS if headers is None else headers)


@pytest.mark.parametrize(
    ("status", "document"),
    [(202, JOB), (500, {"type": "urn:flowport:problem:job-failed", "status": 500, "job": JOB})],
)
def test_a_job_is_told_by_itself_and_within_a_problem(status: int, document: Any) -> None:
    seen = read(CALL, answer(status, document))
    assert (seen.number, seen.outcome, seen.told, seen.engine) == (3, str(status), (Told(0, "a", "RUNNING"),), False)


def test_a_refusal_tells_of_no_job() -> None:
    headers = {**OURS, "Flowport-Error-Source": "gateway"}
    seen = read(CALL, answer(503, {"type": "urn:flowport:problem:unavailable", "status": 503}, headers))
    assert (seen.told, seen.source) == ((), "gateway")


def test_each_item_of_a_batch_tells_of_its_own_job() -> None:
    batch = Call(3, "batch", "load/express", ({}, {}, {}))
    items = [{"status": 202, "job": JOB}, {"status": 413, "problem": {"status": 413}}, {"status": 202, "job": JOB}]
    assert [told.index for told in read(batch, answer(202, {"items": items})).told] == [0, 2]


def test_an_answer_that_never_reached_flowport_is_the_engines_own() -> None:
    seen = read(CALL, answer(502, {"errorMessage": "Worker process died"}, {}))
    assert seen.engine
    assert seen.problem == '{"errorMessage": "Worker process died"}'


def test_a_call_is_made_again_while_it_is_said_that_nothing_was_started_and_only_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clients, "COME_BACK_AFTER_SECONDS", 0)
    refused = answer(503, {"status": 503}, {**OURS, "Flowport-Error-Source": "gateway"})
    unknown = answer(500, {"status": 500}, {**OURS, "Flowport-Error-Source": "unknown"})
    for answers, outcome, refusals in (
        ([refused, refused, answer(202, JOB)], "202", 2),
        ([refused, unknown, answer(202, JOB)], "500", 1),
        ([answer(502, {}, {}), answer(202, JOB)], "502", 0),
    ):
        sent = iter(answers)
        transport = httpx.MockTransport(lambda _request, sent=sent: next(sent))
        with httpx.Client(base_url="http://flowport.test", transport=transport) as http:
            seen = Client(http, {"good": "token"}, "label").make(CALL)
        assert (seen.outcome, seen.refusals) == (outcome, refusals)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (90, 90), (99, 99), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent: int, value: int) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], percent) == value


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([3.0], 99) == 3.0
