"""The stored things: workspaces, endpoints, credentials. Frozen values; DynamoDB items are the adapters' matter."""

import re
from dataclasses import dataclass
from typing import Any, Final, Literal

from flowport.domain.addresses import endpoint_address

Mode = Literal["sync", "async"]
View = Literal["job", "output", "http"]
AuthMode = Literal["none", "token", "password"]
MachineType = Literal["EXPRESS", "STANDARD"]

OPERATOR_WORKSPACE: Final = "_operator"
SCOPES: Final = ("run", "jobs:read", "jobs:write", "admin")
OPERATOR_SCOPE: Final = "operator"

# A workspace is the first path segment in some dialects, so these would shadow routes.
RESERVED_WORKSPACES: Final = frozenset({"v1", "api", "api-open", "jobs", "connect", "console", "ping", "sping"})
WORKSPACE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
ENDPOINT_PART_MAX: Final = 128


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant. `status` is `active`, `disabled` or `deleted`; times are epoch milliseconds."""

    name: str
    title: str
    status: str
    created_at: int
    reserved_until: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A published workflow, addressed `module/name` in its workspace. `time_limit` is in seconds.

    `module` and `name` are as people call them, decoded; `path` is the address (domain/addresses.py).
    """

    workspace: str
    module: str
    name: str
    express_arn: str | None = None
    standard_arn: str | None = None
    title: str = ""
    enabled: bool = True
    mode: Mode = "sync"
    view: View = "job"
    methods: tuple[str, ...] = ("POST",)
    auth: tuple[AuthMode, ...] = ("token",)
    ip_allow: tuple[str, ...] = ()
    http_headers: tuple[str, ...] = ()
    log_group: str | None = None
    time_limit: int | None = None
    sample: Any = None
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @property
    def path(self) -> str:
        """`module/name`, the endpoint's address in its workspace."""
        return endpoint_address(self.module, self.name)


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, or a user with a password.

    `key` is its primary key: the token's SHA-256, or `user#workspace#name`. `credential_id` is what people call it by:
    `tok_…`, or the user's name. `endpoints` None means all endpoints of the workspace. Times are epoch milliseconds.
    """

    key: str
    kind: Literal["token", "user"]
    workspace: str
    credential_id: str
    name: str
    scopes: tuple[str, ...]
    endpoints: tuple[str, ...] | None = None
    created_at: int = 0
    expires_at: int | None = None
    revoked_at: int | None = None
    password_hash: str | None = None

    @property
    def principal(self) -> str:
        """Who acts, as jobs and logs record it."""
        return f"{self.kind}:{self.credential_id}"


def user_key(workspace: str, name: str) -> str:
    """Primary key of a user's credential."""
    return f"user#{workspace}#{name}"
