"""The route of the audit trail."""

from typing import Final

from flowport.admin import documents
from flowport.admin.calls import Call, list_answer
from flowport.admin.requests import cursor_of, limit_of
from flowport.dialects.timestamps import parse_timestamp
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.errors import InvalidRequest
from flowport.usecases.admin.audit import Wanted

NAME_AT_MOST: Final = 1024


def list_acts(call: Call) -> HttpResponse:
    """List the workspace's acts, newest first; an operator lists the operators'."""
    limit, after = limit_of(call.request), cursor_of(call.request, "audit")
    wanted = Wanted(
        who=_name(call.request, "who"),
        what=_name(call.request, "what"),
        since=_moment(call.request, "since") or 0,
        until=_moment(call.request, "until"),
    )
    if wanted.until is not None and wanted.until < wanted.since:
        message = "The query parameter until is before since, so that no act can lie between them."
        raise InvalidRequest(message)
    return list_answer("audit", call.use.audit.page(call.actor, wanted, limit, after), documents.act_document)


def _name(request: HttpRequest, parameter: str) -> str | None:
    text = request.one(parameter)
    if text is not None and not (0 < len(text) <= NAME_AT_MOST and text.isprintable()):
        message = f"The query parameter {parameter} must be a name such as token:tok_… or endpoint:billing/quote."
        raise InvalidRequest(message)
    return text


def _moment(request: HttpRequest, parameter: str) -> int | None:
    text = request.one(parameter)
    if text is None:
        return None
    try:
        return parse_timestamp(text)
    except (ValueError, OverflowError):
        message = f"The query parameter {parameter}={text[:40]!r} is not a time; write 2030-01-31T12:00:00Z."
        raise InvalidRequest(message) from None
