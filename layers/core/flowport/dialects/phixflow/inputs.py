"""Read what a PhixFlow client sends: the key, the time-out, the parameters and the records.

[S] is the vendor's page on API endpoints, [F] its other documentation, [C] a choice of ours where neither says.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flowport.dialects.wire import HttpRequest
from flowport.domain.dialect_settings import PhixFlow
from flowport.domain.errors import InvalidJson, InvalidRequest
from flowport.domain.parameters import ParameterRefused, of_texts
from flowport.domain.payload import check_size, dumps, elements_of
from flowport.domain.preferences import MAX_WAIT_SECONDS
from flowport.domain.records import Endpoint, Mode
from flowport.domain.tokens import parse_token

# [F] What every action gets: names case-sensitive, values strings. A declared parameter of such a name is this one.
FIXED: Final = ("body", "contentType", "headers", "url")
# [C] Header fields that carry credentials, those of the other families too; no workflow sees them. A user's name alone
# lets nobody in.
CREDENTIALS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "token", "password", "explorer_token"}
)
TIMEOUT: Final = "timeout"  # [F]
DEFAULT_MS: Final[dict[Mode, int]] = {"sync": 60_000, "async": 500}  # [F]
LONGEST_MS: Final = MAX_WAIT_SECONDS * 1000
_MS_AT_MOST: Final = 86_400_000  # [C] as for the endpoint's own
_BETWEEN: Final = re.compile(r"[\s,;:=\"']+")
_BEARER: Final = re.compile(r"Bearer +", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timeout:
    """A time-out in milliseconds, and whether a longer one was cut to what an answer may take here."""

    ms: int
    cut: bool


def api_key(request: HttpRequest) -> str | None:
    """Give the API key: [C] `Authorization: Bearer <key>`, or the bare key there."""
    header = request.headers.get("authorization", "").strip()
    return _BEARER.sub("", header, count=1) or None


def timeout_of(request: HttpRequest, settings: PhixFlow, mode: Mode) -> Timeout:
    """Give the time-out: of the URL, else of the endpoint, else the mode's default [F].

    Raises:
        InvalidRequest: the URL's is none.
    """
    wanted = _sent(request)
    if wanted is None:
        wanted = DEFAULT_MS[mode] if settings.timeout_ms is None else settings.timeout_ms
    return Timeout(min(wanted, LONGEST_MS), cut=wanted > LONGEST_MS)


def _sent(request: HttpRequest) -> int | None:
    text = request.one(TIMEOUT)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,8}", text) or not 1 <= int(text) <= _MS_AT_MOST:
        message = f"The time-out {text[:40]!r} must be a whole number of milliseconds from 1 to {_MS_AT_MOST}."
        raise InvalidRequest(message)
    return int(text)


def parameters_of(request: HttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    """Give the declared parameters that the query fills, or their defaults; what has neither is absent [F].

    Raises:
        ParameterRefused: one is of another type, missing where it is required, or sent more than once [C].
    """
    declared = [one for one in endpoint.parameters if one.name not in FIXED]
    texts = {}
    for name in {one.name for one in declared} & request.query.keys():
        sent = request.query[name]
        if len(sent) > 1:
            message = f"The parameter {name!r} was sent {len(sent)} times; send it once."
            raise ParameterRefused(name, message)
        texts[name] = sent[0]
    return of_texts(declared, texts)


def body_of(request: HttpRequest) -> str:
    """Give the body as it was sent; a workflow can be given text only."""
    try:
        return request.body.decode()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read. Send binary data as base64."
        raise InvalidRequest(message) from error


def records_of(body: str) -> list[str] | None:
    """Give the texts of an array's records, each as it was sent; None where the body is no array.

    Raises:
        InvalidJson: it begins as an array and is none [C]: what it was to be is not guessed.
    """
    if body.lstrip()[:1] != "[":
        return None
    try:
        json.loads(body)
        return elements_of(body)
    except (ValueError, RecursionError) as error:
        message = "The body begins as an array of records and is not JSON; nothing was started."
        raise InvalidJson(message) from error


def input_of(request: HttpRequest, body: str, parameters: Mapping[str, Any]) -> str:
    """Write what the workflow receives; raise `PayloadTooLarge` where that is more than it can take."""
    kept = {name: value for name, value in request.headers.items() if name not in CREDENTIALS and not _opens(value)}
    fixed = (body, request.headers.get("content-type", ""), _text(kept), _url(request))
    text = _text({**parameters, **dict(zip(FIXED, fixed, strict=True))})
    check_size(text)
    return text


def _url(request: HttpRequest) -> str:
    """Give the complete URL [F]; [C] without the values of the query that are tokens of Flowport's."""
    kept = {name: tuple(value for value in values if not _opens(value)) for name, values in request.query.items()}
    return replace(request, query=kept).url


def _opens(value: str) -> bool:
    """Whether there is a token of Flowport's in a value, whatever it was sent as."""
    return any(parse_token(word) is not None for word in _BETWEEN.split(value))


def _text(value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Write JSON; half a surrogate pair, which no UTF-8 can carry, becomes an escape."""
    text = dumps(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text
