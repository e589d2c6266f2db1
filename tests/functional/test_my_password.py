"""A user changes its own password: with the present one, and with nothing else."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.admin_harness import Admin, Answer
from tests.functional.harness import TOKEN, Aws, Handler

OLD, NEW = "correct horse battery staple", "staple battery horse correct"


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    made = Admin(aws, load("AdminFunction"))
    assert made.call("POST", "users", {"name": "ada", "password": OLD, "scopes": ["admin"]}).status == 201
    return made


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"default/ada:{password}".encode()).decode()


def _change(admin: Admin, authorization: str | None, body: Any = None, method: str = "POST") -> Answer:
    return admin.send(
        "admin_list_endpoints",
        path="/v1/me/password",
        query={},
        headers={"Authorization": authorization},
        httpMethod=method,
        body=json.dumps({"password": NEW} if body is None else body),
    )


def _enters(admin: Admin, password: str) -> int:
    return admin.call("GET", "users", headers={"Authorization": _basic(password)}).status


def test_a_user_changes_its_password_and_the_last_one_is_refused(admin: Admin) -> None:
    answer = _change(admin, _basic(OLD))
    assert (answer.status, answer.text) == (204, "")
    assert (_enters(admin, OLD), _enters(admin, NEW)) == (401, 200)


def test_the_change_is_in_the_audit_trail_without_any_password(admin: Admin) -> None:
    _change(admin, _basic(OLD))
    (act,) = [one for one in admin.call("GET", "audit").document["items"] if one["act"] == "user.password"]
    assert (act["who"], act["what"]) == ("user:ada", "user:ada")
    assert OLD not in str(act)
    assert NEW not in str(act)
    assert "argon2" not in str(act)


@pytest.mark.parametrize(
    ("authorization", "status", "kind"),
    [(None, 401, "unauthenticated"), (f"Bearer {TOKEN}", 403, "forbidden"), (_basic("wrong"), 401, "unauthenticated")],
)
def test_nothing_but_the_present_password_changes_it(
    admin: Admin, authorization: str | None, status: int, kind: str
) -> None:
    answer = _change(admin, authorization)
    assert (answer.status, answer.kind) == (status, kind)
    assert _enters(admin, OLD) == 200


def test_wrong_present_passwords_are_slowed_down(admin: Admin) -> None:
    assert [_change(admin, _basic("wrong")).status for _ in range(6)] == [401] * 5 + [429]


@pytest.mark.parametrize("password", [OLD, "short", "", None])
def test_a_password_that_is_none_is_refused(admin: Admin, password: str | None) -> None:
    answer = _change(admin, _basic(OLD), {"password": password})
    assert (answer.status, set(answer.pointers)) == (422, {"/password"})
    assert _enters(admin, OLD) == 200


def test_of_two_who_change_a_password_at_once_one_does(admin: Admin) -> None:
    admin.meanwhile(
        "TransactWriteItems", lambda: admin.call("POST", "users/ada/password", {"password": "set by an administrator"})
    )
    answer = _change(admin, _basic(OLD))
    assert (answer.status, answer.kind) == (409, "conflict")
    assert (_enters(admin, NEW), _enters(admin, "set by an administrator")) == (401, 200)


def test_a_password_change_whose_answer_was_lost_is_made_and_known(admin: Admin) -> None:
    lost = admin.lose_answers("TransactWriteItems")
    assert _change(admin, _basic(OLD)).status == 204
    assert (len(lost), _enters(admin, NEW)) == (1, 200)


def test_the_route_takes_its_method_alone(admin: Admin) -> None:
    refused = _change(admin, _basic(OLD), method="GET")
    assert (refused.status, refused.headers["Allow"]) == (405, "POST, OPTIONS")
