"""The first tokens, for whoever IAM lets invoke the admin function."""

from dataclasses import dataclass
from typing import Final

from flowport.domain.records import OPERATOR_SCOPE, OPERATOR_WORKSPACE, Credential
from flowport.domain.tokens import Token
from flowport.usecases.admin.credentials import Grant, ManageCredentials
from flowport.usecases.admin.errors import WorkspaceExists
from flowport.usecases.admin.ports import Actor
from flowport.usecases.admin.workspaces import ManageWorkspaces

# In the audit trail. Who it was, IAM alone knows: CloudTrail records who invoked the function.
WHO: Final = "bootstrap"


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """A new token, and whether its workspace is new too."""

    credential: Credential
    token: Token
    created: bool


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Makes a workspace where it is missing, and a token."""

    workspaces: ManageWorkspaces
    credentials: ManageCredentials

    def workspace(self, name: str, grant: Grant, *, deadline: float) -> Bootstrapped:
        """Make a token of a workspace; a workspace that is missing is made first, a disabled one is refused."""
        actor = Actor(name, deadline, WHO)
        try:
            self.workspaces.create(actor, name, "")
            created = True
        except WorkspaceExists:
            created = False
        credential, token = self.credentials.issue_token(actor, grant)
        return Bootstrapped(credential, token, created=created)

    def operator(self, name: str, *, deadline: float) -> Bootstrapped:
        """Make a token of the stack's operator."""
        grant = Grant(name, (OPERATOR_SCOPE,))
        credential, token = self.credentials.issue_token(Actor(OPERATOR_WORKSPACE, deadline, WHO), grant)
        return Bootstrapped(credential, token, created=False)
