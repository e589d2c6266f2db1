"""Clients, API keys, signing keys, brought values, roles and passwords over the admin API.

What comes of them is asked of the gateway function's own parts, as a dialect will ask.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport.adapters.jwt_tokens import KEPT_SECONDS
from flowport.domain.access import Presented
from flowport.domain.errors import CredentialInvalid
from flowport.settings import Settings
from flowport.usecases.access import Caller
from flowport.usecases.issue_token import IssueToken, IssueTokens
from flowport.wiring import Parts
from tests.functional.admin_harness import CREATED, OTHERS, Admin
from tests.functional.harness import Aws, Handler


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


class Gateway:
    """The gateway function's own access, as a dialect will use it."""

    def __init__(self, aws: Aws) -> None:
        self.parts = Parts(Settings.from_environment(), aws.clients())
        self.clock = aws.clock

    def caller(self, presented: Presented) -> Caller:
        return Caller(presented, None, "default", "192.0.2.1", self.clock.monotonic() + 5)

    def name(self, presented: Presented) -> str:
        return self.parts.access.identified(self.caller(presented)).name

    def issue(self, presented: Presented) -> str:
        use = IssueTokens(self.parts.access, self.parts.jwt_keys, self.clock)
        return use(self.caller(presented), IssueToken(3600)).token


@pytest.fixture
def gateway(admin: Admin) -> Gateway:
    return Gateway(admin.aws)


CLIENT = {"name": "field app", "scopes": ["workflow.execute", "job.read"]}


# -- clients -----------------------------------------------------------------------------------------------------------


def test_a_client_shows_its_secret_once_and_only_its_hash_is_kept(admin: Admin) -> None:
    answer = admin.call("POST", "clients", CLIENT)
    assert answer.status == 201, answer.text
    made = answer.document
    client_id, secret = made.pop("client_id"), made.pop("client_secret")
    assert client_id.startswith("fpc_default_")
    assert made == {
        "name": "field app",
        "scopes": ["workflow.execute", "job.read"],
        "endpoints": None,
        "created_at": CREATED,
        "expires_at": None,
        "last_used_at": None,
        "revoked_at": None,
        "limits": None,
    }
    assert secret not in json.dumps(admin.rows("CredentialsTable"))
    assert admin.call("GET", "clients").document == {"items": [{"client_id": client_id, **made}], "cursor": None}
    assert admin.call("GET", "clients", token=OTHERS).document["items"] == []


def test_a_client_gets_a_token_which_is_refused_when_the_client_is_revoked(admin: Admin, gateway: Gateway) -> None:
    made = admin.call("POST", "clients", CLIENT).document
    presented = Presented.of_client(made["client_id"], made["client_secret"])
    token = Presented.of_jwt(gateway.issue(presented), "flowport")
    assert gateway.name(token) == f"client:{made['client_id']}"
    revoked = admin.call("POST", f"clients/{made['client_id']}/revoke")
    assert (revoked.status, revoked.document["revoked_at"]) == (200, CREATED)
    for refused in (presented, token):
        with pytest.raises(CredentialInvalid):
            gateway.name(refused)


def test_only_a_client_of_the_workspace_can_be_revoked(admin: Admin) -> None:
    made = admin.call("POST", "clients", CLIENT).document
    assert admin.call("POST", f"clients/{made['client_id']}/revoke", token=OTHERS).status == 404
    assert admin.call("POST", "clients/fpc_default_00000000000000000000/revoke").status == 404
    assert admin.call("POST", "clients/ada/revoke").status == 404


def test_a_clients_first_token_needs_no_key_to_have_been_made(admin: Admin) -> None:
    assert admin.call("GET", "keys").document["items"] == []
    admin.call("POST", "clients", CLIENT)
    (key,) = admin.call("GET", "keys").document["items"]
    assert (key["alias"], key["previous_created_at"]) == ("flowport", None)
    admin.call("POST", "clients", CLIENT)
    assert admin.call("GET", "keys").document["items"] == [key]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"name": "x"}, ["/scopes"]),
        ({"name": "x", "scopes": []}, ["/scopes"]),
        ({"name": "x", "scopes": ["job.write"]}, ["/scopes/0"]),
        ({"name": "x", "scopes": ["run"], "roles": ["runner"]}, ["/roles"]),
        ({"name": "x", "scopes": ["run"], "endpoints": ["no/such"]}, ["/endpoints/0"]),
    ],
)
def test_a_client_that_cannot_be_so_is_refused_with_every_reason(
    admin: Admin, body: dict[str, Any], pointers: list[str]
) -> None:
    answer = admin.call("POST", "clients", body)
    assert (answer.status, answer.pointers) == (422, pointers)
    assert admin.call("GET", "clients").document["items"] == []


# -- API keys ----------------------------------------------------------------------------------------------------------


def test_an_api_key_is_a_signed_token_that_lives_until_it_is_revoked(admin: Admin, gateway: Gateway) -> None:
    answer = admin.call("POST", "api-keys", {"name": "phix", "roles": ["runner"], "expires_in_days": 365})
    assert answer.status == 201, answer.text
    made = answer.document
    presented = Presented.of_jwt(made["api_key"], "phixflow-api-key", "default")
    assert gateway.name(presented) == f"api_key:{made['id']}"
    assert made["api_key"] not in json.dumps(admin.rows("CredentialsTable"))
    (listed,) = admin.call("GET", "api-keys").document["items"]
    assert (listed["id"], listed["roles"], listed["expires_at"]) == (made["id"], ["runner"], "2027-11-22T02:19:59.203Z")
    assert "api_key" not in listed
    assert admin.call("POST", f"api-keys/{made['id']}/revoke").status == 200
    with pytest.raises(CredentialInvalid):
        gateway.name(presented)
    assert admin.call("POST", "api-keys/key_00000000000000000000/revoke").status == 404
    assert admin.call("POST", "api-keys/x/revoke").status == 404


def test_an_api_key_is_no_token_of_the_native_contract(admin: Admin) -> None:
    made = admin.call("POST", "api-keys", {"name": "phix", "roles": ["administrator"]}).document
    assert admin.call("GET", "tokens", token=made["api_key"]).status == 401


def test_a_short_key_that_was_stored_past_flowport_is_named_and_stops_nothing_else(admin: Admin) -> None:
    admin.aws.secrets.create_secret(Name="flowport/flowport/keys/default/phixflow-api-key", SecretString="short")
    answer = admin.call("POST", "api-keys", {"name": "phix", "roles": ["runner"]})
    assert (answer.status, answer.kind) == (500, "signing-key-too-short")
    assert "'phixflow-api-key' has 5 bytes; HS256 needs at least 32" in answer.document["detail"]
    assert admin.call("GET", "api-keys").document["items"] == []
    assert admin.call("POST", "clients", CLIENT).status == 201


# -- signing keys ------------------------------------------------------------------------------------------------------


def test_a_key_is_made_brought_and_retired_and_never_shown(admin: Admin) -> None:
    made = admin.call("POST", "keys/phixflow-api-key")
    assert (made.status, sorted(made.document)) == (201, ["alias", "created_at", "previous_created_at"])
    brought = admin.call("POST", "keys/phixflow-api-key", {"value": "k" * 32})
    assert brought.status == 200
    assert "k" * 32 not in brought.text
    assert brought.document["previous_created_at"] is not None
    retired = admin.call("POST", "keys/phixflow-api-key/retire")
    assert (retired.status, retired.document["previous_created_at"]) == (200, None)
    again = admin.call("POST", "keys/phixflow-api-key/retire")
    assert (again.status, "no previous key" in again.document["detail"]) == (404, True)


def test_tokens_of_a_brought_key_are_good_through_its_rotation_and_end_with_its_retirement(
    admin: Admin, gateway: Gateway
) -> None:
    admin.call("POST", "keys/phixflow-api-key", {"value": "k" * 32})
    made = admin.call("POST", "api-keys", {"name": "phix", "roles": ["runner"]}).document
    presented = Presented.of_jwt(made["api_key"], "phixflow-api-key")
    admin.call("POST", "keys/phixflow-api-key")
    assert gateway.name(presented) == f"api_key:{made['id']}"
    admin.call("POST", "keys/phixflow-api-key/retire")
    gateway.clock.sleep(KEPT_SECONDS)
    with pytest.raises(CredentialInvalid):
        gateway.name(presented)


@pytest.mark.parametrize(("value", "size"), [("short", 5), ("ü" * 15, 30)])
def test_a_brought_key_that_is_too_short_is_refused_with_both_lengths(admin: Admin, value: str, size: int) -> None:
    answer = admin.call("POST", "keys/phixflow-api-key", {"value": value})
    assert (answer.status, answer.pointers) == (422, ["/value"])
    assert f"has {size} bytes" in answer.text
    assert "at least 32" in answer.text
    assert admin.call("GET", "keys").document["items"] == []


def test_a_key_of_another_alias_is_not_there(admin: Admin) -> None:
    answer = admin.call("POST", "keys/other")
    assert (answer.status, "flowport, phixflow-api-key" in answer.document["detail"]) == (404, True)


def test_another_workspaces_key_is_its_own(admin: Admin) -> None:
    admin.call("POST", "keys/flowport")
    assert admin.call("GET", "keys", token=OTHERS).document["items"] == []


# -- brought tokens ----------------------------------------------------------------------------------------------------


def test_a_brought_token_is_kept_as_a_hash_and_a_weak_one_is_warned_of(admin: Admin, gateway: Gateway) -> None:
    answer = admin.call("POST", "tokens", {"name": "old", "scopes": ["run"], "value": "123456"})
    assert answer.status == 201, answer.text
    assert "123456" not in answer.text
    assert answer.document["brought"] is True
    (warning,) = answer.document["warnings"]
    assert "It can be guessed: it has 6 characters" in warning
    assert "123456" not in json.dumps([row for row in admin.rows("CredentialsTable") if row.get("brought")])
    assert gateway.name(Presented.of_any_token("123456", "default")) == f"token:{answer.document['id']}"
    assert admin.call("GET", "tokens", token="123456").status == 401
    admin.call("POST", f"tokens/{answer.document['id']}/revoke")
    with pytest.raises(CredentialInvalid):
        gateway.name(Presented.of_any_token("123456", "default"))


def test_a_strong_brought_token_is_not_warned_of(admin: Admin) -> None:
    body = {"name": "old", "scopes": ["run"], "value": "a9f3c2e84b7d6015f2e1d0c9"}
    assert "warnings" not in admin.call("POST", "tokens", body).document


def test_a_value_is_brought_once(admin: Admin) -> None:
    body = {"name": "old", "scopes": ["run"], "value": "123456"}
    admin.call("POST", "tokens", body)
    again = admin.call("POST", "tokens", body)
    assert (again.status, again.kind) == (409, "token-exists")
    assert admin.call("POST", "tokens", body, token=OTHERS).status == 201


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"value": ""}, "/value"),
        ({"value": "a\nb"}, "/value"),
        ({"value": " a"}, "/value"),
        ({"value": "fp_default_x"}, "/value"),
        ({"value": "123456", "scopes": ["admin"]}, "/scopes"),
    ],
)
def test_a_value_that_no_header_carries_or_that_administers_is_refused(
    admin: Admin, changes: dict[str, Any], pointer: str
) -> None:
    answer = admin.call("POST", "tokens", {"name": "old", "scopes": ["run"], **changes})
    assert (answer.status, answer.pointers) == (422, [pointer])


# -- users -------------------------------------------------------------------------------------------------------------

ADA = {"name": "ada", "password": "correct horse battery"}


def test_a_user_may_by_its_role(admin: Admin, gateway: Gateway) -> None:
    answer = admin.call("POST", "users", {**ADA, "roles": ["supervisor"]})
    assert (answer.status, answer.document["roles"], answer.document["scopes"]) == (201, ["supervisor"], [])
    presented = Presented.of_user("default", "ada", "correct horse battery")
    principal = gateway.parts.access.identified(gateway.caller(presented))
    assert [principal.has(scope) for scope in ("run", "jobs:read", "jobs:write", "admin")] == [True, True, True, False]


def test_an_administrator_by_role_administers(admin: Admin) -> None:
    admin.call("POST", "users", {**ADA, "roles": ["administrator"]})
    basic = {"Authorization": "Basic ZGVmYXVsdC9hZGE6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"}
    assert admin.call("GET", "tokens", headers=basic).status == 200


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, ["/scopes"]),
        ({"roles": ["boss"]}, ["/roles/0"]),
        ({"roles": ["administrator"], "endpoints": ["samples/quote"]}, ["/endpoints"]),
        ({"roles": ["administrator"], "brought": True, "password": "123"}, ["/scopes"]),
        ({"roles": ["runner"], "password": "12345678901"}, ["/password"]),
    ],
)
def test_a_user_that_cannot_be_so_is_refused(admin: Admin, changes: dict[str, Any], pointers: list[str]) -> None:
    answer = admin.call("POST", "users", {**ADA, **changes})
    assert (answer.status, answer.pointers) == (422, pointers)


def test_a_weak_password_is_brought_with_a_warning_and_good_in_a_dialects_way_alone(
    admin: Admin, gateway: Gateway
) -> None:
    answer = admin.call("POST", "users", {"name": "root", "password": "123", "roles": ["runner"], "brought": True})
    assert (answer.status, answer.document["brought"]) == (201, True)
    assert "it has 3 characters" in answer.document["warnings"][0]
    with pytest.raises(CredentialInvalid):
        gateway.name(Presented.of_user("default", "root", "123"))
    assert gateway.name(Presented.of_user("default", "root", "123", brought=True)) == "user:root"


def test_another_password_holds_at_once_and_ends_what_was_signed_for_the_last(admin: Admin, gateway: Gateway) -> None:
    admin.call("POST", "users", {**ADA, "roles": ["runner"]})
    admin.call("POST", "keys/flowport")
    old = Presented.of_user("default", "ada", "correct horse battery")
    token = Presented.of_jwt(gateway.issue(old), "flowport")
    answer = admin.call("POST", "users/ada/password", {"password": "another horse battery"})
    assert (answer.status, answer.document["name"], "warnings" in answer.document) == (200, "ada", False)
    for refused in (old, token):
        with pytest.raises(CredentialInvalid):
            gateway.name(refused)
    assert gateway.name(Presented.of_user("default", "ada", "another horse battery")) == "user:ada"


def test_a_weak_new_password_is_brought_and_a_good_one_takes_that_back(admin: Admin) -> None:
    admin.call("POST", "users", {**ADA, "roles": ["runner"]})
    weak = admin.call("POST", "users/ada/password", {"password": "123456", "brought": True})
    assert (weak.document["brought"], len(weak.document["warnings"])) == (True, 1)
    assert admin.call("POST", "users/ada/password", {"password": "123456"}).pointers == ["/password"]
    good = admin.call("POST", "users/ada/password", {"password": "correct horse battery", "brought": True})
    assert (good.document["brought"], "warnings" in good.document) == (False, False)


def test_a_user_who_is_revoked_or_was_never_there_gets_no_password(admin: Admin) -> None:
    admin.call("POST", "users", {**ADA, "roles": ["runner"]})
    admin.call("POST", "users/ada/revoke")
    for name in ("ada", "eve", "a%23b"):
        assert admin.call("POST", f"users/{name}/password", {"password": "another horse battery"}).status == 404


def test_a_new_password_whose_answer_was_lost_is_set_and_known(admin: Admin) -> None:
    admin.call("POST", "users", {**ADA, "roles": ["runner"]})
    lost = admin.lose_answers("TransactWriteItems", 2)
    assert admin.call("POST", "users/ada/password", {"password": "another horse battery"}).status == 200
    assert len(lost) == 2
