"""Read documents of jobs: one, its history, lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import batched, islice
from typing import Final

from flowport.domain.access import Principal
from flowport.domain.documents import Snapshot, Stored, first_document
from flowport.domain.errors import NotFound, PayloadNotKept, Unavailable
from flowport.domain.job import Job
from flowport.domain.keys import document_key_id
from flowport.domain.retention import DAY_MS, as_seen
from flowport.usecases.access import Access, Caller
from flowport.usecases.documents.ports import DocumentStore, Told
from flowport.usecases.ports import Clock, Directory, JobStore, ListingQuery, Wanted

_PAGE: Final = 100
# Lists go back so far: a run may take a year.
LISTED_BACK: Final = 400 * DAY_MS
# Seconds that are left for the documents themselves when a list has found its jobs.
_TIME_FOR_DOCUMENTS: Final = 4.0


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A request for a job's document, by its client's id or by any name that a job has here."""

    client_job_id: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """A request for all documents of a job."""

    client_job_id: str


@dataclass(frozen=True, slots=True)
class ListDocuments:
    """A request for jobs with their documents, the newest first; `own`: the caller's; `alias`: of one endpoint."""

    skip: int
    limit: int
    own: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """The use cases."""

    access: Access
    directory: Directory
    jobs: JobStore
    documents: DocumentStore
    clock: Clock

    def read(self, caller: Caller, command: ReadDocument) -> Told:
        """Give one; a job without a document, of another family's client, is given as well."""
        job = self._job(caller, command)
        text = self._text(job, caller.answer_by)
        if job.documented and text is None:
            message = "The document of this job is not kept any more."
            raise PayloadNotKept(message, members={"id": job.id})
        return Told(job, text)

    def history(self, caller: Caller, command: ReadHistory) -> list[Snapshot]:
        """Give all documents of a job, the oldest first: the first one, the snapshots, the current one."""
        job = self._job(caller, ReadDocument(command.client_job_id))
        deadline = caller.answer_by
        loaded = self.jobs.with_input(job, deadline=deadline)
        if job.payloads_expired or (first := first_document(loaded)) is None:
            message = "The documents of this job are not kept any more."
            raise PayloadNotKept(message, members={"id": job.id})
        # The current one first: what it replaces meanwhile is a snapshot by the time that those are read.
        current = self.documents.load([job.id], deadline=deadline).get(job.id)
        found = [Snapshot(first.text, first.synced_at), *self.documents.snapshots(job.id, deadline=deadline)]
        if current is not None:
            found.append(Snapshot(current.text, current.synced_at))
        ordered = sorted(found, key=lambda one: one.synced_at)
        return [one for index, one in enumerate(ordered) if one not in ordered[:index]]

    def page(self, caller: Caller, command: ListDocuments) -> list[Told]:
        """Give a page."""
        principal = self.access.to_list_jobs(caller)
        endpoint = None
        if command.alias is not None:
            found = self.directory.look_up(Wanted(principal.workspace, alias=command.alias), deadline=caller.deadline)
            if found.endpoint is None:
                message = f"There is no workflow {command.alias.partition(':')[2]!r}."
                raise NotFound(message)
            endpoint = found.endpoint.path
        walk = everything(self.jobs, self.clock, principal, caller.answer_by, endpoint=endpoint, own=command.own)
        shown = list(islice(walk, command.skip, command.skip + command.limit))
        return [told for some in batched(shown, _PAGE, strict=False) for told in self._told(some, caller.answer_by)]

    def _told(self, jobs: tuple[Job, ...], deadline: float) -> list[Told]:
        stored = self.documents.load([job.id for job in jobs if job.documented], deadline=deadline)
        return [Told(job, self._current(job, stored.get(job.id), deadline)) for job in jobs]

    def _text(self, job: Job, deadline: float) -> str | None:
        stored = self.documents.load([job.id], deadline=deadline) if job.documented else {}
        return self._current(job, stored.get(job.id), deadline)

    def _current(self, job: Job, stored: Stored | None, deadline: float) -> str | None:
        if not job.documented or job.payloads_expired:
            return None
        found = stored or first_document(self.jobs.with_input(job, deadline=deadline))
        return None if found is None else found.text

    def _job(self, caller: Caller, command: ReadDocument) -> Job:
        if command.client_job_id is None:
            return self.access.to_read_job(caller, command.reference or "")[1]
        job_id = self.jobs.find_key(document_key_id(caller.acting_workspace, command.client_job_id), 0)
        try:
            return self.access.to_read_job(caller, job_id or "")[1]
        except NotFound as error:
            message = f"There is no job {command.client_job_id!r} for this caller."
            raise NotFound(message) from error


def everything(
    jobs: JobStore,
    clock: Clock,
    principal: Principal,
    answer_by: float,
    *,
    endpoint: str | None = None,
    own: bool = False,
) -> Iterator[Job]:
    """Give the jobs that a caller may see, the newest first, page by page; raises `Unavailable` when time is over."""
    now = clock.now()
    until = answer_by - _TIME_FOR_DOCUMENTS
    after = None
    while True:
        query = ListingQuery(
            workspace=principal.workspace,
            endpoint=endpoint,
            endpoints=principal.credential.endpoints if principal.credential else None,
            principal=principal.name if own else None,
            status=None,
            labels=(),
            since=max(now - LISTED_BACK, principal.since),
            until=now,
            limit=_PAGE,
            after=after,
        )
        page = jobs.page(query, deadline=until)
        yield from (as_seen(job, now) for job in page.jobs if job.expires_at is None or job.expires_at > now)
        if page.after is None:
            return
        if clock.monotonic() > until:
            message = "The list goes back further than one call can; ask for fewer, or skip fewer."
            raise Unavailable(message)
        after = page.after
