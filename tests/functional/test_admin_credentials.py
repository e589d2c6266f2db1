"""Tokens and users over the admin API: shown once, kept as hashes, revoked at once."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from flowport.domain.records import Workspace
from flowport.domain.tokens import parse_token
from tests.functional.admin_harness import CREATED, OTHERS, Admin
from tests.functional.harness import NOW, TOKEN, Aws, Handler

PASSWORD = "correct horse battery staple"
DAY = 86_400_000


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


def key_of(token: str) -> str:
    parsed = parse_token(token)
    assert parsed is not None
    return parsed.key


def user(**changes: Any) -> dict[str, Any]:
    return {"name": "ada", "password": PASSWORD, "scopes": ["run"]} | changes


# -- tokens ------------------------------------------------------------------------------------------------------------


def test_a_new_token_is_answered_with_its_text(admin: Admin) -> None:
    answer = admin.send("admin_create_token")

    made = answer.document
    assert answer.status == 201
    assert re.fullmatch(r"tok_[0-9A-Za-z]{20}", made["id"])
    assert parse_token(made["token"]) is not None
    assert made["token"].startswith("fp_default_")
    assert {key: value for key, value in made.items() if key not in {"id", "token"}} == {
        "name": "ci",
        "scopes": ["run", "jobs:read"],
        "endpoints": None,
        "created_at": CREATED,
        "expires_at": "2027-02-20T02:19:59.203Z",
        "last_used_at": None,
        "revoked_at": None,
        "limits": None,
        "brought": False,
    }


def test_a_token_is_shown_once_and_kept_nowhere(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    made = admin.send("admin_create_token").document
    listed = admin.call("GET", "tokens").document
    revoked = admin.call("POST", f"tokens/{made['id']}/revoke").document
    stored = json.dumps([*admin.rows("CredentialsTable"), *admin.rows("EndpointsTable")])
    output = capsys.readouterr()

    secret = made["token"].removeprefix("fp_default_")[:30]
    for seen in (json.dumps(listed), json.dumps(revoked), stored, output.out, output.err):
        assert secret not in seen
    assert {key: value for key, value in made.items() if key != "token"} in listed["items"]
    assert key_of(made["token"]) in stored
    assert key_of(made["token"]) not in json.dumps(listed)


def test_a_new_administrator_can_work_at_once(admin: Admin) -> None:
    made = admin.call("POST", "tokens", {"name": "second", "scopes": ["admin"]}).document
    assert admin.call("GET", "endpoints", token=made["token"]).status == 200


def test_a_token_creation_whose_answer_was_lost_makes_one_token(admin: Admin) -> None:
    before = len(admin.rows("CredentialsTable"))
    lost = admin.lose_answers("TransactWriteItems", times=2)
    answer = admin.send("admin_create_token")

    assert (len(lost), answer.status) == (2, 201)
    rows = admin.rows("CredentialsTable")
    assert len(rows) - before == 2
    assert {row["id"] for row in rows} >= {key_of(answer.document["token"]), f"ref#default#{answer.document['id']}"}


def test_a_token_is_refused_on_the_request_after_its_revocation(admin: Admin) -> None:
    made = admin.call("POST", "tokens", {"name": "second", "scopes": ["admin"]}).document
    assert admin.call("GET", "tokens", token=made["token"]).status == 200
    revoked = admin.call("POST", f"tokens/{made['id']}/revoke")

    assert (revoked.status, revoked.document["revoked_at"], revoked.document["id"]) == (200, CREATED, made["id"])
    assert "token" not in revoked.document
    refused = admin.call("GET", "tokens", token=made["token"])
    assert (refused.status, refused.kind) == (401, "unauthenticated")


def test_a_second_revocation_keeps_the_first_ones_time(admin: Admin) -> None:
    made = admin.send("admin_create_token").document
    first = admin.call("POST", f"tokens/{made['id']}/revoke").document
    admin.aws.clock.slept += 60
    assert admin.call("POST", f"tokens/{made['id']}/revoke").document == first


def test_a_revocation_whose_answer_was_lost_keeps_the_first_tries_time(admin: Admin) -> None:
    made = admin.send("admin_create_token").document
    lost = admin.lose_answers("TransactWriteItems")
    revoked = admin.call("POST", f"tokens/{made['id']}/revoke")
    assert (lost, revoked.status, revoked.document["revoked_at"]) == (["TransactWriteItems"], 200, CREATED)


def test_a_token_that_is_not_there_cannot_be_revoked(admin: Admin) -> None:
    made = admin.send("admin_create_token").document
    calls = [
        admin.send("admin_revoke_token"),
        admin.call("POST", f"tokens/{made['id']}/revoke", token=OTHERS),
        admin.call("POST", f"tokens/{made['token']}/revoke"),
        admin.call("POST", f"tokens/{key_of(made['token'])}/revoke"),
    ]
    assert [(answer.status, answer.kind) for answer in calls] == [(404, "not-found")] * 4
    assert admin.credential(key_of(made["token"])).get("revoked_at") is None


def test_tokens_are_listed_in_pages_without_users_or_other_workspaces_tokens(admin: Admin) -> None:
    made = {admin.call("POST", "tokens", {"name": f"t{n}", "scopes": ["run"]}).document["id"] for n in range(5)}
    admin.call("POST", "users", user())
    admin.call("POST", "tokens", {"name": "theirs", "scopes": ["run"]}, token=OTHERS)

    seen: list[str] = []
    query: dict[str, list[str]] = {"limit": ["2"]}
    while True:
        page = admin.call("GET", "tokens", query=query).document
        assert len(page["items"]) <= 2
        seen += [item["id"] for item in page["items"]]
        if page["cursor"] is None:
            break
        query = {"limit": ["2"], "cursor": [page["cursor"]]}
    assert sorted(seen) == sorted({*made, "tok_example"})


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/scopes", "/name"]),
        ({"name": "", "scopes": []}, ["/scopes", "/name"]),
        ({"name": "x", "scopes": ["run", "operator"]}, ["/scopes/1"]),
        ({"name": "x", "scopes": ["run", "run"]}, ["/scopes"]),
        ({"name": "x", "scopes": ["run"], "workspace": "other"}, ["/workspace"]),
        ({"name": "x", "scopes": ["run"], "endpoints": []}, ["/endpoints"]),
        ({"name": "x", "scopes": ["run"], "endpoints": ["samples", "a/b/c"]}, ["/endpoints/0", "/endpoints/1"]),
        ({"name": "x", "scopes": ["run", "admin"], "endpoints": ["samples/quote"]}, ["/endpoints"]),
        ({"name": "x", "scopes": ["run"], "expires_in_days": 0}, ["/expires_in_days"]),
        ({"name": "x", "scopes": ["run"], "expires_in_days": True}, ["/expires_in_days"]),
        ({"name": "x", "scopes": ["run"], "expires_at": "tomorrow"}, ["/expires_at"]),
        ({"name": "x", "scopes": ["run"], "expires_at": "2026-11-22T02:19:59Z"}, ["/expires_at"]),
        ({"name": "x", "scopes": ["run"], "expires_at": "2030-01-01", "expires_in_days": 2}, ["/expires_in_days"]),
    ],
)
def test_a_grant_that_cannot_be_made_is_refused(admin: Admin, body: dict[str, Any], pointers: list[str]) -> None:
    admin.publish()
    before = len(admin.rows("CredentialsTable"))
    token, person = admin.call("POST", "tokens", body), admin.call("POST", "users", {"password": PASSWORD} | body)

    assert (token.status, token.kind, token.pointers) == (422, "validation-failed", pointers)
    assert (person.status, sorted(person.pointers)) == (422, sorted(pointers))
    assert len(admin.rows("CredentialsTable")) == before


def test_a_grant_reaches_only_endpoints_of_its_own_workspace(admin: Admin) -> None:
    admin.publish()
    body = {"name": "x", "scopes": ["run"], "endpoints": ["samples/quote"]}

    assert admin.call("POST", "tokens", body).document["endpoints"] == ["samples/quote"]
    refused = admin.call("POST", "tokens", body, token=OTHERS)
    assert (refused.status, refused.pointers) == (422, ["/endpoints/0"])


def test_a_credential_cannot_be_added_to_a_workspace_that_is_disabled_meanwhile(admin: Admin) -> None:
    before = len(admin.rows("CredentialsTable"))
    for path, body in (("tokens", {"name": "x", "scopes": ["run"]}), ("users", user())):
        admin.put(Workspace("default", "", "active", 0))
        admin.meanwhile("TransactWriteItems", lambda: admin.put(Workspace("default", "", "disabled", 0)))
        answer = admin.call("POST", path, body)
        assert (answer.status, answer.kind) == (403, "workspace-disabled")
    assert len(admin.rows("CredentialsTable")) == before


# -- users -------------------------------------------------------------------------------------------------------------


def test_a_new_user_is_answered_without_its_password(admin: Admin) -> None:
    answer = admin.send("admin_create_user")

    expected = {
        "name": "ada",
        "scopes": ["run"],
        "endpoints": None,
        "created_at": CREATED,
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
        "limits": None,
        "roles": [],
        "brought": False,
    }
    assert (answer.status, answer.document) == (201, expected)
    assert admin.call("GET", "users").document == {"items": [expected], "cursor": None}


def test_of_a_password_only_a_memory_hard_hash_is_kept(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    admin.send("admin_create_user")
    row = admin.credential("user#default#ada")
    output = capsys.readouterr()

    assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    for seen in (json.dumps(admin.rows("CredentialsTable")), output.out, output.err):
        assert PASSWORD not in seen


def test_a_users_password_lets_it_administer_until_it_is_revoked(admin: Admin) -> None:
    admin.call("POST", "users", user(scopes=["admin"]))
    basic = {"Authorization": "Basic ZGVmYXVsdC9hZGE6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="}
    assert admin.call("GET", "users", headers=basic).status == 200

    revoked = admin.call("POST", "users/ada/revoke")
    assert (revoked.status, revoked.document["revoked_at"]) == (200, CREATED)
    assert admin.call("GET", "users", headers=basic).status == 401
    admin.aws.clock.slept += 60
    assert admin.call("POST", "users/ada/revoke").document["revoked_at"] == CREATED


def test_a_users_name_is_taken_for_good(admin: Admin) -> None:
    admin.call("POST", "users", user())
    for _ in range(2):
        refused = admin.call("POST", "users", user(password="another long password"))
        assert (refused.status, refused.kind) == (409, "user-exists")
        assert "revoked" in refused.document["detail"]
        admin.call("POST", "users/ada/revoke")
    assert admin.call("POST", "users", user(), token=OTHERS).status == 201


def test_a_user_whose_creations_answer_was_lost_is_made_once(admin: Admin) -> None:
    lost = admin.lose_answers("TransactWriteItems")
    assert (admin.call("POST", "users", user()).status, lost) == (201, ["TransactWriteItems"])


@pytest.mark.parametrize("path", ["users/bob/revoke", "users/a%3Ab/revoke", f"users/{'x' * 3000}/revoke"])
def test_a_user_that_is_not_there_cannot_be_revoked(admin: Admin, path: str) -> None:
    answer = admin.call("POST", path)
    assert (answer.status, answer.kind) == (404, "not-found")


def test_another_workspaces_users_cannot_be_revoked(admin: Admin) -> None:
    admin.call("POST", "users", user())
    assert admin.call("POST", "users/ada/revoke", token=OTHERS).status == 404
    assert admin.credential("user#default#ada").get("revoked_at") is None


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"password": "too short 1"}, "/password"),
        ({"password": "x" * 1025}, "/password"),
        ({"password": 123456789012}, "/password"),
        ({"name": "a:b"}, "/name"),
        ({"name": "a/b"}, "/name"),
        ({"name": "a#b"}, "/name"),
        ({"name": " a"}, "/name"),
        ({"name": "a\u202e"}, "/name"),
    ],
)
def test_a_user_that_cannot_be_made_is_refused(
    admin: Admin, changes: dict[str, Any], pointer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = admin.call("POST", "users", user(**changes))
    assert (answer.status, answer.pointers) == (422, [pointer])
    assert str(changes.get("password", PASSWORD)) not in answer.text + capsys.readouterr().out


def test_an_expired_credential_was_made_to_end_when_it_said(admin: Admin) -> None:
    made = admin.call("POST", "tokens", {"name": "brief", "scopes": ["admin"], "expires_in_days": 1}).document
    assert admin.credential(key_of(made["token"]))["expires_at"] == str(NOW + DAY)
    admin.aws.clock.slept += 86_399
    assert admin.call("GET", "tokens", token=made["token"]).status == 200
    admin.aws.clock.slept += 1
    assert admin.call("GET", "tokens", token=made["token"]).status == 401
    assert admin.call("GET", "tokens", token=TOKEN).status == 200
