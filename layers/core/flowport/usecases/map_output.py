"""Give callers what the endpoint's mapping makes of a run's output, in every dialect and in callbacks.

What is stored is the workflow's own output. The mapping is the one that the endpoint had when the job was made, so that
a job's answer never changes; one that cannot be applied loses nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from flowport.domain.errors import FlowportError, OutputMappingFailed
from flowport.domain.job import Job
from flowport.domain.payload import dumps
from flowport.usecases.ports import OutputMapping
from flowport.usecases.read_whole_job import WholeJob
from flowport.usecases.redrive_job import Redriven
from flowport.usecases.run_batch import BatchRan, Ended
from flowport.usecases.run_endpoint import Ran


def mapped_result(mapping: OutputMapping, result: Any) -> Any:  # noqa: ANN401  # what any use case gives
    """Give a use case's result as callers are to see it. Raises `OutputMappingFailed`."""
    if isinstance(result, Job):
        return mapped(mapping, result)
    if isinstance(result, Ran | Redriven | WholeJob):
        job = mapped(mapping, result.job)
        return result if job is result.job else replace(result, job=job)
    if isinstance(result, BatchRan):
        return replace(result, outcomes=tuple(_one_of_many(mapping, outcome) for outcome in result.outcomes))
    return result


def mapped(mapping: OutputMapping, job: Job) -> Job:
    """Give a job whose output is what its callers get. Raises `OutputMappingFailed`."""
    if job.output_mapping is None or job.output is None or job.status != "SUCCEEDED":
        return job
    try:
        return replace(job, output=mapping.apply(job.output_mapping, job.output))
    except OutputMappingFailed as error:
        raise OutputMappingFailed(
            error.detail, headers={"Flowport-Job-Id": job.id}, members={"id": job.id, "job_status": job.status}
        ) from error


def _one_of_many(mapping: OutputMapping, outcome: Ended) -> Ended:
    try:
        return mapped(mapping, outcome) if isinstance(outcome, Job) else outcome
    except FlowportError as error:
        return error


def callback_document(mapping: OutputMapping, document: Callable[[Job, str], str]) -> Callable[[Job, str], str]:
    """Give what writes a job as a callback has it: a mapping that fails keeps nobody from hearing of the end."""

    def written(job: Job, base_url: str) -> str:
        try:
            return document(mapped(mapping, job), base_url)
        except OutputMappingFailed as error:
            without = document(replace(job, output=None), base_url)
            return f'{without[:-1]},"output_error":{dumps(error.detail)}}}'

    return written
