"""What every dialect reads and writes: an HTTP request and answer as plain values, and the holes that it fills."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from flowport.dialects.features import Support
from flowport.domain.access import Presented
from flowport.domain.errors import FlowportError, UnsupportedMediaType

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request. Path segments are decoded once, header names are in lower case, query values keep their order.

    `base_url` is what every link begins with: scheme, host, and the stage or base path that the caller came through.
    `path` is as it was sent, and so are the `body`'s bytes. `source_ip` and `request_id` are API Gateway's word, not
    the caller's.
    """

    method: str
    path: str
    segments: tuple[str, ...]
    headers: Mapping[str, str]
    query: Mapping[str, tuple[str, ...]]
    body: bytes
    source_ip: str
    base_url: str
    request_id: str | None = None

    def one(self, name: str) -> str | None:
        """Give the last value of a query parameter."""
        values = self.query.get(name)
        return values[-1] if values else None

    @property
    def verb(self) -> str:
        """The method by which a request is routed: HEAD is a GET whose answer leaves its body out."""
        return "GET" if self.method == "HEAD" else self.method

    @property
    def url(self) -> str:
        """The complete URL of the call.

        The path is as it was sent. API Gateway hands the query on decoded, so that it is encoded anew here, and a name
        without a value gets an empty one.
        """
        query = urlencode(self.query, doseq=True, errors="surrogatepass")
        return f"{self.base_url}{self.path}" + (f"?{query}" if query else "")

    def cookie(self, name: str) -> str | None:
        """Give the value of a cookie, without the quotes that it may stand in (RFC 6265 section 4.1.1)."""
        for part in self.headers.get("cookie", "").split(";"):
            key, equals, value = part.strip().partition("=")
            if equals and key == name:
                return value.strip('"')
        return None


def check_coding(request: HttpRequest) -> None:
    """Refuse a compressed body (RFC 9110 section 15.5.16): API Gateway hands it on as text, which breaks it."""
    coding = request.headers.get("content-encoding", "")
    if coding.strip().lower() not in {"", "identity"}:
        message = f"The body is compressed ({coding[:40]!r}), which is not taken; send it without Content-Encoding."
        raise UnsupportedMediaType(message, headers={"Accept-Encoding": "identity"})


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer; a header with several values has a tuple."""

    status: int
    body: str = ""
    headers: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sender:
    """What a request says of who sends it: a credential, and a workspace where one is named.

    `any_of` are the scopes of which the dialect's own policy for this request wants one; None: the native ones.
    `optional`: where an endpoint needs no credential, one that is not valid does no harm. `of_workspace` presents a
    credential in the place of `presented` that says nothing of its workspace: it is the named one, else the default.
    """

    presented: Presented | None
    workspace: str | None
    any_of: frozenset[str] | None = None
    optional: bool = False
    of_workspace: Callable[[str], Presented] | None = None


class Dialect(Protocol):
    """One API family.

    A command is one of the use cases' own (`Run`, `ReadJob`, …); `render` gets what that use case gave. Errors of
    `parse` and `sender` are `FlowportError`s and come back to `refuse`. `name` is the dialect's in `dialects/paths.py`,
    which says what its paths are; a path of its own that means nothing is its own 404 or 405.
    """

    name: str
    features: Mapping[str, Support]

    @property
    def cors(self) -> Mapping[str, str] | None:
        """The dialect's own CORS headers, on every answer and on preflights; None: the stack's settings hold.

        `Access-Control-Allow-Origin` is not among them: it echoes the `Origin`, or is `*` where there is none.
        """
        ...

    def parse(self, request: HttpRequest) -> Any:  # noqa: ANN401  # any command
        """Read the command, or give an answer (`HttpResponse`) that needs nothing done and nobody let in."""
        ...

    def sender(self, request: HttpRequest) -> Sender:
        """Read the credential."""
        ...

    def render(self, request: HttpRequest, command: Any, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write the answer."""
        ...

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:
        """Write a refusal or failure."""
        ...
