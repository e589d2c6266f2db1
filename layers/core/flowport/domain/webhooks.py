"""Completion callbacks: which URLs may be called, the messages to them, and when they are sent again.

The messages are those of Standard Webhooks (https://www.standardwebhooks.com, specification 1.0).
"""

import base64
import binascii
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

DeliveryStatus = Literal["pending", "delivered", "failed", "gone"]

URL_AT_MOST: Final = 2048
HOSTS_AT_MOST: Final = 50
# Of one job: the call's own URL and the endpoint's.
CALLBACKS_AT_MOST: Final = 2
RESENDS_AT_MOST: Final = 20

SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what every secret begins with
_SECRET_BYTES: Final = range(24, 65)

_LABEL: Final = r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
_PATTERN: Final = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
# No user, no fragment, no control characters, nothing that two parsers could read in two ways.
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?\[\]-]*)?)"
)
_DEFAULT_PORT: Final = {"https": 443, "http": 80}
_FIRST_FREE_PORT: Final = 1024


@dataclass(frozen=True, slots=True)
class CallbackUrl:
    """A URL that may be called, in its parts. `host` is in lower case, without the brackets of an IPv6 address."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"


class CallbackUrlRefused(ValueError):
    """A URL that is not called; the text says why, as the end of a sentence that begins with the URL's place."""


def parse_callback_url(text: str, *, plain: bool = False) -> CallbackUrl:
    """Read a URL or raise `CallbackUrlRefused`. `plain` allows http, for deployments that may call private networks."""
    if len(text) > URL_AT_MOST:
        raise CallbackUrlRefused(f"has {len(text)} characters; it may have at most {URL_AT_MOST}")
    match = _URL.fullmatch(text)
    if match is None:
        message = "is not a URL of the form https://host[:port]/path?query, in ASCII, without user and fragment"
        raise CallbackUrlRefused(message)
    scheme, host = match["scheme"], match["host"].lower()
    if scheme != "https" and not plain:
        raise CallbackUrlRefused("must begin with https://")
    port = int(match["port"]) if match["port"] else _DEFAULT_PORT[scheme]
    if not (port in _DEFAULT_PORT.values() or _FIRST_FREE_PORT <= port < 65536):  # noqa: PLR2004  # TCP's ports
        raise CallbackUrlRefused(f"names the port {port}; a callback goes to 443, 80 or one from {_FIRST_FREE_PORT} up")
    target = match["target"]
    return CallbackUrl(scheme, _host(host), port, target if target.startswith("/") else f"/{target}")


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise CallbackUrlRefused(f"names {host}, which is no IPv6 address") from None
    # Resolvers read 2130706433, 0x7f.1 and 0177.0.0.1 as addresses; only the plain form is one here.
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise CallbackUrlRefused(f"names the host {host}, which is no IPv4 address in its plain form") from None
    if len(host) > 253 or not _HOST.fullmatch(host):  # noqa: PLR2004  # DNS's limit
        raise CallbackUrlRefused(f"names {host!r}, which is no host name")
    return host


def is_host_pattern(text: str) -> bool:
    """Whether a text can stand in an endpoint's list of hosts: `hooks.example.com` or `*.example.com`."""
    return len(text) <= 253 and _PATTERN.fullmatch(text) is not None  # noqa: PLR2004  # DNS's limit


def host_allowed(host: str, patterns: Sequence[str]) -> bool:
    """Whether a host is one of those named; `*.example.com` is every host below example.com, not itself."""
    return any(host == pattern or (pattern[:2] == "*." and host.endswith(pattern[1:])) for pattern in patterns)


def shown_url(url: str, *, path: bool = True) -> str:
    """Give a URL without its query, which may hold a secret; without `path`, its path too."""
    bare, question, _ = url.partition("?")
    if not path:
        scheme, _, rest = bare.partition("://")
        host, slash, _ = rest.partition("/")
        return f"{scheme}://{host}{'/…' if slash else ''}"
    return bare + ("?…" if question else "")


# -- messages --------------------------------------------------------------------------------------------------------


def message_id(job_id: str, number: int) -> str:
    """Name a message: the same at every attempt and when it is sent again, so that its receiver knows it."""
    return f"msg_{job_id}_{number}"


def new_secret() -> str:
    """Give a secret of 32 random bytes in Standard Webhooks' form."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes | None:
    """Give the bytes of a secret, or None when it is none."""
    try:
        key = base64.b64decode(secret.strip().removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) in _SECRET_BYTES else None


def signature(keys: Sequence[bytes], message: str, timestamp: int, body: bytes) -> str:
    """Sign a message with every key that is valid now; the receiver looks for its own among the signatures.

    `v1,<base64 of HMAC-SHA256>` over `id.timestamp.body`, separated by spaces.
    """
    content = f"{message}.{timestamp}.".encode() + body
    digests = (hmac.digest(key, content, hashlib.sha256) for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


# -- deliveries ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver: when (epoch milliseconds), how long it took, and the answer's status or what failed.

    `run` counts how often the message was sent again, `number` the attempts of that run, from 1.
    """

    run: int
    number: int
    at: int
    duration_ms: int
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one URL. `next_at` is when it is sent again by itself, None when it is not."""

    job_id: str
    number: int
    url: str
    status: DeliveryStatus = "pending"
    attempts: tuple[Attempt, ...] = ()
    next_at: int | None = None

    @property
    def run(self) -> int:
        """How often it was sent again on request."""
        return self.attempts[-1].run if self.attempts else 0

    def attempted(self, run: int, number: int) -> bool:
        """Whether this attempt, or a later one, is in the log already."""
        last = self.attempts[-1] if self.attempts else None
        return last is not None and (last.run, last.number) >= (run, number)


_GONE: Final = 410


def status_after(attempt: Attempt, attempts_at_most: int) -> DeliveryStatus:
    """Say how a delivery stands after an attempt: any 2xx is success, 410 ends it, everything else is tried again."""
    if attempt.status is not None and 200 <= attempt.status <= 299:  # noqa: PLR2004  # HTTP's successes
        return "delivered"
    if attempt.status == _GONE:
        return "gone"
    return "pending" if attempt.number < attempts_at_most else "failed"
