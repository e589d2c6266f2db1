"""Limits, locks, schemas and mappings in every family: literal answers, in the family's own envelope."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.limits import Limits, Rate
from flowport.domain.records import Credential, Endpoint, client_key, user_key
from flowport.domain.tokens import secret_hash
from tests.functional.conftest import password_hash
from tests.functional.dialects.cases import end_running, event_of
from tests.functional.harness import EXPRESS_ARN, NOW, PASSWORD, STANDARD_ARN, TOKEN, Aws, Handler

KEY = "a signing key of more than 32 bytes"
SCOPES = ("run", "jobs:read", "workflow.execute", "job.read")
CLIENT_ID = "fpc_default_00000000000000000001"
CLIENT = Credential(
    client_key("default", CLIENT_ID), "client", "default", CLIENT_ID, "app", SCOPES, secret_hash=secret_hash("fps_x")
)
SIGNED = jwt.encode({"sub": CLIENT.principal, "ws": "default", "exp": NOW // 1000 + 60}, KEY, algorithm="HS256")
# One Express endpoint for the families that answer with an output, one Standard one for those that do not.
DIRECT = Endpoint(
    "default",
    "samples",
    "task",
    express_arn=EXPRESS_ARN,
    auth=("token", "password"),
    methods=("GET", "POST"),
    dialects=DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True)),
)
POLLED = replace(
    DIRECT, name="polled", express_arn=None, standard_arn=STANDARD_ARN, aliases=("workfloplus:w1", "nebulagraph:7")
)
BEARER = f"Authorization: Bearer {TOKEN}"
SYNCED = '{"metadata":{"clientJobId":"JOB","workflowId":"w1","updated":"2026-01-01T00:00:00Z","status":"Paused"}}'
# A call of each family; JOB differs from call to call.
CALLS = {
    "native": f"POST /v1/run/samples/task HTTP/1.1\n{BEARER}\nContent-Type: application/json\n\n" + "{}",
    "iolinker": f"POST /v1/api/default/samples/task HTTP/1.1\ntoken: {TOKEN}\n\n" + "{}",
    "phixflow": f"POST /default/api/1/action/samples/polled/trigger HTTP/1.1\n{BEARER}\n\n",
    "theeye": f"POST /default/task/samples.task/job?access_token={TOKEN} HTTP/1.1\n\n[1]",
    "workfloplus": f"POST /jobs/v1/basicSync HTTP/1.1\nAuthorization: Bearer {SIGNED}\n\n{SYNCED}",
    "nebulagraph": f"POST /api-open/v1/workflows/7/jobs HTTP/1.1\nCookie: explorer_token={SIGNED}\n"
    "Content-Type: application/json\n\n{}",
}
CONTENT_TYPES = {
    "native": "application/problem+json",
    "iolinker": "application/json",
    "phixflow": "application/json",
    "theeye": "application/json; charset=utf-8",
    "workfloplus": "application/json; charset=utf-8",
    "nebulagraph": "application/json",
}
# Which endpoint that is.
CALLED = {family: "samples/task" if family in {"iolinker", "theeye"} else "samples/polled" for family in CALLS}
FAMILIES = tuple(family for family in CALLS if family != "native")


def in_the_envelope_of(family: str, status: int, message: str, code: str = "") -> str:
    """Write a refusal down; the code is iolinker's or NebulaGraph Explorer's, and WorkfloPlus's field."""
    text = json.dumps(message)
    name = "ClientError" if status < 500 else "ServerError"
    return {
        "iolinker": f'{{"response":{{"error":{{"code":"{code}","message":{text}}}}}}}',
        "phixflow": f'{{"success":false,"message":{text}}}',
        "theeye": f'{{"message":{text},"statusCode":{status},"name":"{name}","code":"","status":{status}}}',
        "workfloplus": f'{{"message":{text},"errors":[]}}',
        "nebulagraph": f'{{"code":{code},"message":{text}}}',
    }[family]


@pytest.fixture
def gateway(published: Aws, load: Callable[..., Handler]) -> Handler:
    ada = Credential(user_key("default", "ada"), "user", "default", "ada", "ada", SCOPES, password_hash=password_hash())
    published.put(CLIENT, ada)
    published.secrets.create_secret(Name="flowport/flowport/keys/default/flowport", SecretString=KEY)
    return load("GatewayFunction")


@pytest.fixture
def ending(aws: Aws, load: Callable[..., Handler]) -> None:
    """Let a Standard run end while the first call waits for it."""
    recorder = load("RecordCompletionFunction")
    aws.clock.meanwhile = lambda: end_running(aws, recorder, {"output": {"name": "hello world"}})


def call(gateway: Handler, request: str, number: int = 0) -> dict[str, Any]:
    """Send a request; job names differ from call to call."""
    answer: dict[str, Any] = gateway(event_of(request.replace("JOB", f"job-{number}"), f"request-{number}="), None)
    return answer


def publish(aws: Aws, **members: Any) -> None:
    aws.put(replace(DIRECT, **members), replace(POLLED, **members))


def assert_refused(
    answer: Mapping[str, Any], family: str, status: int, message: str, code: str = "", source: str = "gateway"
) -> None:
    assert (answer["statusCode"], answer["body"]) == (status, in_the_envelope_of(family, status, message, code))
    assert answer["headers"]["Content-Type"] == CONTENT_TYPES[family]
    assert answer["headers"]["Flowport-Error-Source"] == source


# NebulaGraph Explorer's codes begin with their HTTP status, and none of them is a 429.
TOO_MANY = {"iolinker": (429, "systemError"), "nebulagraph": (400, "40004000")}


@pytest.mark.parametrize("family", FAMILIES)
def test_one_request_too_many(gateway: Handler, aws: Aws, ending: None, family: str) -> None:
    publish(aws, limits=Limits(Rate(1, 60)))
    assert call(gateway, CALLS[family], 1)["statusCode"] == 200
    answer = call(gateway, CALLS[family], 2)
    status, code = TOO_MANY.get(family, (429, ""))
    message = "The endpoint is limited to 1 requests in 60 s. Nothing was started; send the request again in 60 s."
    assert_refused(answer, family, status, message, code)
    told = ("Retry-After", "RateLimit", "RateLimit-Policy")
    assert [answer["headers"][name] for name in told] == ["60", '"endpoint";r=0;t=60', '"endpoint";q=1;w=60']


@pytest.mark.parametrize("family", FAMILIES)
def test_one_job_too_many(gateway: Handler, aws: Aws, family: str) -> None:
    publish(aws, limits=Limits(concurrent=1), mode="async")
    for start in ("/v1/run/samples/task", "/v1/run/samples/polled"):  # both endpoints have what they may have
        first = call(gateway, CALLS["native"].replace("/v1/run/samples/task", start), len(start))
        assert first["statusCode"] == 202, first["body"]
    answer = call(gateway, CALLS[family], 2)
    status, code = TOO_MANY.get(family, (429, ""))
    message = (
        "The endpoint is limited to 1 jobs at one time, and has them. Nothing was started; send the request again when "
        "one of them has ended."
    )
    assert_refused(answer, family, status, message, code)
    assert (answer["headers"]["Retry-After"], answer["headers"]["RateLimit"]) == ("5", '"endpoint-jobs";r=0')


GUESSES = {
    "iolinker": ("POST /v1/api/default/samples/task HTTP/1.1\nuser: ada\npassword: {}\n\n{{}}", PASSWORD),
    "nebulagraph": ("POST /api-open/v1/connect HTTP/1.1\nAuthorization: Bearer {}", ""),
    "workfloplus": (
        "POST /connect/token HTTP/1.1\n\ngrant_type=client_credentials&client_id=" + CLIENT_ID + "&client_secret={}",
        "fps_x",
    ),
}


@pytest.mark.parametrize("family", GUESSES)
def test_too_many_wrong_passwords_or_secrets(gateway: Handler, aws: Aws, family: str) -> None:
    publish(aws)
    request, right = GUESSES[family]
    wrong = "wrong"
    if family == "nebulagraph":
        wrong, right = (base64.b64encode(f"ada:{one}".encode()).decode() for one in ("wrong", PASSWORD))
    assert [call(gateway, request.format(wrong), number)["statusCode"] for number in range(5)] == [401] * 5
    answer = call(gateway, request.format(right), 6)
    message = (
        "Too many wrong passwords or secrets were sent. For 2 s none is looked at, a right one neither; the "
        "workspace's administrator can lift that for a user."
    )
    if family == "workfloplus":  # RFC 6749 has no word for it
        body = json.dumps({"error": "invalid_request", "error_description": message}, separators=(",", ":"))
        assert (answer["statusCode"], answer["body"]) == (429, body)
    else:
        status, code = TOO_MANY[family]
        assert_refused(answer, family, status, message, code)
    assert answer["headers"]["Retry-After"] == "2"


@pytest.mark.parametrize("family", FAMILIES)
def test_an_input_that_does_not_fit_the_schema(gateway: Handler, aws: Aws, family: str) -> None:
    publish(aws, input_schema='{"type":"object","required":["sku"]}')
    answer = call(gateway, CALLS[family], 1)
    statuses = {"iolinker": 400, "nebulagraph": 400, "workfloplus": 400}
    codes = {"iolinker": "requestError.invalidParams", "nebulagraph": "40004001"}
    message = f"The input does not fit the schema of '{CALLED[family]}': the input: \"sku\" is a required property."
    assert_refused(answer, family, statuses.get(family, 422), message, codes.get(family, ""))
    assert aws.jobs() == []


@pytest.mark.parametrize("family", FAMILIES)
def test_an_endpoint_that_is_disabled(gateway: Handler, aws: Aws, family: str) -> None:
    publish(aws, enabled=False)
    answer = call(gateway, CALLS[family], 1)
    message = f"The endpoint '{CALLED[family]}' is disabled; its administrator can enable it."
    if family == "iolinker":
        message = "The interface is not enabled"
    codes = {"iolinker": "requestError.apiDisabled", "nebulagraph": "40304000"}
    assert_refused(answer, family, 403, message, codes.get(family, ""))


@pytest.mark.parametrize("family", ["iolinker", "phixflow", "theeye"])
def test_an_output_that_cannot_be_mapped(gateway: Handler, aws: Aws, ending: None, family: str) -> None:
    publish(aws, output_mapping="sum(name)")
    answer = call(gateway, CALLS[family], 1)
    assert answer["statusCode"] == 500
    job = answer["headers"]["Flowport-Job-Id"]
    assert aws.job(job)["status"] == "SUCCEEDED"
    document = json.loads(answer["body"])
    native = json.loads(call(gateway, CALLS["native"], 2)["body"])
    assert native["type"] == "urn:flowport:problem:output-mapping-failed"
    if family == "iolinker":
        assert document == {"response": {"error": {"code": "systemError", "message": native["detail"]}}}
    elif family == "phixflow":
        assert document == {"success": False, "processId": job, "message": native["detail"]}
    else:
        expected = in_the_envelope_of("theeye", 500, native["detail"])
        assert answer["body"] == expected
    assert answer["headers"]["Flowport-Error-Source"] == "workflow"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_store_that_does_not_answer(gateway: Handler, aws: Aws, family: str) -> None:
    publish(aws)
    aws.dynamodb.delete_table(TableName="EndpointsTable")
    answer = call(gateway, CALLS[family], 1)
    assert answer["statusCode"] in {500, 503}
    assert answer["headers"]["Content-Type"] == CONTENT_TYPES[family]
    message = json.loads(answer["body"])
    while isinstance(message, dict):
        message = message.get("message") or message.get("response") or message.get("error")
    assert message
    assert "Endpoints" not in answer["body"], "which table it was is nobody's business"
