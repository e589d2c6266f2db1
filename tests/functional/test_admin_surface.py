"""What holds for every route of the admin API: who is let in, methods, headers, logs, failures."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport import observability
from flowport.admin.routes import ROUTES
from flowport.domain.records import Workspace
from flowport.usecases.admin.endpoints import ManageEndpoints
from tests.functional.admin_harness import OPERATOR, Admin
from tests.functional.harness import TOKEN, Aws, Handler, event, token_credential

EVERY = sorted(
    (method, "/".join(part.replace("{}", "x") for part in route.pattern), route.scope)
    for route in ROUTES
    for method in route.methods
)
RUN_TOKEN = "fp_default_ExampleTokenLimitedToQuote12340tvM0a"


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


def test_there_are_these_routes_and_no_others() -> None:
    assert [f"{method} {path} {scope}" for method, path, scope in EVERY] == [
        "DELETE endpoints/x/x admin",
        "DELETE webhook-secrets/x admin",
        "DELETE workspaces/x operator",
        "GET api-keys admin",
        "GET api-keys/x admin",
        "GET audit admin",
        "GET clients admin",
        "GET clients/x admin",
        "GET endpoints admin",
        "GET endpoints/x/x admin",
        "GET keys admin",
        "GET machines admin",
        "GET metrics admin",
        "GET tokens admin",
        "GET tokens/x admin",
        "GET users admin",
        "GET users/x admin",
        "GET webhook-secrets admin",
        "GET workspaces operator",
        "GET workspaces/x operator",
        "PATCH api-keys/x admin",
        "PATCH clients/x admin",
        "PATCH endpoints/x/x admin",
        "PATCH tokens/x admin",
        "PATCH users/x admin",
        "POST api-keys admin",
        "POST api-keys/x/revoke admin",
        "POST clients admin",
        "POST clients/x/revoke admin",
        "POST endpoints admin",
        "POST endpoints/x/x/disable admin",
        "POST endpoints/x/x/enable admin",
        "POST keys/x admin",
        "POST keys/x/retire admin",
        "POST tokens admin",
        "POST tokens/x/revoke admin",
        "POST users admin",
        "POST users/x/password admin",
        "POST users/x/revoke admin",
        "POST users/x/unlock admin",
        "POST webhook-secrets admin",
        "POST workspaces operator",
        "POST workspaces/x/disable operator",
        "POST workspaces/x/enable operator",
        "PUT endpoints/x/x admin",
    ]


@pytest.mark.parametrize(("method", "path", "scope"), EVERY)
def test_no_route_is_open_without_its_scope(admin: Admin, method: str, path: str, scope: str) -> None:
    every_other = ("run", "jobs:read", "jobs:write", "operator" if scope == "admin" else "admin")
    admin.put(token_credential(RUN_TOKEN, scopes=every_other, credential_id="tok_run"))
    before = admin.rows("EndpointsTable"), admin.rows("CredentialsTable")

    nobody = admin.call(method, path, headers={"Authorization": None})
    unknown = admin.call(method, path, token=TOKEN[:-36] + "AnotherTokenOfTheEventFiles123" + TOKEN[-6:])
    without = admin.call(method, path, "not even JSON", token=RUN_TOKEN)

    assert (nobody.status, nobody.kind, unknown.status) == (401, "unauthenticated", 401)
    assert nobody.headers["WWW-Authenticate"].startswith("Bearer ")
    assert (without.status, without.kind) == (403, "forbidden")
    assert (admin.rows("EndpointsTable"), admin.rows("CredentialsTable")) == before


def test_an_operators_scope_in_a_workspace_operates_nothing(admin: Admin) -> None:
    admin.put(token_credential(RUN_TOKEN, scopes=("admin", "operator"), credential_id="tok_forged"))
    assert admin.call("GET", "workspaces", token=RUN_TOKEN).status == 403
    assert admin.call("GET", "endpoints", token=RUN_TOKEN).status == 200


def test_an_administrators_scope_of_the_operator_administers_nothing(admin: Admin) -> None:
    admin.put(token_credential(OPERATOR, scopes=("admin", "operator"), credential_id="tok_forged"))
    assert admin.operate("GET", "endpoints").status == 403
    assert admin.operate("POST", "tokens", {"name": "x", "scopes": ["admin"]}).status == 403
    assert admin.operate("GET", "workspaces").status == 200


def test_naming_another_workspace_than_the_tokens_own_is_404(admin: Admin) -> None:
    assert admin.call("GET", "endpoints", headers={"Flowport-Workspace": "other"}).status == 404
    assert admin.call("GET", "endpoints", query={"workspace": ["other"]}).status == 404
    assert admin.call("GET", "endpoints", headers={"Flowport-Workspace": "default"}).status == 200


def test_who_sends_no_credential_is_asked_for_one_even_where_nothing_is_set_up(admin: Admin) -> None:
    admin.put(Workspace("default", "", "disabled", 0))
    assert admin.call("GET", "endpoints", headers={"Authorization": None}).status == 401


@pytest.mark.parametrize("path", ["", "nothing", "endpoints/a", "endpoints/a/b/c", "tokens/x", "users/x/enable"])
def test_a_path_that_is_no_route_is_404(admin: Admin, path: str) -> None:
    answer = admin.call("GET", path)
    assert (answer.status, answer.kind) == (404, "not-found")


def test_a_method_that_a_route_does_not_take_is_405_with_those_it_takes(admin: Admin) -> None:
    answer = admin.call("POST", "endpoints/a/b")
    assert (answer.status, answer.kind) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, PUT, PATCH, DELETE, HEAD, OPTIONS"


def test_head_is_a_get_without_a_body(admin: Admin) -> None:
    admin.publish()
    answer = admin.call("HEAD", "endpoints/samples/quote")
    assert (answer.status, answer.text, answer.headers["ETag"]) == (200, "", '"1"')


def test_a_preflight_is_answered_without_a_credential(admin: Admin) -> None:
    origin = {"Authorization": None, "Origin": "https://shop.example.com"}
    answer = admin.handler_answer("OPTIONS", "endpoints", origin)
    assert answer["statusCode"] == 204
    assert answer["headers"]["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "PUT" in answer["headers"]["Access-Control-Allow-Methods"]


def test_answers_carry_cors_headers_for_the_stacks_origins_only(admin: Admin) -> None:
    ours = admin.call("GET", "nothing", headers={"Origin": "https://shop.example.com"})
    theirs = admin.call("GET", "endpoints", headers={"Origin": "https://evil.example.com"})
    assert ours.headers["Access-Control-Allow-Origin"] == "https://shop.example.com"
    assert "Access-Control-Allow-Origin" not in theirs.headers


def test_locations_work_behind_a_custom_domains_base_path(aws: Aws, load: Callable[..., Handler]) -> None:
    admin = Admin(aws, load("AdminFunction", DomainName="api.example.com", BasePath="flow"))
    sent = event("apigateway/admin_create_endpoint", headers={"Host": "api.example.com"})
    sent["path"] = sent["requestContext"]["path"] = "/flow/v1/admin/endpoints"
    answer = admin.handler(sent, None)
    assert answer["statusCode"] == 201
    assert answer["headers"]["Location"] == "https://api.example.com/flow/v1/admin/endpoints/samples/quote"


def test_one_line_is_logged_with_who_and_what_and_no_secret(admin: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    admin.call("POST", f"tokens/{TOKEN}/revoke", query={"secret": [TOKEN]})
    output = capsys.readouterr().out
    (line,) = [json.loads(text) for text in output.splitlines()]

    assert TOKEN[-36:] not in output
    expected = {
        "message": "admin request",
        "method": "POST",
        "path": "/v1/admin/tokens/fp_…/revoke",
        "workspace": "default",
        "principal": "token:tok_example",
        "status": 404,
    }
    assert {key: line[key] for key in expected} == expected


def test_an_unforeseen_error_is_counted_and_leaves_no_trace_outside(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret plan")

    monkeypatch.setattr(ManageEndpoints, "page", fail)
    counted: list[tuple[str, object]] = []
    monkeypatch.setattr(observability, "count", lambda name, dimensions: counted.append((name, dimensions)))
    answer = admin.call("GET", "endpoints")

    assert (answer.status, answer.kind) == (500, "internal-error")
    assert "secret plan" not in answer.text
    assert "secret plan" in capsys.readouterr().out
    assert counted == [("Errors", {"source": "gateway"})]


def test_dynamodb_that_does_not_answer_is_503_within_the_functions_time(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[object] = []
    monkeypatch.setattr(observability, "count", lambda _name, dimensions: counted.append(dimensions))
    admin.lose_answers("Query", times=1000)
    answer = admin.call("GET", "endpoints")

    assert (answer.status, answer.kind, answer.headers["Retry-After"]) == (503, "unavailable", "2")
    assert admin.aws.clock.slept < 15
    assert counted == [{"source": "gateway"}]


def test_a_refusal_is_no_error_of_ours(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observability, "count", lambda *_args, **_named: pytest.fail("counted"))
    assert admin.call("GET", "nothing").status == 404


# -- bootstrap ---------------------------------------------------------------------------------------------------------


def test_bootstrap_makes_a_missing_workspace_and_a_token_that_administers_it(admin: Admin) -> None:
    scopes = ["admin", "run", "jobs:read", "jobs:write"]
    asked = {"flowport": "bootstrap", "workspace": "blue", "token_name": "bootstrap", "scopes": scopes}
    made = admin.handler(asked, None)

    assert made | {"id": "", "token": ""} == {
        "workspace": "blue",
        "created": True,
        "id": "",
        "token": "",
        "scopes": scopes,
    }
    assert admin.call("GET", "tokens", token=made["token"]).document["items"][0]["id"] == made["id"]
    again = admin.handler(asked, None)
    assert (again["created"], again["token"] == made["token"]) == (False, False)


def test_bootstrap_makes_an_operator(admin: Admin) -> None:
    made = admin.handler({"flowport": "bootstrap", "operator": True}, None)
    assert made | {"id": "", "token": ""} == {
        "workspace": "_operator",
        "created": False,
        "id": "",
        "token": "",
        "scopes": ["operator"],
    }
    assert admin.call("GET", "workspaces", token=made["token"]).status == 200


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ({}, "invalid-request"),
        ([], "invalid-request"),
        ({"flowport": "destroy"}, "invalid-request"),
        ({"flowport": "bootstrap", "workspace": "_operator"}, "validation-failed"),
        ({"flowport": "bootstrap", "workspace": "jobs"}, "validation-failed"),
        ({"flowport": "bootstrap", "workspace": "blue", "scopes": ["operator"]}, "validation-failed"),
        ({"flowport": "bootstrap", "operator": False}, "validation-failed"),
        ({"flowport": "bootstrap", "operator": True, "workspace": "blue"}, "validation-failed"),
        ({"flowport": "bootstrap", "workspace": "blue", "more": 1}, "validation-failed"),
    ],
)
def test_a_direct_invocation_that_is_no_bootstrap_is_refused(admin: Admin, asked: Any, kind: str) -> None:
    before = admin.rows("CredentialsTable")
    answer = admin.handler(asked, None)
    assert (list(answer), answer["error"]["type"]) == (["error"], kind)
    assert answer["error"]["detail"]
    assert admin.rows("CredentialsTable") == before


def test_bootstrap_does_not_open_a_disabled_or_deleted_workspace(admin: Admin) -> None:
    admin.operate("POST", "workspaces", {"name": "blue"})
    admin.operate("POST", "workspaces/blue/disable")
    asked = {"flowport": "bootstrap", "workspace": "blue"}
    assert admin.handler(asked, None)["error"]["type"] == "workspace-disabled"
    admin.operate("DELETE", "workspaces/blue")
    assert admin.handler(asked, None)["error"]["type"] == "workspace-reserved"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_http_request_can_become_a_bootstrap(admin: Admin, method: str) -> None:
    before = admin.rows("CredentialsTable")
    crafted = {"flowport": "bootstrap", "operator": True}
    for credential in (None, f"Bearer {TOKEN}"):
        for path in ("endpoints", "bootstrap", "", "workspaces"):
            answer = admin.call(
                method,
                path,
                crafted,
                query={"flowport": ["bootstrap"], "operator": ["true"]},
                headers={"Authorization": credential, "flowport": "bootstrap", "operator": "true"},
            )
            assert "fp_" not in answer.text
            assert "error" not in answer.text or answer.status >= 400
    assert admin.rows("CredentialsTable") == before


def test_an_event_of_api_gateway_is_never_a_bootstrap_whatever_lies_beside_it(admin: Admin) -> None:
    beside = {"flowport": "bootstrap", "operator": True}
    for kept in ("httpMethod", "requestContext"):
        answer = admin.handler({kept: {} if kept == "requestContext" else "POST", **beside}, None)
        assert answer["statusCode"] in {401, 404}
