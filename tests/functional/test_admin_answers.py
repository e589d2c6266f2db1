"""Every answer of the admin API is just what the OpenAPI document says; all its functional tests are held to that."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from flowport.adapters.machine_list import TaggedMachines
from flowport.openapi import admin as operations
from flowport.openapi import answers, components
from tests.functional import described
from tests.functional.admin_harness import Admin, Answer
from tests.functional.harness import Aws, Handler, event

PASSWORD = "correct horse battery staple"
LIMITS = {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5}


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction", Figures="jobs"))


def _endpoints(admin: Admin) -> Iterator[Answer]:
    full: dict[str, Any] = {
        "title": "Quote",
        "standard_arn": admin.standard,
        "mode": "async",
        "view": "output",
        "methods": ["GET", "POST"],
        "auth": ["token", "password"],
        "ip_allow": ["192.0.2.0/24"],
        "http_headers": ["X-Total"],
        "log_group": "/aws/vendedlogs/states/quote",
        "time_limit": 60,
        "keep_jobs_days": 30,
        "keep_payloads_days": 7,
        "cors": ["https://shop.example.com"],
        "sample": {"sku": "tea"},
        "input_schema": {"type": "object", "properties": {"sku": {"type": "string"}}},
        "output_schema": {"type": "object"},
        "output_mapping": "total",
        "aliases": ["nebulagraph:107"],
        "parameters": [
            {"name": "sku", "type": "string", "required": True, "task": "T"},
            {"name": "n", "default": None},
        ],
        "dialects": {
            "iolinker": {"empty_output_is_none": True},
            "phixflow": {"success_message": "done", "timeout_ms": 5000, "abandon_at_timeout": True},
            "theeye": {"arguments": [{"name": "a", "optional": True}]},
        },
        "limits": LIMITS,
    }

    yield admin.publish("full", **full)
    yield admin.call("GET", "endpoints/samples/full")
    yield admin.call("PUT", "endpoints/samples/plain", {"express_arn": admin.express})
    yield admin.call("PUT", "endpoints/samples/plain", {"express_arn": admin.express, "title": "x"})
    yield admin.call("PUT", "endpoints/samples/plain", {"express_arn": admin.express}, query={"dry_run": ["true"]})
    yield admin.call("PUT", "endpoints/samples/none", {"express_arn": admin.express}, query={"dry_run": ["true"]})
    yield admin.call("PATCH", "endpoints/samples/plain", {"dialects": {"phixflow": {"abandon_at_timeout": True}}})
    yield admin.call("POST", "endpoints/samples/plain/disable")
    yield admin.call("POST", "endpoints/samples/plain/enable")
    yield admin.call("GET", "endpoints", query={"limit": ["1"]})
    yield admin.call("DELETE", "endpoints/samples/plain")


def _credentials(admin: Admin) -> Iterator[Answer]:
    bound: dict[str, Any] = {"endpoints": ["samples/full"], "limits": LIMITS, "expires_in_days": 90}
    kinds: dict[str, tuple[dict[str, Any], str]] = {
        "tokens": ({"name": "ci", "scopes": ["run"]}, "id"),
        "users": ({"name": "ada", "scopes": ["run"], "roles": ["reader"], "password": PASSWORD}, "name"),
        "clients": ({"name": "app", "scopes": ["workflow.execute"]}, "client_id"),
        "api-keys": ({"name": "phix", "roles": ["runner"]}, "id"),
    }
    for kind, (members, member) in kinds.items():
        created = admin.call("POST", kind, members | bound)
        yield created
        path = f"{kind}/{created.document[member]}"
        yield admin.call("GET", path)
        yield admin.call("PATCH", path, {"endpoints": None, "limits": {"rate": None}, "expires_in_days": 1})
        yield admin.call("PATCH", path, {"limits": None})
        yield admin.call("GET", kind, query={"limit": ["1"]})
        yield admin.call("POST", f"{path}/revoke")
        yield admin.call("GET", kind)
    yield admin.call("POST", "tokens", {"name": "old", "scopes": ["run"], "value": "123456"})
    yield admin.call("POST", "users", {"name": "bob", "scopes": ["run"], "password": "short", "brought": True})
    yield admin.call("POST", "users/bob/password", {"password": "short2", "brought": True})
    yield admin.call("POST", "users/bob/password", {"password": PASSWORD})
    basic = {"Authorization": "Basic ZGVmYXVsdC9ib2I6d3Jvbmc="}
    for _ in range(6):
        admin.call("GET", "users", headers=basic)
    yield admin.call("POST", "users/bob/unlock")
    yield admin.call("POST", "users/bob/unlock")


def _others(admin: Admin) -> Iterator[Answer]:
    yield admin.call("POST", "keys/phixflow-api-key")
    yield admin.call("POST", "keys/phixflow-api-key", {"value": "k" * 32})
    yield admin.call("GET", "keys")
    yield admin.call("POST", "keys/phixflow-api-key/retire")
    first = admin.call("POST", "webhook-secrets")
    yield first
    yield admin.call("POST", "webhook-secrets")
    yield admin.call("GET", "webhook-secrets")
    yield admin.call("DELETE", f"webhook-secrets/{first.document['id']}")
    yield admin.call("GET", "machines")
    yield admin.call("GET", "metrics")
    yield admin.operate("POST", "workspaces", {"name": "blue", "title": "Blue"})
    yield admin.operate("GET", "workspaces/blue")
    yield admin.operate("POST", "workspaces/blue/disable")
    yield admin.operate("POST", "workspaces/blue/enable")
    yield admin.operate("POST", "workspaces/blue/disable")
    yield admin.operate("DELETE", "workspaces/blue")
    yield admin.operate("GET", "workspaces/blue")
    yield admin.operate("GET", "workspaces")
    yield admin.call("GET", "audit", query={"limit": ["100"]})
    yield admin.operate("GET", "audit")


def story(admin: Admin) -> Iterator[Answer]:
    """Do everything once, with every setting that a thing can have."""
    yield from _endpoints(admin)
    yield from _others(admin)
    yield from _credentials(admin)


def run_something(admin: Admin, gateway: Handler) -> None:
    """Let there be a figure."""
    admin.publish()
    token = admin.call("POST", "tokens", {"name": "runs", "scopes": ["run"]}).document["token"]
    ran = gateway(event("apigateway/run_sync", headers={"Authorization": f"Bearer {token}"}), None)
    assert ran["statusCode"] == 200, ran["body"]
    admin.aws.clock.slept += 60


def test_every_answer_of_every_route_is_seen_and_is_as_it_is_described(
    admin: Admin, load: Callable[..., Handler], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_something(admin, load("GatewayFunction"))
    # moto knows neither.
    arns = ("arn:aws:states:us-east-1:123456789012:stateMachine:a:1",)
    monkeypatch.setattr(TaggedMachines, "with_versions", lambda _, one, **__: replace(one, versions=arns, aliases=arns))
    seen: set[tuple[str, str]] = set()
    real = described.wrong_with

    def noting(method: str, path: str, status: int, *rest: Any) -> list[str]:
        found = described.operation_of(method, path)
        assert found is not None
        seen.add((found[0], str(status)))
        return real(method, path, status, *rest)

    monkeypatch.setattr(described, "wrong_with", noting)
    for answer in story(admin):
        assert answer.status < 300, answer.text
    promised = {
        (f"{method} {path}", status)
        for (method, path), said in described.operations().items()
        for status in said["responses"]
        if status.startswith("2")
    }
    assert promised - seen == set()
    assert len(admin.call("GET", "metrics").document["series"]) == 1
    assert admin.call("GET", "machines").document["items"] != []


# -- that a difference is seen -----------------------------------------------------------------------------------------


def _headers(**more: str) -> dict[str, str]:
    return {"Content-Type": "application/json", **more}


WORKSPACE = {"name": "blue", "title": "", "status": "active", "created_at": "2026-11-22T02:19:59.203Z"}


@pytest.mark.parametrize(
    ("status", "headers", "changes", "said"),
    [
        (200, _headers(), {}, None),
        (200, _headers(), {"news": 1}, "'news' was unexpected"),
        (200, _headers(), {"title": None}, "/title: null is not of type"),
        (200, _headers(), {"created_at": "yesterday"}, "/created_at:"),
        (200, _headers(), {"status": "asleep"}, "/status:"),
        (200, _headers(), {"name": ...}, '"name" is a required property'),
        (201, _headers(), {}, "answers 201, which is not described"),
        (200, _headers(ETag='"1"'), {}, "has the header ETag, which is not described"),
        (200, {"Content-Type": "text/plain"}, {}, "is text/plain, not application/json"),
    ],
)
def test_an_answer_that_is_not_as_it_is_described_is_found(
    status: int, headers: dict[str, str], changes: dict[str, Any], said: str | None
) -> None:
    document = {name: value for name, value in (WORKSPACE | changes).items() if value is not ...}
    wrong = described.wrong_with("GET", "/v1/admin/workspaces/blue", status, headers, json.dumps(document))
    assert (len(wrong) == 1 and said in wrong[0]) if said else wrong == []


def test_a_member_that_nobody_described_is_found_at_every_depth() -> None:
    endpoint = answers.EXAMPLES["PublishedEndpoint"]
    places: list[dict[str, Any]] = [
        endpoint | {"limits": {"rate": {"requests": 1, "seconds": 1, "news": 1}}},
        endpoint | {"limits": {"news": 1}},
        endpoint | {"dialects": {"iolinker": {"empty_output_is_none": True, "news": 1}}},
        endpoint | {"dialects": {"iolinker": {}}},
        endpoint | {"parameters": [{"name": "a", "news": 1}]},
    ]
    for one in places:
        path = "/v1/admin/endpoints/billing/quote"
        assert described.wrong_with("GET", path, 200, _headers(), json.dumps(one)) != []
        page = {"items": [one], "cursor": None}
        assert described.wrong_with("GET", "/v1/admin/endpoints", 200, _headers(), json.dumps(page)) != []


# -- the document ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", answers.EXAMPLES)
def test_the_example_of_a_schema_is_one(name: str) -> None:
    check = described.validator(json.dumps({"$ref": f"#/components/schemas/{name}"}), close=True)
    assert [error.message for error in check.iter_errors(answers.EXAMPLES[name])] == []


@pytest.mark.parametrize("name", answers.EXAMPLES)
def test_everything_that_is_shown_is_in_the_example(name: str) -> None:
    schema = operations.schemas()[name]
    assert set(schema["required"]) <= answers.EXAMPLES[name].keys() <= schema["properties"].keys()
    assert schema["examples"] == [answers.EXAMPLES[name]]


def test_every_answer_of_the_administration_is_described() -> None:
    handlers = {handler.__name__ for _, _, handler, _ in operations.table()}
    assert handlers == answers.ANSWERS.keys()
    assert operations.PATCHES.keys() == {
        handler.__name__ for _, method, handler, _ in operations.table() if method == "PATCH"
    }


def test_no_schema_is_described_for_nothing() -> None:
    text = json.dumps([operations.paths(administers=True, operates=True), operations.MINE, operations.schemas()])
    used = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert operations.schemas().keys() - used == set()
    assert used <= (components.schemas() | operations.schemas()).keys() | {"Problem", "InvalidProblem", "JobProblem"}


PATCHED = [
    ("TokenPatch", {"limits": {"rate": {"requests": 1}}, "expires_at": None, "endpoints": None}, True),
    ("TokenPatch", {}, True),
    ("TokenPatch", {"scopes": None}, False),
    ("TokenPatch", {"roles": ["runner"]}, False),
    ("TokenPatch", {"limits": {"rate": {"requests": None}}}, False),
    ("TokenPatch", {"expires_in_days": 0}, False),
    ("UserPatch", {"roles": None, "scopes": ["run"]}, True),
    ("UserPatch", {"name": "x"}, False),
    ("EndpointPatch", {"dialects": {"phixflow": {"timeout_ms": None}}, "mode": None}, True),
    ("EndpointPatch", {"parameters": [{"type": "string"}]}, False),
    ("EndpointPatch", {"version": 3}, False),
]


@pytest.mark.parametrize(("name", "patch", "fits"), PATCHED)
def test_a_patch_is_described_as_it_is_merged(name: str, patch: dict[str, Any], fits: bool) -> None:
    check = described.validator(json.dumps({"$ref": f"#/components/schemas/{name}"}), close=False)
    assert check.is_valid(patch) is fits
