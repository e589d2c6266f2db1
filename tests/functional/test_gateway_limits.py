"""The gateway function, held to limits: literal answers, and what each call costs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flowport import wiring
from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.limits import Limits, Rate
from flowport.domain.records import Endpoint
from tests.functional.harness import EXPRESS_ARN, Aws, Handler, event, token_credential

Load = Callable[..., Handler]


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


def _limit(aws: Aws, limits: Limits, **endpoint: Any) -> None:
    auth = endpoint.pop("auth", ("token",))
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=auth, limits=limits, **endpoint))


def _call(gateway: Handler, number: int = 0, **changes: Any) -> Any:
    sent = event("apigateway/run_sync", **changes)
    sent["requestContext"]["extendedRequestId"] = f"request-{number}="
    return gateway(sent, None)


def _operations() -> list[str]:
    """Give a list that grows with every request to DynamoDB."""
    seen: list[str] = []

    def note(model: Any, **_: object) -> None:
        seen.append(model.name)

    wiring.Clients().dynamodb().meta.events.register("before-call.dynamodb", note)
    return seen


def test_an_answer_says_what_is_left(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(Rate(100, 60), 5))
    aws.put(token_credential(limits=Limits(Rate(10, 1))))

    headers = _call(gateway)["headers"]

    assert headers["RateLimit-Policy"] == (
        '"credential";q=10;w=1, "endpoint";q=100;w=60, "endpoint-jobs";q=5;qu="concurrent-requests"'
    )
    assert headers["RateLimit"] == '"credential";r=9;t=1, "endpoint";r=99;t=1, "endpoint-jobs";r=4'
    assert "Retry-After" not in headers


def test_a_failed_run_says_so_too(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(Rate(5, 60)))
    aws.sync_executions.answer = {"status": "FAILED", "error": "Broken"}
    answer = _call(gateway)
    assert (answer["statusCode"], answer["headers"]["RateLimit"]) == (500, '"endpoint";r=4;t=12')


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"body": "{"}, 400),
        ({"headers": {"Client-Job-Id": "x", "Authorization": None}}, 400),
        ({"query": {"view": ["http"]}}, 500),
    ],
)
def test_a_call_that_was_counted_and_then_refused_says_so_too(
    gateway: Handler, aws: Aws, changes: dict[str, Any], status: int
) -> None:
    _limit(aws, Limits(Rate(5, 60)), auth=("none", "token"))
    answer = _call(gateway, **changes)
    assert (answer["statusCode"], answer["headers"].get("RateLimit")) == (status, '"endpoint";r=4;t=12')


def test_a_call_that_was_not_let_in_is_told_of_no_limit(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(Rate(5, 60)))
    answer = _call(gateway, headers={"Authorization": None})
    assert (answer["statusCode"], "RateLimit" in answer["headers"]) == (401, False)


def test_one_request_too_many_is_refused_in_these_words(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(Rate(1, 60)))
    assert _call(gateway, 1)["statusCode"] == 200

    assert _call(gateway, 2) == {
        "statusCode": 429,
        "headers": {
            "Cache-Control": "no-store",
            "Content-Type": "application/problem+json",
            "Flowport-Error-Source": "gateway",
            "Flowport-Request-Id": "request-2=",
            "RateLimit": '"endpoint";r=0;t=60',
            "RateLimit-Policy": '"endpoint";q=1;w=60',
            "Retry-After": "60",
        },
        "body": (
            '{"type":"urn:flowport:problem:rate-limited","title":"Too many requests","status":429,'
            '"detail":"The endpoint is limited to 1 requests in 60 s. Nothing was started; send the request again in '
            '60 s.","violated-policies":["endpoint"]}'
        ),
        "isBase64Encoded": False,
    }
    assert len(aws.sync_executions.requests) == 1


def test_one_job_too_many_is_refused_in_these_words(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(concurrent=1))
    first = _call(gateway, 1, headers={"Prefer": "respond-async"})
    assert (first["statusCode"], first["headers"]["RateLimit"]) == (202, '"endpoint-jobs";r=0')

    answer = _call(gateway, 2)

    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (429, "5")
    assert answer["headers"]["RateLimit-Policy"] == '"endpoint-jobs";q=1;qu="concurrent-requests"'
    assert json.loads(answer["body"]) == {
        "type": "urn:flowport:problem:too-many-jobs",
        "title": "Too many jobs at one time",
        "status": 429,
        "detail": (
            "The endpoint is limited to 1 jobs at one time, and has them. Nothing was started; send the request again "
            "when one of them has ended."
        ),
        "violated-policies": ["endpoint-jobs"],
    }
    assert len(aws.jobs()) == 1


FAMILIES: dict[str, tuple[dict[str, Any], str]] = {
    "iolinker": (
        {"path": "/v1/api/default/samples/quote", "headers": {"Authorization": None, "token": "TOKEN"}},
        '{"response":{"error":{"code":"systemError","message":"The endpoint is limited',
    ),
    "TheEye": (
        {"path": "/default/task/samples.quote/job"},
        '{"message":"The endpoint is limited',
    ),
    "PhixFlow": (
        {"path": "/default/api/1/action/samples/quote/trigger"},
        '{"success":false',
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_refused_in_its_own_words_and_told_when_to_come_back(
    gateway: Handler, aws: Aws, family: str
) -> None:
    going_on = DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True))
    _limit(aws, Limits(Rate(1, 60)), auth=("none",), dialects=going_on)
    changes, begins = FAMILIES[family]
    changes = {**changes, "headers": {"Authorization": None}}
    assert _call(gateway, 1, headers={"Authorization": None})["statusCode"] == 200

    answer = _call(gateway, 2, **changes)

    headers: Mapping[str, str] = answer["headers"]
    assert answer["statusCode"] == 429, answer["body"]
    assert answer["body"].replace(" ", "").startswith(begins.replace(" ", "")), answer["body"]
    assert (headers["Retry-After"], headers["RateLimit"]) == ("60", '"endpoint";r=0;t=60')


def test_a_call_costs_more_only_where_a_limit_is_set(gateway: Handler, aws: Aws) -> None:
    seen = _operations()
    _call(gateway, 1)
    plain, seen[:] = list(seen), []
    _limit(aws, Limits(Rate(100, 60)))
    seen.clear()
    _call(gateway, 2)
    rated, seen[:] = list(seen), []
    _limit(aws, Limits(Rate(100, 60), 5))
    seen.clear()
    _call(gateway, 3)

    assert plain == ["BatchGetItem", "PutItem", "UpdateItem"]
    assert rated == ["BatchGetItem", "UpdateItem", "PutItem", "UpdateItem"]
    assert seen == ["BatchGetItem", "UpdateItem", "UpdateItem", "PutItem", "UpdateItem", "UpdateItem"]


def test_a_changed_limit_holds_from_the_very_next_request(gateway: Handler, aws: Aws) -> None:
    _limit(aws, Limits(Rate(1, 3600)))
    assert [_call(gateway, number)["statusCode"] for number in (1, 2)] == [200, 429]
    _limit(aws, Limits(Rate(2, 3600)))
    assert [_call(gateway, number)["statusCode"] for number in (3, 4, 5)] == [200, 200, 429]
    _limit(aws, Limits())
    assert "RateLimit" not in _call(gateway, 6)["headers"]
