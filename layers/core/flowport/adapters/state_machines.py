"""The account's state machines, as publishing looks at them."""

from collections.abc import Callable
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.domain.ids import unqualified_machine_arn
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
        """Read type, status and tags; None when there is no such machine here, or no such version or alias of it.

        Type and tags are the machine's own: versions and aliases have none.
        """
        client, own = self._client(), unqualified_machine_arn(arn)
        answer = self._described(own, deadline)
        if answer is None or (arn != own and self._described(arn, deadline) is None):
            return None
        try:
            tags = self._repeat(lambda: client.list_tags_for_resource(resourceArn=own), deadline)["tags"]
        except ClientError as error:
            if error_code(error) == "ResourceNotFound":  # deleted a moment ago
                return None
            raise
        return MachineState(answer["type"], answer["status"], {tag["key"]: tag["value"] for tag in tags})

    def _described(self, arn: str, deadline: float) -> dict[str, Any] | None:
        client = self._client()
        try:
            return self._repeat(lambda: client.describe_state_machine(stateMachineArn=arn), deadline)  # type: ignore[no-any-return]
        except ClientError as error:
            if error_code(error) in _NOT_HERE:
                return None
            raise

    def _repeat[T](self, call: Callable[[], T], deadline: float) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline, attempt_seconds=ATTEMPT_SECONDS)
