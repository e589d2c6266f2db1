"""What callers of the admin API send, and what is wrong with it: every violation, with its JSON Pointer (RFC 6901)."""

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from flowport.adapters.aws import is_state_machine_arn
from flowport.admin.dialect_models import (
    Alias,
    DialectsDocument,
    Parameters,
    unabortable,
    undocumentable,
    without_history,
)
from flowport.admin.document import INVISIBLE, Document, unique, visible
from flowport.admin.limit_models import LimitsDocument
from flowport.dialects.timestamps import parse_timestamp
from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.aliases import ALIASES_AT_MOST
from flowport.domain.payload import dumps
from flowport.domain.records import (
    ENDPOINT_PART_MAX,
    RESERVED_WORKSPACES,
    SCOPES,
    WORKSPACE_NAME,
    AuthMode,
    Mode,
    View,
)
from flowport.domain.retention import JOBS_DAYS, PAYLOADS_DAYS
from flowport.domain.webhooks import HOSTS_AT_MOST, is_host_pattern, parse_callback_url
from flowport.usecases.admin.errors import Violation

# DynamoDB's sort keys have 1024 bytes at most: two of these, a slash and `endpoint#`.
PART_BYTES: Final = 500
# The sample lies in the row that every call reads.
SAMPLE_BYTES: Final = 8_192
# Where the gateway function's role may read; see template.yaml.
LOG_GROUPS: Final = "/aws/vendedlogs/states/"
NOT_IN_USER_NAMES: Final = "/#:"
_TOO_LONG: Final = f"must have 1 to {ENDPOINT_PART_MAX} characters ({PART_BYTES} bytes of UTF-8)"
_IPV4_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
# As browsers send it (RFC 6454): in small letters, without a path, and without the scheme's own port.
_ORIGIN: Final = re.compile(r"\*|(?:https?)://(?:[a-z0-9.-]{1,253}|\[[0-9a-f:]+\])(?::(?!(?:80|443)$)[1-9]\d{0,4})?")
ORIGINS_AT_MOST: Final = 20
_LOG_GROUP: Final = re.compile(r"[A-Za-z0-9_/.#-]{1,512}")


# -- rules -----------------------------------------------------------------------------------------------------------


def name_problem(text: str, forbidden: str) -> str | None:
    """Say why a text cannot be a name, or None. Names are parts of keys, paths and user:password pairs."""
    if not text.isprintable():
        return INVISIBLE
    found = sorted(set(text) & set(forbidden))
    problems = {
        _TOO_LONG: (not 1 <= len(text) <= ENDPOINT_PART_MAX or len(text.encode()) > PART_BYTES),
        "must not begin or end with a space": text != text.strip(),
        "must not be a step in a path": text in {".", ".."},
        f"must not contain {' or '.join(found)}": bool(found),
        "must be in Unicode's composed form (NFC)": not unicodedata.is_normalized("NFC", text),
    }
    return next((problem for problem, holds in problems.items() if holds), None)


def part_problem(text: str) -> str | None:
    """Say why a text cannot be the module or the name of an endpoint, or None."""
    # What an address escapes makes its key longer.
    escaped = len(endpoint_address(text, "").encode("utf-8", "surrogatepass"))
    return name_problem(text, "") or (_TOO_LONG if escaped > PART_BYTES else None)


def is_part(text: str) -> bool:
    """Whether a text can be the module or the name of an endpoint."""
    return part_problem(text) is None


def is_user_name(text: str) -> bool:
    """Whether a text can be a user's name."""
    return name_problem(text, NOT_IN_USER_NAMES) is None


def _named(text: str, problem: str | None) -> str:
    if problem is not None:
        raise ValueError(problem)
    return text


def _arn(text: str) -> str:
    if is_state_machine_arn(text):
        return text
    message = (
        "is not the ARN of a state machine, which is arn:aws:states:<region>:<account>:stateMachine:<name>, "
        "perhaps followed by :<version> or :<alias>"
    )
    raise ValueError(message)


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        message = "is not a network; write 192.0.2.0/24, 2001:db8::/32 or one address"
        raise ValueError(message) from None
    if ipaddress.ip_interface(text).ip != network.network_address:
        message = f"has bits set beyond its prefix; write {network}"
        raise ValueError(message)
    if network.version == 6 and network.subnet_of(_IPV4_MAPPED):  # noqa: PLR2004  # the version
        message = "is an IPv4 network in IPv6 form, in which no caller is seen; write it as IPv4"
        raise ValueError(message)
    return str(network)


def _header_name(text: str) -> str:
    if not _HEADER_NAME.fullmatch(text):
        message = "is not the name of a header"
        raise ValueError(message)
    return text


def _callback_url(text: str) -> str:
    # Whether http is allowed, the stack's settings say: see ManageEndpoints.
    parse_callback_url(text, plain=True)
    return text


def _host_pattern(text: str) -> str:
    if not is_host_pattern(text):
        message = "is not a host: write hooks.example.com, or *.example.com for all below it, in small letters"
        raise ValueError(message)
    return text


def _origin(text: str) -> str:
    if not _ORIGIN.fullmatch(text):
        message = "is not an origin: write https://shop.example.com, with a port where it has one, or * for all"
        raise ValueError(message)
    return text


def _log_group(text: str) -> str:
    if not _LOG_GROUP.fullmatch(text) or not text.startswith(LOG_GROUPS):
        message = f"must be the name of a log group below {LOG_GROUPS}, which Flowport may read"
        raise ValueError(message)
    return text


def _scope(text: str) -> str:
    if text not in SCOPES:
        message = f"is no scope that can be given; use one of: {', '.join(SCOPES)}"
        raise ValueError(message)
    return text


def _path(text: str) -> str:
    parts = endpoint_parts(text)
    if parts is None or not all(map(is_part, parts)):
        message = "must be an endpoint: module/name (a slash inside a part is %2F, a percent sign %25)"
        raise ValueError(message)
    return endpoint_address(*parts)


def _moment(text: str) -> str:
    try:
        parse_timestamp(text)
    except (ValueError, OverflowError):
        message = "is not a time; write 2030-01-31T12:00:00Z"
        raise ValueError(message) from None
    return text


def _workspace(text: str) -> str:
    if not WORKSPACE_NAME.fullmatch(text):
        message = "must have 1 to 63 characters: small letters, digits, - and _, beginning with a letter or digit"
        raise ValueError(message)
    if text in RESERVED_WORKSPACES:
        message = (
            f"is the beginning of a route; none of these can be a workspace: {', '.join(sorted(RESERVED_WORKSPACES))}"
        )
        raise ValueError(message)
    return text


def _sample(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    if (size := len(dumps(value).encode())) > SAMPLE_BYTES:
        message = f"has {size} bytes as JSON; a sample has at most {SAMPLE_BYTES}"
        raise ValueError(message)
    return value


Part = Annotated[str, AfterValidator(lambda text: _named(text, part_problem(text)))]
UserName = Annotated[str, AfterValidator(lambda text: _named(text, name_problem(text, NOT_IN_USER_NAMES)))]
Label = Annotated[str, AfterValidator(lambda text: _named(text, name_problem(text, "")))]
Title = Annotated[str, Field(max_length=256), AfterValidator(visible)]
Arn = Annotated[str, AfterValidator(_arn)]
Network = Annotated[str, AfterValidator(_network)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
CallbackUrl = Annotated[str, AfterValidator(_callback_url)]
HostPattern = Annotated[str, AfterValidator(_host_pattern)]
Origin = Annotated[str, AfterValidator(_origin)]
LogGroup = Annotated[str, AfterValidator(_log_group)]
Method = Literal["GET", "POST"]
Methods = Annotated[list[Method], Field(min_length=1), AfterValidator(unique)]
AuthModes = Annotated[list[AuthMode], Field(min_length=1), AfterValidator(unique)]
ScopeNames = Annotated[list[Annotated[str, AfterValidator(_scope)]], AfterValidator(unique)]
Scopes = Annotated[ScopeNames, Field(min_length=1)]
Paths = Annotated[
    list[Annotated[str, AfterValidator(_path)]], Field(min_length=1, max_length=100), AfterValidator(unique)
]
Moment = Annotated[str, AfterValidator(_moment)]
WorkspaceName = Annotated[str, AfterValidator(_workspace)]
Sample = Annotated[Any, AfterValidator(_sample)]


# -- documents -------------------------------------------------------------------------------------------------------


class EndpointDocument(Document):
    """An endpoint. The last four are read-only: they may be sent back as they were read."""

    module: Part
    name: Part
    title: Title = ""
    enabled: bool = True
    express_arn: Arn | None = None
    standard_arn: Arn | None = None
    mode: Mode = "sync"
    view: View = "job"
    methods: Methods = Field(default=["POST"])
    auth: AuthModes = Field(default=["token"])
    ip_allow: Annotated[list[Network], Field(max_length=200)] = Field(default=[])
    http_headers: Annotated[list[HeaderName], Field(max_length=50)] = Field(default=[])
    log_group: LogGroup | None = None
    time_limit: Annotated[int, Field(ge=1, le=31_536_000)] | None = None
    keep_jobs_days: Annotated[int, Field(ge=JOBS_DAYS[0], le=JOBS_DAYS[1])] | None = None
    keep_payloads_days: Annotated[int, Field(ge=PAYLOADS_DAYS[0], le=PAYLOADS_DAYS[1])] | None = None
    callback_url: CallbackUrl | None = None
    callback_hosts: Annotated[list[HostPattern], Field(max_length=HOSTS_AT_MOST), AfterValidator(unique)] = Field(
        default=[]
    )
    cors: Annotated[list[Origin], Field(max_length=ORIGINS_AT_MOST), AfterValidator(unique)] = Field(default=[])
    sample: Sample = None
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    output_mapping: Annotated[str, Field(min_length=1)] | None = None
    aliases: Annotated[list[Alias], Field(max_length=ALIASES_AT_MOST), AfterValidator(unique)] = Field(default=[])
    parameters: Parameters = Field(default=[])
    dialects: DialectsDocument = Field(default=DialectsDocument())
    limits: LimitsDocument | None = None
    endpoint: str | None = None
    version: int | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """An endpoint has something to run, and keeps no payload longer than its job."""
        jobs, payloads = sent.get("keep_jobs_days"), sent.get("keep_payloads_days")
        if isinstance(jobs, int) and isinstance(payloads, int) and payloads > jobs:
            yield Violation("/keep_payloads_days", f"is longer than the job itself is kept, {jobs} days")
        if sent.get("express_arn") is None and sent.get("standard_arn") is None:
            yield Violation("/express_arn", "express_arn or standard_arn must name a state machine")
        if (message := unabortable(sent)) is not None:
            yield Violation("/dialects/phixflow/abandon_at_timeout", message)
        if (message := without_history(sent)) is not None:
            yield Violation("/log_group", message)
        if (problem := undocumentable(sent)) is not None:
            yield Violation(*problem)


class WorkspaceDocument(Document):
    """A new workspace."""

    name: WorkspaceName
    title: Title = ""


class BootstrapEvent(Document):
    """A direct invocation for a workspace's first token."""

    flowport: Literal["bootstrap"]
    workspace: WorkspaceName | None = None
    token_name: Label = "bootstrap"  # noqa: S105  # a name
    scopes: Scopes = Field(default=["admin", "run", "jobs:read", "jobs:write"])


class OperatorBootstrapEvent(Document):
    """A direct invocation for an operator's token."""

    flowport: Literal["bootstrap"]
    operator: Literal[True]
    token_name: Label = "bootstrap"  # noqa: S105  # a name
