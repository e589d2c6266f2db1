"""Give a signed token for a credential that was just shown: a client's secret, or a user's password."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowport.domain.access import Principal
from flowport.domain.errors import Forbidden, InvalidRequest, KeyMissing
from flowport.domain.jwt import FLOWPORT_ALIAS, Claims
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import Clock, JwtKeys


class ScopeRefused(InvalidRequest):
    """A scope was asked for that the credential does not have."""

    kind = "invalid-scope"
    title = "Invalid scope"


@dataclass(frozen=True, slots=True)
class IssueToken:
    """A request for a signed token. `scopes` None asks for all that the credential has.

    `audience` is the family that asks, which alone is to take it; `further` are claims of that family's own.
    """

    lifetime_seconds: int
    scopes: tuple[str, ...] | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """The token, for how many seconds it is good, and what it lets its holder do."""

    token: str
    expires_in: int
    scopes: tuple[str, ...]
    principal: Principal


@dataclass(frozen=True, slots=True)
class IssueTokens:
    """The use case."""

    access: Access
    keys: JwtKeys
    clock: Clock

    def __call__(self, caller: Caller, command: IssueToken) -> Issued:
        """Sign for the caller's credential; what is signed ends with the credential at the latest."""
        principal = self.access.identified(caller)
        credential = principal.credential
        if credential is None or principal.signed or credential.kind not in {"client", "user"}:
            # A signed token that could be turned into a newer one would never end.
            message = "A signed token is given for a client's secret or a user's password only."
            raise Forbidden(message)
        unknown = [scope for scope in command.scopes or () if scope not in credential.granted]
        if unknown:
            message = f"The credential does not have the scope {unknown[0]!r}."
            raise ScopeRefused(message)
        scopes = tuple(dict.fromkeys(command.scopes)) if command.scopes else tuple(sorted(credential.granted))
        now = self.clock.now() // 1000
        expires_at = now + command.lifetime_seconds
        if credential.expires_at is not None:
            expires_at = min(expires_at, credential.expires_at // 1000)
        claims = Claims(
            credential.principal,
            principal.workspace,
            scopes,
            now,
            expires_at,
            credential.generation,
            command.further,
            command.audience,
        )
        return Issued(self._signed(claims, caller), expires_at - now, scopes, principal)

    def _signed(self, claims: Claims, caller: Caller) -> str:
        """Sign; a workspace's first token makes its key, so that nobody has to be asked for one."""
        try:
            return self.keys.issue(claims, FLOWPORT_ALIAS, deadline=caller.answer_by)
        except KeyMissing:
            self.keys.make(claims.workspace, FLOWPORT_ALIAS, deadline=caller.answer_by)
        return self.keys.issue(claims, FLOWPORT_ALIAS, deadline=caller.answer_by)
