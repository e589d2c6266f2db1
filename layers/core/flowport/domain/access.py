"""Who may do what: decisions over records, without any input or output.

The order of the checks is part of the contract: an invalid credential is 401 whatever it asks for, another workspace's
endpoint is 404, the caller's address is looked at before a password's slow hash, and only then come scope, switch and
method.
"""

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

from flowport.domain.errors import (
    AddressRefused,
    CredentialExpired,
    CredentialInvalid,
    CredentialMissing,
    CredentialUnfit,
    EndpointDisabled,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    WorkspaceDisabled,
)
from flowport.domain.job import Job
from flowport.domain.jwt import Claims, unverified
from flowport.domain.records import AuthMode, Credential, Endpoint, Workspace, brought_token_key, client_key, user_key
from flowport.domain.tokens import Token, parse_token, secret_hash, workspace_of_client

# What a caller without a credential is recorded as: natively, and in PhixFlow's words.
ANONYMOUS: Final = "anonymous"
THE_SYSTEM: Final = "the system"
CHALLENGE: Final = 'Bearer realm="flowport", error="invalid_token", Basic realm="flowport", charset="UTF-8"'
CHALLENGES: Final = {"token": 'Bearer realm="flowport"', "password": 'Basic realm="flowport", charset="UTF-8"'}
RUN: Final = frozenset({"run"})
# A token that says it was issued before its credential was made is of another one of that name; clocks differ a little.
_CLOCKS_DIFFER_MS: Final = 60_000
_CLOCKS_APART: Final = 12 * 60 * 60_000


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as the caller sent it, not yet checked. `key` is where its record would be.

    `secret` is the password, the client's secret or the signed token; `alias` names the key that signed it, and
    `audience` the family that it was sent to, where that takes no other family's. `brought` says that it came in a
    place where values that people chose are taken (a dialect's own headers).
    """

    kind: Literal["token", "user", "client", "jwt"]
    workspace: str
    key: str
    secret: str = field(default="", repr=False)
    alias: str = ""
    brought: bool = False
    audience: str = ""

    @classmethod
    def of_token(cls, token: Token) -> "Presented":
        """Present a token."""
        return cls("token", token.workspace, token.key)

    @classmethod
    def of_any_token(cls, value: str, workspace: str) -> "Presented":
        """Present what a dialect's header carries: one of our tokens, or one that was brought to `workspace`."""
        if (token := parse_token(value)) is not None:
            return cls.of_token(token)
        return cls.of_brought_token(value, workspace)

    @classmethod
    def of_brought_token(cls, value: str, workspace: str) -> "Presented":
        """Present a token as one that was brought to `workspace`, whatever it looks like."""
        return cls("token", workspace, brought_token_key(workspace, value), brought=True)

    @classmethod
    def of_user(cls, workspace: str, name: str, password: str, *, brought: bool = False) -> "Presented":
        """Present a user; `brought` where also a password that people chose long ago is taken."""
        return cls("user", workspace, user_key(workspace, name), password, brought=brought)

    @classmethod
    def of_client(cls, client_id: str, secret: str) -> "Presented":
        """Present a client. Raises `CredentialInvalid` when the id can be none's."""
        workspace = workspace_of_client(client_id)
        if workspace is None:
            raise refuse_credential()
        return cls("client", workspace, client_key(workspace, client_id), secret)

    @classmethod
    def of_jwt(cls, raw: str, alias: str, workspace: str | None = None, *, audience: str = "") -> "Presented":
        """Present a signed token, whose signature is checked later under the key that `alias` names.

        `workspace` is that of the call's address, for a token that names none; with an `audience`, one that was given
        to another family is refused. Raises `CredentialInvalid` when it is no such token.
        """
        claims = unverified(raw, workspace)
        if claims is None or claims.key is None:
            raise refuse_credential()
        return cls("jwt", claims.workspace, claims.key, raw, alias, audience=audience)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a checked credential, or nobody in particular. `signed`: it came as a signed token that names it.

    `since` is the earliest that a job of the workspace can be from.
    """

    workspace: str
    credential: Credential | None = None
    signed: bool = False
    since: int = 0

    @property
    def name(self) -> str:
        """The name that jobs and logs record."""
        return self.credential.principal if self.credential else ANONYMOUS

    def has(self, *scopes: str) -> bool:
        """Whether the credential carries one of `scopes`."""
        return self.credential is not None and not self.credential.granted.isdisjoint(scopes)

    def reaches(self, endpoint: str) -> bool:
        """Whether the credential is not limited to other endpoints."""
        return self.credential is None or self.credential.endpoints is None or endpoint in self.credential.endpoints

    @property
    def ways(self) -> frozenset[AuthMode]:
        """The modes of an endpoint that this credential fits, as it was sent."""
        kind = self.credential.kind if self.credential else ""
        if kind == "user":
            return frozenset({"token", "password"}) if self.signed else frozenset({"password"})
        return frozenset({"token"})


_REFUSAL: Final = (
    "The credential is not valid: unknown, mistyped, revoked or expired. The workspace's administrator can give "
    "you another."
)


def refuse_credential(challenge: str = CHALLENGE) -> CredentialInvalid:
    """Make the one answer to every wrong credential, so that it never says which part was wrong."""
    return CredentialInvalid(_REFUSAL, headers={"WWW-Authenticate": challenge})


def refuse_expired() -> CredentialExpired:
    """Make the answer to a credential whose time is over: the same, in a class of its own for who must tell it."""
    return CredentialExpired(_REFUSAL, headers={"WWW-Authenticate": CHALLENGE})


def check_credential(
    presented: Presented,
    record: Credential | None,
    now: int,
    verify: Callable[[str | None, str], bool],
    claims: Claims | None = None,
) -> Credential:
    """Accept a presented credential against its record, or refuse it.

    `verify(stored_hash, password)` is called for users, with None for an unknown one, so that unknown and wrong cost
    the same time. `claims` are those of a signed token whose signature fits; what they do not say, it does not grant.
    """
    if presented.kind == "user" and not verify(record.password_hash if record else None, presented.secret):
        raise refuse_credential()
    if presented.kind == "client" and not _same_secret(record, presented.secret):
        raise refuse_credential()
    if record is None or record.workspace != presented.workspace or record.revoked_at is not None:
        raise refuse_credential()
    if record.brought and not (presented.brought or presented.kind == "jwt"):
        raise refuse_credential()
    if presented.kind == "jwt":
        record = _narrowed(record, claims, presented.audience)
    if record.expires_at is not None and record.expires_at <= now:
        raise refuse_expired()
    return record


def _same_secret(record: Credential | None, secret: str) -> bool:
    stored = record.secret_hash if record else None
    return stored is not None and hmac.compare_digest(stored, secret_hash(secret))


def _narrowed(record: Credential, claims: Claims | None, audience: str) -> Credential:
    """Give what a signed token lets its credential do."""
    if (
        claims is None
        or claims.key != record.key
        or (audience and not claims.meant_for(audience))
        or (claims.generation is not None and claims.generation != record.generation)
        or (claims.issued_at is not None and claims.issued_at * 1000 < record.created_at - _CLOCKS_DIFFER_MS)
    ):
        raise refuse_credential()
    if claims.scopes is None:
        return record
    granted = tuple(scope for scope in claims.scopes if scope in record.granted)
    return replace(record, scopes=granted, roles=())


def check_workspace(workspace: Workspace | None, name: str) -> None:
    """Refuse a workspace that is not there or switched off."""
    if workspace is None or workspace.status == "deleted":
        message = f"There is no workspace named {name!r} here."
        raise NotFound(message)
    if workspace.status != "active":
        message = f"The workspace {name!r} is disabled; ask the operator of this Flowport stack to enable it."
        raise WorkspaceDisabled(message)


def jobs_since(workspace: Workspace) -> int:
    """When the first job of a workspace can have been accepted, by a clock that may be hours off.

    What is older belongs to a deleted workspace of the same name, which was deleted at least a day before.
    """
    return workspace.created_at - _CLOCKS_APART


@lru_cache(maxsize=1024)
def _network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(cidr, strict=False)


def address_allowed(source_ip: str, allow: tuple[str, ...]) -> bool:
    """Whether an address is inside one of the CIDRs; an empty list allows all. IPv4-mapped IPv6 counts as IPv4."""
    if not allow:
        return True
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in _network(cidr) for cidr in allow if _network(cidr).version == address.version)


def check_address(endpoint: Endpoint, source_ip: str) -> None:
    """Refuse a caller whose address the endpoint does not allow."""
    if not address_allowed(source_ip, endpoint.ip_allow):
        message = f"The address {source_ip} may not call this endpoint; its administrator can add it to ip_allow."
        raise AddressRefused(message)


_HOW: Final[dict[AuthMode, str]] = {
    "none": "no credential",
    "token": "Authorization: Bearer <token>",
    "password": "Authorization: Basic with <workspace>/<user>:<password>",
}


def _check_grant(endpoint: Endpoint, principal: Principal, any_of: frozenset[str]) -> None:
    credential = principal.credential
    if credential is None:
        message = f"This endpoint needs {' or '.join(_HOW[mode] for mode in endpoint.auth)}."
        wanted = ", ".join(CHALLENGES[mode] for mode in endpoint.auth)
        raise CredentialMissing(message, headers={"WWW-Authenticate": wanted}, modes=endpoint.auth)
    if principal.ways.isdisjoint(endpoint.auth):
        message = f"This endpoint takes {' or '.join(_HOW[mode] for mode in endpoint.auth)}, not a {credential.kind}."
        raise CredentialUnfit(message, modes=endpoint.auth)
    check_scope(principal, any_of)
    if not principal.reaches(endpoint.path):
        message = f"The credential is limited to other endpoints than {endpoint.path!r}."
        raise Forbidden(message)


def check_scope(principal: Principal, any_of: frozenset[str]) -> None:
    """Refuse a credential that carries none of these scopes."""
    if not principal.has(*any_of):
        names = " or ".join(repr(scope) for scope in sorted(any_of))
        message = f"The credential lacks the scope {names}."
        raise Forbidden(message)


def check_run(endpoint: Endpoint, principal: Principal, method: str | None, any_of: frozenset[str] = RUN) -> None:
    """Refuse a principal that may not run this endpoint, or not by this method (None: whatever its methods).

    Running needs one scope of `any_of`.
    """
    if "none" not in endpoint.auth:
        _check_grant(endpoint, principal, any_of)
    if not endpoint.enabled:
        message = f"The endpoint {endpoint.path!r} is disabled; its administrator can enable it."
        raise EndpointDisabled(message)
    if method is not None and method not in endpoint.methods:
        allowed = ", ".join(endpoint.methods)
        message = f"The endpoint {endpoint.path!r} does not take {method}; it takes: {allowed}."
        raise MethodNotAllowed(message, headers={"Allow": allowed})


def may_read(job: Job, principal: Principal, *scopes: str, by_id: bool = False) -> bool:
    """Whether a job is visible: to its own caller, and to a credential with one of `scopes` that reaches its endpoint.

    The scope is `jobs:read` when none is named.

    A job of an anonymous caller is visible to whoever knows its id, which cannot be guessed: to callers without a
    credential, who know it by nothing else, and to those of its workspace who have named it `by_id`.
    """
    anonymous = job.principal in {ANONYMOUS, THE_SYSTEM}
    if principal.credential is None:
        return anonymous
    if job.workspace != principal.workspace:
        return False
    if job.created_at < principal.since:
        return False
    if anonymous and by_id:
        return True
    return job.principal == principal.name or (
        principal.reaches(job.endpoint) and principal.has(*(scopes or ("jobs:read",)))
    )
