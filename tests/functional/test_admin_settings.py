"""Settings of credentials over the admin API: changed one by one, over what was seen, never back to life."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.admin_harness import CREATED, OPERATOR, OTHERS, Admin, Answer
from tests.functional.harness import TOKEN, Aws, Handler, event

SECRET = "correct horse battery staple"
LIMITS = {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5}
LATER, LATEST = "2027-01-31T00:00:00.000Z", "2028-01-31T00:00:00.000Z"
NEW: dict[str, dict[str, Any]] = {
    "tokens": {"name": "ci", "scopes": ["run"]},
    "users": {"name": "ada", "scopes": ["run"], "roles": ["reader"], "password": SECRET},
    "clients": {"name": "app", "scopes": ["run"]},
    "api-keys": {"name": "phix", "roles": ["runner"]},
}
SHOWN_ONCE = {"token", "client_secret", "api_key", "warnings"}
AT = {"tokens": "id", "users": "name", "clients": "client_id", "api-keys": "id"}


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


def made(admin: Admin, kind: str, **members: Any) -> tuple[str, dict[str, Any]]:
    """Make a credential; gives its path, and its document as it is shown from then on."""
    answer = admin.call("POST", kind, NEW[kind] | members)
    assert answer.status == 201, answer.text
    document = {name: value for name, value in answer.document.items() if name not in SHOWN_ONCE}
    return f"{kind}/{document[AT[kind]]}", document


def patch(admin: Admin, path: str, body: Any, **more: Any) -> Answer:
    return admin.call("PATCH", path, body, **more)


# -- reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NEW)
def test_a_credential_is_read_where_its_creation_said_that_it_is(admin: Admin, kind: str) -> None:
    answer = admin.call("POST", kind, NEW[kind])
    found = admin.call("GET", answer.headers["Location"].partition("/v1/admin/")[2])
    assert (found.status, found.headers["ETag"]) == (200, '"0"')
    assert found.document == {name: value for name, value in answer.document.items() if name not in SHOWN_ONCE}


@pytest.mark.parametrize("kind", NEW)
def test_a_credential_of_another_workspace_is_neither_read_nor_changed(admin: Admin, kind: str) -> None:
    path, document = made(admin, kind)
    assert admin.call("GET", path, token=OTHERS).status == 404
    assert patch(admin, path, {"limits": LIMITS}, token=OTHERS).status == 404
    assert admin.call("GET", path).document == document


@pytest.mark.parametrize(
    "path",
    ["tokens/tok_00000000000000000000", "tokens/ada", "users/bob", "users/a:b", "clients/ada", "api-keys/key_1",
     "clients/fpc_default_00000000000000000000", "api-keys/key_00000000000000000000"],
)  # fmt: skip
def test_what_is_not_there_is_neither_read_nor_changed(admin: Admin, path: str) -> None:
    for answer in (admin.call("GET", path), patch(admin, path, {"limits": LIMITS})):
        assert (answer.status, answer.kind) == (404, "not-found")


def test_the_kinds_are_not_mistaken_for_each_other(admin: Admin) -> None:
    _, token = made(admin, "tokens")
    for path in (f"api-keys/{token['id']}", f"users/{token['id']}", f"clients/{token['id']}"):
        assert patch(admin, path, {"limits": LIMITS}).status == 404


# -- what can be changed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", NEW)
@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ({"limits": LIMITS}, {"limits": LIMITS}),
        ({"endpoints": ["samples/quote"]}, {"endpoints": ["samples/quote"]}),
        ({"expires_at": "2027-01-31"}, {"expires_at": LATER}),
        ({"expires_in_days": 1}, {"expires_at": "2026-11-23T02:19:59.203Z"}),
        ({"scopes": ["jobs:read", "jobs:write"]}, {"scopes": ["jobs:read", "jobs:write"]}),
        ({}, {}),
        ({"last_used_at": None, "created_at": CREATED}, {}),
    ],
)
def test_a_setting_is_changed_and_every_other_stays(
    admin: Admin, kind: str, body: dict[str, Any], changed: dict[str, Any]
) -> None:
    admin.publish()
    path, document = made(admin, kind)
    before = admin.rows("CredentialsTable")
    answer = patch(admin, path, body)
    assert (answer.status, answer.document) == (200, document | changed), answer.text
    found = admin.call("GET", path)
    assert (found.document, found.headers["ETag"]) == (answer.document, answer.headers["ETag"])
    assert found.headers["ETag"] != '"0"'
    theirs = {row["id"]: row for row in before}
    different = [row["id"] for row in admin.rows("CredentialsTable") if row != theirs[row["id"]]]
    assert len(different) == 1


@pytest.mark.parametrize("kind", NEW)
def test_a_setting_is_taken_away_with_null(admin: Admin, kind: str) -> None:
    admin.publish()
    bound = {"limits": LIMITS, "endpoints": ["samples/quote"]}
    path, document = made(admin, kind, **bound)
    assert patch(admin, path, {"limits": {"rate": None}}).document["limits"] == {"concurrent": 5}
    assert patch(admin, path, {"limits": {"rate": {"requests": 1, "seconds": 2}}}).document["limits"] == {
        "rate": {"requests": 1, "seconds": 2},
        "concurrent": 5,
    }
    freed = patch(admin, path, {"limits": None, "endpoints": None})
    assert freed.document == document | {"limits": None, "endpoints": None}


@pytest.mark.parametrize("kind", ["tokens", "users", "clients"])
def test_an_end_is_put_off_and_taken_away(admin: Admin, kind: str) -> None:
    path, _ = made(admin, kind, expires_at=LATER)
    assert patch(admin, path, {"expires_at": LATEST}).document["expires_at"] == LATEST
    assert patch(admin, path, {"expires_at": None}).document["expires_at"] is None


def test_the_end_of_an_api_key_is_signed_in_it_and_only_brought_forward(admin: Admin) -> None:
    path, document = made(admin, "api-keys")
    assert patch(admin, path, {"expires_at": LATEST}).document["expires_at"] == LATEST
    assert patch(admin, path, {"expires_at": LATER, "name": "new"}).document["expires_at"] == LATER
    for end in (LATEST, None):
        refused = patch(admin, path, {"expires_at": end})
        assert (refused.status, refused.pointers) == (422, ["/expires_at"])
        assert "make another API key" in refused.text
    assert patch(admin, path, {"expires_at": LATER}).status == 200
    assert admin.call("GET", path).document == document | {"expires_at": LATER, "name": "new"}


@pytest.mark.parametrize("kind", ["tokens", "clients", "api-keys"])
def test_a_credential_is_given_another_name(admin: Admin, kind: str) -> None:
    path, document = made(admin, kind)
    assert patch(admin, path, {"name": "another"}).document == document | {"name": "another"}
    assert "another" in [one["name"] for one in admin.call("GET", kind).document["items"]]


def test_roles_are_changed_where_there_are_roles(admin: Admin) -> None:
    path, document = made(admin, "users")
    assert patch(admin, path, {"roles": ["supervisor"], "scopes": []}).document == document | {
        "roles": ["supervisor"],
        "scopes": [],
    }
    nothing = patch(admin, path, {"roles": None})
    assert (nothing.status, nothing.pointers) == (422, ["/scopes"])
    for kind in ("tokens", "clients"):
        refused = patch(admin, made(admin, kind)[0], {"roles": ["runner"]})
        assert (refused.status, refused.pointers) == (422, ["/roles"])


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"scopes": None}, ["/scopes"]),
        ({"scopes": []}, ["/scopes"]),
        ({"scopes": ["operator"]}, ["/scopes/0"]),
        ({"scopes": ["run", "run"]}, ["/scopes"]),
        ({"name": None}, ["/name"]),
        ({"name": ""}, ["/name"]),
        ({"endpoints": []}, ["/endpoints"]),
        ({"endpoints": ["samples/quote", "samples/none"]}, ["/endpoints/1"]),
        ({"expires_at": "tomorrow"}, ["/expires_at"]),
        ({"expires_at": "2026-11-22T02:19:59Z"}, ["/expires_at"]),
        ({"expires_at": LATER, "expires_in_days": 3}, ["/expires_in_days"]),
        ({"expires_in_days": 0}, ["/expires_in_days"]),
        ({"limits": {"rate": {"requests": 0}}}, ["/limits/rate/requests", "/limits/rate/seconds"]),
        ({"limits": {"concurrent": True, "jobs": 1}}, ["/limits/concurrent", "/limits/jobs"]),
        ({"limit": LIMITS}, ["/limit"]),
        ({"limit": None}, ["/limit"]),
        ({"id": "tok_other"}, ["/id"]),
        ({"id": None}, ["/id"]),
        ({"brought": True}, ["/brought"]),
        ({"revoked_at": CREATED}, ["/revoked_at"]),
        ({"created_at": LATER, "last_used_at": LATER}, ["/created_at", "/last_used_at"]),
        ({"value": "x", "token": "x", "workspace": "other"}, ["/token", "/value", "/workspace"]),
        ({"scopes": ["admin"], "endpoints": ["samples/quote"]}, ["/endpoints"]),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_every_reason_and_changes_nothing(
    admin: Admin, body: dict[str, Any], pointers: list[str]
) -> None:
    admin.publish()
    path, document = made(admin, "tokens")
    answer = patch(admin, path, body)
    assert (answer.status, answer.kind, sorted(answer.pointers)) == (422, "validation-failed", pointers)
    found = admin.call("GET", path)
    assert (found.document, found.headers["ETag"]) == (document, '"0"')


@pytest.mark.parametrize("body", ["[1]", "null", "{", '{"name": "a", "name": "b"}'])
def test_a_patch_that_is_no_object_is_refused(admin: Admin, body: str) -> None:
    path, _ = made(admin, "tokens")
    assert patch(admin, path, body).status == 400


def test_a_merge_patch_may_be_declared_as_one(admin: Admin) -> None:
    path, _ = made(admin, "tokens")
    headers: dict[str, str | None] = {"Content-Type": "application/merge-patch+json"}
    assert patch(admin, path, {"name": "a"}, headers=headers).status == 200


def test_a_users_name_is_its_own_for_good(admin: Admin) -> None:
    path, document = made(admin, "users")
    assert patch(admin, path, {"name": "ada"}).document == document
    refused = patch(admin, path, {"name": "bob"})
    assert (refused.status, refused.pointers) == (422, ["/name"])


def test_an_endpoint_that_is_gone_may_stay_where_it_was(admin: Admin) -> None:
    admin.publish()
    path, _ = made(admin, "tokens", endpoints=["samples/quote"])
    admin.call("DELETE", "endpoints/samples/quote")
    assert patch(admin, path, {"name": "a"}).status == 200
    assert patch(admin, path, {"endpoints": ["samples/quote"]}).status == 200
    assert patch(admin, path, {"endpoints": ["samples/quote", "samples/none"]}).pointers == ["/endpoints/1"]


@pytest.mark.parametrize("body", [{"scopes": ["run", "admin"]}, {"roles": ["administrator"]}])
def test_what_was_brought_along_never_administers(admin: Admin, body: dict[str, Any]) -> None:
    path, document = made(admin, "users", password="short", brought=True)
    refused = patch(admin, path, body)
    assert (refused.status, refused.pointers) == (422, [f"/{next(iter(body))}"])
    assert admin.call("GET", path).document == document
    token, _ = made(admin, "tokens", value="brought-value-5580")
    assert patch(admin, token, {"scopes": ["admin"]}).pointers == ["/scopes"]


# -- who, and when it holds --------------------------------------------------------------------------------------------


def test_a_change_holds_on_the_very_next_request(admin: Admin) -> None:
    answer = admin.call("POST", "tokens", {"name": "second", "scopes": ["admin"]})
    path, token = f"tokens/{answer.document['id']}", answer.document["token"]
    assert admin.call("GET", "tokens", token=token).status == 200
    patch(admin, path, {"scopes": ["run"]})
    assert admin.call("GET", "tokens", token=token).status == 403
    patch(admin, path, {"scopes": ["admin"], "expires_in_days": 1})
    assert admin.call("GET", "tokens", token=token).status == 200
    admin.aws.clock.slept += 86_401
    assert admin.call("GET", "tokens", token=token).status == 401


def test_calls_are_held_to_what_a_token_is_now(aws: Aws, load: Callable[..., Handler]) -> None:
    admin = Admin(aws, load("AdminFunction"))
    admin.publish()
    admin.publish("other")
    answer = admin.call("POST", "tokens", NEW["tokens"] | {"limits": {"rate": {"requests": 1, "seconds": 86_400}}})
    path, token = f"tokens/{answer.document['id']}", answer.document["token"]
    gateway = load("GatewayFunction")
    numbers = iter(range(99))

    def call() -> Any:
        sent = event("apigateway/run_sync", headers={"Authorization": f"Bearer {token}"})
        sent["requestContext"]["extendedRequestId"] = f"request-{next(numbers)}="
        return gateway(sent, None)

    def status_after(body: dict[str, Any]) -> int:
        assert patch(admin, path, body).status == 200
        return int(call()["statusCode"])

    assert [call()["statusCode"] for _ in range(2)] == [200, 429]
    assert status_after({"limits": {"rate": {"requests": 2}}}) == 200
    assert call()["headers"]["RateLimit"] == '"credential";r=0;t=43200'
    assert status_after({"name": "the same rate"}) == 429
    assert status_after({"limits": {"rate": None}}) == 200
    assert status_after({"endpoints": ["samples/other"]}) == 403
    assert status_after({"endpoints": None, "scopes": ["jobs:read"]}) == 403
    assert status_after({"scopes": ["run"], "expires_in_days": 1}) == 200
    aws.clock.slept += 86_401
    assert call()["statusCode"] == 401


def test_jobs_that_run_are_left_alone_by_a_limit_on_jobs_that_is_lowered_or_new(
    aws: Aws, load: Callable[..., Handler]
) -> None:
    admin = Admin(aws, load("AdminFunction"))
    admin.publish("long", express_arn=None, standard_arn=admin.standard, mode="async")
    gateway = load("GatewayFunction")
    numbers = iter(range(99))

    def token(limits: Any) -> tuple[str, str]:
        document = admin.call("POST", "tokens", NEW["tokens"] | {"limits": limits}).document
        return f"tokens/{document['id']}", document["token"]

    def start(text: str) -> int:
        sent = event("apigateway/run_async", path="/v1/run/samples/long", headers={"Authorization": f"Bearer {text}"})
        sent["requestContext"]["extendedRequestId"] = f"request-{next(numbers)}="
        return int(gateway(sent, None)["statusCode"])

    path, lowered = token({"concurrent": 3})
    assert [start(lowered) for _ in range(2)] == [202, 202]
    patch(admin, path, {"limits": {"concurrent": 1}})
    assert start(lowered) == 429
    patch(admin, path, {"limits": {"concurrent": 3}})
    assert [start(lowered) for _ in range(2)] == [202, 429]

    path, new = token(None)
    assert [start(new) for _ in range(2)] == [202, 202]
    patch(admin, path, {"limits": {"concurrent": 1}})
    assert [start(new) for _ in range(2)] == [202, 429]


def test_a_credential_that_has_expired_can_be_given_more_time(admin: Admin) -> None:
    answer = admin.call("POST", "tokens", {"name": "brief", "scopes": ["admin"], "expires_in_days": 1})
    path, token = f"tokens/{answer.document['id']}", answer.document["token"]
    admin.aws.clock.slept += 86_401
    assert admin.call("GET", "tokens", token=token).status == 401
    assert patch(admin, path, {"name": "still over"}).status == 200
    assert patch(admin, path, {"expires_in_days": 1}).status == 200
    assert admin.call("GET", "tokens", token=token).status == 200


@pytest.mark.parametrize("kind", NEW)
def test_a_revoked_credential_is_never_changed_back_to_life(admin: Admin, kind: str) -> None:
    path, _ = made(admin, kind)
    revoked = admin.call("POST", f"{path}/revoke").document
    for body in ({"revoked_at": None}, {"expires_at": None}, {"limits": LIMITS}, {}):
        refused = patch(admin, path, body)
        assert (refused.status, refused.kind) == (409, "credential-revoked")
    assert admin.call("GET", path).document == revoked


@pytest.mark.parametrize("body", [{"scopes": ["admin"]}, {"name": "mine"}, {"limits": LIMITS}, {"expires_at": LATER}])
def test_an_administrator_may_leave_or_lessen_its_own_credential(admin: Admin, body: dict[str, Any]) -> None:
    path, token = _own(admin)
    assert patch(admin, path, body, token=token).status == 200


def _own(admin: Admin) -> tuple[str, str]:
    """Make an administrator's token with an end and limits; gives its path and its text."""
    body = {"name": "own", "scopes": ["admin", "run"], "expires_at": LATEST, "limits": LIMITS}
    document = admin.call("POST", "tokens", body).document
    return f"tokens/{document['id']}", document["token"]


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"scopes": ["admin", "jobs:write"]}, "/scopes"),
        ({"expires_at": "2029-01-01"}, "/expires_at"),
        ({"expires_in_days": 3650}, "/expires_at"),
        ({"expires_at": None}, "/expires_at"),
        ({"limits": None}, "/limits"),
        ({"limits": {"concurrent": 6}}, "/limits"),
        ({"limits": {"rate": {"requests": 101}}}, "/limits"),
        ({"limits": {"rate": {"requests": 100, "seconds": 59}}}, "/limits"),
        ({"limits": {"rate": None}}, "/limits"),
    ],
)
def test_nobody_gives_more_to_the_credential_that_it_acts_by(admin: Admin, body: dict[str, Any], member: str) -> None:
    path, token = _own(admin)
    before = admin.call("GET", path).document
    refused = patch(admin, path, body, token=token)
    assert (refused.status, refused.kind, refused.pointers) == (403, "own-credential", [member])
    assert admin.call("GET", path).document == before
    assert patch(admin, path, body).status == 200


def test_an_operator_changes_no_token(admin: Admin) -> None:
    path, _ = made(admin, "tokens")
    assert patch(admin, path, {"name": "x"}, token=OPERATOR).status == 403
    assert patch(admin, "tokens/tok_operator", {"name": "x"}).status == 404


# -- at once, and in the middle ----------------------------------------------------------------------------------------


def test_of_two_changes_at_once_neither_is_lost(admin: Admin) -> None:
    path, document = made(admin, "tokens", limits=LIMITS)
    admin.meanwhile("TransactWriteItems", lambda: patch(admin, path, {"limits": {"concurrent": 9}, "name": "theirs"}))
    assert patch(admin, path, {"limits": {"rate": None}, "expires_at": LATER}).status == 200
    expected = document | {"name": "theirs", "limits": {"concurrent": 9}, "expires_at": LATER}
    assert admin.call("GET", path).document == expected
    acts = admin.call("GET", "audit").document["items"][:2]
    assert [(act["before"], act["after"]) for act in acts] == [
        ({"expires_at": None, "limits": {"rate": LIMITS["rate"], "concurrent": 9}},
         {"expires_at": LATER, "limits": {"concurrent": 9}}),
        ({"name": "ci", "limits": LIMITS}, {"name": "theirs", "limits": {"rate": LIMITS["rate"], "concurrent": 9}}),
    ]  # fmt: skip


def test_a_rule_between_two_settings_holds_also_when_they_are_changed_at_once(admin: Admin) -> None:
    admin.publish()
    path, document = made(admin, "tokens")
    admin.meanwhile("TransactWriteItems", lambda: patch(admin, path, {"endpoints": ["samples/quote"]}))
    refused = patch(admin, path, {"scopes": ["admin"]})
    assert (refused.status, refused.pointers) == (422, ["/endpoints"])
    assert admin.call("GET", path).document == document | {"endpoints": ["samples/quote"]}


def test_a_revocation_in_the_middle_of_a_change_stands(admin: Admin) -> None:
    path, document = made(admin, "tokens")
    admin.meanwhile("TransactWriteItems", lambda: admin.call("POST", f"{path}/revoke"))
    refused = patch(admin, path, {"name": "new"})
    assert (refused.status, refused.kind) == (409, "credential-revoked")
    assert admin.call("GET", path).document == document | {"revoked_at": CREATED}


def test_a_password_that_is_set_in_the_middle_of_a_change_holds(admin: Admin) -> None:
    path, document = made(admin, "users")
    key = "user#default#ada"
    admin.meanwhile("TransactWriteItems", lambda: admin.call("POST", f"{path}/password", {"password": SECRET + "2"}))
    before = admin.credential(key)["password_hash"]
    assert patch(admin, path, {"limits": LIMITS}).document == document | {"limits": LIMITS}
    assert admin.credential(key)["password_hash"] != before


def test_whoever_names_a_version_loses_a_race_and_is_told(admin: Admin) -> None:
    path, document = made(admin, "tokens")
    assert patch(admin, path, {"name": "a"}, headers={"If-Match": '"0"'}).status == 200
    for condition in ('"0"', 'W/"0"', '"none"'):
        refused = patch(admin, path, {"name": "b"}, headers={"If-Match": condition})
        assert (refused.status, refused.kind) == (412, "precondition-failed")
    present = admin.call("GET", path).headers["ETag"]
    admin.meanwhile("TransactWriteItems", lambda: patch(admin, path, {"limits": LIMITS}))
    assert patch(admin, path, {"name": "c"}, headers={"If-Match": present}).status == 412
    assert admin.call("GET", path).document == document | {"name": "a", "limits": LIMITS}
    assert patch(admin, path, {"name": "d"}, headers={"If-Match": "*"}).status == 200
    missing = patch(admin, "users/nobody", {"limits": LIMITS}, headers={"If-Match": "*"})
    assert (missing.status, missing.kind) == (412, "precondition-failed")


def test_a_use_does_not_make_another_version(admin: Admin) -> None:
    path, _ = made(admin, "tokens")
    row = admin.rows("CredentialsTable")[0]["id"]
    admin.aws.dynamodb.update_item(
        TableName="CredentialsTable",
        Key={"id": {"S": row}},
        UpdateExpression="SET last_used_at = :at",
        ExpressionAttributeValues={":at": {"N": "1"}},
    )
    assert patch(admin, path, {"name": "a"}, headers={"If-Match": '"0"'}).status == 200


@pytest.mark.parametrize("times", [1, 2])
def test_a_change_whose_answer_was_lost_is_made_once_and_known(admin: Admin, times: int) -> None:
    path, document = made(admin, "tokens")
    lost = admin.lose_answers("TransactWriteItems", times)
    answer = patch(admin, path, {"name": "new"})
    assert (len(lost), answer.status, answer.document) == (times, 200, document | {"name": "new"})
    acts = [act["act"] for act in admin.call("GET", "audit").document["items"]]
    assert acts == ["token.change", "token.create"]


def test_a_change_that_stays_open_says_so(admin: Admin) -> None:
    path, _ = made(admin, "tokens")
    admin.lose_answers("TransactWriteItems", 1000)
    answer = patch(admin, path, {"name": "new"})
    assert (answer.status, answer.headers["Flowport-Error-Source"]) == (500, "unknown")


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_dies_around_a_change_leaves_the_old_or_the_new_and_its_act(admin: Admin, moment: str) -> None:
    path, document = made(admin, "tokens", limits=LIMITS)

    def die() -> None:
        raise Died

    if moment == "before":
        admin.meanwhile("TransactWriteItems", die)
    else:
        admin.after("TransactWriteItems", die)
    with pytest.raises(Died):
        patch(admin, path, {"limits": {"concurrent": 9}})
    changed = document | {"limits": {**LIMITS, "concurrent": 9}}
    assert admin.call("GET", path).document == (document if moment == "before" else changed)
    acts = [act["act"] for act in admin.call("GET", "audit").document["items"]]
    assert acts == ["token.create"] if moment == "before" else ["token.change", "token.create"]
    assert patch(admin, path, {"limits": {"concurrent": 9}}).document == changed


def test_the_trail_says_what_was_and_what_is(admin: Admin) -> None:
    path, document = made(admin, "tokens")
    patch(admin, path, {"limits": LIMITS, "name": "ci"})
    newest = admin.call("GET", "audit").document["items"][0]
    assert (newest["act"], newest["what"]) == ("token.change", f"token:{document['id']}")
    assert (newest["before"], newest["after"]) == ({"limits": None}, {"limits": LIMITS})


def test_what_a_token_is_like_that_was_made_before_settings_could_be_changed(admin: Admin) -> None:
    """Rows of then have no mark of a change, whether they were made by hand, by bootstrap or by the API."""
    made_by = admin.handler({"flowport": "bootstrap", "workspace": "blue"}, None)
    answer = admin.call("PATCH", f"tokens/{made_by['id']}", {"name": "first"}, token=made_by["token"])
    assert (answer.status, answer.document["name"]) == (200, "first")
    assert TOKEN not in answer.text
