"""Completion callbacks from the call to the receiver: the gateway, the function that delivers, the admin's secrets."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from flowport.domain.records import Endpoint
from tests.functional.admin_harness import Admin
from tests.functional.harness import EXPRESS_ARN, SYNC_JOB, Aws, Handler, event, token_credential
from tests.functional.test_outbound_http import receiver

Load = Callable[..., Handler]
HOOK = "https://hooks.example.com/done?key=secret"
PATH = f"/v1/jobs/{SYNC_JOB}/deliveries"
ANSWERED_503 = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"


@pytest.fixture
def machine(published: Aws) -> str:
    """The Deliver machine, and an endpoint that allows callbacks."""
    hosts = ("hooks.example.com", "127.0.0.1")
    published.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, callback_hosts=hosts))
    return published.create_machine("flowport-deliver")


def started(aws: Aws, machine: str) -> list[tuple[str, dict[str, Any]]]:
    executions = aws.stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    described = [aws.stepfunctions.describe_execution(executionArn=one["executionArn"]) for one in executions]
    return sorted((one["name"], json.loads(one["input"])) for one in described)


def test_a_call_with_a_callback_url_hands_its_end_over(aws: Aws, machine: str, load: Load) -> None:
    answer = load("GatewayFunction")(event("apigateway/run_sync", headers={"Callback-Url": HOOK}), None)
    assert answer["statusCode"] == 200
    assert "hooks" not in answer["body"]
    name = f"deliver-{SYNC_JOB}-1"
    assert started(aws, machine) == [(name, event("lambda/deliver_callback"))]
    row = aws.job(SYNC_JOB)
    assert row["callbacks"] == [{"S": HOOK}]
    assert row["base_url"] == "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"
    assert "check_at" not in row


def test_a_call_without_one_starts_nothing_and_stores_nothing_for_it(aws: Aws, machine: str, load: Load) -> None:
    load("GatewayFunction")(event("apigateway/run_sync"), None)
    assert started(aws, machine) == []
    assert not {"callbacks", "base_url"} & aws.job(SYNC_JOB).keys()


@pytest.mark.parametrize(
    ("url", "status", "kind"),
    [
        ("https://evil.example/", 403, "callback-refused"),
        ("http://hooks.example.com/", 400, "invalid-request"),
        ("https://hooks.example.com@evil.example/", 400, "invalid-request"),
    ],
)
def test_a_callback_that_may_not_be_is_refused_before_anything_runs(
    aws: Aws, machine: str, load: Load, url: str, status: int, kind: str
) -> None:
    answer = load("GatewayFunction")(event("apigateway/run_sync", headers={"Callback-Url": url}), None)
    assert (answer["statusCode"], json.loads(answer["body"])["type"]) == (status, f"urn:flowport:problem:{kind}")
    assert answer["headers"]["Flowport-Error-Source"] == "gateway"
    assert aws.sync_executions.requests == []


def test_attempts_are_made_logged_listed_and_sent_again(aws: Aws, machine: str, load: Load) -> None:
    """The function is fed what it answered, as the machine feeds it."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    aws.secrets.create_secret(Name="flowport/flowport/webhooks/default", SecretString=secret)
    aws.put(token_credential(scopes=("run", "jobs:read", "jobs:write")))
    parameters = {"CallbackPrivateNetworks": "127.0.0.1/32"}
    gateway = load("GatewayFunction", **parameters)
    with receiver(ANSWERED_503) as (port, received):
        url = f"http://127.0.0.1:{port}/done?key=secret"
        gateway(event("apigateway/run_sync", headers={"Callback-Url": url}), None)
        deliver = load("DeliverCallbackFunction", **parameters)
        first = deliver(event("lambda/deliver_callback"), None)
        assert first == event("lambda/deliver_callback_again") | {"wait_seconds": first["wait_seconds"]}
        assert 4 <= first["wait_seconds"] <= 6
        second = deliver(first, None)
        assert (second["attempt"], second["status"]) == (3, "pending")
        assert deliver(first, None)["status"] == "pending"
    assert len(received) == 2

    job = gateway(event("apigateway/read_job", path=f"/v1/jobs/{SYNC_JOB}"), None)["body"]
    head, _, body = received[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert body.decode() == job
    assert headers["webhook-id"] == f"msg_{SYNC_JOB}_1"
    assert headers["webhook-timestamp"] == "1795313999"

    listed = gateway(event("apigateway/read_job", path=PATH), None)
    assert listed["statusCode"] == 200
    root = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod"
    (delivery,) = json.loads(listed["body"])["items"]
    assert {name: delivery[name] for name in ("n", "message_id", "url", "status", "links")} == {
        "n": 1,
        "message_id": f"msg_{SYNC_JOB}_1",
        "url": f"http://127.0.0.1:{port}/done?…",
        "status": "pending",
        "links": {"resend": f"{root}{PATH}/1/resend"},
    }
    assert (
        delivery["attempts"]
        == [{"at": "2026-11-22T02:19:59.203Z", "http_status": 503, "error": None, "duration_ms": 0, "resend": 0}] * 2
    )
    resent = gateway(event("apigateway/run_sync", path=f"{PATH}/1/resend", body=None), None)
    assert resent["statusCode"] == 202
    assert resent["headers"]["Location"] == f"{root}{PATH}"
    again = started(aws, machine)[1]
    assert again == (f"deliver-{SYNC_JOB}-1-r1-29921899", {**event("lambda/deliver_callback"), "run": 1})


def test_the_receivers_library_takes_what_the_function_sends(
    aws: Aws, machine: str, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    aws.secrets.create_secret(Name="flowport/flowport/webhooks/default", SecretString=secret)
    parameters = {"CallbackPrivateNetworks": "127.0.0.1/32"}
    with receiver(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, received):
        headers = {"Callback-Url": f"http://127.0.0.1:{port}/"}
        load("GatewayFunction", **parameters)(event("apigateway/run_sync", headers=headers), None)
        monkeypatch.setattr(aws.clock, "now", lambda: time.time_ns() // 1_000_000)
        then = load("DeliverCallbackFunction", **parameters)(event("lambda/deliver_callback"), None)
    assert then["status"] == "delivered"
    head, _, body = received[0].partition(b"\r\n\r\n")
    sent = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert Webhook(secret).verify(body, sent)["id"] == SYNC_JOB


# -- administration --------------------------------------------------------------------------------------------------


@pytest.fixture
def admin(aws: Aws, load: Load) -> Admin:
    return Admin(aws, load("AdminFunction"))


def publish(admin: Admin, **spec: Any) -> Any:
    return admin.call("PUT", "endpoints/samples/quote", {"express_arn": admin.express} | spec)


def test_a_secret_is_made_rotated_and_retired(admin: Admin) -> None:
    assert admin.call("GET", "webhook-secrets").document == {"items": [], "cursor": None}
    first = admin.call("POST", "webhook-secrets")
    assert first.status == 201
    assert first.document["secret"].startswith("whsec_")
    second = admin.call("POST", "webhook-secrets").document
    listed = admin.call("GET", "webhook-secrets")
    assert "secret" not in listed.text.replace("webhook-secrets", "")
    assert [(one["id"], one["current"]) for one in listed.document["items"]] == [
        (second["id"], True),
        (first.document["id"], False),
    ]
    third = admin.call("POST", "webhook-secrets")
    assert (third.status, third.kind) == (409, "rotation-under-way")
    in_use = admin.call("DELETE", f"webhook-secrets/{second['id']}")
    assert (in_use.status, in_use.kind) == (409, "secret-in-use")
    assert admin.call("DELETE", f"webhook-secrets/{first.document['id']}").status == 204
    assert admin.call("DELETE", f"webhook-secrets/{first.document['id']}").status == 404
    assert len(admin.call("GET", "webhook-secrets").document["items"]) == 1


@pytest.mark.parametrize("spec", [{"callback_url": HOOK}, {"callback_hosts": ["hooks.example.com"]}])
def test_callbacks_are_published_only_where_there_is_a_secret(admin: Admin, spec: dict[str, Any]) -> None:
    refused = publish(admin, **spec)
    assert (refused.status, refused.kind, refused.pointers) == (422, "webhook-secret-missing", [f"/{next(iter(spec))}"])
    assert "flowport webhook-secrets create" in refused.document["detail"]
    admin.call("POST", "webhook-secrets")
    assert publish(admin, **spec).status == 201


def test_another_workspaces_secret_is_not_ones_own(admin: Admin) -> None:
    from tests.functional.admin_harness import OTHERS

    admin.call("POST", "webhook-secrets", token=OTHERS)
    assert admin.call("GET", "webhook-secrets").document["items"] == []
    assert publish(admin, callback_url=HOOK).status == 422


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"callback_url": "http://hooks.example.com/"}, "/callback_url"),
        ({"callback_url": "https://user@hooks.example.com/"}, "/callback_url"),
        ({"callback_hosts": ["*"]}, "/callback_hosts/0"),
        ({"callback_hosts": ["https://hooks.example.com"]}, "/callback_hosts/0"),
        ({"callback_hosts": ["a.example", "a.example"]}, "/callback_hosts"),
    ],
)
def test_what_is_no_callback_is_not_published(admin: Admin, spec: dict[str, Any], pointer: str) -> None:
    admin.call("POST", "webhook-secrets")
    refused = publish(admin, **spec)
    assert (refused.status, refused.kind, refused.pointers) == (422, "validation-failed", [pointer])
