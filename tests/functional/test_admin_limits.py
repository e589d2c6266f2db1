"""Limits over the admin API: of endpoints and of credentials of every kind."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.admin_harness import Admin
from tests.functional.harness import Aws, Handler

PASSWORD = "correct horse battery staple"
BOTH = {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5}
PATH = "endpoints/samples/quote"
CREDENTIALS: dict[str, dict[str, Any]] = {
    "tokens": {"name": "ci", "scopes": ["run"]},
    "users": {"name": "ada", "scopes": ["run"], "password": PASSWORD},
    "clients": {"name": "app", "scopes": ["run"]},
    "api-keys": {"name": "phix", "roles": ["runner"]},
}


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


@pytest.mark.parametrize("limits", [BOTH, {"rate": {"requests": 1, "seconds": 1}}, {"concurrent": 1}, None])
def test_an_endpoints_limits_are_kept_and_shown(admin: Admin, limits: Any) -> None:
    assert admin.publish(limits=limits).document["limits"] == limits
    assert admin.call("GET", PATH).document["limits"] == limits
    assert admin.call("PUT", PATH, admin.call("GET", PATH).document).document["limits"] == limits


def test_an_endpoints_limits_are_changed_one_by_one(admin: Admin) -> None:
    admin.publish(limits=BOTH)
    assert admin.call("PATCH", PATH, {"limits": {"concurrent": 7}}).document["limits"] == {**BOTH, "concurrent": 7}
    assert admin.call("PATCH", PATH, {"limits": {"rate": None}}).document["limits"] == {"concurrent": 7}
    assert admin.call("PATCH", PATH, {"limits": None}).document["limits"] is None


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_a_credentials_limits_are_kept_and_listed(admin: Admin, kind: str) -> None:
    made = admin.call("POST", kind, {**CREDENTIALS[kind], "limits": BOTH})
    assert (made.status, made.document["limits"]) == (201, BOTH), made.text
    listed = [one["limits"] for one in admin.call("GET", kind).document["items"]]
    assert BOTH in listed


WRONG: list[tuple[Any, str]] = [
    ({"rate": {"requests": 0, "seconds": 60}}, "/limits/rate/requests"),
    ({"rate": {"requests": 1, "seconds": 0}}, "/limits/rate/seconds"),
    ({"rate": {"requests": 1}}, "/limits/rate/seconds"),
    ({"rate": {"requests": 501, "seconds": 1}}, "/limits/rate"),
    ({"rate": "100/60"}, "/limits/rate"),
    ({"rate": {"requests": 1, "seconds": 86_401}}, "/limits/rate/seconds"),
    ({"concurrent": 0}, "/limits/concurrent"),
    ({"concurrent": 1001}, "/limits/concurrent"),
    ({"concurrent": True}, "/limits/concurrent"),
    ({"jobs": 1}, "/limits/jobs"),
]


@pytest.mark.parametrize(("limits", "pointer"), WRONG)
def test_a_limit_that_cannot_be_held_is_refused(admin: Admin, limits: Any, pointer: str) -> None:
    answers = [
        admin.publish(limits=limits),
        admin.call("POST", "tokens", {**CREDENTIALS["tokens"], "limits": limits}),
    ]
    assert [(answer.status, answer.pointers) for answer in answers] == [(422, [pointer])] * 2
