"""What documents of jobs need of the outside world, and what their use cases give."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from flowport.domain.callbacks import Callback
from flowport.domain.documents import Change, Snapshot, Stored
from flowport.domain.job import Job


class DocumentStore(Protocol):
    """The documents below jobs' rows. A change that ends its job is written by `JobStore.end`."""

    def load(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Stored]:
        """Give the current documents of jobs; none of a job whose document is still its input."""
        ...

    def snapshots(self, job_id: str, *, deadline: float | None = None) -> list[Snapshot]:
        """Give a job's other documents, the oldest first; its input is not among them."""
        ...

    def save(self, job: Job, change: Change, *, answer: Callback | None = None, deadline: float | None = None) -> bool:
        """Write a change, and with it the answer for what the job parks, or neither.

        False when the document or the callback has moved since it was read, or the job, which had not ended, has, or
        is gone. A retry that meets its own first try has succeeded.
        """
        ...

    def keep(self, job: Job, snapshot: Snapshot, *, deadline: float | None = None) -> None:
        """Write a document beside the current one; the same one is kept once, and none below a job that is gone."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """A job and its current document; None for a job that has none, or whose payloads are over."""

    job: Job
    text: str | None
