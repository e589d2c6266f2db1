"""What must hold of a state machine before it is published: it is there, of the right type, and its owner consents."""

from collections.abc import Iterable
from typing import Final

from flowport.domain.ids import unqualified_machine_arn
from flowport.domain.records import Endpoint, MachineType
from flowport.usecases.admin.errors import (
    ConsentMissing,
    PublishingRefused,
    StateMachineMissing,
    StateMachineType,
    Violation,
)
from flowport.usecases.admin.ports import MachineState, StateMachines

CONSENT_TAG: Final = "flowport:publish"
# `@all`, since AWS refuses the obvious `*` in a tag's value (docs/decisions/0012); neither can be a workspace's name.
EVERY_WORKSPACE: Final = frozenset({"@all", "*"})
TYPE_OF_FIELD: Final[dict[str, MachineType]] = {"express_arn": "EXPRESS", "standard_arn": "STANDARD"}

Found = tuple[type[PublishingRefused], Violation]


def consents(value: str, workspace: str) -> bool:
    """Whether the consent tag's value lets a workspace publish."""
    named = value.split()
    return workspace in named or not EVERY_WORKSPACE.isdisjoint(named)


def check_publishing(endpoint: Endpoint, fields: Iterable[str], machines: StateMachines, deadline: float) -> None:
    """Refuse an endpoint whose state machines, in those of its `fields`, cannot be published; all reasons at once."""
    found: list[Found] = []
    for field in TYPE_OF_FIELD:
        arn = getattr(endpoint, field)
        if field in fields and arn is not None:
            found += _violations(field, arn, endpoint.workspace, machines.describe(arn, deadline=deadline))
    if found:
        raise found[0][0](found)


def _violations(field: str, arn: str, workspace: str, machine: MachineState | None) -> list[Found]:
    pointer = f"/{field}"
    if machine is None:
        what = "state machine" if unqualified_machine_arn(arn) == arn else "version or alias of a state machine"
        message = f"There is no {what} {arn} in the account and region of this Flowport stack."
        return [(StateMachineMissing, Violation(pointer, message))]
    if machine.status != "ACTIVE":
        message = f"The state machine {arn} is not ACTIVE but {machine.status}; publish another one."
        return [(StateMachineMissing, Violation(pointer, message))]
    found: list[Found] = []
    needed = TYPE_OF_FIELD[field]
    if machine.type != needed:
        message = f"The state machine {arn} is of type {machine.type}; {field} needs {needed}."
        found.append((StateMachineType, Violation(pointer, message)))
    consent = machine.tags.get(CONSENT_TAG, "")
    if not consents(consent, workspace):
        value, own = " ".join([*consent.split(), workspace]), unqualified_machine_arn(arn)
        message = (
            f"The tag {CONSENT_TAG} of {own} does not name the workspace {workspace!r}. Its owner consents with: "
            f'aws stepfunctions tag-resource --resource-arn {own} --tags key={CONSENT_TAG},value="{value}"'
        )
        found.append((ConsentMissing, Violation(pointer, message)))
    return found
