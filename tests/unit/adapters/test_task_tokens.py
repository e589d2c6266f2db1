"""SendTaskSuccess and SendTaskFailure: what is repeated, and what counts as over."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from flowport.adapters.task_tokens import StepFunctionsTaskTokens
from flowport.domain.errors import Unavailable
from tests.fakes import FakeClock
from tests.world.wire import refused


class States:
    """Step Functions; its answers by operation, in order."""

    def __init__(self, success: list[Exception | None], failure: list[Exception | None] | None = None) -> None:
        self.left = {"success": success, "failure": failure or []}
        self.requests: list[dict[str, Any]] = []

    def send_task_success(self, **request: Any) -> dict[str, Any]:
        return self._answer("success", request)

    def send_task_failure(self, **request: Any) -> dict[str, Any]:
        return self._answer("failure", request)

    def _answer(self, kind: str, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        if self.left[kind] and (error := self.left[kind].pop(0)) is not None:
            raise error
        return {}


def tokens(states: States) -> StepFunctionsTaskTokens:
    return StepFunctionsTaskTokens(lambda: states, FakeClock())


def test_an_answer_is_sent_as_the_states_output() -> None:
    states = States([])
    assert tokens(states).succeed("t", '{"ok":1}') == "delivered"
    assert states.requests == [{"taskToken": "t", "output": '{"ok":1}'}]


@pytest.mark.parametrize("passing", [refused("ThrottlingException"), ReadTimeoutError(endpoint_url="x")])
def test_an_answer_that_got_none_is_sent_again(passing: Exception) -> None:
    states = States([passing])
    assert tokens(states).succeed("t", "{}") == "delivered"
    assert len(states.requests) == 2


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_is_over_is_refused_and_not_tried_again(code: str) -> None:
    states = States([refused(code)], [refused(code)])
    assert tokens(states).succeed("t", "{}") == "refused"
    assert tokens(states).fail("t", error="e", cause="c") == "refused"
    assert len(states.requests) == 2


def test_an_answer_that_worked_and_got_none_is_refused_the_second_time() -> None:
    states = States([ReadTimeoutError(endpoint_url="x"), refused("TaskTimedOut")])
    assert tokens(states).succeed("t", "{}") == "refused"


@pytest.mark.parametrize("code", ["InvalidOutput", "ValidationException"])
def test_an_output_that_step_functions_does_not_take_fails_the_state_instead_of_leaving_it_to_hang(code: str) -> None:
    states = States([refused(code)])
    assert tokens(states).succeed("t", "{}") == "delivered"
    assert states.requests[1] == {
        "taskToken": "t",
        "error": "Flowport.CallbackRefused",
        "cause": "Step Functions did not take the callback's body as the state's output.",
    }


def test_what_was_no_token_at_all_is_refused() -> None:
    states = States([refused("ValidationException")], [refused("ValidationException")])
    assert tokens(states).succeed("no token", "{}") == "refused"


def test_an_error_that_nobody_knows_is_raised_so_that_the_delivery_is_repeated() -> None:
    with pytest.raises(ClientError):
        tokens(States([refused("AccessDeniedException")])).succeed("t", "{}")
    with pytest.raises(Unavailable):
        tokens(States([refused("ThrottlingException")] * 99)).succeed("t", "{}")
