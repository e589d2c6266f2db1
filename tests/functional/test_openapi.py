"""GET /v1/openapi.json: valid, complete against the route tables, and no more than its reader may use."""

import base64
import inspect
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from flowport.admin import routes as admin_routes
from flowport.admin.my_routes import presented_user
from flowport.dialects.native.requests import ROUTES
from flowport.dialects.wire import HttpRequest
from flowport.domain.records import Endpoint, Workspace
from flowport.openapi import admin, components, native
from tests.functional.admin_harness import OPERATOR
from tests.functional.harness import EXPRESS_ARN, PASSWORD, Aws, Handler, event, token_credential

QUOTE = Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN)
SCHEMA = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "integer"}}}
EVERYTHING = ("run", "jobs:read", "jobs:write", "admin")


@pytest.fixture
def gateway(published: Aws, load: Callable[..., Handler]) -> Handler:
    return load("GatewayFunction")


def ask(gateway: Handler, **changes: Any) -> Any:
    return gateway(event("apigateway/read_job", path="/v1/openapi.json", **changes), None)


def read(gateway: Handler, **changes: Any) -> Any:
    answer = ask(gateway, **changes)
    assert answer["statusCode"] == 200, answer["body"]
    return json.loads(answer["body"])


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


# -- validity ----------------------------------------------------------------------------------------------------------


def test_the_document_is_valid_for_an_administrator_with_every_kind_of_endpoint(gateway: Handler, aws: Aws) -> None:
    aws.put(
        token_credential(scopes=EVERYTHING),
        replace(
            QUOTE,
            methods=("GET", "POST"),
            auth=("none", "token", "password"),
            input_schema=json.dumps(SCHEMA),
            output_schema=json.dumps({"items": {"$ref": "#"}}),
            sample={"a": 1},
            title="Quote",
        ),
        replace(QUOTE, module="My Module", name="a/b%{c}~ü", input_schema='{"type":"string"}'),
    )
    document = read(gateway)
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    found = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(found) == len(set(found))


def test_the_document_is_valid_for_an_operator_and_for_a_caller(gateway: Handler, aws: Aws) -> None:
    aws.put(token_credential(OPERATOR, scopes=("operator",), credential_id="tok_operator"))
    document = read(gateway, headers={"Authorization": f"Bearer {OPERATOR}"})
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert "/v1/admin/workspaces" in document["paths"]
    assert "/v1/admin/endpoints" not in document["paths"]
    assert "/v1/run/{module}/{name}" not in document["paths"]
    assert list(OpenAPIV31SpecValidator(read(gateway)).iter_errors()) == []


def test_every_reference_leads_somewhere(gateway: Handler, aws: Aws) -> None:
    aws.put(token_credential(scopes=EVERYTHING), replace(QUOTE, input_schema=json.dumps(SCHEMA)))
    document = read(gateway)
    for reference in set(re.findall(r'"\$ref": ?"#/([^"]+)"', json.dumps(document))):
        here = document
        for part in reference.split("/"):
            here = here[part.replace("~1", "/").replace("~0", "~")]


# -- completeness ------------------------------------------------------------------------------------------------------


def test_every_route_of_the_native_contract_is_in_the_document(gateway: Handler) -> None:
    document = read(gateway)
    routes = {(path, method.lower()) for path, methods in ROUTES.table.items() for method in methods}
    never = {(path, method.lower()) for path, method in native.NEVER}
    assert routes - never <= {(path, method) for path, method, _ in operations(document)}


def test_what_users_do_for_themselves_is_in_the_document(gateway: Handler) -> None:
    (described,) = [path for path, _, _ in operations(read(gateway)) if path.startswith("/v1/me/")]
    ada = {"authorization": f"Basic {base64.b64encode(b'acme/ada:the present one').decode()}"}
    segments = tuple(described.strip("/").split("/"))
    request = HttpRequest("POST", described, segments, ada, {}, b"", "192.0.2.7", "https://api.example.com/prod")
    assert presented_user(request).kind == "user"


def test_a_route_that_nobody_described_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROUTES.table, "/v1/news", {"GET": lambda request: request})
    with pytest.raises(KeyError):
        native.paths()


def test_what_is_described_is_a_route() -> None:
    assert {(path, method) for path, method in native.OPERATIONS} <= {
        (path, method) for path, methods in ROUTES.table.items() for method in methods
    }


def test_every_route_of_the_administration_is_in_the_administrators_document(gateway: Handler, aws: Aws) -> None:
    aws.put(token_credential(scopes=EVERYTHING))
    described = {(path, method) for path, method, _ in operations(read(gateway))}
    wanted = {
        ("/v1/admin/" + "/".join(route.pattern), method.lower())
        for route in admin_routes.ROUTES
        if route.scope == "admin"
        for method in route.methods
    }
    assert wanted == {
        (re.sub(r"\{[a-z]+\}", "{}", path), method) for path, method in described if path.startswith("/v1/admin/")
    }


def test_every_model_that_a_handler_reads_is_the_one_that_is_described() -> None:
    for _, _, handler, _ in admin.table():
        found = re.search(r"\bread\((\w+Document)", inspect.getsource(handler))
        if found:
            assert admin.READS[handler.__name__].__name__ == found[1]


def test_every_problem_kind_is_in_the_document(gateway: Handler) -> None:
    kinds = read(gateway)["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]
    for kind in ("input-invalid", "job-failed", "idempotency-key-reused", "validation-failed", "not-found"):
        assert f"urn:flowport:problem:{kind}" in kinds
    assert set(components.kinds()) == {kind.removeprefix("urn:flowport:problem:") for kind in kinds} - {"about:blank"}


# -- endpoints ---------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_told_with_schemas_sample_callbacks_and_security(gateway: Handler, aws: Aws) -> None:
    aws.put(
        replace(
            QUOTE,
            title="Quote a basket",
            auth=("token", "none"),
            input_schema=json.dumps(SCHEMA),
            output_schema='{"type":"number"}',
            sample={"a": 1},
        )
    )
    document = read(gateway)
    run = document["paths"]["/v1/run/samples/quote"]["post"]
    assert run["summary"] == "Quote a basket"
    assert run["security"] == [{"bearer": []}, {}]
    assert run["requestBody"]["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/input.samples_2f_quote"},
        "examples": {"sample": {"value": {"a": 1}}},
    }
    assert run["callbacks"]["jobEnded"]["{$request.header.Callback-Url}"]["post"]["requestBody"]
    schemas = document["components"]["schemas"]
    inner = "#/components/schemas/input.samples_2f_quote/$defs/a"
    assert schemas["input.samples_2f_quote"]["properties"] == {"a": {"$ref": inner}}
    assert schemas["output.samples_2f_quote"] == {"type": "number"}
    assert "get" not in document["paths"]["/v1/run/samples/quote"]
    assert {"200", "202", "409", "422", "429", "500", "504"} <= set(run["responses"])
    assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(
        document["components"]["responses"]["Limited"]["headers"]
    )


def test_only_what_the_caller_may_use_is_told(gateway: Handler, aws: Aws) -> None:
    aws.put(
        token_credential(endpoints=("samples/quote", "samples/off", "samples/away", "samples/user")),
        QUOTE,
        replace(QUOTE, name="off", enabled=False),
        replace(QUOTE, name="away", ip_allow=("192.0.2.0/24",)),
        replace(QUOTE, name="user", auth=("password",)),
        Workspace("other", "", "active", 0),
        replace(QUOTE, workspace="other", name="theirs"),
    )
    paths = read(gateway)["paths"]
    told = {path for path in paths if path.startswith("/v1/run/") and "{" not in path}
    assert told == {"/v1/run/samples/quote", "/v1/run/samples/quote/batch"}
    assert not any(path.startswith("/v1/admin") for path in paths)


def test_a_credential_that_may_run_nothing_is_told_of_no_endpoint(gateway: Handler, aws: Aws) -> None:
    aws.put(token_credential(scopes=("jobs:read",)))
    assert "/v1/run/samples/quote" not in read(gateway)["paths"]


def test_one_endpoint_can_be_asked_for_alone(gateway: Handler, aws: Aws) -> None:
    paths = read(gateway, query={"endpoint": ["samples/hello"]})["paths"]
    assert "/v1/run/samples/hello" in paths
    assert "/v1/run/samples/quote" not in paths
    assert ask(gateway, query={"endpoint": ["samples/none"]})["statusCode"] == 404


def test_more_endpoints_than_a_document_holds_are_left_out_and_it_says_so(gateway: Handler, aws: Aws) -> None:
    large = json.dumps({"description": "x" * 30_000})
    for number in range(70):
        aws.put(replace(QUOTE, name=f"n{number}", input_schema=large))
    document = read(gateway)
    told = [path for path in document["paths"] if path.startswith("/v1/run/samples/n") and "batch" not in path]
    assert len(told) == 66
    assert "more endpoints than one document holds" in document["info"]["description"]


def test_links_begin_where_the_caller_came_through(gateway: Handler) -> None:
    (server,) = read(gateway)["servers"]
    assert server["url"].endswith("/prod")


@pytest.mark.parametrize("header", [None, f"Bearer {PASSWORD}"])
def test_without_a_credential_nothing_is_told(gateway: Handler, header: str | None) -> None:
    assert ask(gateway, headers={"Authorization": header})["statusCode"] == 401


def test_an_unchanged_document_is_not_sent_again(gateway: Handler) -> None:
    tag = ask(gateway)["headers"]["ETag"]
    assert ask(gateway, headers={"If-None-Match": tag})["statusCode"] == 304
