"""Who may do what: decisions over records, without any input or output.

The order of the checks is part of the contract: an invalid credential is 401 whatever it asks for, another workspace's
endpoint is 404, the caller's address is looked at before a password's slow hash, and only then come scope, switch and
method.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from flowport.domain.errors import (
    AddressRefused,
    EndpointDisabled,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    Unauthenticated,
    WorkspaceDisabled,
)
from flowport.domain.job import Job
from flowport.domain.records import AuthMode, Credential, Endpoint, Workspace
from flowport.domain.tokens import Token

CHALLENGE: Final = 'Bearer realm="flowport", error="invalid_token", Basic realm="flowport", charset="UTF-8"'
CHALLENGES: Final = {"token": 'Bearer realm="flowport"', "password": 'Basic realm="flowport", charset="UTF-8"'}
_MODE_OF_KIND: Final[dict[str, AuthMode]] = {"token": "token", "user": "password"}


@dataclass(frozen=True, slots=True)
class Presented:
    """A credential as the caller sent it, not yet checked. `key` is where its record would be."""

    kind: Literal["token", "user"]
    workspace: str
    key: str
    password: str = ""

    @classmethod
    def of_token(cls, token: Token) -> "Presented":
        """Present a token."""
        return cls("token", token.workspace, token.key)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: a checked credential, or nobody in particular."""

    workspace: str
    credential: Credential | None = None

    @property
    def name(self) -> str:
        """The name that jobs and logs record."""
        return self.credential.principal if self.credential else "anonymous"

    def has(self, scope: str) -> bool:
        """Whether the credential carries `scope`."""
        return self.credential is not None and scope in self.credential.scopes

    def reaches(self, endpoint: str) -> bool:
        """Whether the credential is not limited to other endpoints."""
        return self.credential is None or self.credential.endpoints is None or endpoint in self.credential.endpoints


def refuse_credential(challenge: str = CHALLENGE) -> Unauthenticated:
    """Make the one answer to every wrong credential, so that it never says which part was wrong."""
    return Unauthenticated(
        "The credential is not valid: unknown, mistyped, revoked or expired. The workspace's administrator can give "
        "you another.",
        headers={"WWW-Authenticate": challenge},
    )


def check_credential(
    presented: Presented, record: Credential | None, now: int, verify: Callable[[str | None, str], bool]
) -> Credential:
    """Accept a presented credential against its record, or refuse it.

    `verify(stored_hash, password)` is called for users, with None for an unknown one, so that unknown and wrong cost
    the same time.
    """
    if presented.kind == "user" and not verify(record.password_hash if record else None, presented.password):
        raise refuse_credential()
    if (
        record is None
        or record.workspace != presented.workspace
        or record.revoked_at is not None
        or (record.expires_at is not None and record.expires_at <= now)
    ):
        raise refuse_credential()
    return record


def check_workspace(workspace: Workspace | None, name: str) -> None:
    """Refuse a workspace that is not there or switched off."""
    if workspace is None or workspace.status == "deleted":
        message = f"There is no workspace named {name!r} here."
        raise NotFound(message)
    if workspace.status != "active":
        message = f"The workspace {name!r} is disabled; ask the operator of this Flowport stack to enable it."
        raise WorkspaceDisabled(message)


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


def _check_grant(endpoint: Endpoint, principal: Principal) -> None:
    credential = principal.credential
    if credential is None:
        message = f"This endpoint needs {' or '.join(_HOW[mode] for mode in endpoint.auth)}."
        wanted = ", ".join(CHALLENGES[mode] for mode in endpoint.auth)
        raise Unauthenticated(message, headers={"WWW-Authenticate": wanted})
    if _MODE_OF_KIND[credential.kind] not in endpoint.auth:
        message = f"This endpoint takes {' or '.join(_HOW[mode] for mode in endpoint.auth)}, not a {credential.kind}."
        raise Forbidden(message)
    if not principal.has("run"):
        message = "The credential lacks the scope 'run'."
        raise Forbidden(message)
    if not principal.reaches(endpoint.path):
        message = f"The credential is limited to other endpoints than {endpoint.path!r}."
        raise Forbidden(message)


def check_run(endpoint: Endpoint, principal: Principal, method: str) -> None:
    """Refuse a principal that may not run this endpoint, or not in this way."""
    if "none" not in endpoint.auth:
        _check_grant(endpoint, principal)
    if not endpoint.enabled:
        message = f"The endpoint {endpoint.path!r} is disabled; its administrator can enable it."
        raise EndpointDisabled(message)
    if method not in endpoint.methods:
        allowed = ", ".join(endpoint.methods)
        message = f"The endpoint {endpoint.path!r} does not take {method}; it takes: {allowed}."
        raise MethodNotAllowed(message, headers={"Allow": allowed})


def may_read(job: Job, principal: Principal, scope: str = "jobs:read") -> bool:
    """Whether a job is visible: to its own caller, and to a credential with `scope` that reaches its endpoint.

    A job of an anonymous caller is visible to whoever knows its id, which cannot be guessed.
    """
    if principal.credential is None:
        return job.principal == "anonymous"
    if job.workspace != principal.workspace:
        return False
    return job.principal == principal.name or (principal.reaches(job.endpoint) and principal.has(scope))
