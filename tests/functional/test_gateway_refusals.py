"""What the gateway function refuses: the right words, and nothing started."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport.domain.records import Endpoint, Workspace
from tests.functional.harness import EXPRESS_ARN, NOW, TOKEN, Aws, Handler, event, token_credential

Load = Callable[..., Handler]
LIMITED_TOKEN = "fp_default_ExampleTokenLimitedToQuote12340tvM0a"
OTHERS_TOKEN = "fp_other_ExampleTokenOfAnotherWorkspace39LruR"
BEARER = 'Bearer realm="flowport"'
BASIC = 'Basic realm="flowport", charset="UTF-8"'


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


@pytest.fixture
def refused(gateway: Handler, aws: Aws) -> Callable[..., dict[str, Any]]:
    """Give the problem with which a call is refused, and its headers; make sure that nothing was started."""

    def check(call: dict[str, Any], status: int, kind: str) -> dict[str, Any]:
        answer = gateway(call, None)
        assert answer["statusCode"] == status, answer["body"]
        assert answer["headers"]["Content-Type"] == "application/problem+json"
        assert answer["headers"]["Flowport-Error-Source"] == "gateway"
        problem: dict[str, Any] = json.loads(answer["body"])
        assert (problem["type"], problem["status"]) == (f"urn:flowport:problem:{kind}", status)
        assert aws.sync_executions.requests == []
        assert aws.invocations.requests == []
        assert aws.jobs() == []
        return problem | {"headers": answer["headers"]}

    return check


Refused = Callable[..., dict[str, Any]]


# -- who ---------------------------------------------------------------------------------------------------------------


def test_a_call_without_credential_is_told_which_ones_there_are(refused: Refused) -> None:
    problem = refused(event("apigateway/run_without_credential"), 401, "unauthenticated")

    assert problem["detail"] == (
        "This endpoint needs Authorization: Bearer <token> or Authorization: Basic with <workspace>/<user>:<password>."
    )
    assert problem["headers"]["WWW-Authenticate"] == f"{BEARER}, {BASIC}"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer fp_default_ExampleTokenOfTheEventFiles12343H0tY",  # the last character is mistyped
        "Bearer fp_default_short",
        f"Bearer {LIMITED_TOKEN}",  # well formed, and unknown
        "Basic ZGVmYXVsdC9hZGE6d3JvbmcgcGFzc3dvcmQ=",  # default/ada:wrong password
        "Basic ZGVmYXVsdC9ub2JvZHk6d3JvbmcgcGFzc3dvcmQ=",  # default/nobody:wrong password
        "Basic !",
    ],
)
def test_every_wrong_credential_gets_the_same_answer(refused: Refused, authorization: str) -> None:
    problem = refused(event("apigateway/run_sync", headers={"Authorization": authorization}), 401, "unauthenticated")

    assert problem["detail"] == (
        "The credential is not valid: unknown, mistyped, revoked or expired. The workspace's administrator can give "
        "you another."
    )
    assert problem["headers"]["WWW-Authenticate"] == f'{BEARER}, error="invalid_token", {BASIC}'


@pytest.mark.parametrize("end", [{"revoked_at": NOW - 1}, {"expires_at": NOW}])
def test_a_token_that_was_good_a_moment_ago_is_refused_at_once(
    refused: Refused, aws: Aws, gateway: Handler, end: dict[str, Any]
) -> None:
    assert gateway(event("apigateway/list_jobs"), None)["statusCode"] == 200
    aws.put(token_credential(**end))

    refused(event("apigateway/run_sync"), 401, "unauthenticated")


@pytest.mark.parametrize("named", [{}, {"Flowport-Workspace": "default"}])
def test_another_workspaces_endpoint_is_not_there(refused: Refused, aws: Aws, named: dict[str, str]) -> None:
    aws.put(token_credential(OTHERS_TOKEN))

    refused(event("apigateway/run_sync", headers={"Authorization": f"Bearer {OTHERS_TOKEN}"} | named), 404, "not-found")


@pytest.mark.parametrize(
    ("record", "detail"),
    [
        ({"scopes": ("jobs:read",)}, "The credential lacks the scope 'run'."),
        ({"endpoints": ("samples/hello",)}, "The credential is limited to other endpoints than 'samples/quote'."),
    ],
)
def test_a_token_that_may_do_something_else_is_refused(
    refused: Refused, aws: Aws, record: dict[str, Any], detail: str
) -> None:
    aws.put(token_credential(**record))

    assert refused(event("apigateway/run_sync"), 403, "forbidden")["detail"] == detail


def test_a_password_is_no_token(refused: Refused, aws: Aws) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("token",)))

    refused(event("apigateway/run_user"), 403, "forbidden")


def test_a_disabled_workspace_runs_nothing(refused: Refused, aws: Aws) -> None:
    aws.put(Workspace("default", "", "disabled", 0))

    refused(event("apigateway/run_sync"), 403, "workspace-disabled")


# -- what --------------------------------------------------------------------------------------------------------------


def test_a_disabled_endpoint_runs_nothing(refused: Refused, aws: Aws) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, enabled=False))

    problem = refused(event("apigateway/run_sync"), 403, "endpoint-disabled")

    assert problem["detail"] == "The endpoint 'samples/quote' is disabled; its administrator can enable it."


@pytest.mark.parametrize(
    ("allowed", "sent_from"), [(("198.51.100.0/24",), "run_sync"), (("2001:db8:1::/48",), "run_without_credential")]
)
def test_an_address_outside_the_allow_list_is_refused(
    refused: Refused, aws: Aws, allowed: tuple[str, ...], sent_from: str
) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("none", "token"), ip_allow=allowed))

    refused(event(f"apigateway/{sent_from}"), 403, "address-refused")


@pytest.mark.parametrize(
    ("allowed", "sent_from"), [(("203.0.113.0/24",), "run_sync"), (("2001:db8::/64",), "run_without_credential")]
)
def test_an_address_inside_it_is_let_in(gateway: Handler, aws: Aws, allowed: tuple[str, ...], sent_from: str) -> None:
    aws.put(Endpoint("default", "samples", "quote", express_arn=EXPRESS_ARN, auth=("none", "token"), ip_allow=allowed))

    assert gateway(event(f"apigateway/{sent_from}"), None)["statusCode"] == 200


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/v2/nothing", "GET"),
        ("/", "GET"),
        ("/v1/run/samples", "POST"),
        ("/v1/run/samples/quote/more", "POST"),
        ("/v1/jobs/", "DELETE"),
    ],
)
def test_a_path_that_means_nothing_is_not_found(refused: Refused, path: str, method: str) -> None:
    expected = (405, "method-not-allowed") if path == "/v1/jobs/" else (404, "not-found")

    refused(event("apigateway/unknown_path", path=path, httpMethod=method), *expected)


def test_an_encoded_slash_belongs_to_the_name(refused: Refused) -> None:
    problem = refused(event("apigateway/run_encoded_name"), 404, "not-found")

    assert "'samples/über uns%2Fheute'" in problem["detail"]


def test_a_method_that_the_endpoint_does_not_take_is_told_which_it_takes(refused: Refused) -> None:
    problem = refused(event("apigateway/run_sync", httpMethod="GET", body=None), 405, "method-not-allowed")

    assert problem["headers"]["Allow"] == "POST"
    assert problem["detail"] == "The endpoint 'samples/quote' does not take GET; it takes: POST."


def test_jobs_are_read_with_get(refused: Refused) -> None:
    problem = refused(event("apigateway/read_job", httpMethod="POST"), 405, "method-not-allowed")

    assert problem["headers"]["Allow"] == "GET, DELETE, HEAD"


# -- with what ---------------------------------------------------------------------------------------------------------


def test_an_input_over_256_kib_is_told_both_sizes(refused: Refused) -> None:
    body = '"' + "x" * 262_143 + '"'  # one byte too many

    problem = refused(event("apigateway/run_sync", body=body), 413, "payload-too-large")

    assert (problem["size"], problem["limit"]) == (262_145, 262_144)


def test_an_input_of_just_256_kib_is_taken(gateway: Handler, aws: Aws) -> None:
    body = '"' + "x" * 262_142 + '"'

    assert gateway(event("apigateway/run_sync", body=body), None)["statusCode"] == 200
    assert aws.sync_executions.requests[0]["input"] == body


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"]
)
def test_a_body_that_is_not_declared_as_json_is_refused(refused: Refused, content_type: str) -> None:
    problem = refused(
        event("apigateway/run_sync", headers={"Content-Type": content_type}), 415, "unsupported-media-type"
    )

    assert problem["headers"]["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"a":', "The body is not JSON: Expecting value at line 1, column 6."),
        ('{"a":NaN}', "The body is not acceptable JSON: NaN is not JSON; send null or a string instead."),
        (
            '{"a":1,"a":2}',
            'The body is not acceptable JSON: the key "a" appears twice in one object; send each key once.',
        ),
        ("[" * 101 + "]" * 101, "The JSON is nested deeper than 100 levels; flatten it."),
    ],
)
def test_json_that_a_workflow_cannot_take_is_refused_before_anything_starts(
    refused: Refused, body: str, detail: str
) -> None:
    assert refused(event("apigateway/run_sync", body=body), 400, "invalid-json")["detail"] == detail


def test_nobody_learns_about_the_input_before_being_let_in(refused: Refused) -> None:
    refused(event("apigateway/run_without_credential", body="{"), 401, "unauthenticated")


def test_an_unknown_view_is_told_the_known_ones(refused: Refused) -> None:
    problem = refused(event("apigateway/run_sync", query={"view": ["pretty"]}), 400, "invalid-request")

    assert problem["detail"] == "The query parameter view='pretty' is not known; use one of: job, output, http."


# -- and what is not said ----------------------------------------------------------------------------------------------


def test_an_unforeseen_error_shows_no_trace_and_names_where_it_is(
    gateway: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.dynamodb.delete_table(TableName="JobsTable")

    answer = gateway(event("apigateway/read_job"), None)

    assert answer["statusCode"] == 500
    assert answer["headers"]["Flowport-Error-Source"] == "gateway"
    assert json.loads(answer["body"]) == {
        "type": "urn:flowport:problem:internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": "Something went wrong that should not; its trace is logged under Uk8t9EYcoAMFrEw=.",
    }
    printed = capsys.readouterr().out
    assert "ResourceNotFoundException" in printed
    assert '"request_id":"Uk8t9EYcoAMFrEw="' in printed


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(
    ("call", "secret"),
    [
        (event("apigateway/run_sync"), TOKEN),
        (event("apigateway/run_sync", headers={"Authorization": f"Bearer {LIMITED_TOKEN}"}), LIMITED_TOKEN),
        (event("apigateway/run_sync", headers={"Authorization": TOKEN}), TOKEN),
        (event("apigateway/run_user"), "correct horse battery staple"),
        (event("apigateway/run_user"), "ZGVmYXVsdC9hZGE6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="),
        (event("apigateway/run_sync", body='{"pin":"secret-4711"'), "secret-4711"),
        (event("apigateway/run_get", query={"pin": ["secret-4711"]}), "secret-4711"),
        (event("apigateway/list_jobs"), TOKEN),
    ],
)
def test_no_answer_and_no_log_holds_what_a_caller_sends_in_confidence(
    gateway: Handler,
    aws: Aws,
    capsys: pytest.CaptureFixture[str],
    call: dict[str, Any],
    secret: str,
    broken: bool,
) -> None:
    if broken:
        aws.dynamodb.delete_table(TableName="JobsTable")

    answer = gateway(call, None)
    printed = capsys.readouterr()

    assert "request" in printed.out
    assert secret not in json.dumps(answer, ensure_ascii=False)
    assert secret not in printed.out + printed.err
    assert "Traceback" not in json.dumps(answer)


def test_the_metric_of_the_errors_alarm_counts_our_failures_and_not_the_workflows(
    gateway: Handler, aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.sync_executions.answer = {"status": "FAILED", "error": "Boom"}
    gateway(event("apigateway/run_sync"), None)
    assert '"Errors"' not in capsys.readouterr().out

    aws.dynamodb.delete_table(TableName="JobsTable")
    gateway(event("apigateway/read_job"), None)
    (metric,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (metric["Errors"], metric["source"]) == ([1.0], "gateway")
    assert metric["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Flowport"
    assert metric["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["source", "service"]]
