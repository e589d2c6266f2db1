"""Counting ended jobs by period."""

import pytest

from flowport.domain.figures import Point, percentile, points_of
from tests.fakes import NOW, a_job

MINUTE = 60_000
SINCE = NOW - NOW % MINUTE


def test_jobs_are_counted_in_the_period_in_which_they_ended() -> None:
    jobs = [
        a_job(status="SUCCEEDED", created_at=SINCE + 100, finished_at=SINCE + 300),
        a_job(status="FAILED", created_at=SINCE + 100, finished_at=SINCE + 500),
        a_job(status="TIMED_OUT", created_at=SINCE + 100, finished_at=SINCE + MINUTE),
    ]
    assert points_of(jobs, since=SINCE, until=SINCE + 2 * MINUTE, period_ms=MINUTE) == (
        Point("billing/quote", SINCE, 2, 1, 200, 400),
        Point("billing/quote", SINCE + MINUTE, 1, 1, 59_900, 59_900),
    )


def test_a_cancelled_job_is_a_call_and_no_failure() -> None:
    job = a_job(status="ABORTED", created_at=SINCE, finished_at=SINCE + 1)
    (point,) = points_of([job], since=SINCE, until=SINCE + MINUTE, period_ms=MINUTE)
    assert (point.calls, point.failures) == (1, 0)


@pytest.mark.parametrize("finished", [None, SINCE - 1, SINCE + MINUTE])
def test_a_job_that_has_not_ended_in_that_time_is_not_counted(finished: int | None) -> None:
    assert points_of([a_job(finished_at=finished)], since=SINCE, until=SINCE + MINUTE, period_ms=MINUTE) == ()


def test_endpoints_are_counted_apart() -> None:
    jobs = [a_job(endpoint=name, status="SUCCEEDED", created_at=SINCE, finished_at=SINCE) for name in ("b/b", "a/a")]
    points = points_of(jobs, since=SINCE, until=SINCE + MINUTE, period_ms=MINUTE)
    assert [(point.endpoint, point.calls) for point in points] == [("a/a", 1), ("b/b", 1)]


def test_a_clock_that_was_put_back_makes_no_negative_duration() -> None:
    job = a_job(status="SUCCEEDED", created_at=SINCE + 900, finished_at=SINCE + 100)
    (point,) = points_of([job], since=SINCE, until=SINCE + MINUTE, period_ms=MINUTE)
    assert point.p50_ms == 0


@pytest.mark.parametrize(
    ("values", "rank", "expected"),
    [([7], 50, 7), ([1, 2], 50, 1), ([3, 1, 2], 50, 2), (list(range(1, 101)), 95, 95), (list(range(1, 21)), 95, 19)],
)
def test_a_percentile_is_a_value_that_there_was(values: list[int], rank: int, expected: int) -> None:
    assert percentile(values, rank) == expected
