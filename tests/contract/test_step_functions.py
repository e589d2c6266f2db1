"""The port Executions on Step Functions: what is repeated, what never is, and what each answer means."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from flowport.adapters.step_functions import StepFunctions
from flowport.domain.errors import (
    ConsentWithdrawn,
    ExecutionsUnavailable,
    MachineMissing,
    Unavailable,
    UnknownOutcome,
    Unprocessable,
)
from flowport.domain.job import Outcome
from flowport.domain.steps import HistoryEvent
from flowport.usecases.ports import ExecutionState
from tests.fakes import ACCOUNT, EXPRESS_ARN, NOW, STANDARD_ARN, FakeClock

ARN = f"{ACCOUNT}:execution:durable:fp-1"
AT = datetime.fromtimestamp(NOW / 1000, UTC)
READ_TIMEOUT = ReadTimeoutError(endpoint_url="states")
CLOSED = ConnectionClosedError(endpoint_url="states")
LOST = [READ_TIMEOUT, CLOSED]


def _error(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")  # type: ignore[typeddict-item]


LOST_AT_AWS = [_error("InternalServerError", 500), _error("ServiceUnavailable", 503), _error("Anything", 502)]
THROTTLES = [
    _error("ThrottlingException"),
    _error("TooManyRequestsException", 429),
    EndpointConnectionError(endpoint_url="states"),
    ConnectTimeoutError(endpoint_url="states"),
]


class _Client:
    """Gives prepared answers in order, the last one again and again, and remembers what it was asked."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self.requests.append(request)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def _over(client: _Client) -> StepFunctions:
    return StepFunctions(lambda: client, lambda: client, FakeClock())


def _ids(errors: list[Any]) -> list[str]:
    return [
        error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__ for error in errors
    ]


SUCCEEDED = {"executionArn": "run", "status": "SUCCEEDED", "output": '{"total":42}', "startDate": AT, "stopDate": AT}
FAILED = {
    "executionArn": "run",
    "status": "FAILED",
    "error": "Oops",
    "cause": "it broke",
    "startDate": AT,
    "stopDate": AT,
}


# -- Express: at most once -------------------------------------------------------------------------------------------


def test_an_express_run_gives_its_outcome_and_arn() -> None:
    client = _Client(SUCCEEDED)
    outcome, arn = _over(client).run_express(EXPRESS_ARN, "fp-1", '{"a":1}')
    assert outcome == Outcome("SUCCEEDED", NOW, output='{"total":42}', started_at=NOW)
    assert arn == "run"
    assert client.requests == [{"stateMachineArn": EXPRESS_ARN, "name": "fp-1", "input": '{"a":1}'}]


@pytest.mark.parametrize("lost", [*LOST, *LOST_AT_AWS], ids=_ids([*LOST, *LOST_AT_AWS]))
def test_an_express_run_whose_answer_was_lost_is_never_started_again(lost: Exception) -> None:
    client = _Client(lost, SUCCEEDED)
    with pytest.raises(UnknownOutcome):
        _over(client).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert len(client.requests) == 1


@pytest.mark.parametrize("throttle", THROTTLES, ids=_ids(THROTTLES))
def test_an_express_run_that_was_definitely_refused_is_tried_again(throttle: Exception) -> None:
    client = _Client(throttle, throttle, SUCCEEDED)
    outcome, _ = _over(client).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert outcome.status == "SUCCEEDED"
    assert len(client.requests) == 3


@pytest.mark.parametrize("throttle", THROTTLES, ids=_ids(THROTTLES))
def test_an_express_run_that_is_always_refused_is_given_up(throttle: Exception) -> None:
    client = _Client(throttle)
    with pytest.raises(Unavailable):
        _over(client).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert 2 <= len(client.requests) <= 5


@pytest.mark.parametrize("lost", [*LOST, *LOST_AT_AWS], ids=_ids([*LOST, *LOST_AT_AWS]))
def test_an_answer_lost_after_a_refusal_ends_the_attempts(lost: Exception) -> None:
    client = _Client(_error("ThrottlingException"), lost, SUCCEEDED)
    with pytest.raises(UnknownOutcome):
        _over(client).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert len(client.requests) == 2


def test_a_failure_inside_http_200_is_a_failure() -> None:
    outcome, _ = _over(_Client(FAILED)).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert outcome == Outcome("FAILED", NOW, error="Oops", cause="it broke", started_at=NOW)


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_the_output_of_a_run_that_did_not_succeed_is_dropped(status: str) -> None:
    outcome, _ = _over(_Client({**FAILED, "status": status, "output": "{}"})).run_express(EXPRESS_ARN, "fp-1", "{}")
    assert (outcome.status, outcome.output) == (status, None)


REFUSALS = [
    ("AccessDeniedException", ConsentWithdrawn),
    ("StateMachineDoesNotExist", MachineMissing),
    ("StateMachineDeleting", MachineMissing),
    ("StateMachineTypeNotSupported", MachineMissing),
    ("InvalidArn", MachineMissing),
    ("InvalidExecutionInput", Unprocessable),
    ("InvalidName", Unprocessable),
]


@pytest.mark.parametrize(("code", "refusal"), REFUSALS)
def test_a_start_that_aws_refuses_for_good_says_why_after_one_attempt(code: str, refusal: type[Exception]) -> None:
    for start in (StepFunctions.run_express, StepFunctions.start_standard):
        client = _Client(_error(code))
        with pytest.raises(refusal):
            start(_over(client), STANDARD_ARN, "fp-1", "{}")
        assert len(client.requests) == 1


def test_an_error_that_nobody_knows_goes_through_as_it_is() -> None:
    for start in (StepFunctions.run_express, StepFunctions.start_standard):
        with pytest.raises(ClientError, match="KmsAccessDeniedException"):
            start(_over(_Client(_error("KmsAccessDeniedException"))), STANDARD_ARN, "fp-1", "{}")


# -- Standard: once under its name -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [*LOST, *LOST_AT_AWS, *THROTTLES], ids=_ids([*LOST, *LOST_AT_AWS, *THROTTLES]))
def test_a_standard_start_is_repeated_under_the_same_name(fault: Exception) -> None:
    client = _Client(fault, {"executionArn": ARN})
    assert _over(client).start_standard(STANDARD_ARN, "fp-1", "{}") == ARN
    assert client.requests == [{"stateMachineArn": STANDARD_ARN, "name": "fp-1", "input": "{}"}] * 2


def test_a_name_that_is_taken_counts_as_started() -> None:
    assert _over(_Client(_error("ExecutionAlreadyExists"))).start_standard(STANDARD_ARN, "fp-1", "{}") == ARN


@pytest.mark.parametrize("lost", [*LOST, *LOST_AT_AWS], ids=_ids([*LOST, *LOST_AT_AWS]))
def test_a_standard_start_without_any_answer_is_of_unknown_outcome(lost: Exception) -> None:
    with pytest.raises(UnknownOutcome):
        _over(_Client(lost)).start_standard(STANDARD_ARN, "fp-1", "{}")


@pytest.mark.parametrize("throttle", THROTTLES, ids=_ids(THROTTLES))
def test_a_standard_start_that_was_only_refused_has_certainly_not_happened(throttle: Exception) -> None:
    with pytest.raises(ExecutionsUnavailable):
        _over(_Client(throttle)).start_standard(STANDARD_ARN, "fp-1", "{}")


@pytest.mark.parametrize("later", [*THROTTLES, _error("AccessDeniedException"), _error("StateMachineDoesNotExist")])
def test_a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_started(later: Exception) -> None:
    with pytest.raises(UnknownOutcome):
        _over(_Client(READ_TIMEOUT, later)).start_standard(STANDARD_ARN, "fp-1", "{}")


def test_a_start_gives_up_within_its_time() -> None:
    clock = FakeClock()
    client = _Client(_error("ThrottlingException"))
    with pytest.raises(Unavailable):
        StepFunctions(lambda: client, lambda: client, clock).start_standard(STANDARD_ARN, "fp-1", "{}")
    assert clock.monotonic() <= 8


# -- reading ---------------------------------------------------------------------------------------------------------


def test_a_running_execution_has_no_outcome() -> None:
    state = _over(_Client({"status": "RUNNING", "startDate": AT})).describe(ARN)
    assert state == ExecutionState("RUNNING", NOW, None)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_an_ended_execution_has_its_outcome(status: str) -> None:
    state = _over(_Client({"status": status, "startDate": AT, "stopDate": AT, "output": "1"})).describe(ARN)
    output = "1" if status == "SUCCEEDED" else None
    assert state is not None
    assert state.outcome == Outcome(status, NOW, output=output, started_at=NOW)  # type: ignore[arg-type]


def test_an_execution_that_waits_for_its_redrive_has_not_ended() -> None:
    state = _over(_Client({"status": "PENDING_REDRIVE", "startDate": AT})).describe(ARN)
    assert state is not None
    assert state.outcome is None


def test_an_execution_that_does_not_exist_is_none() -> None:
    assert _over(_Client(_error("ExecutionDoesNotExist"))).describe(ARN) is None


def test_a_reading_that_is_always_throttled_is_given_up() -> None:
    with pytest.raises(ExecutionsUnavailable):
        _over(_Client(_error("ThrottlingException"))).describe(ARN)


def test_a_history_is_read_page_by_page() -> None:
    entered = {
        "id": 2,
        "previousEventId": 1,
        "type": "PassStateEntered",
        "timestamp": AT,
        "stateEnteredEventDetails": {"name": "Hello"},
    }
    started = {"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": AT}
    client = _Client({"events": [started], "nextToken": "more"}, {"events": [entered]})
    assert list(_over(client).history(ARN)) == [
        HistoryEvent(1, 0, "ExecutionStarted", NOW, {}),
        HistoryEvent(2, 1, "PassStateEntered", NOW, {"name": "Hello"}),
    ]
    assert client.requests[1]["nextToken"] == "more"


def test_the_history_of_an_execution_that_aws_forgot_is_empty() -> None:
    assert list(_over(_Client(_error("ExecutionDoesNotExist"))).history(ARN)) == []


def test_a_history_without_an_end_is_cut() -> None:
    client = _Client({"events": [], "nextToken": "more"})
    assert list(_over(client).history(ARN)) == []
    assert len(client.requests) <= 100


def test_a_workflows_error_cannot_pass_for_one_of_flowports_own() -> None:
    client = _Client({**FAILED, "error": "Flowport.NotStarted"})
    assert _over(client).run_express(EXPRESS_ARN, "fp-1", "{}")[0].error == "Workflow.Flowport.NotStarted"
