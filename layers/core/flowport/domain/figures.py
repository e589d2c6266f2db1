"""Calls, failures and durations of ended jobs, period by period."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from flowport.domain.job import Job

# What the caller of a workflow would call a failure: who cancels a job knows that it did not succeed.
FAILURES: Final = frozenset({"FAILED", "TIMED_OUT"})


@dataclass(frozen=True, slots=True)
class Point:
    """What came to an end at one endpoint from `at` (epoch milliseconds) until the next period.

    Durations are milliseconds from a job's acceptance to its end; None where nothing is known of them.
    """

    endpoint: str
    at: int
    calls: int
    failures: int
    p50_ms: int | None
    p95_ms: int | None


def points_of(jobs: Iterable[Job], *, since: int, until: int, period_ms: int) -> tuple[Point, ...]:
    """Count the jobs that ended from `since` until before `until`, in periods that begin at `since`."""
    durations: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    failures: defaultdict[tuple[str, int], int] = defaultdict(int)
    for job in jobs:
        if job.finished_at is None or not since <= job.finished_at < until:
            continue
        place = (job.endpoint, job.finished_at - (job.finished_at - since) % period_ms)
        durations[place].append(max(0, job.finished_at - job.created_at))
        failures[place] += job.status in FAILURES
    return tuple(
        Point(endpoint, at, len(took), failures[endpoint, at], percentile(took, 50), percentile(took, 95))
        for (endpoint, at), took in sorted(durations.items())
    )


def percentile(values: Sequence[int], rank: int) -> int:
    """Give the smallest value that at least `rank` percent of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * rank // 100) - 1)]
