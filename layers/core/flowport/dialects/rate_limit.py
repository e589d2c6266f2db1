"""The fields `RateLimit-Policy` and `RateLimit`: draft-ietf-httpapi-ratelimit-headers-11 (May 2026).

They are the same in every dialect, as they stand beside the body. Where a limit is of jobs at one time, its unit is
the draft's `concurrent-requests`, and nothing says when there will be more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from flowport.dialects.wire import HttpResponse
from flowport.domain.limits import Quota

_CONCURRENT: Final = ';qu="concurrent-requests"'


def rate_limit_headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """Write the two fields; nothing where nothing is limited."""
    if not quotas:
        return {}
    return {"RateLimit-Policy": ", ".join(map(_policy, quotas)), "RateLimit": ", ".join(map(_left, quotas))}


def with_limits(
    response: HttpResponse, quotas: Sequence[Quota], headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Add the fields to an answer, and `headers` where it has none of those."""
    if not quotas and not headers:
        return response
    return replace(response, headers={**(headers or {}), **response.headers, **rate_limit_headers(quotas)})


def _policy(quota: Quota) -> str:
    window = _CONCURRENT if quota.seconds is None else f";w={quota.seconds}"
    return f'"{quota.policy}";q={quota.limit}{window}'


def _left(quota: Quota) -> str:
    reset = "" if quota.reset is None else f";t={quota.reset}"
    return f'"{quota.policy}";r={quota.left}{reset}'
