"""Wrong passwords on the gateway and the admin function: literal answers, and what each attempt costs."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport import wiring
from flowport.domain.records import Endpoint
from tests.functional.admin_harness import Admin
from tests.functional.harness import EXPRESS_ARN, PASSWORD, Aws, Handler, event

Load = Callable[..., Handler]


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


def _basic(password: str, user: str = "default/ada") -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _call(gateway: Handler, password: str, number: int = 0, user: str = "default/ada", **changes: Any) -> Any:
    sent = event("apigateway/run_sync", headers={"Authorization": _basic(password, user)}, **changes)
    sent["requestContext"]["extendedRequestId"] = f"request-{number}="
    return gateway(sent, None)


def test_after_five_wrong_passwords_even_the_right_one_is_refused_for_a_while(gateway: Handler, aws: Aws) -> None:
    assert [_call(gateway, "wrong")["statusCode"] for _ in range(5)] == [401] * 5

    assert _call(gateway, PASSWORD, 7) == {
        "statusCode": 429,
        "headers": {
            "Cache-Control": "no-store",
            "Content-Type": "application/problem+json",
            "Flowport-Error-Source": "gateway",
            "Flowport-Request-Id": "request-7=",
            "Retry-After": "2",
        },
        "body": (
            '{"type":"urn:flowport:problem:too-many-attempts","title":"Too many attempts","status":429,"detail":"Too '
            "many wrong passwords or secrets were sent. For 2 s none is looked at, a right one neither; the "
            "workspace's administrator can lift that for a user.\"}"
        ),
        "isBase64Encoded": False,
    }
    aws.clock.slept += 2
    assert _call(gateway, PASSWORD, 8)["statusCode"] == 200


def test_a_user_that_does_not_exist_gets_the_same_answers(gateway: Handler) -> None:
    def answers(user: str) -> list[tuple[int, str]]:
        found = [_call(gateway, "wrong", user=user) for _ in range(7)]
        return [(one["statusCode"], one["body"]) for one in found]

    assert answers("default/nobody") == answers("default/ada")


def test_what_an_attempt_costs(gateway: Handler) -> None:
    seen: list[str] = []

    def note(model: Any, **_: object) -> None:
        seen.append(model.name)

    wiring.Clients().dynamodb().meta.events.register("before-call.dynamodb", note)

    def costs(password: str, number: int) -> list[str]:
        seen.clear()
        _call(gateway, password, number)
        return list(seen)

    run = ["PutItem", "UpdateItem"]
    assert costs(PASSWORD, 1) == ["BatchGetItem", "UpdateItem", "UpdateItem", *run]  # counted, and forgotten
    assert costs(PASSWORD, 2) == ["BatchGetItem", *run]  # known
    assert costs("wrong", 3) == ["BatchGetItem", "UpdateItem"]
    for _ in range(4):
        costs("wrong", 4)
    assert costs("wrong", 5) == ["BatchGetItem"]  # locked


def test_every_family_that_takes_passwords_is_locked_with_the_others(gateway: Handler, aws: Aws) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("password",)))
    for _ in range(5):
        _call(gateway, "wrong")
    headers = {"Authorization": None, "user": "ada", "password": PASSWORD}
    answer = gateway(event("apigateway/run_sync", path="/v1/api/default/samples/quote", headers=headers), None)
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (429, "2")
    assert json.loads(answer["body"])["response"]["error"]["code"] == "systemError"


def test_the_administration_is_guarded_too_and_unlocks_a_user(aws: Aws, load: Load) -> None:
    admin = Admin(aws, load("AdminFunction"))
    user = {"name": "ann", "password": PASSWORD, "scopes": ["admin"]}
    assert admin.call("POST", "users", user).status == 201

    def enter(password: str) -> int:
        return admin.call("GET", "users", headers={"Authorization": _basic(password, "default/ann")}).status

    assert [enter("wrong") for _ in range(6)] == [401] * 5 + [429]
    assert enter(PASSWORD) == 429

    unlocked = admin.call("POST", "users/ann/unlock")

    assert (unlocked.status, unlocked.document) == (
        200,
        {"name": "ann", "lifted": [{"address": "203.0.113.7", "locked_until": "2026-11-22T02:20:01.203Z"}]},
    )
    assert enter(PASSWORD) == 200
    assert admin.call("POST", "users/ann/unlock").document == {"name": "ann", "lifted": []}
    assert admin.call("POST", "users/nobody/unlock").status == 404
