"""The public surface: what is the same for every dialect."""

import json
from collections.abc import Iterator
from io import StringIO
from logging import StreamHandler
from typing import Any, Final

import pytest

from flowport import observability
from flowport.dialects import REGISTRY
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain import errors
from flowport.settings import MissingSetting, Settings
from flowport.surface import PublicSurface
from flowport.usecases.access import Caller
from flowport.usecases.read_jobs import ListJobs, ReadJob
from flowport.usecases.redrive_job import Redrive
from flowport.usecases.run_batch import RunBatch, RunOrBatch
from flowport.usecases.run_endpoint import Ran, Run
from tests.fakes import JOB_ID, FakeClock, a_job, an_endpoint

REQUEST_ID = "JJbxmFmGIAMFxxx="
HOST = "abc123.execute-api.eu-central-1.amazonaws.com"


def _event(method: str = "POST", path: str = "/v1/run/billing/quote", **headers: str) -> dict[str, Any]:
    return {
        "path": path,
        "httpMethod": method,
        "headers": {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}},
        "requestContext": {
            "path": f"/prod{path}",
            "extendedRequestId": REQUEST_ID,
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": "{}",
    }


class _Answers:
    """Stands in for a use case; remembers its callers."""

    def __init__(self, result: object) -> None:
        self.result = result
        self.callers: list[Caller] = []

    def __call__(self, caller: Caller, command: object) -> object:
        self.callers.append(caller)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.fixture
def log() -> Iterator[StringIO]:
    """Give what is logged: the logger keeps the stream that it found when it was made."""
    handler = observability.logger.registered_handler
    assert isinstance(handler, StreamHandler)
    stream = StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before)


def _surface(result: object, **changes: Any) -> tuple[PublicSurface, _Answers]:
    answers = _Answers(result)
    usecases = dict.fromkeys((Run, RunBatch, RunOrBatch, Redrive, ReadJob, ListJobs), answers)
    return PublicSurface(usecases, FakeClock(), "default", **changes), answers


def _handle(result: object, event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return _surface(result, **changes)[0].handle(event)


RAN = Ran(a_job(), an_endpoint(), "job")


def test_a_call_is_parsed_carried_out_and_rendered() -> None:
    surface, answers = _surface(RAN)
    answer = surface.handle(_event())
    assert answer["statusCode"] == 202
    assert answer["headers"]["Location"] == f"https://{HOST}/prod/v1/jobs/{JOB_ID}"
    (caller,) = answers.callers
    assert (caller.request_id, caller.source_ip, caller.default_workspace) == (REQUEST_ID, "192.0.2.1", "default")
    assert caller.deadline == 5.0


@pytest.mark.parametrize("result", [RAN, errors.NotFound("x"), RuntimeError("x")])
def test_every_answer_names_the_request_and_forbids_storing(result: object) -> None:
    headers = _handle(result, _event())["headers"]
    assert (headers["Flowport-Request-Id"], headers["Cache-Control"]) == (REQUEST_ID, "no-store")


def test_a_refusal_is_a_problem() -> None:
    answer = _handle(errors.NotFound("There is none."), _event())
    assert answer["statusCode"] == 404
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(answer["body"])["detail"] == "There is none."


def test_a_request_that_cannot_be_parsed_reaches_no_use_case() -> None:
    surface, answers = _surface(RAN)
    assert surface.handle(_event(path="/v1/nothing"))["statusCode"] == 404
    assert surface.handle(_event(authorization="Bearer x"))["statusCode"] == 401
    assert answers.callers == []


@pytest.mark.parametrize(
    ("event", "source"),
    [
        (_event(), "unknown"),
        (_event(path="/v1/run/billing/quote/batch"), "unknown"),
        (_event(path=f"/v1/jobs/{JOB_ID}/redrive"), "unknown"),
        (_event("GET", f"/v1/jobs/{JOB_ID}"), "gateway"),
    ],
)
def test_an_unforeseen_error_leaks_nothing_and_says_whether_a_run_may_have_begun(
    event: dict[str, Any], source: str, log: StringIO
) -> None:
    answer = _handle(RuntimeError("secret: /var/task/x.py"), event)
    assert (answer["statusCode"], answer["headers"]["Flowport-Error-Source"]) == (500, source)
    assert "secret" not in json.dumps(answer)
    assert "Traceback" not in json.dumps(answer)
    assert REQUEST_ID in json.loads(answer["body"])["detail"]
    assert "secret: /var/task/x.py" in log.getvalue()


def test_what_may_have_been_a_batch_may_have_begun_too(log: StringIO) -> None:
    _handle(RuntimeError("x"), _event(path="/acme/api/1/action/billing/quote/trigger"))
    line = json.loads(log.getvalue().splitlines()[-1])
    assert (line["dialect"], line["source"]) == ("phixflow", "unknown")


def test_a_head_has_the_headers_and_no_body() -> None:
    answer = _handle(a_job(), _event("HEAD", f"/v1/jobs/{JOB_ID}"))
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert "ETag" in answer["headers"]


# -- logs and metrics --------------------------------------------------------------------------------------------------


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


@pytest.mark.parametrize(
    ("result", "counted"),
    [
        (RAN, []),
        (errors.NotFound("x"), []),
        (errors.NotSupported("x"), []),
        (errors.OutputNotHttp("x"), []),
        (Ran(a_job(status="FAILED", error="Oops"), an_endpoint(), "job"), []),
        (errors.Unavailable("x"), ["gateway"]),
        (errors.UnknownOutcome("x"), ["unknown"]),
        (Ran(a_job(status="FAILED", error="Flowport.OutcomeUnknown"), an_endpoint(), "job"), ["unknown"]),
        (RuntimeError("x"), ["unknown"]),
    ],
)
def test_flowports_own_failures_are_counted_and_the_workflows_are_not(
    result: object, counted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _handle(result, _event())
    metrics = [line for line in _lines(capsys) if "_aws" in line]
    assert [metric["source"] for metric in metrics] == counted
    for metric in metrics:
        (directive,) = metric["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], metric["Errors"]) == ("Flowport", [1.0])
        assert [sorted(names) for names in directive["Dimensions"]] == [["service", "source"]]  # as the alarms have it


def test_a_request_is_one_line_without_credentials_query_or_body(log: StringIO) -> None:
    event = _event(authorization="Bearer fp_acme_verysecret")
    event |= {"body": '{"secret":1}', "queryStringParameters": {"q": "secret"}}
    _handle(RAN, event)
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (line["message"], line["status"], line["request_id"]) == ("request", 401, REQUEST_ID)
    assert "secret" not in log.getvalue()


# -- CORS --------------------------------------------------------------------------------------------------------------

PAGE = "https://app.example.com"


def _cors(answer: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in answer["headers"].items() if name.startswith("Access-Control")}


def test_without_configured_origins_nothing_is_said() -> None:
    answer = _handle(RAN, _event(origin=PAGE))
    assert _cors(answer) == {}


@pytest.mark.parametrize("result", [RAN, errors.NotFound("x"), RuntimeError("x")])
def test_an_allowed_origin_may_read_answers_and_errors(result: object) -> None:
    answer = _handle(result, _event(origin=PAGE), cors_origins=("https://other.example.com", PAGE))
    assert answer["headers"]["Access-Control-Allow-Origin"] == PAGE
    assert "Location" in answer["headers"]["Access-Control-Expose-Headers"]
    assert answer["headers"]["Vary"] == "Origin"


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", PAGE + ".evil.example", PAGE.upper()])
def test_any_other_origin_may_read_nothing(origin: str) -> None:
    answer = _handle(RAN, _event(origin=origin), cors_origins=(PAGE,))
    assert _cors(answer) == {}
    assert answer["headers"]["Vary"] == "Origin"


def test_a_star_allows_every_origin_and_never_credentials() -> None:
    answer = _handle(RAN, _event(origin=PAGE), cors_origins=("*",))
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer["headers"]


def test_an_answer_varies_by_preference_and_by_origin() -> None:
    ran = Ran(a_job(), an_endpoint(), "job")
    answer = _handle(ran, _event(origin=PAGE, prefer="respond-async"), cors_origins=(PAGE,))
    assert {part.strip() for part in answer["headers"]["Vary"].split(",")} == {"Prefer", "Origin"}


def test_a_preflight_is_answered_without_credential_or_use_case() -> None:
    surface, answers = _surface(RAN, cors_origins=(PAGE,))
    event = _event("OPTIONS", origin=PAGE, access_control_request_headers="authorization,prefer")
    answer = surface.handle(event)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["Access-Control-Allow-Headers"] == "authorization,prefer"
    assert "POST" in answer["headers"]["Access-Control-Allow-Methods"]
    assert answers.callers == []


# -- a dialect's own way -----------------------------------------------------------------------------------------------


class _Express:
    """A dialect with CORS headers of its own, one answer that needs nobody, and refusals in its own words."""

    name = "theeye"
    cors: Final = {"Access-Control-Allow-Methods": "GET,POST", "Access-Control-Allow-Credentials": "true"}

    def parse(self, request: HttpRequest) -> ReadJob | HttpResponse:
        if request.segments == ("api", "status"):
            return HttpResponse(200, '{"status":"Node is ok."}', {"Content-Type": "application/json; charset=utf-8"})
        return ReadJob("7")

    def sender(self, request: HttpRequest) -> Sender:
        return Sender(None, request.segments[0])

    def render(self, request: HttpRequest, command: object, result: object) -> HttpResponse:
        return HttpResponse(200, '"finished"', {"Content-Type": "application/json; charset=utf-8"})

    def refuse(self, request: HttpRequest, error: errors.FlowportError) -> HttpResponse:
        return HttpResponse(error.status, '"Unauthorized"')


@pytest.fixture
def _express(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY.makers, "theeye", _Express)


@pytest.mark.usefixtures("_express")
@pytest.mark.parametrize(
    ("origins", "origin", "allowed"), [((), None, "*"), ((), PAGE, PAGE), (("https://x",), PAGE, PAGE)]
)
def test_a_dialects_own_cors_headers_stand_in_the_place_of_the_stacks(
    origins: tuple[str, ...], origin: str | None, allowed: str
) -> None:
    event = _event("OPTIONS", "/acme/task/1/job", **({"origin": origin} if origin else {}))
    answer = _handle(a_job(), event, cors_origins=origins)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["Access-Control-Allow-Origin"] == allowed
    assert answer["headers"]["Access-Control-Allow-Methods"] == "GET,POST"
    assert answer["headers"]["Access-Control-Allow-Credentials"] == "true"
    assert answer["headers"].get("Vary") == ("Origin" if origin else None)


@pytest.mark.usefixtures("_express")
@pytest.mark.parametrize("result", [a_job(), errors.Unauthenticated("no")])
def test_a_dialects_own_cors_headers_are_on_answers_and_refusals(result: object) -> None:
    headers = _handle(result, _event("GET", "/acme/job/1", origin=PAGE))["headers"]
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert "Access-Control-Expose-Headers" not in headers


@pytest.mark.usefixtures("_express")
def test_the_native_paths_keep_the_stacks_cors_settings_beside_such_a_dialect() -> None:
    answer = _handle(RAN, _event("OPTIONS", origin=PAGE))
    assert "Access-Control-Allow-Origin" not in answer["headers"]


@pytest.mark.usefixtures("_express")
def test_an_answer_that_needs_nobody_reaches_no_use_case() -> None:
    surface, answers = _surface(RAN)
    answer = surface.handle(_event("GET", "/api/status"))
    assert (answer["statusCode"], answer["body"]) == (200, '{"status":"Node is ok."}')
    assert answer["headers"]["Content-Type"] == "application/json; charset=utf-8"
    assert answers.callers == []


@pytest.mark.usefixtures("_express")
def test_a_head_of_a_dialects_path_has_no_body() -> None:
    assert _handle(a_job(), _event("HEAD", "/acme/job/1"))["body"] == ""


@pytest.mark.usefixtures("_express")
@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (errors.KeyTooShort("5 bytes"), ["gateway"]),
        (errors.UnknownOutcome("x"), ["unknown"]),
        (errors.NotFound("x"), []),
    ],
)
def test_a_failure_is_counted_whatever_words_a_dialect_has_for_it(
    error: errors.FlowportError, counted: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    _handle(error, _event("GET", "/acme/job/1"))
    assert [line["source"] for line in _lines(capsys) if "_aws" in line] == counted


# -- settings ----------------------------------------------------------------------------------------------------------

ENVIRONMENT = {
    "ENDPOINTS_TABLE": "e",
    "CREDENTIALS_TABLE": "c",
    "JOBS_TABLE": "j",
    "RUN_EXPRESS_FUNCTION": "f",
    "RESUME_RUN_FUNCTION": "g",
    "DEFAULT_WORKSPACE": "default",
    "STAGE": "prod",
    "JOB_RETENTION_DAYS": "30",
    "AUDIT_RETENTION_DAYS": "400",
    "SECRETS_PREFIX": "flowport/flowport-dev/",
    "DELIVER_MACHINE_ARN": "arn:aws:states:eu-central-1:123456789012:stateMachine:flowport-deliver",
    "CALLBACK_PAUSES": "5,300",
    "CORS_ORIGINS": " https://a.example , ,https://b.example",
    "BASE_PATH": "/flows/",
    "STACK": "flowport",
    "FIGURES": "jobs",
}


def test_settings_are_read_from_the_environment() -> None:
    settings = Settings.from_environment(ENVIRONMENT)
    assert settings.retention_ms == 30 * 86_400_000
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert (settings.base_path, settings.custom_domain) == ("flows", "")


@pytest.mark.parametrize(
    "name", ["ENDPOINTS_TABLE", "CREDENTIALS_TABLE", "JOBS_TABLE", "DEFAULT_WORKSPACE", "STAGE", "FIGURES"]
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_setting_is_named(name: str, value: str | None) -> None:
    environment = {key: given for key, given in ENVIRONMENT.items() if key != name}
    with pytest.raises(MissingSetting, match=name):
        Settings.from_environment(environment if value is None else {**environment, name: value})


@pytest.mark.parametrize("days", ["0", "-1", "x", "1.5"])
def test_a_retention_that_is_no_number_of_days_is_refused(days: str) -> None:
    with pytest.raises(MissingSetting, match="JOB_RETENTION_DAYS"):
        Settings.from_environment({**ENVIRONMENT, "JOB_RETENTION_DAYS": days})


def test_a_token_that_somebody_put_into_a_path_is_not_logged(log: StringIO) -> None:
    _handle(errors.NotFound("no"), _event("GET", "/v1/jobs/fp_acme_0123456789abcdefghijABCDEFGHIJ012345"))
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert line["path"] == "/v1/jobs/fp_…"


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/v1/callbacks/3f1c9a52-7c1e-4a7f-9d67-0c8f2f7f3b11", "/v1/callbacks/…"),
        ("/v1/callbacks/cb_ExampleCallbackOfTheEventFilesAbCdEf/more", "/v1/callbacks/…/more"),
        ("/v1/webhook/callback/3f1c9a52-7c1e-4a7f-9d67-0c8f2f7f3b11", "/v1/webhook/callback/…"),
        ("/v1/jobs/cb_ExampleCallbackOfTheEventFilesAbCdEf", "/v1/jobs/cb_…"),
        ("/v1/callbacks", "/v1/callbacks"),
    ],
)
def test_a_callback_id_is_not_logged(log: StringIO, path: str, logged: str) -> None:
    _handle(errors.NotFound("no"), _event("GET", path))
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert line["path"] == logged
