"""Make one attempt to deliver a callback, and say whether and when there is to be another.

    read job and log ── POST ── attempt written into the log ── answer to the machine, which waits and comes back

At least once: when this process dies between the POST and the log, the machine repeats the attempt. One that is in the
log is not made again.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from flowport.domain.job import Job
from flowport.domain.retention import as_seen
from flowport.domain.webhooks import (
    Attempt,
    CallbackUrlRefused,
    Delivery,
    DeliveryStatus,
    key_of,
    message_id,
    parse_callback_url,
    shown_url,
    signature,
    status_after,
)
from flowport.usecases.ports import Clock, DeliveryLog, JobStore, Outbound, Posted, Secrets

JITTER: Final = 0.2
NO_SECRET: Final = "no-secret"  # noqa: S105  # a name of an error
URL_REFUSED: Final = "url-refused"


@dataclass(frozen=True, slots=True)
class Due:
    """The attempt to be made: of which callback of which job, which time it is sent again, and which try this is."""

    job_id: str
    number: int
    run: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Next:
    """How the delivery stands: `superseded` when it was sent again meanwhile, `job-deleted` when its job is gone.

    `wait_seconds` is the pause before the next attempt, of a pending one.
    """

    status: DeliveryStatus | Literal["superseded", "job-deleted"]
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class DeliverCallback:
    """The use case. `pauses` are the seconds between attempts; `document` writes a job as it is sent."""

    jobs: JobStore
    log: DeliveryLog
    secrets: Secrets
    outbound: Outbound
    clock: Clock
    pauses: Sequence[int]
    document: Callable[[Job, str], str]
    plain: bool = False

    def __call__(self, due: Due) -> Next:
        """Make the attempt, unless it has been made."""
        job = self.jobs.get(due.job_id)
        if job is None or not job.ended or not 0 < due.number <= len(job.callbacks):
            return Next("job-deleted")
        url = job.callbacks[due.number - 1]
        delivery = self.log.read(job.id, due.number) or Delivery(job.id, due.number, shown_url(url))
        if delivery.run > due.run:
            return Next("superseded")
        if delivery.attempted(due.run, due.attempt):
            return self._as_recorded(delivery)
        attempt = self._attempt(as_seen(self.jobs.with_output(job), self.clock.now()), url, due)
        tried = self._after(delivery, attempt)
        if not self.log.write(tried, seen=delivery, expires_at=_expires_at(job)):
            # Another delivery of the same invocation was faster, or it was sent again, or the job was deleted.
            current = self.log.read(job.id, due.number)
            if current is None:
                return Next("job-deleted")
            return Next("superseded") if current.run > due.run else self._as_recorded(current)
        return self._as_recorded(tried)

    def _attempt(self, job: Job, url: str, due: Due) -> Attempt:
        began, at = self.clock.monotonic(), self.clock.now()
        sent = self._send(job, url, due.number, at // 1000)
        took = round((self.clock.monotonic() - began) * 1000)
        return Attempt(due.run, due.attempt, at, took, sent.status, sent.error)

    def _send(self, job: Job, url: str, number: int, timestamp: int) -> Posted:
        try:
            target = parse_callback_url(url, plain=self.plain)
        except CallbackUrlRefused:
            return Posted(error=URL_REFUSED)
        keys = [key for secret in self.secrets.values(job.workspace) if (key := key_of(secret)) is not None]
        if not keys:
            return Posted(error=NO_SECRET)
        body = self.document(job, job.base_url or "").encode("utf-8", "surrogatepass")
        message = message_id(job.id, number)
        headers = {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(keys, message, timestamp, body),
        }
        return self.outbound.post(target, headers, body)

    def _after(self, delivery: Delivery, attempt: Attempt) -> Delivery:
        status = status_after(attempt, len(self.pauses) + 1)
        next_at = None
        if status == "pending":
            pause = self.pauses[attempt.number - 1]
            next_at = self.clock.now() + round(pause * 1000 * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  # jitter
        return replace(delivery, status=status, attempts=(*delivery.attempts, attempt), next_at=next_at)

    def _as_recorded(self, delivery: Delivery) -> Next:
        left = max(0, (delivery.next_at or 0) - self.clock.now())
        return Next(delivery.status, -(-left // 1000))


def _expires_at(job: Job) -> int:
    """The log goes with its job."""
    return job.expires_at or job.expires_after(job.finished_at or job.created_at)
