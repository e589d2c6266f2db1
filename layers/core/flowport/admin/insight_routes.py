"""The routes that only look: state machines that may be published, and figures."""

import re
from typing import Any, Final

from flowport.admin.calls import Call, json_answer, list_answer
from flowport.admin.models import is_part
from flowport.admin.requests import cursor_of, limit_of
from flowport.dialects.timestamps import parse_timestamp, timestamp
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.errors import InvalidRequest
from flowport.domain.figures import Point
from flowport.usecases.admin.figures import FiguresWanted
from flowport.usecases.admin.ports import ConsentedMachine

HOUR_MS: Final = 3_600_000
# Seconds of a period: those that CloudWatch keeps for weeks to years.
PERIODS: Final = (60, 300, 900, 3600, 21_600, 86_400)
POINTS_AT_MOST: Final = 400
_LATEST: Final = 253_370_764_800_000


def list_machines(call: Call) -> HttpResponse:
    """List the state machines that carry the workspace's consent tag."""
    limit, after = limit_of(call.request), cursor_of(call.request, "machines")
    return list_answer("machines", call.use.machines.page(call.actor, limit, after), _machine)


def read_figures(call: Call) -> HttpResponse:
    """Give calls, failures and durations over time."""
    wanted = _wanted(call.request, call.use.clock.now())
    figures = call.use.figures.read(call.actor, wanted)
    return json_answer(
        200,
        {
            "from": timestamp(wanted.since),
            "to": timestamp(wanted.until),
            "period": wanted.period,
            "source": figures.source,
            "complete": figures.complete,
            "series": [_point(point) for point in figures.points],
        },
    )


def _machine(machine: ConsentedMachine) -> dict[str, Any]:
    return {
        "arn": machine.arn,
        "name": machine.name,
        "type": machine.type,
        "versions": list(machine.versions),
        "aliases": list(machine.aliases),
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "endpoint": point.endpoint,
        "at": timestamp(point.at),
        "calls": point.calls,
        "failures": point.failures,
        "p50_ms": point.p50_ms,
        "p95_ms": point.p95_ms,
    }


def _wanted(request: HttpRequest, now: int) -> FiguresWanted:
    """Read what is asked for: the last 24 hours when nothing is, in periods of which there are not too many.

    Periods begin where CloudWatch's do, at multiples of their length.
    """
    until = _moment(request, "to", now)
    since = _moment(request, "from", until - 24 * HOUR_MS)
    if since >= until:
        message = "The query parameter from= must be earlier than to=."
        raise InvalidRequest(message)
    fitting = [one for one in PERIODS if (until - since) / (one * 1000) <= POINTS_AT_MOST]
    period = _period(request, fitting)
    length = period * 1000
    return FiguresWanted(_endpoint(request), since - since % length, until - until % length + length, period)


def _period(request: HttpRequest, fitting: list[int]) -> int:
    text = request.one("period")
    if not fitting:
        message = f"From from= to to= are more than {POINTS_AT_MOST} days; ask for a shorter time."
        raise InvalidRequest(message)
    if text is None:
        return next((one for one in fitting if one >= 300), fitting[0])  # noqa: PLR2004  # five minutes
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) not in fitting:
        choices = ", ".join(map(str, fitting))
        message = f"The query parameter period={text[:40]!r} must be, for this time, one of these seconds: {choices}."
        raise InvalidRequest(message)
    return int(text)


def _moment(request: HttpRequest, name: str, default: int) -> int:
    text = request.one(name)
    if text is None:
        return default
    try:
        return max(0, min(parse_timestamp(text), _LATEST))
    except (ValueError, OverflowError) as error:
        message = f"The query parameter {name}={text[:40]!r} is not a time; write 2026-01-31T12:00:00Z."
        raise InvalidRequest(message) from error


def _endpoint(request: HttpRequest) -> str | None:
    text = request.one("endpoint")
    if text is None:
        return None
    parts = endpoint_parts(text)
    if parts is None or not all(map(is_part, parts)):
        message = f"The query parameter endpoint={text[:100]!r} must be module/name."
        raise InvalidRequest(message)
    return endpoint_address(*parts)
