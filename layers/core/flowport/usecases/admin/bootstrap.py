"""The first tokens, for whoever IAM lets invoke the admin function."""

from dataclasses import dataclass

from flowport.domain.records import OPERATOR_SCOPE, OPERATOR_WORKSPACE, Credential
from flowport.domain.tokens import Token
from flowport.usecases.admin.credentials import Grant, ManageCredentials
from flowport.usecases.admin.errors import WorkspaceExists
from flowport.usecases.admin.ports import Actor
from flowport.usecases.admin.workspaces import ManageWorkspaces


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
        try:
            self.workspaces.create(name, "", deadline=deadline)
            created = True
        except WorkspaceExists:
            created = False
        credential, token = self.credentials.issue_token(Actor(name, deadline), grant)
        return Bootstrapped(credential, token, created=created)

    def operator(self, name: str, *, deadline: float) -> Bootstrapped:
        """Make a token of the stack's operator."""
        grant = Grant(name, (OPERATOR_SCOPE,))
        credential, token = self.credentials.issue_token(Actor(OPERATOR_WORKSPACE, deadline), grant)
        return Bootstrapped(credential, token, created=False)
