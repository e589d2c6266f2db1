"""Reading requests of the admin API: bodies, paging, preconditions."""

import base64
import json
import re
from typing import Any, Final

from flowport.dialects.wire import HttpRequest, check_coding
from flowport.domain.errors import InvalidJson, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from flowport.domain.payload import dumps, parse_json
from flowport.usecases.admin.preconditions import Precondition

MAX_BODY: Final = 262_144
KEY_BYTES: Final = 1010
DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100
# `application/merge-patch+json` is one of them (RFC 7396).
_JSON_TYPE: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)
_CHARSETS: Final = frozenset({"utf-8", "us-ascii"})
_ETAG: Final = re.compile(r'"([^"]*)"')


def body_of(request: HttpRequest) -> dict[str, Any]:
    """Read the body: one JSON object that can be kept and written again."""
    _check_type(request.headers.get("content-type"))
    check_coding(request)
    if len(request.body) > MAX_BODY:
        message = f"The body has {len(request.body)} bytes; the admin API takes at most {MAX_BODY}."
        raise PayloadTooLarge(message, members={"size": len(request.body), "limit": MAX_BODY})
    try:
        value = parse_json(request.body.decode())
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
    try:
        dumps(value).encode()
    except ValueError as error:  # half of a surrogate pair, or a number beyond a double's range
        message = "The body has a number or a character that cannot be kept: 1e999, or half of a surrogate pair."
        raise InvalidJson(message) from error
    if not isinstance(value, dict):
        message = "The body must be a JSON object."
        raise InvalidJson(message)
    return value


def limit_of(request: HttpRequest) -> int:
    """Read how long a page may be."""
    text = request.one("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:9]) <= MAX_LIMIT:
        message = f"The query parameter limit={text[:40]!r} must be a whole number from 1 to {MAX_LIMIT}."
        raise InvalidRequest(message)
    return int(text)


def dry_run_of(request: HttpRequest) -> bool:
    """Read whether nothing is to be written."""
    text = request.one("dry_run")
    if text not in {None, "true", "false"}:
        message = f"The query parameter dry_run={text[:40]!r} must be true or false."
        raise InvalidRequest(message)
    return text == "true"


def cursor_for(kind: str, after: str | None) -> str | None:
    """Write where a page of `kind` ended as an opaque text that is safe in a URL."""
    return None if after is None else base64.urlsafe_b64encode(dumps([kind, after]).encode()).decode().rstrip("=")


def cursor_of(request: HttpRequest, kind: str) -> str | None:
    """Read where the last page of `kind` ended."""
    text = request.one("cursor")
    if text is None:
        return None
    try:
        of, after = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        of, after = None, None
    # A key has a length, and no control characters or halves of surrogate pairs.
    if of == kind and isinstance(after, str) and after.isprintable() and 0 < len(after.encode()) <= KEY_BYTES:
        return after
    message = f"The query parameter cursor={text[:40]!r} is none that this list gave; start again without it."
    raise InvalidRequest(message)


def precondition_of(request: HttpRequest) -> Precondition | None:
    """Read `If-Match` (RFC 9110 section 13.1.1). A weak tag or none of ours matches nothing."""
    header = request.headers.get("if-match")
    if header is None:
        return None
    if header.strip() == "*":
        return Precondition(None)
    tags = (_ETAG.fullmatch(part.strip()) for part in header.split(","))
    return Precondition(frozenset(tag[1] for tag in tags if tag))


def _check_type(header: str | None) -> None:
    if header is None:
        return
    essence, _, parameters = header.partition(";")
    charset = re.search(r'charset\s*=\s*"?([^";\s]+)', parameters, re.IGNORECASE)
    if not _JSON_TYPE.fullmatch(essence.strip()) or (charset and charset[1].lower() not in _CHARSETS):
        message = f"The body is declared as {header[:100]!r}; send Content-Type: application/json in UTF-8."
        raise UnsupportedMediaType(message, headers={"Accept": "application/json"})
