"""`POST /connect/token`: a client's secret for a short-lived token (RFC 6749 section 4.4; its errors section 5.2)."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain.access import Presented, refuse_credential
from flowport.domain.errors import FlowportError, Forbidden, InvalidRequest, NotFound, Unauthenticated, Unavailable
from flowport.domain.payload import dumps
from flowport.usecases.issue_token import Issued, IssueToken, ScopeRefused

LIFETIME_SECONDS: Final = 3600  # [F]
AUDIENCE: Final = "workfloplus"  # of the tokens; what they say inside is nobody's but ours
GRANT: Final = "client_credentials"  # [F]
JSON: Final = "application/json; charset=utf-8"
# RFC 6749 section 5.1: no cache may keep a token.
NO_CACHE: Final[Mapping[str, str]] = {"Content-Type": JSON, "Cache-Control": "no-store", "Pragma": "no-cache"}
INVALID_CLIENT: Final = (401, "invalid_client")
# What is an error in whose words; the first class that fits. 5xx has no words in section 5.2: those of 4.1.2.1 [C].
ERRORS: Final[tuple[tuple[type[FlowportError], int, str], ...]] = (
    (Unauthenticated, *INVALID_CLIENT),
    (NotFound, *INVALID_CLIENT),  # the client's workspace is gone
    (ScopeRefused, 400, "invalid_scope"),
    (Forbidden, 400, "unauthorized_client"),
    (Unavailable, 503, "temporarily_unavailable"),
)


class UnsupportedGrant(InvalidRequest):
    """Another grant than the one for clients."""


def token_request(request: HttpRequest) -> IssueToken:
    """Read the form."""
    form = _form(request)
    grant = form.get("grant_type")
    if grant is None:
        message = f"grant_type is missing; send grant_type={GRANT} as application/x-www-form-urlencoded."
        raise InvalidRequest(message)
    if grant != GRANT:
        message = f"grant_type {grant[:64]!r} is not supported; use {GRANT}."
        raise UnsupportedGrant(message)
    scopes = tuple(form.get("scope", "").split())
    return IssueToken(LIFETIME_SECONDS, scopes or None, audience=AUDIENCE)


def token_sender(request: HttpRequest) -> Sender:
    """Read the client's id and secret: of the form [F], or of an Authorization header, as RFC 6749 wants it."""
    form = _form(request)
    client_id, secret = form.get("client_id"), form.get("client_secret")
    scheme, _, encoded = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "basic":
        if secret is not None:
            message = "The client's secret is sent twice, in the header and in the form; send it once."
            raise InvalidRequest(message)
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise refuse_credential() from None
        client_id, _, secret = map(unquote_plus, decoded.partition(":"))
    if not client_id or not secret:
        raise refuse_credential()
    return Sender(Presented.of_client(client_id, secret), None)


def _form(request: HttpRequest) -> dict[str, str]:
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
    except (UnicodeDecodeError, ValueError) as error:
        message = "The body is no form; send application/x-www-form-urlencoded."
        raise InvalidRequest(message) from error
    form: dict[str, str] = {}
    for name, value in pairs:
        if name in form:
            message = f"{name[:64]!r} is sent twice."
            raise InvalidRequest(message)
        form[name] = value
    return {name: value for name, value in form.items() if value}  # RFC 6749 section 3.2: empty is left out


def token_answer(issued: Issued) -> HttpResponse:
    """Write the token [F]."""
    document = {"access_token": issued.token, "expires_in": issued.expires_in, "token_type": "Bearer"}
    return HttpResponse(200, dumps(document), NO_CACHE)


def token_refusal(error: FlowportError) -> HttpResponse:
    """Write an error; which part of a client's credential was wrong is not said."""
    if isinstance(error, UnsupportedGrant):
        status, code = 400, "unsupported_grant_type"
    else:
        others = (400 if error.status in {413, 415} else error.status, "invalid_request")
        if error.status >= 500:  # noqa: PLR2004  # HTTP's server errors
            others = (error.status, "server_error")
        status, code = next((found[1:] for found in ERRORS if isinstance(error, found[0])), others)
    document = {"error": code} | ({} if code == INVALID_CLIENT[1] else {"error_description": error.detail})
    headers = dict(NO_CACHE) | {
        name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}
    }
    headers["Flowport-Error-Source"] = error.source
    if status == INVALID_CLIENT[0]:
        headers["WWW-Authenticate"] = 'Basic realm="flowport", charset="UTF-8"'
    return HttpResponse(status, dumps(document), headers)
