"""State machines by the tag of their owners' consent, with their versions and aliases."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.step_functions import CONSENT_TAG
from flowport.usecases.admin.ports import ConsentedMachine
from flowport.usecases.ports import Clock

STATES: Final = "Step Functions"
TAGGING: Final = "The Resource Groups Tagging API"
ATTEMPT_SECONDS: Final = 3.0
_PAGES_AT_MOST: Final = 20
# ListTagsForResource refills one call a second on AWS, after its first hundred.
_ASKED_ONE_BY_ONE: Final = 50
_TYPES: Final = {"EXPRESS", "STANDARD"}


class TaggedMachines:
    """GetResources names the machines that carry the tag, ListStateMachines says of which type they are.

    A tag takes moments until GetResources knows it, and the local engine's knows no state machines at all: where it
    names none, the tags of the first machines are asked for one by one.
    """

    def __init__(self, states: Callable[[], AnyClient], tagging: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the clients (one attempt a call)."""
        self._states = states
        self._tagging = tagging
        self._clock = clock

    def tagged(self, *, deadline: float) -> list[ConsentedMachine]:
        """Give the account's machines that carry the tag, for whichever workspace."""
        machines = list(self._machines(deadline))
        consent = dict(self._consent(deadline)) or dict(self._consent_of(machines[:_ASKED_ONE_BY_ONE], deadline))
        return [
            ConsentedMachine(machine["stateMachineArn"], machine["name"], machine["type"], consent[arn])
            for machine in machines
            if (arn := machine["stateMachineArn"]) in consent and machine["type"] in _TYPES
        ]

    def with_versions(self, machine: ConsentedMachine, *, deadline: float) -> ConsentedMachine:
        """Add the ARNs of its versions, the newest first, and of its aliases; a first page of a hundred each."""
        client = self._states()
        asked = {"stateMachineArn": machine.arn, "maxResults": 100}
        versions = self._own(lambda: client.list_state_machine_versions(**asked), deadline)
        aliases = self._own(lambda: client.list_state_machine_aliases(**asked), deadline)
        return replace(
            machine,
            versions=tuple(one["stateMachineVersionArn"] for one in versions.get("stateMachineVersions", [])),
            aliases=tuple(one["stateMachineAliasArn"] for one in aliases.get("stateMachineAliases", [])),
        )

    def _own(self, call: Callable[[], dict[str, Any]], deadline: float) -> dict[str, Any]:
        """Ask for what belongs to a machine, which may be gone meanwhile."""
        try:
            return self._repeat(call, STATES, deadline)
        except ClientError as error:
            if error_code(error) in {"StateMachineDoesNotExist", "ResourceNotFound"}:
                return {}
            raise

    def _machines(self, deadline: float) -> Iterator[Mapping[str, Any]]:
        client = self._states()
        request: dict[str, Any] = {"maxResults": 1000}
        for _ in range(_PAGES_AT_MOST):
            answer = self._repeat(lambda: client.list_state_machines(**request), STATES, deadline)
            yield from answer["stateMachines"]
            if not answer.get("nextToken"):
                return
            request["nextToken"] = answer["nextToken"]

    def _consent(self, deadline: float) -> Iterator[tuple[str, str]]:
        client = self._tagging()
        request: dict[str, Any] = {
            "TagFilters": [{"Key": CONSENT_TAG}],
            "ResourceTypeFilters": ["states:stateMachine"],
            "ResourcesPerPage": 100,
        }
        for _ in range(_PAGES_AT_MOST):
            answer = self._repeat(lambda: client.get_resources(**request), TAGGING, deadline)
            for found in answer["ResourceTagMappingList"]:
                values = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
                if CONSENT_TAG in values:
                    yield found["ResourceARN"], values[CONSENT_TAG]
            if not answer.get("PaginationToken"):
                return
            request["PaginationToken"] = answer["PaginationToken"]

    def _consent_of(self, machines: list[Mapping[str, Any]], deadline: float) -> Iterator[tuple[str, str]]:
        client = self._states()
        for machine in machines:
            arn = machine["stateMachineArn"]
            tags = self._own(lambda arn=arn: client.list_tags_for_resource(resourceArn=arn), deadline).get("tags", [])  # type: ignore[misc]
            yield from ((arn, tag["value"]) for tag in tags if tag["key"] == CONSENT_TAG)

    def _repeat[T](self, call: Callable[[], T], what: str, deadline: float) -> T:
        return repeat(call, what=what, clock=self._clock, deadline=deadline, attempt_seconds=ATTEMPT_SECONDS)
