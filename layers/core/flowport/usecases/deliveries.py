"""What callers see of a job's callbacks: every attempt to deliver them, and sending one again."""

from dataclasses import dataclass, replace

from flowport.domain.errors import Conflict, JobEnded, NotFound
from flowport.domain.job import Job
from flowport.domain.numbers import JobNumber
from flowport.domain.webhooks import RESENDS_AT_MOST, Delivery, shown_url
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import Clock, Deliveries, DeliveryLog


@dataclass(frozen=True, slots=True)
class ReadDeliveries:
    """A request for the deliveries of a job."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class Resend:
    """A request to send one of a job's callbacks again."""

    reference: str | JobNumber
    number: int


@dataclass(frozen=True, slots=True)
class DeliveriesRead:
    """A job and its deliveries, in order."""

    job: Job
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Resent:
    """A delivery that is made again."""

    job: Job
    delivery: Delivery


class TooManyResends(Conflict):
    """A callback was sent again as often as it may be."""

    kind = "too-many-resends"
    title = "Sent again too often"


@dataclass(frozen=True, slots=True)
class JobDeliveries:
    """The use cases."""

    access: Access
    log: DeliveryLog
    deliveries: Deliveries
    clock: Clock

    def read(self, caller: Caller, command: ReadDeliveries) -> DeliveriesRead:
        """Give the deliveries of a job; to a caller without a credential the URLs without their paths."""
        principal, job = self.access.to_read_job(caller, command.reference)
        found = []
        for number, url in enumerate(job.callbacks, 1):
            shown = shown_url(url, path=principal.credential is not None)
            known = self.log.read(job.id, number)
            found.append(replace(known, url=shown) if known else Delivery(job.id, number, shown))
        return DeliveriesRead(job, tuple(found))

    def resend(self, caller: Caller, command: Resend) -> Resent:
        """Send a callback of an ended job again, with all its attempts; the message's id stays the same."""
        _, job = self.access.to_change_job(caller, command.reference)
        if not 0 < command.number <= len(job.callbacks):
            message = f"The job has no delivery {command.number}; GET its deliveries lists them."
            raise NotFound(message)
        if not job.ended:
            message = f"The job is {job.status}; its callbacks are sent when it has ended."
            raise JobEnded(message, members={"id": job.id, "job_status": job.status})
        known = self.log.read(job.id, command.number)
        delivery = known or Delivery(job.id, command.number, shown_url(job.callbacks[command.number - 1]))
        if delivery.run >= RESENDS_AT_MOST:
            message = f"This callback was sent again {RESENDS_AT_MOST} times, which is as often as it may be."
            raise TooManyResends(message)
        # Of many at once, those of one minute start one execution; the log tells two executions of one run apart.
        self.deliveries.start(
            job.id, command.number, run=delivery.run + 1, at=self.clock.now(), deadline=caller.answer_by
        )
        return Resent(job, delivery)
