"""The refusals that only the administration gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowport.domain.errors import Conflict, FlowportError, Forbidden, Unprocessable


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a document: where (a JSON Pointer, RFC 6901) and what, as a sentence."""

    pointer: str
    message: str

    def document(self) -> dict[str, str]:
        """Give it as a member of a problem's `errors`."""
        return {"pointer": self.pointer, "message": self.message}


class ValidationFailed(Unprocessable):
    """A document does not say what it must; every violation is listed."""

    kind = "validation-failed"
    title = "Validation failed"

    def __init__(self, violations: Sequence[Violation]) -> None:
        """Count the violations and list them."""
        count = len(violations)
        detail = f"The document has {count} violation{'' if count == 1 else 's'}: see `errors`."
        super().__init__(detail, members={"errors": [violation.document() for violation in violations]})


class PublishingRefused(Unprocessable):
    """A state machine cannot be published; the first violation gives the type, `errors` lists all."""

    def __init__(self, found: Sequence[tuple[type["PublishingRefused"], Violation]]) -> None:
        """List what was found."""
        errors: list[Mapping[str, Any]] = [{**violation.document(), "type": kind.kind} for kind, violation in found]
        super().__init__(found[0][1].message, members={"errors": errors})


class StateMachineMissing(PublishingRefused):
    """There is no such state machine, or it is being deleted."""

    kind = "state-machine-missing"
    title = "State machine missing"


class StateMachineType(PublishingRefused):
    """The machine is of the other type than the field needs."""

    kind = "state-machine-type"
    title = "State machine of the wrong type"


class ConsentMissing(PublishingRefused):
    """The machine's owner has not tagged it for this workspace."""

    kind = "consent-missing"
    title = "Consent missing"


class EndpointExists(Conflict):
    """An endpoint of that name is there already."""

    kind = "endpoint-exists"
    title = "Endpoint exists"


class AliasTaken(Conflict):
    """An alias leads to another endpoint of the workspace."""

    kind = "alias-taken"
    title = "Alias taken"

    def __init__(self, alias: str, endpoint: str) -> None:
        """Name both."""
        message = f"The alias {alias!r} belongs to the endpoint {endpoint!r}; take it off there first."
        super().__init__(message, members={"alias": alias, "endpoint": endpoint})


class UserExists(Conflict):
    """A user of that name is there already, perhaps revoked."""

    kind = "user-exists"
    title = "User exists"


class CredentialRevoked(Conflict):
    """A revoked credential stays as it was revoked."""

    kind = "credential-revoked"
    title = "Credential revoked"


class OwnCredential(Forbidden):
    """Nobody gives more to the credential that it acts by."""

    kind = "own-credential"
    title = "One's own credential"

    def __init__(self, members: Sequence[str]) -> None:
        """Name the members that would give more."""
        names = ", ".join(members)
        super().__init__(
            f"This is the credential that you act by, and {names} would give it more than it has; another "
            "administrator can change it so.",
            members={"errors": [Violation(f"/{name}", "gives more than it has").document() for name in members]},
        )


class TokenExists(Conflict):
    """A token was brought whose value is one of the workspace already, perhaps revoked."""

    kind = "token-exists"
    title = "Token exists"


class WorkspaceExists(Conflict):
    """A workspace of that name is there already."""

    kind = "workspace-exists"
    title = "Workspace exists"


class WorkspaceReserved(Conflict):
    """The name belonged to a deleted workspace some of whose jobs are still kept."""

    kind = "workspace-reserved"
    title = "Workspace name reserved"


class WorkspaceEnabled(Conflict):
    """Only a disabled workspace can be deleted."""

    kind = "workspace-enabled"
    title = "Workspace enabled"


class BootstrapRefused(FlowportError):
    """A direct invocation that is not `flowport bootstrap`'s."""

    kind = "invalid-request"
    title = "Invalid request"
    status = 400
