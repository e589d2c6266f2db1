"""List the jobs of a series by their numbers, in pages that a caller may jump between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flowport.domain.access import Principal
from flowport.domain.errors import NotFound
from flowport.domain.job import OPEN, Job, Status
from flowport.domain.numbers import NumberEntry, Series
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import Clock, Directory, JobNumbers, JobStore, Wanted

# A list counts this many numbers at most, from where its order begins.
NUMBERS_AT_MOST: Final = 10_000
# Of jobs that have not ended the row says how far they are; so many rows are read to tell, the rest count as RUNNING.
OPEN_ROWS_AT_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class ListNumbered:
    """A request for a page of a series. `page` counts from 1; `since` and `until` are epoch milliseconds, inclusive.

    `endpoint` is an address and `alias` an alias; `named` decides by an endpoint's address and a job's time of
    acceptance, for families whose jobs have names made of these.
    """

    series: Series
    endpoint: str | None = None
    alias: str | None = None
    statuses: frozenset[Status] | None = None
    since: int | None = None
    until: int | None = None
    named: Callable[[str, int], bool] | None = None
    ascending: bool = False
    page: int = 1
    page_size: int = 10


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """The jobs of a page, and how many there are in all, up to NUMBERS_AT_MOST."""

    jobs: tuple[Job, ...]
    total: int


@dataclass(frozen=True, slots=True)
class ListNumberedJobs:
    """The use case."""

    access: Access
    directory: Directory
    numbers: JobNumbers
    jobs: JobStore
    clock: Clock

    def __call__(self, caller: Caller, command: ListNumbered) -> NumberedPage:
        """Give the page, of the jobs that the caller may see."""
        principal = self.access.to_list_jobs(caller)
        endpoint = self._endpoint(principal, command)
        sees_all = caller.any_of is not None or principal.has("jobs:read")
        now = self.clock.now()
        entries = [
            entry
            for entry in self.numbers.entries(
                principal.workspace, command.series, ascending=command.ascending, limit=NUMBERS_AT_MOST
            )
            if (entry.expires_at is None or entry.expires_at > now)
            and entry.created_at >= principal.since
            and (sees_all or entry.principal == principal.name)
            and principal.reaches(entry.endpoint)
            and endpoint in {None, entry.endpoint}
            and _wanted(entry, command)
        ]
        if command.statuses is not None:
            entries = self._of_status(entries, command.statuses)
        first = (command.page - 1) * command.page_size
        shown = entries[first : first + command.page_size]
        rows = self.jobs.get_many([entry.job_id for entry in shown])
        return NumberedPage(tuple(rows[entry.job_id] for entry in shown if entry.job_id in rows), len(entries))

    def _endpoint(self, principal: Principal, command: ListNumbered) -> str | None:
        if command.alias is None:
            return command.endpoint
        found = self.directory.look_up(Wanted(principal.workspace, alias=command.alias))
        if found.endpoint is None:
            message = f"There is no endpoint {command.alias!r} in the workspace {principal.workspace!r}."
            raise NotFound(message)
        return found.endpoint.path

    def _of_status(self, entries: list[NumberEntry], statuses: frozenset[Status]) -> list[NumberEntry]:
        told: dict[str, str] = {}
        if len(OPEN & statuses) == 1:  # both or neither: the entry alone says enough
            unended = [entry.job_id for entry in entries if entry.status is None][:OPEN_ROWS_AT_MOST]
            told = {job_id: job.status for job_id, job in self.jobs.get_many(unended).items()}
        return [entry for entry in entries if (entry.status or told.get(entry.job_id, "RUNNING")) in statuses]


def _wanted(entry: NumberEntry, command: ListNumbered) -> bool:
    return (
        (command.since is None or entry.created_at >= command.since)
        and (command.until is None or entry.created_at <= command.until)
        and (command.named is None or command.named(entry.endpoint, entry.created_at))
    )
