"""Hold calls to the limits of their credential and their endpoint. Where no limit is set, nothing is asked.

    let in ── counted (rate) ── slot taken (jobs at one time) ── row ── start ── … ── row ended ── slot given back

A slot belongs to a job, by a mark that the job's row keeps. Whoever ends the row gives it back (`end_job.py`). When a
process dies in between, the slot stays behind, and is found by whoever meets the limit: a mark that is older than any
call is before its row is written, and whose job has ended or was never written, is taken out. So no slot is lost for
longer than that, and none is given back twice: the marks are a set.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from flowport.domain.access import Principal
from flowport.domain.errors import RateLimited, TooManyJobs, Unavailable
from flowport.domain.job import Job
from flowport.domain.limits import (
    RETRY_JOBS_AFTER,
    Limits,
    Quota,
    Slots,
    credential_subject,
    endpoint_subject,
    holder_of,
    slot_mark,
)
from flowport.domain.records import Endpoint
from flowport.usecases.ports import Clock, JobStore, LimitStore

# The row of an accepted call is written within 20 s of its arrival (a batch), or never.
LOST_AFTER: Final = 30_000
LOOKED_AT: Final = 100
# Seconds between two searches of one process for slots that were left behind.
LOOK_EVERY: Final = 2.0
GIVE_BACK_WITHIN: Final = 5.0


@dataclass(frozen=True, slots=True)
class _Limited:
    """Whose limits they are, the name that callers know them by, and what they are."""

    policy: str
    subject: str
    limits: Limits


def _limited(principal: Principal, endpoint: Endpoint) -> list[_Limited]:
    """Give what limits a call: the credential's own first, so that a greedy caller uses nothing of the endpoint's."""
    found = []
    if principal.credential is not None and principal.credential.limits:
        subject = credential_subject(principal.workspace, principal.name)
        found.append(_Limited("credential", subject, principal.credential.limits))
    if endpoint.limits:
        found.append(_Limited("endpoint", endpoint_subject(endpoint.workspace, endpoint.path), endpoint.limits))
    return found


@dataclass(frozen=True, slots=True)
class LimitCalls:
    """Counts calls, and takes and gives back slots."""

    store: LimitStore
    jobs: JobStore
    clock: Clock
    _looked: dict[str, tuple[float, str]] = field(default_factory=dict)

    def count(self, principal: Principal, endpoint: Endpoint, deadline: float) -> tuple[Quota, ...]:
        """Count a call; raise `RateLimited` when it is one too many.

        A limit that has let it through has counted it, also when the next one refuses it.
        """
        quotas: list[Quota] = []
        for one in _limited(principal, endpoint):
            if (rate := one.limits.rate) is None:
                continue
            now = self.clock.now()
            counted = self.store.count(one.subject, rate, now, deadline=deadline)
            left, reset = rate.left(counted.full, now * 1000), rate.seconds_to_next(counted.full, now * 1000)
            quotas.append(Quota(one.policy, rate.requests, left if counted.accepted else 0, rate.seconds, reset))
            if not counted.accepted:
                message = (
                    f"The {one.policy} is limited to {rate.requests} requests in {rate.seconds} s. Nothing was "
                    f"started; send the request again in {reset} s."
                )
                raise RateLimited(message, quotas, violated=one.policy, retry_after=reset)
        return tuple(quotas)

    def counts_jobs(self, principal: Principal, endpoint: Endpoint) -> bool:
        """Whether jobs at one time are limited."""
        return any(one.limits.concurrent is not None for one in _limited(principal, endpoint))

    def take(
        self, job: Job, principal: Principal, endpoint: Endpoint, quotas: Sequence[Quota], deadline: float
    ) -> tuple[Job, tuple[Quota, ...]]:
        """Take the slots that a new job needs; raise `TooManyJobs` when there are none left.

        Gives the job as its row is to be written, and `quotas` with those of jobs at one time.
        """
        if not self.counts_jobs(principal, endpoint):
            return job, tuple(quotas)
        told, taken = list(quotas), list[str]()
        mark = slot_mark(job.id, self.clock.now(), job.attempt)
        for one in _limited(principal, endpoint):
            if (limit := one.limits.concurrent) is None:
                continue
            policy = f"{one.policy}-jobs"
            try:
                used = self._take(one.subject, limit, mark, deadline)
            except Unavailable:
                self._give_back(taken, mark)
                raise
            told.append(Quota(policy, limit, 0 if used is None else max(0, limit - used)))
            if used is None:
                self._give_back(taken, mark)
                message = (
                    f"The {one.policy} is limited to {limit} jobs at one time, and has them. Nothing was started; send "
                    "the request again when one of them has ended."
                )
                raise TooManyJobs(message, told, violated=policy, retry_after=RETRY_JOBS_AFTER)
            taken.append(one.subject)
        return replace(job, slots=Slots(tuple(taken), mark)), tuple(told)

    def give_back(self, job: Job) -> None:
        """Give back what a job holds that has ended, or that was never written; what fails here is found later."""
        if job.slots is not None:
            self._give_back(job.slots.subjects, job.slots.mark)

    def _give_back(self, subjects: Iterable[str], mark: str) -> None:
        for subject in subjects:
            with suppress(Unavailable):
                self.store.release(subject, (mark,), deadline=self.clock.monotonic() + GIVE_BACK_WITHIN)

    def _take(self, subject: str, limit: int, mark: str, deadline: float) -> int | None:
        """Give how many slots are taken now, this one included; None when it was refused."""
        taken, marks = self.store.take(subject, limit, mark, now=self.clock.now(), deadline=deadline)
        if not taken and (left_behind := self._left_behind(subject, marks, deadline)):
            self.store.release(subject, left_behind, deadline=deadline)
            taken, marks = self.store.take(subject, limit, mark, now=self.clock.now(), deadline=deadline)
        return len(marks) if taken else None

    def _left_behind(self, subject: str, marks: Iterable[str], deadline: float) -> list[str]:
        """Find marks that hold a slot for no job that still runs.

        Each search goes on where the last one ended, in the order of time: a hundred jobs that run for weeks must not
        keep it from those behind them.
        """
        now = self.clock.monotonic()
        old = sorted(mark for mark in marks if holder_of(mark)[0] <= self.clock.now() - LOST_AFTER)
        not_before, last = self._looked.get(subject, (now, ""))
        if not old or now < not_before:
            return []
        some = [*(mark for mark in old if mark > last), *(mark for mark in old if mark <= last)][:LOOKED_AT]
        self._looked[subject] = now + LOOK_EVERY, some[-1]
        rows = self.jobs.get_many([holder_of(mark)[1] for mark in some], deadline=deadline)
        return [mark for mark in some if not _holds(rows.get(holder_of(mark)[1]), mark)]


def _holds(job: Job | None, mark: str) -> bool:
    return job is not None and not job.ended and job.slots is not None and job.slots.mark == mark
