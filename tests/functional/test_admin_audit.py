"""The audit trail: every act of every route is in it, with who and what and without secrets."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport import observability
from flowport.admin.routes import ROUTES
from flowport.domain.records import Workspace
from tests.functional.admin_harness import CREATED, OPERATOR, OTHERS, Admin, Answer
from tests.functional.harness import TOKEN, Aws, Handler

WHO, OPERATOR_WHO = "token:tok_example", "token:tok_operator"
SECRET = "correct horse battery staple 9471"
BROUGHT = "brought-value-of-partner-5580"
KEY = "a-brought-signing-key-of-forty-bytes-7731"


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


def _acts(admin: Admin, *, token: str = TOKEN, **query: str) -> list[dict[str, Any]]:
    answer = admin.call("GET", "audit", token=token, query={name: [value] for name, value in query.items()})
    assert answer.status == 200, answer.text
    items: list[dict[str, Any]] = answer.document["items"]
    return items


def _made(answer: Answer, *members: str) -> str:
    assert answer.status in {200, 201}, answer.text
    found: Any = answer.document
    for member in members:
        found = found[member]
    return str(found)


# -- every route -------------------------------------------------------------------------------------------------------

Step = Callable[[Admin], Answer]


def _put_endpoint(admin: Admin) -> Answer:
    return admin.call("PUT", "endpoints/samples/quote", {"express_arn": admin.express})


def _token(admin: Admin, **members: Any) -> Answer:
    return admin.call("POST", "tokens", {"name": "ci", "scopes": ["run"], **members})


def _user(admin: Admin) -> Answer:
    return admin.call("POST", "users", {"name": "ann", "password": SECRET, "scopes": ["run"]})


def _client(admin: Admin) -> Answer:
    return admin.call("POST", "clients", {"name": "partner", "scopes": ["run"]})


def _api_key(admin: Admin) -> Answer:
    return admin.call("POST", "api-keys", {"name": "old", "scopes": ["run"]})


def _workspace(admin: Admin) -> Answer:
    return admin.operate("POST", "workspaces", {"name": "blue"})


def _retired_webhook_secret(admin: Admin) -> Answer:
    first = _made(admin.call("POST", "webhook-secrets"), "id")
    admin.call("POST", "webhook-secrets")
    return admin.call("DELETE", f"webhook-secrets/{first}")


def _after(*steps: Step) -> Step:
    def all_of(admin: Admin) -> Answer:
        *before, last = [step(admin) for step in steps]
        assert all(answer.status < 300 for answer in before), [answer.text for answer in before]
        return last

    return all_of


def _at(method: str, path: str, body: Any = None) -> Step:
    return lambda admin: admin.call(method, path, body)


def _operated(method: str, path: str) -> Step:
    return lambda admin: admin.operate(method, path)


# What changes something, how it is done, and the act that must then be in the trail.
CHANGES: dict[str, tuple[Step, str, str]] = {
    "POST endpoints": (Admin.publish, "endpoint.create", "endpoint:samples/quote"),
    "PUT endpoints/{}/{}": (_put_endpoint, "endpoint.create", "endpoint:samples/quote"),
    "PATCH endpoints/{}/{}": (
        _after(_put_endpoint, _at("PATCH", "endpoints/samples/quote", {"title": "new"})),
        "endpoint.change",
        "endpoint:samples/quote",
    ),
    "DELETE endpoints/{}/{}": (
        _after(_put_endpoint, _at("DELETE", "endpoints/samples/quote")),
        "endpoint.delete",
        "endpoint:samples/quote",
    ),
    "POST endpoints/{}/{}/enable": (
        _after(_put_endpoint, _at("POST", "endpoints/samples/quote/enable")),
        "endpoint.enable",
        "endpoint:samples/quote",
    ),
    "POST endpoints/{}/{}/disable": (
        _after(_put_endpoint, _at("POST", "endpoints/samples/quote/disable")),
        "endpoint.disable",
        "endpoint:samples/quote",
    ),
    "POST tokens": (_token, "token.create", "token:tok_"),
    "PATCH tokens/{}": (
        lambda admin: admin.call("PATCH", f"tokens/{_made(_token(admin), 'id')}", {"name": "new"}),
        "token.change",
        "token:tok_",
    ),
    "POST tokens/{}/revoke": (
        lambda admin: admin.call("POST", f"tokens/{_made(_token(admin), 'id')}/revoke"),
        "token.revoke",
        "token:tok_",
    ),
    "POST users": (_user, "user.create", "user:ann"),
    "PATCH users/{}": (
        _after(_user, _at("PATCH", "users/ann", {"limits": {"concurrent": 2}})),
        "user.change",
        "user:ann",
    ),
    "POST users/{}/revoke": (_after(_user, _at("POST", "users/ann/revoke")), "user.revoke", "user:ann"),
    "POST users/{}/unlock": (_after(_user, _at("POST", "users/ann/unlock")), "user.unlock", "user:ann"),
    "POST users/{}/password": (
        _after(_user, _at("POST", "users/ann/password", {"password": SECRET + "2"})),
        "user.password",
        "user:ann",
    ),
    "POST clients": (_client, "client.create", "client:fpc_"),
    "PATCH clients/{}": (
        lambda admin: admin.call("PATCH", f"clients/{_made(_client(admin), 'client_id')}", {"name": "new"}),
        "client.change",
        "client:fpc_",
    ),
    "POST clients/{}/revoke": (
        lambda admin: admin.call("POST", f"clients/{_made(_client(admin), 'client_id')}/revoke"),
        "client.revoke",
        "client:fpc_",
    ),
    "POST api-keys": (_api_key, "api-key.create", "api-key:key_"),
    "PATCH api-keys/{}": (
        lambda admin: admin.call("PATCH", f"api-keys/{_made(_api_key(admin), 'id')}", {"name": "new"}),
        "api-key.change",
        "api-key:key_",
    ),
    "POST api-keys/{}/revoke": (
        lambda admin: admin.call("POST", f"api-keys/{_made(_api_key(admin), 'id')}/revoke"),
        "api-key.revoke",
        "api-key:key_",
    ),
    "POST keys/{}": (_at("POST", "keys/flowport", {"value": KEY}), "key.put", "key:flowport"),
    "POST keys/{}/retire": (
        _after(_at("POST", "keys/flowport"), _at("POST", "keys/flowport"), _at("POST", "keys/flowport/retire")),
        "key.retire",
        "key:flowport",
    ),
    "POST webhook-secrets": (_at("POST", "webhook-secrets"), "webhook-secret.create", "webhook-secret:callbacks"),
    "DELETE webhook-secrets/{}": (_retired_webhook_secret, "webhook-secret.retire", "webhook-secret:callbacks"),
    "POST workspaces": (_workspace, "workspace.create", "workspace:blue"),
    "POST workspaces/{}/disable": (
        _after(_workspace, _operated("POST", "workspaces/blue/disable")),
        "workspace.disable",
        "workspace:blue",
    ),
    "POST workspaces/{}/enable": (
        _after(_workspace, _operated("POST", "workspaces/blue/enable")),
        "workspace.enable",
        "workspace:blue",
    ),
    "DELETE workspaces/{}": (
        _after(_workspace, _operated("POST", "workspaces/blue/disable"), _operated("DELETE", "workspaces/blue")),
        "workspace.delete",
        "workspace:blue",
    ),
}


def test_every_route_that_changes_something_is_walked_here() -> None:
    routes = {f"{method} {'/'.join(route.pattern)}" for route in ROUTES for method in route.methods if method != "GET"}
    assert routes == CHANGES.keys()


@pytest.mark.parametrize("route", CHANGES)
def test_every_act_is_in_the_trail_with_who_and_what_and_when(admin: Admin, route: str) -> None:
    step, act, what = CHANGES[route]
    answer = step(admin)
    assert answer.status < 300, answer.text
    operated = act.startswith("workspace.")
    newest, *_ = _acts(admin, token=OPERATOR if operated else TOKEN)
    assert (newest["act"], newest["outcome"], newest["at"]) == (act, "done", CREATED)
    assert newest["what"].startswith(what)
    assert newest["who"] == (OPERATOR_WHO if operated else WHO)
    assert newest["request_id"] == answer.headers["Flowport-Request-Id"]
    assert newest["before"] is not None or newest["after"] is not None


def _bring(admin: Admin) -> Answer:
    return _token(admin, value=BROUGHT)


SECRET_MEMBERS = ("token", "client_secret", "api_key", "secret")


@pytest.mark.parametrize("step", [step for step, *_ in CHANGES.values()] + [_bring], ids=[*CHANGES, "bring a token"])
def test_nothing_secret_is_in_the_trail(admin: Admin, step: Step) -> None:
    answer = step(admin)
    shown = [str(answer.document[name]) for name in SECRET_MEMBERS if answer.text and name in answer.document]
    hashes = [
        text
        for row in admin.rows("CredentialsTable")
        for text in (row.get("password_hash"), row.get("secret_hash"), row["id"].removeprefix("brought#"))
        if text and (text.startswith("$argon2") or len(text) == 64)
    ]
    stored = [json.dumps(row) for row in admin.rows("EndpointsTable") if row["workspace"].startswith("audit#")]
    assert stored
    for secret in [BROUGHT, SECRET, KEY, TOKEN[-36:], OPERATOR[-36:], *shown, *hashes]:
        assert not [text for text in stored if secret in text]


# -- what an act says --------------------------------------------------------------------------------------------------


def test_a_change_says_what_was_and_what_is_and_nothing_of_the_rest(admin: Admin) -> None:
    admin.publish(title="old", sample={"a": 1})
    admin.call("PATCH", "endpoints/samples/quote", {"title": "new", "keep_jobs_days": 9})
    changed, created = _acts(admin)
    assert changed["before"] == {"title": "old", "keep_jobs_days": None, "version": 1}
    assert changed["after"] == {"title": "new", "keep_jobs_days": 9, "version": 2}
    assert created["before"] is None
    assert created["after"]["sample"] == {"a": 1}
    assert created["after"]["endpoint"] == "samples/quote"


def test_a_one_that_becomes_true_is_a_change(admin: Admin) -> None:
    admin.publish(sample={"a": 1})
    admin.call("PATCH", "endpoints/samples/quote", {"sample": {"a": True}})
    changed, _ = _acts(admin)
    assert changed["before"] == {"sample": {"a": 1}, "version": 1}
    assert changed["after"]["sample"]["a"] is True


def test_a_deletion_keeps_what_is_needed_to_make_it_again(admin: Admin) -> None:
    published = admin.publish(title="old").document
    admin.call("DELETE", "endpoints/samples/quote")
    deleted, _ = _acts(admin)
    assert (deleted["act"], deleted["before"], deleted["after"]) == ("endpoint.delete", published, None)


def test_a_large_member_is_told_by_its_digest(admin: Admin) -> None:
    networks = [f"2001:db8:1111:2222:3333:4444:5555:{number:x}" for number in range(200)]
    admin.publish(ip_allow=networks)
    (created,) = _acts(admin)
    assert created["after"]["ip_allow"].keys() == {"sha256", "bytes"}
    assert created["after"]["title"] == ""


def test_a_switch_says_how_it_stood(admin: Admin) -> None:
    admin.publish()
    for action in ("disable", "disable", "enable"):
        admin.call("POST", f"endpoints/samples/quote/{action}")
    sides = [(act["before"].get("enabled"), act["after"].get("enabled")) for act in _acts(admin)[:3]]
    assert sides == [(False, True), (None, None), (True, False)]


def test_a_revocation_that_is_repeated_changes_nothing_and_says_so(admin: Admin) -> None:
    token = _made(_token(admin), "id")
    for _ in range(2):
        assert admin.call("POST", f"tokens/{token}/revoke").document["revoked_at"] == CREATED
    again, first, _ = _acts(admin)
    assert (first["before"], first["after"]) == ({"revoked_at": None}, {"revoked_at": CREATED})
    assert (again["act"], again["before"], again["after"]) == ("token.revoke", {}, {})


# -- acts on secrets ---------------------------------------------------------------------------------------------------


def test_a_key_that_was_refused_says_so(admin: Admin) -> None:
    admin.call("POST", "keys/flowport")
    assert admin.call("POST", "keys/flowport/retire").status == 404
    assert [act["act"] for act in _acts(admin)] == ["key.put"]


def test_a_process_that_dies_in_the_middle_leaves_that_it_began(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flowport.adapters.secrets_manager.SecretsManager.put", die)
    with pytest.raises(KeyboardInterrupt):
        admin.call("POST", "keys/flowport")
    (begun,) = _acts(admin)
    assert (begun["act"], begun["what"], begun["outcome"]) == ("key.put", "key:flowport", "begun")


def test_nothing_is_done_to_a_secret_that_cannot_be_put_on_record_first(admin: Admin) -> None:
    admin.lose_answers("PutItem", 1000)
    assert admin.call("POST", "keys/flowport").status == 503
    assert admin.call("GET", "keys").document["items"] == []


def test_a_secret_is_shown_although_its_outcome_cannot_be_kept(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[object] = []
    monkeypatch.setattr(observability, "count", lambda _name, dimensions: counted.append(dimensions))
    admin.lose_answers("PutItem", 1000, skip=1)
    assert _made(admin.call("POST", "webhook-secrets"), "secret").startswith("whsec_")
    assert counted == [{"source": "unknown"}]


# -- whose trail it is -------------------------------------------------------------------------------------------------


def test_a_workspace_reads_what_operators_did_to_it_and_nobody_elses_acts(admin: Admin) -> None:
    admin.publish()
    admin.operate("POST", "workspaces/other/disable")
    admin.operate("POST", "workspaces/other/enable")
    theirs = [(act["act"], act["who"]) for act in _acts(admin, token=OTHERS)]
    assert theirs == [("workspace.enable", OPERATOR_WHO), ("workspace.disable", OPERATOR_WHO)]
    assert [act["act"] for act in _acts(admin)] == ["endpoint.create"]
    assert [act["what"] for act in _acts(admin, token=OPERATOR)] == ["workspace:other"] * 2


def test_bootstrap_is_in_the_trail_of_the_workspace_and_of_the_operators(admin: Admin) -> None:
    made = admin.handler({"flowport": "bootstrap", "workspace": "blue"}, None)
    token, workspace = _acts(admin, token=made["token"])
    assert (token["act"], token["what"], token["who"]) == ("token.create", f"token:{made['id']}", "bootstrap")
    assert (workspace["act"], workspace["after"]["name"]) == ("workspace.create", "blue")
    operator = admin.handler({"flowport": "bootstrap", "operator": True}, None)
    newest, created = _acts(admin, token=OPERATOR)
    assert (newest["act"], newest["what"], created["what"]) == (
        "token.create",
        f"token:{operator['id']}",
        "workspace:blue",
    )


def test_a_new_workspace_does_not_read_what_was_done_in_an_old_one_of_its_name(admin: Admin) -> None:
    admin.call("POST", "endpoints", {"module": "m", "name": "old", "standard_arn": admin.standard}, token=OTHERS)
    admin.operate("POST", "workspaces/other/disable")
    admin.operate("DELETE", "workspaces/other")
    admin.aws.clock.slept += 31 * 86_400
    made = admin.handler({"flowport": "bootstrap", "workspace": "other"}, None)
    assert [act["act"] for act in _acts(admin, token=made["token"])] == ["token.create", "workspace.create"]


def test_acts_are_forgotten_when_their_time_is_over(aws: Aws, load: Callable[..., Handler]) -> None:
    admin = Admin(aws, load("AdminFunction", AuditRetentionDays="2"))
    admin.publish()
    (row,) = [row for row in admin.rows("EndpointsTable") if row["workspace"] == "audit#default"]
    assert int(row["expires_at"]) * 1000 == pytest.approx(int(row["at"]) + 2 * 86_400_000, abs=1000)
    admin.aws.clock.slept += 2 * 86_400 - 1
    assert len(_acts(admin)) == 1
    admin.aws.clock.slept += 2
    assert _acts(admin) == []


# -- reading -----------------------------------------------------------------------------------------------------------


def test_the_trail_is_filtered_and_paged(admin: Admin) -> None:
    admin.publish("a")
    admin.aws.clock.slept += 60
    admin.publish("b")
    token = _made(_token(admin), "id")
    assert [act["what"] for act in _acts(admin, what="endpoint")] == ["endpoint:samples/b", "endpoint:samples/a"]
    assert [act["what"] for act in _acts(admin, what="endpoint:samples/a")] == ["endpoint:samples/a"]
    assert [act["what"] for act in _acts(admin, until="2026-11-22T02:20:00Z")] == ["endpoint:samples/a"]
    assert len(_acts(admin, since="2026-11-22T02:20:00Z")) == 2
    assert len(_acts(admin, who=WHO)) == 3
    assert _acts(admin, who="user:nobody") == []
    first = admin.call("GET", "audit", query={"limit": ["1"]}).document
    assert first["items"][0]["what"] == f"token:{token}"
    second = admin.call("GET", "audit", query={"limit": ["5"], "cursor": [first["cursor"]]}).document
    assert ([act["what"] for act in second["items"]], second["cursor"]) == (
        ["endpoint:samples/b", "endpoint:samples/a"],
        None,
    )


@pytest.mark.parametrize(
    ("parameter", "value"), [("since", "yesterday"), ("until", ""), ("who", ""), ("what", "x" * 1025), ("limit", "0")]
)
def test_a_question_that_cannot_be_answered_says_which_parameter_is_wrong(
    admin: Admin, parameter: str, value: str
) -> None:
    answer = admin.call("GET", "audit", query={parameter: [value]})
    assert (answer.status, answer.kind) == (400, "invalid-request")
    assert parameter in answer.document["detail"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"since": "0001-01-01T00:00:00Z"}, 2),
        ({"until": "9999-12-31T23:59:59Z"}, 2),
        ({"until": "2300-01-01T00:00:00Z"}, 2),
        ({"since": "2200-01-01T00:00:00Z", "until": "3000-01-01T00:00:00Z"}, 0),
        ({"since": "9999-12-31T23:59:58Z", "until": "9999-12-31T23:59:59Z"}, 0),
        ({"until": "1970-01-01T00:00:00Z"}, 0),
    ],
)
def test_a_time_at_the_end_of_all_times_is_a_time_like_any_other(
    admin: Admin, query: dict[str, str], found: int
) -> None:
    admin.publish("a")
    admin.publish("b")
    assert len(_acts(admin, **query)) == found


@pytest.mark.parametrize("since", ["2030-01-01T00:00:00Z", None])
def test_a_time_that_ends_before_it_begins_is_refused(admin: Admin, since: str | None) -> None:
    admin.publish("a")
    query = {"until": ["1969-01-01T00:00:00Z"]} | ({"since": [since]} if since else {})
    answer = admin.call("GET", "audit", query=query)
    assert (answer.status, answer.kind) == (400, "invalid-request")
    assert "until" in answer.document["detail"]


def test_a_cursor_of_another_time_skips_nothing_and_finds_nothing_outside(admin: Admin) -> None:
    admin.publish("a")
    admin.aws.clock.slept += 60
    admin.publish("b")
    cursor = admin.call("GET", "audit", query={"limit": ["1"]}).document["cursor"]
    later = {"cursor": [cursor], "since": ["2026-11-22T02:25:00Z"]}
    assert admin.call("GET", "audit", query=later).document == {"items": [], "cursor": None}
    earlier = {"cursor": [cursor], "until": ["2026-11-22T02:20:00Z"]}
    assert [act["what"] for act in admin.call("GET", "audit", query=earlier).document["items"]] == [
        "endpoint:samples/a"
    ]


def test_the_trail_of_a_workspace_without_acts_is_empty(admin: Admin) -> None:
    admin.put(Workspace("default", "", "active", 0))
    assert admin.call("GET", "audit").document == {"items": [], "cursor": None}
