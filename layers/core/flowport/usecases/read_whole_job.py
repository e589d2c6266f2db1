"""Read a job with all that belongs to it: what it was started with, and the endpoint that it ran."""

from dataclasses import dataclass, replace

from flowport.domain.job import Job
from flowport.domain.records import Endpoint
from flowport.usecases.access import Caller
from flowport.usecases.ports import Directory, JobStore, Wanted
from flowport.usecases.read_jobs import JobReader, ReadJob


@dataclass(frozen=True, slots=True)
class ReadWhole:
    """A request for a whole job; `wait` seconds at most for its end. Its input costs a read, where it is wanted."""

    reference: str
    wait: int = 0
    input: bool = True


@dataclass(frozen=True, slots=True)
class WholeJob:
    """The job, its input among it while it is kept; `endpoint` is None when it has been deleted."""

    job: Job
    endpoint: Endpoint | None


@dataclass(frozen=True, slots=True)
class WholeJobReader:
    """The use case. It reads only: whoever may read the job may know the endpoint's identifiers."""

    reader: JobReader
    jobs: JobStore
    directory: Directory

    def __call__(self, caller: Caller, command: ReadWhole) -> WholeJob:
        """Give the job, after waiting for its end as long as was asked."""
        job = self.reader.read(caller, ReadJob(command.reference, command.wait))
        if command.input and job.input is None:
            job = replace(job, input=self.jobs.with_input(job).input)
        return WholeJob(job, self.directory.look_up(Wanted(job.workspace, endpoint=job.endpoint)).endpoint)
