"""Step Functions' task tokens: what a parked run is resumed, or failed, with."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.domain.callbacks import Sent
from flowport.domain.job import CALLBACK_REFUSED
from flowport.usecases.ports import Clock

WHAT: Final = "Step Functions"
ATTEMPT_SECONDS: Final = 3.0
# The task has ended, was answered, or was given up: no later call will be taken either.
_GONE: Final = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
REFUSED_CAUSE: Final = "Step Functions did not take the callback's body as the state's output."


class StepFunctionsTaskTokens:
    """The calls that need states:SendTask…, which IAM cannot limit to machines."""

    def __init__(self, client: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the client, which makes one attempt a call."""
        self._client = client
        self._clock = clock

    def succeed(self, task_token: str, output: str) -> Sent:
        """SendTaskSuccess; an output that Step Functions does not take fails the task, so that it does not hang."""
        client = self._client()
        try:
            return self._send(lambda: client.send_task_success(taskToken=task_token, output=output))
        except ClientError as error:
            if error_code(error) not in {"InvalidOutput", "ValidationException"}:
                raise
            return self.fail(task_token, error=CALLBACK_REFUSED, cause=REFUSED_CAUSE)

    def fail(self, task_token: str, *, error: str, cause: str) -> Sent:
        """SendTaskFailure."""
        client = self._client()
        try:
            return self._send(lambda: client.send_task_failure(taskToken=task_token, error=error, cause=cause))
        except ClientError as refused:
            if error_code(refused) == "ValidationException":  # what was parked was no token at all
                return "refused"
            raise

    def _send(self, call: Callable[[], Any]) -> Sent:
        try:
            repeat(call, what=WHAT, clock=self._clock, attempt_seconds=ATTEMPT_SECONDS)
        except ClientError as error:
            if error_code(error) in _GONE:
                return "refused"
            raise
        return "delivered"
