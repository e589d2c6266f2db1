"""How long jobs and their payloads are kept, counted from a job's end.

    accepted ───────── ended ──── payloads go ──── the job goes
                         └─ keep_payloads_ms ─┘          │
                         └────────────── keep_ms ────────┘

Nothing expires while its job has not ended: a run may take a year. DynamoDB removes what has expired within days, so
every read looks at the time as well.
"""

from dataclasses import replace
from typing import Final

from flowport.domain.errors import InputNotKept
from flowport.domain.job import Job
from flowport.domain.records import Endpoint

DAY_MS: Final = 86_400_000
# Two days: an idempotency key lives for one, and must be over before the job that it leads to.
JOBS_DAYS: Final = (2, 3650)
PAYLOADS_DAYS: Final = (0, 3650)
# The longest that a job can take: a Standard execution a year; an Express one minutes, after hours of waiting at most.
_STANDARD_AT_MOST: Final = 366 * DAY_MS
_EXPRESS_AT_MOST: Final = DAY_MS
# No list goes back further: the longest run, kept the longest.
LISTED_AT_MOST: Final = JOBS_DAYS[1] * DAY_MS + _STANDARD_AT_MOST


def keeps(endpoint: Endpoint, stack_ms: int) -> tuple[int, int | None]:
    """Give how long an endpoint's jobs and their payloads are kept, in milliseconds; None is as long as the job."""
    jobs = stack_ms if endpoint.keep_jobs_days is None else endpoint.keep_jobs_days * DAY_MS
    if endpoint.keep_payloads_days is None or endpoint.keep_payloads_days * DAY_MS >= jobs:
        return jobs, None
    return jobs, endpoint.keep_payloads_days * DAY_MS


def input_expires_at(job: Job) -> int:
    """When an input that lies beside its row is removed at the latest, should its job's end not say better."""
    at_most = _STANDARD_AT_MOST if job.machine_type == "STANDARD" and job.keep_payloads_ms != 0 else _EXPRESS_AT_MOST
    return job.created_at + at_most + (job.keep_ms if job.keep_payloads_ms is None else job.keep_payloads_ms)


def as_seen(job: Job, now: int) -> Job:
    """Give a job as it is shown at `now`: without payloads whose time is over."""
    if job.finished_at is None or not job.keep_payloads_ms or now < job.payloads_expire_at(job.finished_at):
        return job
    return replace(job, input=None, output=None, payloads_expired=True)


def kept_input(job: Job) -> str:
    """Give the loaded input of a job, or say that it is not kept."""
    if job.input is None:
        message = f"The input of the job {job.id} is not kept{' any more' if job.keep_payloads_ms != 0 else ''}."
        raise InputNotKept(message, members={"id": job.id})
    return job.input
