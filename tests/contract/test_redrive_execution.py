"""The port Executions on Step Functions: redrives, which moto and the local engine do not know, by AWS's API model."""

import pytest

from flowport.domain.errors import ConsentWithdrawn, NotRedrivable, Unavailable, UnknownOutcome
from flowport.domain.job import Outcome
from flowport.usecases.ports import ExecutionState
from tests.contract.test_step_functions import ARN, AT, LOST, THROTTLES, _Client, _error, _ids, _over
from tests.fakes import NOW, STANDARD_ARN, a_job

REDRIVEN = {"redriveDate": AT}
LATER = AT.replace(hour=(AT.hour + 1) % 24)
ENDED = {"status": "FAILED", "error": "Oops", "startDate": AT, "stopDate": LATER}
DENIED = _error("AccessDeniedException")


def test_a_redrive_carries_its_token() -> None:
    client = _Client(REDRIVEN)
    _over(client).redrive(ARN, "0123456789abcdef")
    assert client.requests == [{"executionArn": ARN, "clientToken": "0123456789abcdef"}]


@pytest.mark.parametrize("passing", [*LOST, *THROTTLES], ids=_ids([*LOST, *THROTTLES]))
def test_a_redrive_is_repeated_under_the_same_token(passing: Exception) -> None:
    client = _Client(passing, REDRIVEN)
    _over(client).redrive(ARN, "token")
    assert [request["clientToken"] for request in client.requests] == ["token", "token"]


def test_a_redrive_without_any_answer_is_unknown() -> None:
    with pytest.raises(UnknownOutcome):
        _over(_Client(LOST[0])).redrive(ARN, "token")


def test_a_redrive_that_is_always_throttled_did_nothing() -> None:
    with pytest.raises(Unavailable):
        _over(_Client(THROTTLES[0])).redrive(ARN, "token")


@pytest.mark.parametrize("code", ["ExecutionNotRedrivable", "ExecutionDoesNotExist", "ValidationException"])
def test_a_redrive_that_is_refused_for_good_says_so_after_one_attempt(code: str) -> None:
    client = _Client(_error(code))
    with pytest.raises(NotRedrivable):
        _over(client).redrive(ARN, "token")
    assert len(client.requests) == 1


def test_a_refusal_after_a_lost_answer_is_unknown() -> None:
    with pytest.raises(UnknownOutcome):
        _over(_Client(LOST[0], _error("ExecutionNotRedrivable"))).redrive(ARN, "token")


def test_a_redrive_that_is_denied_says_so() -> None:
    with pytest.raises(ConsentWithdrawn):
        _over(_Client(DENIED)).redrive(ARN, "token")


@pytest.mark.parametrize(
    ("answer", "consented"),
    [
        ({"tags": [{"key": "flowport:publish", "value": "acme"}]}, True),
        ({"tags": [{"key": "team", "value": "blue"}]}, False),
        (_error("ResourceNotFound"), False),
    ],
)
def test_consent_is_the_tag_that_publishing_asks_for(answer: dict[str, object] | Exception, consented: bool) -> None:
    client = _Client(answer)
    assert _over(client).consented(STANDARD_ARN) is consented
    assert client.requests == [{"resourceArn": STANDARD_ARN}]


def test_a_redriven_execution_tells_its_last_attempt() -> None:
    answer = ENDED | {"redriveCount": 2, "redriveDate": LATER, "redriveStatus": "REDRIVABLE"}
    state = _over(_Client(answer)).describe(ARN)
    at = round(LATER.timestamp() * 1000)
    outcome = Outcome("FAILED", at, error="Oops", started_at=at)
    assert state == ExecutionState("FAILED", at, outcome, redrives=2, redrivable=True)


@pytest.mark.parametrize("status", ["NOT_REDRIVABLE", "REDRIVABLE_BY_MAP_RUN", None])
def test_only_what_step_functions_calls_redrivable_is(status: str | None) -> None:
    answer = ENDED if status is None else ENDED | {"redriveStatus": status}
    state = _over(_Client(answer)).describe(ARN)
    assert state is not None
    assert (state.redrivable, state.redrives) == (False, 0)


def test_an_end_belongs_to_the_jobs_own_attempt_or_to_a_later_one() -> None:
    outcome = Outcome("FAILED", NOW)
    state = ExecutionState("FAILED", NOW, outcome, redrives=1)
    assert [state.outcome_of(a_job(redrive_count=count)) for count in (0, 1, 2)] == [outcome, outcome, None]
