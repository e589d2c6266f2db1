"""The stored things: workspaces, endpoints, credentials. Frozen values; DynamoDB items are the adapters' matter."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from flowport.domain.addresses import endpoint_address
from flowport.domain.dialect_settings import NO_SETTINGS, DialectSettings
from flowport.domain.limits import NO_LIMITS, Limits
from flowport.domain.parameters import Parameter

Mode = Literal["sync", "async"]
View = Literal["job", "output", "http"]
AuthMode = Literal["none", "token", "password"]
MachineType = Literal["EXPRESS", "STANDARD"]
CredentialKind = Literal["token", "user", "client", "api_key"]

OPERATOR_WORKSPACE: Final = "_operator"
NATIVE_SCOPES: Final = ("run", "jobs:read", "jobs:write", "admin")
# Names that a dialect's own policies ask for; they open nothing elsewhere.
DIALECT_SCOPES: Final = ("workflow.execute", "job.read", "job.read_all", "job.modify", "job.admin")
SCOPES: Final = NATIVE_SCOPES + DIALECT_SCOPES
OPERATOR_SCOPE: Final = "operator"
# What a user or an API key may do by its role, besides the scopes that it is given by name.
ROLES: Final[dict[str, tuple[str, ...]]] = {
    "runner": ("run",),
    "reader": ("jobs:read",),
    "supervisor": ("run", "jobs:read", "jobs:write"),
    "administrator": NATIVE_SCOPES,
}

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
    `aliases` are its other identifiers (see `aliases.py`), `dialects` what it says to single dialects.

    Jobs and payloads are kept for so many days from a job's end: None is as long as the stack keeps jobs, and as long
    as the job; no payload is kept where `keep_payloads_days` is 0.

    `input_schema` and `output_schema` are JSON Schemas as JSON texts: an input must fit the one, the other says what
    callers get. `output_mapping` (JMESPath) makes that of a run's output.

    Pages of the origins in `cors` may call it and read its jobs, besides those of the stack's own; `*` is every origin.

    Every job's end is sent to `callback_url`; a call may name another URL, on one of `callback_hosts`.
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
    keep_jobs_days: int | None = None
    keep_payloads_days: int | None = None
    callback_url: str | None = None
    callback_hosts: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    sample: Any = None
    input_schema: str | None = None
    output_schema: str | None = None
    output_mapping: str | None = None
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    dialects: DialectSettings = NO_SETTINGS
    limits: Limits = NO_LIMITS
    version: int = 1
    created_at: int = 0
    updated_at: int = 0

    @property
    def path(self) -> str:
        """`module/name`, the endpoint's address in its workspace."""
        return endpoint_address(self.module, self.name)


@dataclass(frozen=True, slots=True)
class Credential:
    """A token, a user with a password, a client with a secret, or an API key (a signed JWT that names its row).

    `key` is its primary key: the SHA-256 of a token, or what the functions below give. `credential_id` is what people
    call it by: `tok_…`, the user's name, the client's id, `key_…`. `endpoints` None means all endpoints of the
    workspace. `brought` says that its token or password was chosen by people and may be weak: it is taken only where
    a dialect's own headers carry it. `last_used_at` is up to an hour behind. `change_id` is another one after every
    change but those of `last_used_at`, None before the first. Times are epoch milliseconds.
    """

    key: str
    kind: CredentialKind
    workspace: str
    credential_id: str
    name: str
    scopes: tuple[str, ...]
    endpoints: tuple[str, ...] | None = None
    created_at: int = 0
    expires_at: int | None = None
    revoked_at: int | None = None
    password_hash: str | None = None
    secret_hash: str | None = None
    roles: tuple[str, ...] = ()
    brought: bool = False
    limits: Limits = NO_LIMITS
    last_used_at: int | None = None
    change_id: str | None = field(default=None, compare=False)

    @property
    def principal(self) -> str:
        """Who acts, as jobs and logs record it."""
        return f"{self.kind}:{self.credential_id}"

    @property
    def granted(self) -> frozenset[str]:
        """All its scopes: those given by name and those of its roles."""
        return frozenset(self.scopes).union(*(ROLES.get(role, ()) for role in self.roles))

    @property
    def generation(self) -> str:
        """A mark that changes with the password or secret; what was issued for an earlier one is refused."""
        return hashlib.sha256((self.password_hash or self.secret_hash or "").encode()).hexdigest()[:16]


def user_key(workspace: str, name: str) -> str:
    """Primary key of a user's credential."""
    return f"user#{workspace}#{name}"


def client_key(workspace: str, client_id: str) -> str:
    """Primary key of a client's credential."""
    return f"client#{workspace}#{client_id}"


def api_key_key(workspace: str, credential_id: str) -> str:
    """Primary key of an API key's credential."""
    return f"api_key#{workspace}#{credential_id}"


def brought_token_key(workspace: str, value: str) -> str:
    """Primary key of a token whose value was brought along: SHA-256 of workspace and value.

    No token of ours can have it, nor can one workspace's value be found from another.
    """
    return "brought#" + hashlib.sha256(f"{workspace}\0{value}".encode("utf-8", "surrogatepass")).hexdigest()
