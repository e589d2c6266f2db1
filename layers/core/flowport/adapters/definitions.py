"""The definitions of state machines, from Step Functions."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, patience, repeat
from flowport.domain.ids import unqualified_machine_arn
from flowport.usecases.ports import Clock, Definition

WHAT: Final = "Step Functions"
ATTEMPT_SECONDS: Final = 3.0
# A machine without its owner's consent is denied; one of another account is said not to exist.
_NOT_SHOWN: Final = frozenset(
    {
        "StateMachineDoesNotExist",
        "ExecutionDoesNotExist",
        "InvalidArn",
        "ResourceNotFound",
        "AccessDeniedException",
        "AccessDenied",
    }
)


class StepFunctionsDefinitions:
    """DescribeStateMachine and DescribeStateMachineForExecution; the client is made when it is first needed."""

    def __init__(self, client: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the client (one attempt a call)."""
        self._client = client
        self._clock = clock

    def of_machine(self, arn: str, *, deadline: float | None = None) -> Definition | None:
        """Read a present definition: a version's own, where AWS shows it, else that of the machine itself.

        An alias has none, since it may lead to two versions; consent is the machine's, so that IAM may deny a version.
        """
        client = self._client()
        for shown in dict.fromkeys((arn, unqualified_machine_arn(arn))):
            answer = self._shown(lambda shown=shown: client.describe_state_machine(stateMachineArn=shown), deadline)  # type: ignore[misc]
            if answer is not None:
                return Definition(shown, answer["type"], answer["definition"])
        return None

    def of_execution(self, execution_arn: str, *, deadline: float | None = None) -> Definition | None:
        """Read the definition that a Standard execution was started with; AWS knows none of an Express one."""
        client = self._client()
        answer = self._shown(lambda: client.describe_state_machine_for_execution(executionArn=execution_arn), deadline)
        return None if answer is None else Definition(answer["stateMachineArn"], "STANDARD", answer["definition"])

    def _shown(self, call: Callable[[], dict[str, Any]], deadline: float | None) -> dict[str, Any] | None:
        last = patience(self._clock, deadline)
        try:
            return repeat(call, what=WHAT, clock=self._clock, deadline=last, attempt_seconds=ATTEMPT_SECONDS)
        except ClientError as error:
            if error_code(error) in _NOT_SHOWN:
                return None
            raise
