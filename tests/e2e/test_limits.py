"""Limits on the deployed stack: many callers at once, over many processes."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests.e2e.conftest import Local, ended

UNAVAILABLE = "urn:flowport:problem:unavailable"


def _at_once(local: Local, token: str, path: str, calls: int, **request: Any) -> list[httpx.Response]:
    with local.http(token, limits=httpx.Limits(max_connections=calls)) as client, ThreadPoolExecutor(calls) as pool:
        return list(pool.map(lambda _: client.post(f"/v1/run/{path}", **{"json": {}, **request}), range(calls)))


def _kinds(answers: list[httpx.Response]) -> Counter[str]:
    return Counter(str(one.status_code) if one.is_success else one.json()["type"] for one in answers)


def test_of_forty_calls_at_once_as_many_pass_as_an_endpoints_rate_says(
    local: Local, endpoint: Callable[..., str]
) -> None:
    path = endpoint(limits={"rate": {"requests": 5, "seconds": 86_400}})
    answers = _at_once(local, local.description["run_token"], path, 40)
    kinds = _kinds(answers)
    # On a machine that is busy otherwise, a call that was counted may be refused with 503, or its count be sent twice.
    busy = kinds.pop(UNAVAILABLE, 0)
    assert kinds["200"] == 5 if not busy else kinds["200"] <= 5
    assert kinds == {"200": kinds["200"], "urn:flowport:problem:rate-limited": 40 - busy - kinds["200"]}
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["RateLimit-Policy"] == '"endpoint";q=5;w=86400'
    assert refused.headers["RateLimit"].startswith('"endpoint";r=0;t=')
    assert 17_000 < int(refused.headers["Retry-After"]) <= 17_280
    assert refused.headers["Flowport-Error-Source"] == "gateway"


def test_a_tokens_rate_holds_for_it_alone(local: Local, new_token: Callable[..., dict[str, Any]]) -> None:
    token = new_token(limits={"rate": {"requests": 3, "seconds": 86_400}})["token"]
    answers = _at_once(local, token, local.samples["hello"], 10)
    assert _kinds(answers) == {"200": 3, "urn:flowport:problem:rate-limited": 7}
    others = _at_once(local, local.description["run_token"], local.samples["hello"], 3)
    assert _kinds(others) == {"200": 3}


def test_a_tokens_rate_is_changed_for_the_very_next_call_of_every_process(
    local: Local, admin: httpx.Client, new_token: Callable[..., dict[str, Any]]
) -> None:
    made = new_token(limits={"rate": {"requests": 2, "seconds": 86_400}})
    run = (local, made["token"], local.samples["hello"])
    assert _kinds(_at_once(*run, 6)) == {"200": 2, "urn:flowport:problem:rate-limited": 4}
    path = f"/v1/admin/tokens/{made['id']}"
    changed = admin.patch(path, json={"limits": {"rate": {"requests": 3}}})
    assert (changed.status_code, changed.json()["limits"]) == (200, {"rate": {"requests": 3, "seconds": 86_400}})
    assert _kinds(_at_once(*run, 6)) == {"200": 3, "urn:flowport:problem:rate-limited": 3}
    assert admin.patch(path, json={"limits": None}).status_code == 200
    assert _kinds(_at_once(*run, 6)) == {"200": 6}
    assert admin.get(path).json()["limits"] is None


def test_of_twenty_standard_runs_at_once_three_are_started_and_their_ends_let_others_in(
    local: Local, caller: httpx.Client, endpoint: Callable[..., str]
) -> None:
    path = endpoint(express_arn=None, standard_arn=local.machines["ReportStandardArn"], limits={"concurrent": 3})
    run: dict[str, Any] = {"json": {"seconds": 8}, "headers": {"Prefer": "respond-async"}}
    answers = _at_once(local, local.description["run_token"], path, 20, **run)
    assert _kinds(answers) == {"202": 3, "urn:flowport:problem:too-many-jobs": 17}
    started = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert [ended(caller, job_id)["status"] for job_id in started] == ["SUCCEEDED"] * 3

    deadline = time.monotonic() + 10  # the slot is given back right after the row has ended
    while (again := caller.post(f"/v1/run/{path}", **{**run, "json": {"seconds": 0}})).status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert again.headers["RateLimit-Policy"] == '"endpoint-jobs";q=3;qu="concurrent-requests"'
    assert ended(caller, again.json()["id"])["status"] == "SUCCEEDED"
