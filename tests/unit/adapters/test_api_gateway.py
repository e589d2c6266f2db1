"""API Gateway's proxy events, as AWS sends them, read into plain requests; and answers written."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from flowport.adapters.api_gateway import answer_of, request_of
from flowport.dialects.wire import HttpRequest, HttpResponse


def _event(path: str = "/v1/run/billing/quote", full_path: str | None = None, **changes: Any) -> dict[str, Any]:
    """Give an event as a REST API's default endpoint sends it, stage `prod`."""
    event: dict[str, Any] = {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "POST",
        "headers": {"Host": "abc123.execute-api.eu-central-1.amazonaws.com", "X-Forwarded-Proto": "https"},
        "multiValueHeaders": {
            "Host": ["abc123.execute-api.eu-central-1.amazonaws.com"],
            "X-Forwarded-Proto": ["https"],
        },
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "path": f"/prod{path}" if full_path is None else full_path,
            "stage": "prod",
            "extendedRequestId": "JJbxmFmGIAMFxxx=",
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": "192.0.2.1"},
            "domainName": "abc123.execute-api.eu-central-1.amazonaws.com",
        },
        "body": None,
        "isBase64Encoded": False,
    }
    return {**event, **changes}


def _on_domain(path: str, **changes: Any) -> HttpRequest:
    """Read an event as a custom domain sends it: `path` and `requestContext.path` both carry the base path."""
    headers = {"Host": "api.example.com", "X-Forwarded-Proto": "https"}
    event = _event(path, full_path=path, headers=headers, multiValueHeaders=None, **changes)
    return request_of(event, "api.example.com", "flows")


def test_a_request_at_the_default_endpoint_links_with_the_stage() -> None:
    request = request_of(_event())
    assert request.base_url == "https://abc123.execute-api.eu-central-1.amazonaws.com/prod"
    assert request.segments == ("v1", "run", "billing", "quote")


def test_a_request_behind_a_custom_domain_links_with_its_base_path_and_is_routed_without() -> None:
    request = _on_domain("/flows/v1/jobs/1")
    assert request.base_url == "https://api.example.com/flows"
    assert request.segments == ("v1", "jobs", "1")
    assert request.path == "/v1/jobs/1"


@pytest.mark.parametrize(("path", "segments"), [("/flows", ()), ("/flows/", ()), ("/flowsy/v1", ("flowsy", "v1"))])
def test_only_a_whole_base_path_is_taken_off(path: str, segments: tuple[str, ...]) -> None:
    assert _on_domain(path).segments == segments


def test_a_custom_domain_without_base_path_links_with_nothing() -> None:
    event = _event("/v1/jobs", full_path="/v1/jobs", headers={"Host": "api.example.com"}, multiValueHeaders=None)
    request = request_of(event, "api.example.com", "")
    assert (request.base_url, request.segments) == ("https://api.example.com", ("v1", "jobs"))


def test_the_default_endpoint_still_links_with_its_stage_when_there_is_a_custom_domain() -> None:
    request = request_of(_event(), "api.example.com", "flows")
    assert request.base_url == "https://abc123.execute-api.eu-central-1.amazonaws.com/prod"


def test_a_path_named_like_the_base_path_at_the_default_endpoint_is_kept() -> None:
    assert request_of(_event("/flows/v1"), "api.example.com", "flows").segments == ("flows", "v1")


def test_a_loopback_host_with_a_port_links_over_http() -> None:
    event = _event(headers={"Host": "127.0.0.1:4599"}, multiValueHeaders=None)
    assert request_of(event).base_url == "http://127.0.0.1:4599/prod"


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/v1/jobs/arn%3Aaws%3Astates%3A%3Aa", ("v1", "jobs", "arn:aws:states::a")),
        ("/v1/jobs/a%2Fb", ("v1", "jobs", "a/b")),
        ("/v1/jobs/a%252Fb", ("v1", "jobs", "a%2Fb")),
        ("/v1/jobs/a+b", ("v1", "jobs", "a+b")),
        ("/v1/jobs/%C3%BC", ("v1", "jobs", "ü")),
        ("/v1/jobs/", ("v1", "jobs")),
        ("/v1//jobs", ("v1", "", "jobs")),
        ("/v1/jobs//", ("v1", "jobs", "")),
        ("/", ()),
    ],
)
def test_each_segment_is_decoded_once(path: str, segments: tuple[str, ...]) -> None:
    assert request_of(_event(path)).segments == segments


def test_the_path_stays_as_it_was_sent() -> None:
    assert request_of(_event("/v1/jobs/a%2Fb")).path == "/v1/jobs/a%2Fb"


def test_header_names_are_in_lower_case_and_several_values_are_one_list() -> None:
    event = _event(
        headers={"Prefer": "wait=3", "X-ONE": "1"},
        multiValueHeaders={"Prefer": ["respond-async", "wait=3"], "X-ONE": ["1"]},
    )
    headers = request_of(event).headers
    assert (headers["prefer"], headers["x-one"]) == ("respond-async, wait=3", "1")


def test_query_values_keep_their_order() -> None:
    event = _event(
        queryStringParameters={"a": "2", "b": "x"}, multiValueQueryStringParameters={"a": ["1", "2"], "b": ["x"]}
    )
    request = request_of(event)
    assert request.query == {"a": ("1", "2"), "b": ("x",)}
    assert (request.one("a"), request.one("none")) == ("2", None)


def test_single_query_values_are_enough() -> None:
    assert request_of(_event(queryStringParameters={"a": "1"})).query == {"a": ("1",)}


@pytest.mark.parametrize(
    ("body", "encoded", "expected"),
    [
        (None, False, b""),
        ("", False, b""),
        ('{"ü":1}', False, '{"ü":1}'.encode()),
        (base64.b64encode(b"\x00\xff").decode(), True, b"\x00\xff"),
    ],
)
def test_a_body_is_bytes(body: str | None, encoded: bool, expected: bytes) -> None:
    assert request_of(_event(body=body, isBase64Encoded=encoded)).body == expected


def test_the_address_and_the_request_id_are_api_gateways_word() -> None:
    headers = {"X-Forwarded-For": "10.9.9.9", "X-Amzn-RequestId": "mine", "X-Amz-Apigw-Id": "mine", "Host": "h"}
    request = request_of(_event(headers=headers, multiValueHeaders=None))
    assert (request.source_ip, request.request_id) == ("192.0.2.1", "JJbxmFmGIAMFxxx=")


def test_the_least_event_is_a_request() -> None:
    request = request_of({})
    assert (request.method, request.segments, request.body, request.request_id) == ("GET", (), b"", None)


def test_an_answer_has_its_single_and_its_several_values_apart() -> None:
    response = HttpResponse(201, "hi", {"Content-Type": "text/plain", "Link": ("<a>", "<b>")})
    assert answer_of(response) == {
        "statusCode": 201,
        "headers": {"Content-Type": "text/plain"},
        "multiValueHeaders": {"Link": ["<a>", "<b>"]},
        "body": "hi",
        "isBase64Encoded": False,
    }
    assert "multiValueHeaders" not in answer_of(HttpResponse(204))


@pytest.mark.parametrize("sent", ["javascript", "http,https", ""])
def test_links_begin_with_http_or_https_whatever_the_forwarded_header_says(sent: str) -> None:
    headers = {"Host": "api.example.com", "X-Forwarded-Proto": sent}
    request = request_of(_event(headers=headers, multiValueHeaders=None))
    assert request.base_url == "https://api.example.com/prod"


# -- events/apigateway: what AWS sends for names that are not plain ----------------------------------------------------

EVENTS = Path(__file__).resolve().parents[3] / "events" / "apigateway"


def _from_file(name: str) -> HttpRequest:
    return request_of(json.loads((EVENTS / f"{name}.json").read_text()))


@pytest.mark.parametrize(
    ("name", "segments"),
    [
        ("path_space", ("v1", "run", "MyApp", "My API")),
        ("path_plus", ("v1", "run", "samples", "a+b")),
        ("path_percent", ("v1", "run", "samples", "50%")),
        ("path_percent_twice", ("v1", "run", "samples", "50%25")),
        ("path_slash", ("v1", "run", "samples", "x/y")),
        ("path_unicode", ("v1", "run", "Küche", "Käse")),
        ("path_trailing_slash", ("v1", "run", "samples", "hello")),
        ("path_double_slash", ("v1", "run", "", "samples", "hello")),
        ("path_dots", ("v1", "run", "..", "samples", "hello")),
    ],
)
def test_the_path_of_an_event_file_is_decoded_once(name: str, segments: tuple[str, ...]) -> None:
    assert _from_file(name).segments == segments


def test_a_name_in_raw_utf8_is_the_same_name() -> None:
    assert request_of(_event("/v1/run/Küche/Käse")).segments == ("v1", "run", "Küche", "Käse")


def test_the_query_of_an_event_file_is_not_decoded_again() -> None:
    assert _from_file("query_decoded").query == {
        "plus": ("a b",),
        "escaped": ("a+b",),
        "percent": ("50%",),
        "city": ("Köln",),
        "parse": ("",),
        "tag": ("1", "2"),
    }
