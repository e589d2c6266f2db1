"""Which pages may read an answer: those of the origins that the endpoint names, whoever is calling.

A preflight carries no credential, and a refusal may come before anything was looked up; so the endpoint is found by
what the path alone says. Only a request that names an origin which the stack does not allow costs these reads.
"""

from dataclasses import dataclass
from typing import Final

from flowport.domain.ids import resolve_job_reference
from flowport.usecases.ports import Directory, Wanted

WITHIN_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Addressed:
    """What a path leads to: an endpoint (`module/name`), or a job by any of its names."""

    endpoint: str | None = None
    job: str | None = None


@dataclass(frozen=True, slots=True)
class PageOrigins:
    """Looks up the origins of an endpoint, or of a job's endpoint."""

    directory: Directory

    def of(self, workspace: str, addressed: Addressed, *, deadline: float) -> tuple[str, ...]:
        """Give them; none where there is nothing. Raises `Unavailable` when it cannot be told."""
        path = addressed.endpoint
        if addressed.job is not None:
            job_id = resolve_job_reference(addressed.job)
            if job_id is None:
                return ()
            job = self.directory.look_up(Wanted(workspace, job_id=job_id), deadline=deadline).job
            if job is None:
                return ()
            workspace, path = job.workspace, job.endpoint
        if path is None:
            return ()
        endpoint = self.directory.look_up(Wanted(workspace, endpoint=path), deadline=deadline).endpoint
        return endpoint.cors if endpoint is not None else ()
