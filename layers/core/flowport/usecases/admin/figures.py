"""Read what came of calls over time, endpoint by endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flowport.domain.errors import NotFound
from flowport.domain.figures import points_of
from flowport.usecases.admin.ports import Actor, EndpointRegistry, Figures, FigureSource
from flowport.usecases.ports import Clock, JobStore, ListingQuery

if TYPE_CHECKING:
    from flowport.domain.job import Job

ENDPOINTS_AT_MOST: Final = 100
# Rows that are counted for one answer: about 40 reads of DynamoDB.
ROWS_AT_MOST: Final = 4_000
_PAGE: Final = 100
# What a page and the answer may take, of the time that there is.
_SPARE_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class FiguresWanted:
    """Of which endpoint (None: of all), from when until when (epoch milliseconds), in periods of how many seconds."""

    endpoint: str | None
    since: int
    until: int
    period: int


@dataclass(frozen=True, slots=True)
class ReadFigures:
    """The use case."""

    source: FigureSource
    registry: EndpointRegistry

    def read(self, actor: Actor, wanted: FiguresWanted) -> Figures:
        """Give the figures of one endpoint, or of the workspace's first hundred."""
        if wanted.endpoint is not None:
            if self.registry.get(actor.workspace, wanted.endpoint, deadline=actor.deadline) is None:
                message = f"There is no endpoint {wanted.endpoint!r} in the workspace {actor.workspace!r}."
                raise NotFound(message)
            endpoints: Sequence[str] = [wanted.endpoint]
        else:
            page = self.registry.page(actor.workspace, ENDPOINTS_AT_MOST, None, deadline=actor.deadline)
            endpoints = [endpoint.path for endpoint in page.items]
        return self.source.figures(
            actor.workspace,
            endpoints,
            since=wanted.since,
            until=wanted.until,
            period=wanted.period,
            deadline=actor.deadline,
        )


@dataclass(frozen=True, slots=True)
class FiguresOfRows:
    """Counts jobs' rows, the newest first: exact, and only for stacks with few jobs."""

    jobs: JobStore
    clock: Clock
    name: str = "jobs"

    def figures(
        self, workspace: str, endpoints: Sequence[str], *, since: int, until: int, period: int, deadline: float
    ) -> Figures:
        """Count jobs that were accepted and ended in that time; `complete` is False when some were not reached."""
        counted: list[Job] = []
        after: tuple[str, str] | None = None
        while True:
            page = self.jobs.page(
                ListingQuery(
                    workspace=workspace,
                    endpoint=endpoints[0] if len(endpoints) == 1 else None,
                    endpoints=tuple(endpoints),
                    principal=None,
                    status=None,
                    labels=(),
                    since=since,
                    until=until,
                    limit=_PAGE,
                    after=after,
                ),
                deadline=deadline,
            )
            counted += page.jobs
            after = page.after
            short = len(counted) >= ROWS_AT_MOST or self.clock.monotonic() > deadline - _SPARE_SECONDS
            if after is None or short:
                points = points_of(counted, since=since, until=until, period_ms=period * 1000)
                return Figures(points, self.name, complete=after is None)
