"""Documents of jobs: where a client runs the steps itself and keeps the server in step with them.

    first sync ──> the job, with the document as its input
    later ones ──> the newer document is the current one, every other is kept as a snapshot
    a document that closes the job ──> the run is resumed with it, or stopped

One item holds the current document; its revision is what every change is decided by. Until the first change there is no
such item: the job's input is the document.
"""

from dataclasses import dataclass
from typing import Final, Literal

from flowport.domain.job import Job
from flowport.domain.keys import fingerprint_of

Closing = Literal["completed", "aborted"]
# Under this name a workflow parks that waits for the client's completion.
COMPLETION: Final = "completion"
_FAILED: Final = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


@dataclass(frozen=True, slots=True)
class Document:
    """A document as its family reads it; `text` is the JSON that is stored and given to the workflow.

    `alias` is its endpoint's. `updated` is the client's own time of its last change, in microseconds of the epoch, None
    where it does not say; `closing` says that the client has ended the job, `reason` why it aborted it. `workspace` is
    the one that it names, `user` who works on it.
    """

    text: str
    client_job_id: str
    alias: str
    updated: int | None = None
    closing: Closing | None = None
    reason: str | None = None
    workspace: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A job's current document as it is stored. `synced_at` is epoch milliseconds.

    `sent` tells the document that a client sent last and that became the current one, whatever was changed in it here.
    `revision` counts the changes, 0 for the job's own input.
    """

    text: str
    synced_at: int
    sent: str
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document of a job's history."""

    text: str
    synced_at: int


@dataclass(frozen=True, slots=True)
class Change:
    """The write of a new current document over the one that was seen, which becomes a snapshot.

    `written_by` is what a repeated write recognises itself by.
    """

    job_id: str
    seen: Stored
    new: Stored
    written_by: str


def first_document(job: Job) -> Stored | None:
    """Give the document that a job was started with; None where its input is not there."""
    return None if job.input is None else Stored(job.input, job.created_at, digest(job.input))


def digest(text: str) -> str:
    """Tell documents apart by what they say, not by their spaces or the order of their keys."""
    return fingerprint_of(text)


def closed_as(job: Job, current: Document) -> Closing | None:
    """How a job is closed to further documents: by its document, or by an end that was none of the client's.

    A run that succeeds without waiting for the client leaves the client its document.
    """
    if current.closing is not None:
        return current.closing
    return "aborted" if job.status in _FAILED else None


def is_older(sent: Document, current: Document) -> bool:
    """Whether a document that arrives now is from before the current one. Equal times, or none: it is not."""
    return sent.updated is not None and current.updated is not None and sent.updated < current.updated
