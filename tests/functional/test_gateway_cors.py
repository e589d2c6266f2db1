"""The gateway function and pages of other origins."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.limits import Limits, Rate
from flowport.domain.records import Endpoint
from tests.functional.harness import EXPRESS_ARN, Aws, Handler, event

Load = Callable[..., Handler]
SHOP = {"Origin": "https://shop.example.com"}
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


def test_a_preflight_of_a_known_origin_is_answered_without_a_credential(gateway: Handler) -> None:
    assert gateway(event("apigateway/preflight"), None) == {
        "statusCode": 204,
        "headers": {
            "Access-Control-Allow-Headers": "authorization,content-type",
            "Access-Control-Allow-Methods": METHODS,
            "Access-Control-Allow-Origin": "https://shop.example.com",
            "Access-Control-Expose-Headers": (
                "Location, Retry-After, ETag, Preference-Applied, WWW-Authenticate, Allow, Idempotency-Replayed, "
                "Flowport-Job-Id, Flowport-Request-Id, Flowport-Error-Source, Flowport-Removed-Headers, "
                "Flowport-Redrive, RateLimit, RateLimit-Policy"
            ),
            "Access-Control-Max-Age": "600",
            "Allow": METHODS,
            "Vary": "Origin",
        },
        "body": "",
        "isBase64Encoded": False,
    }


def test_an_unknown_origin_is_allowed_nothing(gateway: Handler) -> None:
    for name in ("preflight", "run_sync"):
        answer = gateway(event(f"apigateway/{name}", headers={"Origin": "https://evil.example.com"}), None)
        assert not [key for key in answer["headers"] if key.startswith("Access-Control-")]
        assert answer["headers"]["Vary"] == "Origin"


def test_a_page_may_read_results_refusals_and_failures(gateway: Handler, aws: Aws) -> None:
    calls = [
        event("apigateway/run_sync", headers=SHOP),
        event("apigateway/run_without_credential", headers=SHOP),
        event("apigateway/unknown_path", headers=SHOP),
    ]
    answers = [gateway(call, None) for call in calls]
    aws.dynamodb.delete_table(TableName="JobsTable")
    answers.append(gateway(event("apigateway/read_job", headers=SHOP), None))

    assert [answer["statusCode"] for answer in answers] == [200, 401, 404, 500]
    for answer in answers:
        assert answer["headers"]["Access-Control-Allow-Origin"] == "https://shop.example.com"
        assert "Location" in answer["headers"]["Access-Control-Expose-Headers"]
        assert "Access-Control-Allow-Credentials" not in answer["headers"]


def test_a_preference_and_an_origin_both_vary_the_answer(gateway: Handler) -> None:
    answer = gateway(event("apigateway/run_async", headers=SHOP), None)

    assert {part.strip() for part in answer["headers"]["Vary"].split(",")} == {"Origin", "Prefer"}


def test_a_star_allows_every_origin(published: Aws, load: Load) -> None:
    gateway = load("GatewayFunction", CorsOrigins="*")

    answer = gateway(event("apigateway/run_sync", headers={"Origin": "https://anyone.example.com"}), None)

    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"


def test_no_origins_means_no_cors(published: Aws, load: Load) -> None:
    gateway = load("GatewayFunction", CorsOrigins="")

    answer = gateway(event("apigateway/preflight"), None)

    assert answer["statusCode"] == 204
    assert not [key for key in answer["headers"] if key.startswith("Access-Control-")]


# -- origins of an endpoint --------------------------------------------------------------------------------------------

PAGE = "https://page.example.org"
QUOTE = Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, cors=(PAGE, "https://other.example.org"))


@pytest.fixture
def with_origins(gateway: Handler, published: Aws) -> Handler:
    published.put(QUOTE)
    return gateway


def _from(page: str, name: str, **changes: Any) -> dict[str, Any]:
    headers = {"Origin": page, **changes.pop("headers", {})}
    return event(f"apigateway/{name}", headers=headers, **changes)


def _allowed(answer: dict[str, Any]) -> str | None:
    assert "Access-Control-Allow-Credentials" not in answer["headers"]
    assert "Origin" in answer["headers"]["Vary"]
    found: str | None = answer["headers"].get("Access-Control-Allow-Origin")
    return found


def test_the_matching_origin_of_an_endpoint_is_echoed_and_no_other(with_origins: Handler) -> None:
    assert _allowed(with_origins(_from(PAGE, "run_sync"), None)) == PAGE
    assert _allowed(with_origins(_from("https://other.example.org", "run_sync"), None)) == "https://other.example.org"
    for page in ("https://evil.example.org", "null", PAGE + ".evil.org", "http://page.example.org", PAGE + ":8443"):
        assert _allowed(with_origins(_from(page, "run_sync"), None)) is None


def test_the_stacks_origins_are_allowed_beside_an_endpoints_own(with_origins: Handler) -> None:
    assert _allowed(with_origins(_from("https://shop.example.com", "run_sync"), None)) == "https://shop.example.com"


def test_a_preflight_is_answered_for_the_origins_of_the_endpoint_that_it_is_for(with_origins: Handler) -> None:
    path = "/v1/run/samples/quote"
    answer = with_origins(_from(PAGE, "preflight", path=path), None)
    assert (answer["statusCode"], _allowed(answer)) == (204, PAGE)
    assert answer["headers"]["Access-Control-Allow-Methods"] == METHODS
    assert _allowed(with_origins(_from(PAGE, "preflight", path="/v1/run/samples/hello"), None)) is None
    assert _allowed(with_origins(_from(PAGE, "preflight", path="/v1/run/samples/none"), None)) is None
    assert _allowed(with_origins(_from(PAGE, "preflight", path=path + "/batch"), None)) == PAGE


def test_a_page_may_read_every_refusal_of_its_endpoint(with_origins: Handler, published: Aws) -> None:
    asked = {
        "no credential": _from(PAGE, "run_without_credential"),
        "a mistyped one": _from(PAGE, "run_sync", headers={"Authorization": "Bearer fp_default_mistyped"}),
        "another workspace": _from(PAGE, "run_sync", headers={"Flowport-Workspace": "other"}),
        "a wrong method": _from(PAGE, "run_sync", httpMethod="PUT"),
        "no json": _from(PAGE, "run_sync", body="{"),
    }
    found = {name: with_origins(request, None) for name, request in asked.items()}
    assert {name: answer["statusCode"] for name, answer in found.items()} == {
        "no credential": 401,
        "a mistyped one": 401,
        "another workspace": 404,
        "a wrong method": 405,
        "no json": 400,
    }
    assert {_allowed(answer) for answer in found.values()} == {PAGE}
    published.put(replace(QUOTE, enabled=False))
    disabled = with_origins(_from(PAGE, "run_sync"), None)
    assert (disabled["statusCode"], _allowed(disabled)) == (403, PAGE)


def test_a_page_may_read_failures_of_the_workflow_and_of_ours(with_origins: Handler, aws: Aws) -> None:
    aws.sync_executions.answer = {"status": "FAILED", "error": "Boom"}
    failed = with_origins(_from(PAGE, "run_sync"), None)
    aws.dynamodb.delete_table(TableName="JobsTable")
    broken = with_origins(_from(PAGE, "run_sync"), None)
    assert (failed["statusCode"], broken["statusCode"] >= 500) == (500, True)
    assert (_allowed(failed), _allowed(broken)) == (PAGE, PAGE)


def test_a_page_may_read_that_it_called_too_often(with_origins: Handler, published: Aws) -> None:
    published.put(replace(QUOTE, limits=Limits(rate=Rate(requests=1, seconds=3600))))
    answers = [with_origins(_from(PAGE, "run_sync"), None) for _ in range(2)]
    assert answers[-1]["statusCode"] == 429
    assert "Retry-After" in answers[-1]["headers"]
    assert [_allowed(answer) for answer in answers] == [PAGE, PAGE]


def test_a_page_may_read_the_jobs_of_its_endpoint(with_origins: Handler) -> None:
    job = with_origins(_from(PAGE, "run_sync"), None)["headers"]["Flowport-Job-Id"]
    read = with_origins(_from(PAGE, "read_job", path=f"/v1/jobs/{job}"), None)
    assert (read["statusCode"], _allowed(read)) == (200, PAGE)
    assert _allowed(with_origins(_from(PAGE, "preflight", path=f"/v1/jobs/{job}/cancel"), None)) == PAGE
    missing = with_origins(_from(PAGE, "read_job", path="/v1/jobs/0199b6f2-0000-8000-8000-000000000009"), None)
    assert (missing["statusCode"], _allowed(missing)) == (404, None)


def test_every_origin_is_allowed_without_credentials_of_a_browser(with_origins: Handler, published: Aws) -> None:
    published.put(replace(QUOTE, cors=("*",)))
    assert _allowed(with_origins(_from("https://anyone.example.net", "run_sync"), None)) == "*"


def test_a_call_that_no_page_makes_costs_no_read_more(with_origins: Handler, aws: Aws) -> None:
    reads: list[str] = []
    client = aws.clients().dynamodb()
    client.meta.events.register("before-call.dynamodb.BatchGetItem", lambda **_: reads.append("read"))
    with_origins(event("apigateway/run_sync", headers={"Origin": None}), None)
    assert len(reads) == 1
    with_origins(_from("https://shop.example.com", "run_sync"), None)
    assert len(reads) == 2
    with_origins(_from(PAGE, "run_sync"), None)
    assert len(reads) == 4


def test_the_answer_is_given_although_its_origins_cannot_be_read(with_origins: Handler, aws: Aws) -> None:
    aws.dynamodb.delete_table(TableName="EndpointsTable")
    answer = with_origins(_from(PAGE, "preflight", path="/v1/run/samples/quote"), None)
    assert (answer["statusCode"], _allowed(answer)) == (204, None)
