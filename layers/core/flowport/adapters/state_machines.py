"""The account's state machines, as publishing looks at them."""

from collections.abc import Callable
from typing import Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.usecases.admin.ports import MachineState
from flowport.usecases.ports import Clock

WHAT: Final = "Step Functions"
ATTEMPT_SECONDS: Final = 3.0
# A machine of another account or region is denied, or said not to exist.
_NOT_HERE: Final = frozenset(
    {"StateMachineDoesNotExist", "ResourceNotFound", "InvalidArn", "AccessDeniedException", "AccessDenied"}
)


class StepFunctionsMachines:
    """DescribeStateMachine and ListTagsForResource; the client is made when it is first needed."""

    def __init__(self, client: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the client (one attempt a call)."""
        self._client = client
        self._clock = clock

    def describe(self, arn: str, *, deadline: float) -> MachineState | None:
        """Read type, status and tags; None when there is no such machine here."""
        client = self._client()
        try:
            answer = self._repeat(lambda: client.describe_state_machine(stateMachineArn=arn), deadline)
        except ClientError as error:
            if error_code(error) in _NOT_HERE:
                return None
            raise
        try:
            tags = self._repeat(lambda: client.list_tags_for_resource(resourceArn=arn), deadline)["tags"]
        except ClientError as error:
            if error_code(error) == "ResourceNotFound":  # deleted a moment ago
                return None
            raise
        return MachineState(answer["type"], answer["status"], {tag["key"]: tag["value"] for tag in tags})

    def _repeat[T](self, call: Callable[[], T], deadline: float) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline, attempt_seconds=ATTEMPT_SECONDS)
