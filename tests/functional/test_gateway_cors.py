"""The gateway function and pages of other origins."""

from collections.abc import Callable

import pytest

from tests.functional.harness import Aws, Handler, event

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
