"""Who may call what: tokens, users, workspaces, switches, methods, addresses."""

import secrets
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Local


def test_a_revoked_token_is_refused_on_the_very_next_request(
    local: Local, admin: httpx.Client, new_token: Callable[..., dict[str, Any]]
) -> None:
    token = new_token()
    with local.http(token["token"]) as client:
        for _ in range(3):
            assert client.post(f"/v1/run/{local.samples['hello']}", json={}).status_code == 200
        assert admin.post(f"/v1/admin/tokens/{token['id']}/revoke").status_code == 200
        answer = client.post(f"/v1/run/{local.samples['hello']}", json={})
    assert answer.status_code == 401
    assert answer.headers["Flowport-Error-Source"] == "gateway"
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_a_disabled_endpoint_is_refused_on_the_very_next_request(
    caller: httpx.Client, admin: httpx.Client, endpoint: Callable[..., str]
) -> None:
    path = endpoint()
    assert caller.post(f"/v1/run/{path}", json={}).status_code == 200
    assert admin.post(f"/v1/admin/endpoints/{path}/disable").status_code == 200
    answer = caller.post(f"/v1/run/{path}", json={})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:flowport:problem:endpoint-disabled")
    assert admin.post(f"/v1/admin/endpoints/{path}/enable").status_code == 200
    assert caller.post(f"/v1/run/{path}", json={}).status_code == 200


@pytest.fixture
def stranger(local: Local, operator: httpx.Client, jobs: Any) -> Any:
    """An admin of another workspace."""
    name = f"other{secrets.token_hex(4)}"
    made = jobs.invoke("AdminFunctionName", {"flowport": "bootstrap", "workspace": name})
    with local.http(made["token"]) as client:
        yield client
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    assert operator.delete(f"/v1/admin/workspaces/{name}").status_code == 204


def test_another_workspaces_token_finds_neither_endpoint_nor_job(
    local: Local, caller: httpx.Client, stranger: httpx.Client
) -> None:
    job = caller.post(f"/v1/run/{local.samples['hello']}", json={}).json()
    assert stranger.post(f"/v1/run/{local.samples['hello']}", json={}).status_code == 404
    assert stranger.get(f"/v1/jobs/{job['id']}").status_code == 404
    assert stranger.get(f"/v1/jobs/{job['id']}/input").status_code == 404
    assert stranger.get("/v1/jobs").json()["items"] == []
    assert stranger.get(f"/v1/admin/endpoints/{local.samples['hello']}").status_code == 404
    named = {"Flowport-Workspace": "default"}
    assert stranger.post(f"/v1/run/{local.samples['hello']}", json={}, headers=named).status_code == 404


def test_a_disabled_workspace_refuses_its_callers_from_the_next_request(
    local: Local, operator: httpx.Client, stranger: httpx.Client
) -> None:
    name = stranger.headers["Authorization"].split("_")[1]
    assert stranger.get("/v1/jobs").status_code == 200
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    assert stranger.get("/v1/jobs").status_code == 403
    operator.post(f"/v1/admin/workspaces/{name}/enable")
    assert stranger.get("/v1/jobs").status_code == 200


def test_an_endpoint_takes_each_kind_of_credential_that_it_names_and_no_other(
    local: Local, admin: httpx.Client, endpoint: Callable[..., str], new_token: Callable[..., dict[str, Any]]
) -> None:
    user, password = f"u{secrets.token_hex(4)}", secrets.token_hex(12)
    made = admin.post("/v1/admin/users", json={"name": user, "password": password, "scopes": ["run"]})
    assert made.status_code == 201
    basic = httpx.BasicAuth(f"default/{user}", password)
    wrong = httpx.BasicAuth(f"default/{user}", "not the password")
    token = {"Authorization": f"Bearer {new_token()['token']}"}
    expected = {
        ("none",): (200, 200, 200, 401),
        ("token",): (401, 200, 403, 401),
        ("password",): (401, 403, 200, 401),
        ("token", "password"): (401, 200, 200, 401),
        ("none", "token"): (200, 200, 200, 401),
    }
    with local.http(None) as client:
        for modes, statuses in expected.items():
            url = f"/v1/run/{endpoint(auth=list(modes))}"
            answered = (
                client.post(url, json={}).status_code,
                client.post(url, json={}, headers=token).status_code,
                client.post(url, json={}, auth=basic).status_code,
                client.post(url, json={}, auth=wrong).status_code,
            )
            assert answered == statuses, modes
        assert admin.post(f"/v1/admin/users/{user}/revoke").status_code == 200
        assert client.post(f"/v1/run/{endpoint(auth=['password'])}", json={}, auth=basic).status_code == 401


def test_a_job_of_an_anonymous_call_can_be_read_by_its_id_alone(local: Local, endpoint: Callable[..., str]) -> None:
    with local.http(None) as client:
        job = client.post(f"/v1/run/{endpoint(auth=['none'])}", json={}).json()
        assert client.get(job["links"]["self"]).json()["output"] == {"name": "hello world"}
        assert client.get("/v1/jobs").status_code == 401


def test_a_token_limited_to_an_endpoint_reaches_no_other(
    local: Local, endpoint: Callable[..., str], new_token: Callable[..., dict[str, Any]]
) -> None:
    path = endpoint()
    with local.http(new_token(endpoints=[path])["token"]) as client:
        assert client.post(f"/v1/run/{path}", json={}).status_code == 200
        assert client.post(f"/v1/run/{local.samples['hello']}", json={}).status_code == 403


def test_the_address_is_held_against_the_allow_list(
    caller: httpx.Client, admin: httpx.Client, endpoint: Callable[..., str]
) -> None:
    path = endpoint(ip_allow=["192.0.2.0/24", "2001:db8::/32"])
    refused = caller.post(f"/v1/run/{path}", json={})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:flowport:problem:address-refused")
    # The engine takes the caller's address from X-Forwarded-For; on AWS it is the connection's own.
    allowed = caller.post(f"/v1/run/{path}", json={}, headers={"X-Forwarded-For": "2001:db8::7"})
    assert allowed.status_code == 200


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, "invalid-json"),
        ({"content": b'{"a":NaN}', "headers": {"Content-Type": "application/json"}}, 400, "invalid-json"),
        ({"content": b'{"a":1,"a":2}', "headers": {"Content-Type": "application/json"}}, 400, "invalid-json"),
        ({"content": b"[" * 101 + b"]" * 101, "headers": {"Content-Type": "application/json"}}, 400, "invalid-json"),
        ({"content": b"a=1", "headers": {"Content-Type": "text/csv"}}, 415, "unsupported-media-type"),
        ({"json": "x" * 262_144}, 413, "payload-too-large"),
        ({"json": {}, "params": {"view": "pdf"}}, 400, "invalid-request"),
    ],
)
def test_bad_input_is_refused_before_anything_is_started(
    caller: httpx.Client, local: Local, sent: dict[str, Any], status: int, kind: str
) -> None:
    answer = caller.post(f"/v1/run/{local.samples['hello']}", **sent)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:flowport:problem:{kind}")
    assert answer.headers["Flowport-Error-Source"] == "gateway"
    assert "Flowport-Job-Id" not in answer.headers


def test_too_large_an_input_is_refused_with_both_sizes(caller: httpx.Client, local: Local) -> None:
    answer = caller.post(f"/v1/run/{local.samples['hello']}", json="x" * 262_143)
    assert (answer.json()["size"], answer.json()["limit"]) == (262_145, 262_144)


def test_unknown_paths_and_methods_are_flowports_own_404_and_405(caller: httpx.Client, local: Local) -> None:
    assert caller.get("/v1/nothing/here").json()["type"] == "urn:flowport:problem:not-found"
    answer = caller.request("DELETE", f"/v1/run/{local.samples['hello']}")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert caller.post("/v1/jobs").headers["Allow"] == "GET, HEAD"


def test_wrong_passwords_lock_their_sender_and_an_administrator_unlocks(local: Local, admin: httpx.Client) -> None:
    name, password = f"u{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    body = {"name": name, "password": password, "scopes": ["run"]}
    assert admin.post("/v1/admin/users", json=body).status_code == 201
    with local.http(None) as client:

        def change(present: str, new: str) -> httpx.Response:
            auth = httpx.BasicAuth(f"default/{name}", present)
            return client.post("/v1/me/password", json={"password": new}, auth=auth)

        assert change(password, "another long password").status_code == 204
        refused = [change(password, "a third long password") for _ in range(9)]
        locked = next(answer for answer in refused if answer.status_code == 429)
        assert locked.json()["type"] == "urn:flowport:problem:too-many-attempts"
        assert int(locked.headers["Retry-After"]) >= 1
        assert {answer.status_code for answer in refused} == {401, 429}
        assert admin.post(f"/v1/admin/users/{name}/unlock").status_code == 200
        assert change("another long password", "a third long password").status_code == 204
