"""Change a job's document here, not by a sync: abort it, give it to somebody else, exclude it, add to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flowport.domain.documents import Change, Document, Stored, closed_as
from flowport.domain.errors import JobEnded, NotFound, PayloadNotKept, Unavailable
from flowport.domain.ids import new_attempt_id
from flowport.domain.job import Job
from flowport.usecases.access import Access, Caller
from flowport.usecases.documents.ports import Told
from flowport.usecases.documents.read import everything
from flowport.usecases.documents.sync import TURNS, Writer
from flowport.usecases.ports import Clock
from flowport.usecases.stop_job import ChangeJobs, Delete

Edit = Callable[[Document, int], Document]
# Seconds that one more abort may take: a call for many ends before its answer is due.
ONE_MORE: Final = 5.0


@dataclass(frozen=True, slots=True)
class ChangeDocument:
    """A change of one job's document.

    `edit` gives the new document of the current one and the time in epoch milliseconds, or raises what is wrong;
    `closed` says that a job may be changed that is completed or aborted. `reads` reads a stored document.
    """

    client_job_id: str
    edit: Edit
    reads: Callable[[str], Document]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class ChangeOpen:
    """A change of the documents of all jobs that are neither completed nor aborted, or of those of one user."""

    edit: Edit
    reads: Callable[[str], Document]
    user: str | None = None


@dataclass(frozen=True, slots=True)
class DeleteDocument:
    """A request to delete a job by its client's id."""

    client_job_id: str


@dataclass(frozen=True, slots=True)
class DocumentChanges:
    """The use cases."""

    access: Access
    writer: Writer
    changes: ChangeJobs
    clock: Clock

    def change(self, caller: Caller, command: ChangeDocument) -> Told:
        """Change one; raises `JobEnded` where that is too late."""
        for _ in range(TURNS):
            job = self.find(caller, command.client_job_id)
            if (told := self._changed(caller, job, command)) is not None:
                return told
        message = "Other changes of this job keep coming first; send the request again in a few seconds."
        raise Unavailable(message)

    def open(self, caller: Caller, command: ChangeOpen) -> list[Told]:
        """Change all that are wanted; raises `Unavailable` where time is too short for the rest of them."""
        principal = self.access.to_list_jobs(caller)
        done: list[Told] = []
        for job in everything(self.writer.jobs, self.clock, principal, caller.answer_by):
            if not job.documented or not principal.reaches(job.endpoint):
                continue
            told = self._change_open(caller, job, command)
            if told is not None:
                done.append(told)
        return done

    def delete(self, caller: Caller, command: DeleteDocument) -> None:
        """Delete a job that has ended, with its documents."""
        self.changes.delete(caller, Delete(self.find(caller, command.client_job_id).id))

    def find(self, caller: Caller, client_job_id: str) -> Job:
        """Give a job by its client's id, or say that there is none for this caller."""
        job_id = self.writer.find(caller.acting_workspace, client_job_id)
        try:
            return self.access.to_read_job(caller, job_id or "")[1]
        except NotFound as error:
            message = f"There is no job {client_job_id!r} for this caller."
            raise NotFound(message) from error

    def _change_open(self, caller: Caller, job: Job, command: ChangeOpen) -> Told | None:
        """Change one of many, whoever else changes it; None where it is not, or no longer, one of those."""
        for _ in range(TURNS):
            try:
                current = command.reads(self.writer.stored(job, caller.answer_by).text)
            except PayloadNotKept:
                return None
            wanted = command.user in {None, current.user}
            if not wanted or closed_as(job, current) is not None:
                return None
            if caller.answer_by - self.clock.monotonic() < ONE_MORE:
                message = "There are more jobs than one call can change; send the request again for the rest."
                raise Unavailable(message, retry_after=1)
            one = ChangeDocument(current.client_job_id, command.edit, command.reads)
            if (told := self._changed(caller, job, one)) is not None:
                return told
            again = self.writer.jobs.get(job.id, deadline=caller.answer_by)
            if again is None:
                return None
            job = again
        return None

    def _changed(self, caller: Caller, job: Job, command: ChangeDocument) -> Told | None:
        """Change one as it stands; None when somebody else came first."""
        stored = self.writer.stored(job, caller.answer_by)
        current = command.reads(stored.text)
        closed = closed_as(job, current)
        now = self.clock.now()
        new = command.edit(current, now)
        if closed is not None and (not command.closed or new.closing != current.closing):
            message = f"The job {command.client_job_id!r} is {closed}; that cannot be changed any more."
            raise JobEnded(message, members={"id": job.id, "job_status": job.status})
        if new.text == stored.text:
            return Told(job, stored.text)
        change = Change(job.id, stored, Stored(new.text, now, stored.sent, stored.revision + 1), new_attempt_id())
        written = self.writer.write(job, change, current, new, caller.answer_by)
        return None if written is None else Told(written, new.text)
