"""What failed calls mean, and how often each is made."""

import json
from datetime import UTC, datetime
from typing import Any, Never

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DataNotFoundError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from flowport.adapters.aws import doubt_of, fast_config, is_state_machine_arn, once, patient_config, repeat, session
from flowport.adapters.execution_logs import CloudWatchExecutionLogs
from flowport.adapters.lambda_detached import LambdaDetached
from flowport.adapters.passwords import Argon2Passwords
from flowport.domain.errors import Unavailable, UnknownOutcome
from flowport.domain.steps import HistoryEvent
from tests.fakes import EXPRESS_ARN, JOB_ID, NOW, FakeClock


def _error(code: str, status: int = 400, **response: Any) -> ClientError:
    shape = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}, **response}
    return ClientError(shape, "Call")  # type: ignore[arg-type]


def _cancelled(*reasons: str) -> ClientError:
    return _error("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])


@pytest.mark.parametrize(
    ("error", "doubt"),
    [
        (_error("ThrottlingException"), "refused"),
        (_error("TransactionConflictException"), "refused"),
        (_error("ProvisionedThroughputExceededException"), "refused"),
        (_error("com.amazonaws.dynamodb.v20120810#ThrottlingException"), "refused"),
        (_error("ExecutionLimitExceeded"), "refused"),
        (_error("TooManyRequestsException", 429), "refused"),
        (_cancelled("TransactionConflict", "None"), "refused"),
        (_cancelled("None", "ThrottlingError"), "refused"),
        (EndpointConnectionError(endpoint_url="x"), "refused"),
        (ConnectTimeoutError(endpoint_url="x"), "refused"),
        (_error("InternalServerError", 500), "unknown"),
        (_error("Whatever", 503), "unknown"),
        (ReadTimeoutError(endpoint_url="x"), "unknown"),
        (ConnectionClosedError(endpoint_url="x"), "unknown"),
        (_cancelled("ConditionalCheckFailed", "None"), None),
        (_cancelled("ConditionalCheckFailed", "TransactionConflict"), None),
        (_error("ConditionalCheckFailedException"), None),
        (_error("ValidationException"), None),
        (_error("AccessDeniedException"), None),
        (ParamValidationError(report="x"), None),
        (ValueError("x"), None),
    ],
)
def test_a_failed_call_did_nothing_or_may_have_worked_or_is_an_error(error: Exception, doubt: str | None) -> None:
    assert doubt_of(error) == doubt


class _Calls:
    def __init__(self, *answers: str | Exception) -> None:
        self.answers = list(answers)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_call_that_may_be_repeated_is_until_it_answers() -> None:
    calls = _Calls(ReadTimeoutError(endpoint_url="x"), _error("ThrottlingException"), "done")
    assert repeat(calls, what="x", clock=FakeClock()) == "done"
    assert calls.made == 3


@pytest.mark.parametrize("patience", [1.5, 2, 5, 10])
def test_no_attempt_begins_that_could_end_after_the_deadline(patience: float) -> None:
    clock, calls = FakeClock(), _Calls(_error("ThrottlingException"))
    with pytest.raises(Unavailable):
        repeat(calls, what="x", clock=clock, deadline=clock.monotonic() + patience)
    assert calls.made >= 1
    assert clock.monotonic() + 1.5 <= patience + 1.5


def test_without_a_deadline_the_patience_has_an_end() -> None:
    clock = FakeClock()
    with pytest.raises(Unavailable):
        repeat(_Calls(_error("ThrottlingException")), what="x", clock=clock)
    assert clock.monotonic() <= 10


@pytest.mark.parametrize("error", [_error("ValidationException"), ValueError("x")])
def test_a_real_error_is_not_repeated(error: Exception) -> None:
    for attempt in (repeat, once):
        calls = _Calls(error)
        with pytest.raises(type(error)):
            attempt(calls, what="x", clock=FakeClock())
        assert calls.made == 1


def test_once_repeats_refusals_only() -> None:
    calls = _Calls(_error("ThrottlingException"), "done")
    assert once(calls, what="x", clock=FakeClock()) == "done"
    lost = _Calls(ReadTimeoutError(endpoint_url="x"))
    with pytest.raises(UnknownOutcome):
        once(lost, what="x", clock=FakeClock())
    assert lost.made == 1


def test_every_client_makes_one_attempt_a_call() -> None:
    fast, patient = vars(fast_config()), vars(patient_config())
    assert [config["retries"] for config in (fast, patient)] == [{"total_max_attempts": 1}] * 2
    assert fast["connect_timeout"] + fast["read_timeout"] <= 1.5


@pytest.mark.parametrize(
    ("arn", "is_one"),
    [
        (EXPRESS_ARN, True),
        ("arn:aws-cn:states:cn-north-1:123456789012:stateMachine:a", True),
        (EXPRESS_ARN + ":1", True),
        (EXPRESS_ARN + ":PROD", True),
        (EXPRESS_ARN + ":1:2", False),
        (EXPRESS_ARN.replace("stateMachine", "execution"), False),
        ("quick", False),
        (EXPRESS_ARN + "x" * 80, False),
    ],
)
def test_a_state_machine_is_named_with_or_without_version_or_alias(arn: str, is_one: bool) -> None:
    assert is_state_machine_arn(arn) is is_one


# -- Lambda ------------------------------------------------------------------------------------------------------------


class _Lambda:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.requests: list[dict[str, Any]] = []

    def invoke(self, **request: Any) -> None:
        self.requests.append(request)
        if self.errors:
            raise self.errors.pop(0)


def test_a_hand_over_is_an_asynchronous_invocation_with_the_job() -> None:
    client = _Lambda()
    LambdaDetached(lambda: client, "run-express", FakeClock()).start(JOB_ID)
    payload = f'{{"job_id": "{JOB_ID}"}}'.encode()
    assert client.requests == [{"FunctionName": "run-express", "InvocationType": "Event", "Payload": payload}]


def test_a_hand_over_is_repeated_and_given_up_in_time() -> None:
    client = _Lambda(ReadTimeoutError(endpoint_url="x"), _error("TooManyRequestsException", 429))
    LambdaDetached(lambda: client, "run-express", FakeClock()).start(JOB_ID)
    assert len(client.requests) == 3
    clock, busy = FakeClock(), _Lambda(*[_error("TooManyRequestsException", 429)] * 1000)
    with pytest.raises(Unavailable):
        LambdaDetached(lambda: busy, "run-express", clock).start(JOB_ID)
    assert clock.monotonic() <= 6


# -- CloudWatch Logs ---------------------------------------------------------------------------------------------------

LOGGED = (
    '{"id":"2","type":"PassStateEntered","details":{"input":"{}","inputDetails":{"truncated":false},"name":"Hello"},'
    '"previous_event_id":"0","event_timestamp":"1795310400007","execution_arn":"run"}'
)
STARTED = '{"id":"1","type":"ExecutionStarted","previous_event_id":"0","event_timestamp":"1795310400000"}'


class _Logs:
    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def _history(client: _Logs, clock: FakeClock | None = None) -> list[HistoryEvent]:
    return list(CloudWatchExecutionLogs(lambda: client, clock or FakeClock()).history("group", "run", NOW))


def test_logged_events_are_given_oldest_first_whatever_page_they_were_on() -> None:
    client = _Logs({"events": [{"message": LOGGED}], "nextToken": "more"}, {"events": [{"message": STARTED}]})
    assert [(event.id, event.previous, event.type, event.at) for event in _history(client)] == [
        (1, 0, "ExecutionStarted", NOW),
        (2, 0, "PassStateEntered", NOW + 7),
    ]
    first, second = client.requests
    assert first["filterPattern"] == '{ $.execution_arn = "run" }'
    assert first["startTime"] <= NOW <= first["endTime"]
    assert second["nextToken"] == "more"


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_a_log_group_that_cannot_be_read_gives_no_events(code: str) -> None:
    assert _history(_Logs(_error(code))) == []


def test_pages_without_end_are_given_up_in_time() -> None:
    clock = FakeClock()

    class _Endless(_Logs):
        def filter_log_events(self, **request: Any) -> dict[str, Any]:
            clock.sleep(1)
            return super().filter_log_events(**request)

    with pytest.raises(Unavailable):
        _history(_Endless({"events": [], "nextToken": "more"}), clock)
    assert clock.monotonic() <= 25


# -- passwords ---------------------------------------------------------------------------------------------------------


def test_a_password_is_known_by_its_hash_and_no_other_is() -> None:
    passwords = Argon2Passwords()
    stored = passwords.hash("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert stored != passwords.hash("correct horse")
    assert passwords.verify(stored, "correct horse")
    assert passwords.verify(stored, "correct horse")
    assert not passwords.verify(stored, "wrong")
    assert not passwords.verify(None, "correct horse")


def test_a_changed_password_holds_at_once() -> None:
    passwords = Argon2Passwords()
    old, new = passwords.hash("old password"), passwords.hash("new password")
    assert passwords.verify(old, "old password")
    assert not passwords.verify(new, "old password")


def test_the_slow_hash_is_paid_once_for_the_right_password_and_always_for_a_wrong_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passwords = Argon2Passwords()
    stored = passwords.hash("correct horse")
    paid: list[str] = []
    check = passwords._check

    def count(stored: str, password: str) -> bool:
        paid.append(password)
        return check(stored, password)

    monkeypatch.setattr(passwords, "_check", count)
    for _ in range(3):
        passwords.verify(stored, "correct horse")
    assert paid == ["correct horse"]
    for _ in range(2):
        passwords.verify(stored, "wrong")
        passwords.verify(None, "wrong")
    assert paid == ["correct horse"] + ["wrong"] * 4


def test_what_is_remembered_is_no_password() -> None:
    passwords = Argon2Passwords()
    passwords.verify(passwords.hash("correct horse"), "correct horse")
    assert b"correct horse" not in repr(vars(passwords)).encode()


# -- the clients -------------------------------------------------------------------------------------------------------

SERVICES = ("cloudwatch", "dynamodb", "lambda", "logs", "resourcegroupstaggingapi", "secretsmanager", "stepfunctions")


@pytest.mark.parametrize("service", SERVICES)
def test_the_sdks_data_is_the_same_however_it_is_read(service: str) -> None:
    ours, theirs = session().get_component("data_loader"), botocore.session.get_session().get_component("data_loader")
    for kind in ("service-2", "endpoint-rule-set-1"):
        read, expected = ours.load_service_model(service, kind), theirs.load_service_model(service, kind)
        assert json.dumps(read) == json.dumps(expected)  # the order of members, too
    assert type(ours.load_data("endpoints")) is dict
    with pytest.raises(DataNotFoundError):
        ours.load_data("nothing/of/that/name")


@pytest.mark.parametrize("config", [fast_config(), patient_config(305.0)])
def test_every_client_makes_one_attempt_and_says_once_who_it_is(config: Config) -> None:
    client: Any = session().create_client("stepfunctions", "us-east-1", config=config)
    sent: list[AWSPreparedRequest] = []

    def send(request: AWSPreparedRequest, **_: object) -> Never:
        sent.append(request)
        raise EndpointConnectionError(endpoint_url="x")

    client.meta.events.register("before-send.sfn", send)
    # What is wrong with a request is AWS's to say: it is sent as it is.
    with pytest.raises(EndpointConnectionError):
        client.start_sync_execution(stateMachineArn=17)
    (request,) = sent
    assert request.body == b'{"stateMachineArn": 17}'
    agent: Any = request.headers["User-Agent"]
    ours, _, _ = agent.decode().partition(" PT/")  # Powertools adds its own name wherever it was imported
    assert ours == client.meta.config.user_agent == session().user_agent()
    assert agent.startswith(b"Botocore/")


class _Sent:
    """A body as urllib3 gives it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self) -> list[bytes]:
        return [self.body]


@pytest.mark.parametrize("at", ["1795314000.123", "1795314000.123E0", '"2026-11-22T02:20:00.123Z"'])
def test_a_time_is_the_same_instant_however_it_is_written(at: str) -> None:
    client: Any = session().create_client("stepfunctions", "us-east-1")
    answer = AWSResponse("x", 200, HTTPHeaders(), _Sent(b'{"startDate":%s}' % at.encode()))
    client.meta.events.register("before-send.sfn", lambda **_: answer)
    started = client.start_execution(stateMachineArn=EXPRESS_ARN)["startDate"]
    assert started == datetime(2026, 11, 22, 2, 20, 0, 123000, tzinfo=UTC)
