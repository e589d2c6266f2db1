"""Sync a document with its job.

    no job yet ── row, key, input and perhaps the answer to its completion: one transaction ── StartExecution
    an older document ── kept as a snapshot
    a newer one ── current document and snapshot, with the answer to a completion: one transaction
    one that aborts ── the same, with the end of the row ── StopExecution

The key decides which of several first syncs makes the job, the revision of the current document which of several later
ones is next; who loses reads again and decides anew. So no document is lost, and whatever dies, nothing is half done:
the start, the answer's way to Step Functions and the stop are the sweep's where their process died.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from flowport.domain.access import Principal
from flowport.domain.callbacks import Callback, answered_by_name, key_of_job
from flowport.domain.documents import (
    COMPLETION,
    Change,
    Document,
    Snapshot,
    Stored,
    closed_as,
    digest,
    first_document,
    is_older,
)
from flowport.domain.errors import (
    CallbackExpired,
    CallbackRepeated,
    Conflict,
    FlowportError,
    JobEnded,
    NotSupported,
    OtherWorkspace,
    PayloadNotKept,
    Unavailable,
)
from flowport.domain.ids import job_id_of_request, new_attempt_id
from flowport.domain.job import NOT_STARTED, Job
from flowport.domain.keys import document_key_id
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.usecases.access import Access, Caller
from flowport.usecases.documents.ports import DocumentStore, Told
from flowport.usecases.parked.ports import CallbackStore, Sender
from flowport.usecases.ports import Clock, JobStore
from flowport.usecases.run_endpoint import Run, RunEndpoint
from flowport.usecases.stop_job import StopJob

# Who loses against another sync of the same job decides anew so often.
TURNS: Final = 8


@dataclass(frozen=True, slots=True)
class Sync:
    """A document that a client sends.

    `read` gives it, or raises what is wrong with it; `reads` reads a stored one. With `create`, the job must be new,
    unless it was made by this very document.
    """

    read: Callable[[], Document]
    reads: Callable[[str], Document]
    create: bool = False


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes changes of documents: the one way for syncs and for all else that changes them."""

    jobs: JobStore
    documents: DocumentStore
    callbacks: CallbackStore
    sender: Sender
    stop: StopJob
    clock: Clock

    def find(self, workspace: str, client_job_id: str) -> str | None:
        """Give the id of the job that has a client's id."""
        return self.jobs.find_key(document_key_id(workspace, client_job_id), 0)

    def stored(self, job: Job, deadline: float) -> Stored:
        """Give a job's current document. Raises `PayloadNotKept` when its time is over."""
        found = None
        if not job.payloads_expired:
            found = self.documents.load([job.id], deadline=deadline).get(job.id)
            found = found or first_document(self.jobs.with_input(job, deadline=deadline))
        if found is None:
            message = "The document of this job is not kept any more."
            raise PayloadNotKept(message, members={"id": job.id})
        return found

    def write(self, job: Job, change: Change, current: Document, new: Document, deadline: float) -> Job | None:
        """Write a change with all that follows from it; give the job as it then stands, None when to decide anew."""
        closes = new.closing is not None and current.closing is None and not job.ended
        if closes and new.closing == "aborted":
            return self.stop.abort(job, new.reason or "Aborted by its client.", change, deadline)
        answer = self._completion(job, new.text, deadline) if closes else None
        if not self.documents.save(job, change, answer=answer, deadline=deadline):
            return None
        if answer is not None and answer.pending:
            with suppress(FlowportError):  # the sweep does it then
                self.sender.start(answer.key)
        return job

    def _completion(self, job: Job, text: str, deadline: float) -> Callback | None:
        """Answer what the job has parked, or will, for its client's completion; None where that is over."""
        key = key_of_job(job, COMPLETION)
        old = self.callbacks.get(key, deadline=deadline)
        try:
            return answered_by_name(old, key, text, new_attempt_id(), self.clock.now())
        except (CallbackRepeated, CallbackExpired):
            return None


@dataclass(frozen=True, slots=True)
class SyncDocument:
    """The use case."""

    access: Access
    run: RunEndpoint
    writer: Writer
    clock: Clock

    def __call__(self, caller: Caller, command: Sync) -> Told:
        """Create, update, complete or abort the job, and give its current document."""
        try:
            document = command.read()
        except FlowportError:
            self.access.to_list_jobs(caller)  # who is not let in learns nothing else
            raise
        principal, endpoint = self.access.to_run(caller, None, None, document.alias)
        if document.workspace not in {None, principal.workspace}:
            message = f"The document is of {document.workspace!r}, the token of {principal.workspace!r}."
            raise OtherWorkspace(message)
        for _ in range(TURNS):
            job = self._find(principal, document.client_job_id, caller.answer_by)
            if job is None:
                made = self.run(caller, _run(document, endpoint)).job
                if caller.request_id is not None and made.id == job_id_of_request(caller.request_id):
                    return Told(made, document.text)
                job = made
            if (told := self._sync(caller, command, job, endpoint, document)) is not None:
                return told
        message = "Other syncs of this job keep coming first; send the document again in a few seconds."
        raise Unavailable(message)

    def _find(self, principal: Principal, client_job_id: str, deadline: float) -> Job | None:
        """Give the job that a client's id leads to, unless that is over or never was started."""
        job_id = self.writer.find(principal.workspace, client_job_id)
        job = self.writer.jobs.get(job_id, deadline=deadline) if job_id else None
        if (
            job is None
            or job.created_at < principal.since
            or (job.expires_at is not None and job.expires_at <= self.clock.now())
            or job.error == NOT_STARTED
        ):
            return None
        return job

    def _sync(self, caller: Caller, command: Sync, job: Job, endpoint: Endpoint, document: Document) -> Told | None:
        """Sync with a job that is there; None when somebody else came first."""
        if job.endpoint != endpoint.path:
            message = f"The job {document.client_job_id!r} belongs to another workflow; choose another id."
            raise Conflict(message)
        deadline = caller.answer_by
        stored = self.writer.stored(job, deadline)
        sent = digest(document.text)
        if sent == stored.sent:
            return Told(job, stored.text)
        if command.create:
            message = f"There is a job {document.client_job_id!r} already, with another document."
            raise Conflict(message)
        now, current = self.clock.now(), command.reads(stored.text)
        if (closed := closed_as(job, current)) is not None:
            self.writer.documents.keep(job, Snapshot(document.text, now), deadline=deadline)
            message = (
                f"The job {document.client_job_id!r} is {closed} and is not changed any more; the document was kept "
                "in its history."
            )
            raise JobEnded(message, members={"id": job.id, "job_status": job.status})
        if document.closing != "aborted" and is_older(document, current):  # who aborts does so, however late it arrives
            self.writer.documents.keep(job, Snapshot(document.text, now), deadline=deadline)
            return Told(job, stored.text)
        new = Stored(document.text, now, sent, stored.revision + 1)
        change = Change(job.id, stored, new, new_attempt_id())
        written = self.writer.write(job, change, current, document, deadline)
        return None if written is None else Told(written, document.text)


def _run(document: Document, endpoint: Endpoint) -> Run:
    """Give the run that a first sync makes."""
    if endpoint.standard_arn is None:
        message = f"The workflow {endpoint.path!r} has no Standard machine, as one that waits for its client must."
        raise NotSupported(message)
    if endpoint.keep_payloads_days == 0:
        message = f"The workflow {endpoint.path!r} keeps no payloads, so that no document can be kept with its jobs."
        raise NotSupported(message)
    run = Run(
        None,
        None,
        lambda: document.text,
        Preference(respond_async=True),
        client_job_id=document.client_job_id,
        alias=document.alias,
        documented=True,
    )
    match document.closing:
        case "completed":
            return replace(run, resumes=COMPLETION)
        case "aborted":
            return replace(run, aborted=document.reason or "Aborted by its client.")
    return run
