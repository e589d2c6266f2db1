"""Talking to the HTTP API: one request, one answer, and a clear sentence for whatever is neither."""

import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx

from flowport_cli import VERSION
from flowport_cli.errors import About, ProblemAnswer, Unreachable, WrongUse, hint_for, problem_of

# A synchronous Express execution may take 5 minutes, and where no HTTP gateway cuts the call (the local engine) the
# answer comes only then.
CALL_READ_TIMEOUT: Final = 330.0
# Everything else answers within 25 s, which is as long as a job can be waited for.
READ_TIMEOUT: Final = 40.0
CONNECT_TIMEOUT: Final = 10.0

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CHECK_URL: Final = "Check the base URL (--base-url, FLOWPORT_BASE_URL or the profile): it ends in the API's stage."

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str

    @property
    def media_type(self) -> str:
        """Content type without its parameters, in lower case."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def failed(self) -> bool:
        """Whether the status is 400 or more."""
        return self.status >= httpx.codes.BAD_REQUEST

    def value(self) -> Any:  # noqa: ANN401  # any JSON value
        """Give the body as a JSON value.

        Raises:
            Unreachable: it is none, so something else than Flowport has answered.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise self._foreign() from error

    def document(self) -> dict[str, Any]:
        """Give the body as a JSON object, which almost every answer of the API is.

        Raises:
            Unreachable: it is none.
        """
        value = self.value()
        if not isinstance(value, dict):
            raise self._foreign()
        return value

    def _foreign(self) -> Unreachable:
        return Unreachable(
            f"{self.url} answered {self.status} with {self.media_type or 'no content type'}, "
            "which is not an answer of Flowport's.",
            hint=_CHECK_URL,
        )


class Client:
    """The API at one base URL, with one token or none."""

    def __init__(self, base_url: str, token: str | None, transport: httpx.BaseTransport | None = None) -> None:
        """Check the base URL and the token; nothing is sent yet."""
        self.base_url = checked_base_url(base_url)
        self.token = checked_token(token) if token else None
        headers = {"User-Agent": f"flowport-cli/{VERSION}"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self._http = httpx.Client(headers=headers, transport=transport, follow_redirects=False)

    def __enter__(self) -> Self:
        """Keep the connections until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def workspace(self) -> str | None:
        """The workspace that the token names."""
        return self.token.removeprefix("fp_").rpartition("_")[0] or None if self.token else None

    @property
    def sends_token_in_clear(self) -> bool:
        """Whether the token would cross a network unencrypted."""
        parts = urlsplit(self.base_url)
        return bool(self.token) and parts.scheme == "http" and parts.hostname not in _LOOPBACK

    def url(self, *segments: str) -> str:
        """Join percent-encoded path segments to the base URL, whose own path (a stage, a base path) stays.

        Raises:
            WrongUse: a segment is empty or a step in the path, which would lead to another route.
        """
        for segment in segments:
            if segment in {"", ".", ".."}:
                raise WrongUse(f"{segment!r} is not a name or an id.")
        return "/".join((self.base_url, *(quote(segment, safe="") for segment in segments)))

    def exchange(
        self,
        method: str,
        *segments: str,
        query: Query = (),
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        read_timeout: float = READ_TIMEOUT,
    ) -> Answer:
        """Send a request once and give whatever answer comes.

        Raises:
            Unreachable: none came.
        """
        url = self.url(*segments)
        content = json.dumps(body).encode() if isinstance(body, Mapping) else body
        sent = {**(headers or {}), **({} if content is None else {"Content-Type": "application/json"})}
        timeout = httpx.Timeout(CONNECT_TIMEOUT, read=read_timeout, write=60.0)
        try:
            response = self._http.request(
                method, url, params=list(query) or None, content=content, headers=sent, timeout=timeout
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(error, url, read_timeout) from error
        return Answer(response.status_code, response.headers, response.content, url)

    def send(
        self,
        method: str,
        *segments: str,
        query: Query = (),
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        about: About | None = None,
        read_timeout: float = READ_TIMEOUT,
    ) -> Answer:
        """Send a request and give its answer if it is a good one.

        Raises:
            ProblemAnswer: the API refused or failed.
            Unreachable: something else than the API answered, or nothing.
        """
        answer = self.exchange(method, *segments, query=query, body=body, headers=headers, read_timeout=read_timeout)
        check(answer, about or About(workspace=self.workspace or "WORKSPACE"))
        return answer


def check(answer: Answer, about: About) -> None:
    """Let a good answer pass; turn every other into the error that it is."""
    if answer.failed:
        problem = problem_of(answer.status, answer.headers, answer.document())
        raise ProblemAnswer(problem, answer.content, hint_for(problem, about))
    if answer.status >= httpx.codes.MULTIPLE_CHOICES:
        raise Unreachable(
            f"{answer.url} answered {answer.status} and points to {answer.headers.get('Location', 'nowhere')}; "
            "Flowport's API does not redirect.",
            hint=_CHECK_URL,
        )
    if answer.status != httpx.codes.NO_CONTENT:
        answer.value()


def checked_base_url(base_url: str) -> str:
    """Give the base URL without a slash at its end.

    Raises:
        WrongUse: no request can be made from it.
    """
    try:
        parts = urlsplit(base_url.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise WrongUse(
            "The base URL is not one that an API can have"
            + ("." if "@" in base_url else f": {base_url!r}."),  # there may be a password before the @
            hint="It looks like https://HOST/STAGE; `flowport bootstrap` finds it in the stack's outputs (ApiUrl).",
        )
    return base_url.strip().rstrip("/")


def checked_token(token: str) -> str:
    """Give the token if a header can carry it; it is never shown.

    Raises:
        WrongUse: it contains what no token contains, such as spaces.
    """
    stripped = token.strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise WrongUse(
            "The token contains characters that no token has; perhaps more than the token was copied.",
            hint="A token looks like fp_WORKSPACE_ and 36 letters and digits.",
        )
    return stripped


def _unreachable(error: httpx.HTTPError | httpx.InvalidURL, url: str, read_timeout: float) -> Unreachable:
    """Say in one sentence what kept an answer from coming."""
    reason = (str(error) or type(error).__name__).rstrip(".")
    if _of_tls(error):
        return Unreachable(
            f"No trusted TLS connection to {url}: {reason}.",
            hint="A company's own certificate authority can be named in SSL_CERT_FILE.",
        )
    sentence, hint = next(said for kinds, *said in _SENTENCES if isinstance(error, kinds))
    return Unreachable(
        sentence.format(url=url, reason=reason, connect=f"{CONNECT_TIMEOUT:g}", read=f"{read_timeout:g}"), hint=hint
    )


_MAY_GO_ON: Final = "What was started may be going on: see `flowport jobs list`."
_SENTENCES: Final = (  # the first that fits
    (httpx.ConnectTimeout, "{url} did not accept a connection within {connect} s.", _CHECK_URL),
    (httpx.ReadTimeout, "{url} did not answer within {read} s.", _MAY_GO_ON),
    (httpx.ConnectError, "{url} cannot be reached: {reason}.", _CHECK_URL),
    (httpx.ProxyError, "The proxy on the way to {url} refused: {reason}.", "See HTTPS_PROXY and NO_PROXY."),
    ((httpx.InvalidURL, httpx.UnsupportedProtocol), "{url} is not a usable URL: {reason}.", _CHECK_URL),
    (Exception, "The connection to {url} broke before the answer was complete: {reason}.", _MAY_GO_ON),
)


def _of_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
