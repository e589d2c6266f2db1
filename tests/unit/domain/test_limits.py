"""Limits: how requests are counted, and how what is left is told."""

import pytest

from flowport.dialects.rate_limit import rate_limit_headers, with_limits
from flowport.dialects.wire import HttpResponse
from flowport.domain.limits import Limits, Quota, Rate, holder_of, limits_of, slot_mark, stored_limits

SECOND = 1_000_000
NOW = 1_795_310_400 * SECOND


def _counted(rate: Rate, calls: list[int]) -> list[bool]:
    """Count calls at these microseconds after NOW, as a store does."""
    full, found = 0, []
    for after in calls:
        now = NOW + after
        passes = full < rate.refused_from(now)
        full = max(full, now) + rate.interval if passes else full
        found.append(passes)
    return found


def test_as_many_as_the_limit_pass_at_once_and_no_more() -> None:
    assert _counted(Rate(5, 60), [0] * 8) == [True] * 5 + [False] * 3


def test_requests_are_regained_one_by_one_and_evenly() -> None:
    rate = Rate(5, 60)
    assert _counted(rate, [0] * 5 + [12 * SECOND - 1, 12 * SECOND, 12 * SECOND]) == [True] * 5 + [False, True, False]


def test_a_caller_who_keeps_to_the_rate_is_never_refused() -> None:
    assert all(_counted(Rate(7, 60), [number * 60 * SECOND // 7 for number in range(100)]))


def test_however_they_come_no_more_pass_than_the_limit_and_what_was_regained() -> None:
    rate = Rate(10, 10)
    passed = _counted(rate, [number * SECOND // 20 for number in range(20 * 30)])
    assert sum(passed) == 10 + 29


@pytest.mark.parametrize(
    ("used", "left", "reset"),
    [(0, 5, 12), (1, 4, 12), (4, 1, 12), (5, 0, 12)],
)
def test_what_is_left_is_told_with_the_time_until_there_is_more(used: int, left: int, reset: int) -> None:
    rate = Rate(5, 60)
    full = NOW + used * rate.interval
    assert rate.left(full, NOW) == left
    if used:
        assert rate.seconds_to_next(full, NOW) == reset


def test_a_quota_that_has_been_whole_for_long_is_no_more_than_whole() -> None:
    assert Rate(5, 60).left(NOW - 600 * SECOND, NOW) == 5


def test_a_refused_caller_who_waits_as_long_as_it_is_told_is_let_through() -> None:
    rate = Rate(7, 3)
    full = NOW + 7 * rate.interval
    wait = rate.seconds_to_next(full, NOW)
    assert full >= rate.refused_from(NOW)
    assert full < rate.refused_from(NOW + wait * SECOND)


def test_the_fields_are_those_of_the_draft() -> None:
    quotas = (Quota("credential", 100, 99, 60, 1), Quota("endpoint-jobs", 5, 4))
    assert rate_limit_headers(quotas) == {
        "RateLimit-Policy": '"credential";q=100;w=60, "endpoint-jobs";q=5;qu="concurrent-requests"',
        "RateLimit": '"credential";r=99;t=1, "endpoint-jobs";r=4',
    }


def test_an_answer_without_limits_is_as_it_was() -> None:
    answer = HttpResponse(200, "{}", {"Content-Type": "application/json"})
    assert with_limits(answer, ()) is answer


def test_an_answers_own_retry_after_stays() -> None:
    quotas = (Quota("endpoint", 1, 0, 60, 60),)
    kept = with_limits(HttpResponse(429, "", {"Retry-After": "61"}), quotas, {"Retry-After": "60"})
    added = with_limits(HttpResponse(429), quotas, {"Retry-After": "60"})
    assert (kept.headers["Retry-After"], added.headers["Retry-After"]) == ("61", "60")


@pytest.mark.parametrize("limits", [Limits(), Limits(Rate(1, 2)), Limits(None, 3), Limits(Rate(1, 2), 3)])
def test_limits_come_back_as_they_were_stored(limits: Limits) -> None:
    assert limits_of(stored_limits(limits)) == limits
    assert bool(limits) == (stored_limits(limits) is not None)


def test_a_mark_names_when_it_was_made_and_for_which_job() -> None:
    assert holder_of(slot_mark("0199-8000", 17, "a1")) == (17, "0199-8000")
