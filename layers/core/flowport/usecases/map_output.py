"""Give callers what the endpoint's mapping makes of a run's output, in every dialect and in callbacks.

What is stored is the workflow's own output. The mapping is the one that the endpoint had when the job was made, so that
a job's answer never changes; one that cannot be applied loses nothing. Where an endpoint has its outputs kept nowhere,
the answer to the call itself is the only place for one that cannot be mapped: it has it, for whoever may see it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flowport.domain.errors import FlowportError, OutputMappingFailed
from flowport.domain.job import Job
from flowport.domain.payload import dumps
from flowport.usecases.ports import OutputMapping
from flowport.usecases.run_endpoint import Ran

if TYPE_CHECKING:
    from flowport.usecases.run_batch import Ended


def mapped_result(mapping: OutputMapping, result: Any) -> Any:  # noqa: ANN401  # what any use case gives
    """Give a use case's result as callers are to see it. Raises `OutputMappingFailed`."""
    if isinstance(result, Job):
        return mapped(mapping, result)
    if isinstance(result, Ran):
        return _with_job(result, mapped(mapping, result.job, seen_whole=result.seen_whole))
    from flowport.usecases.read_whole_job import WholeJob  # noqa: PLC0415  # runs come first, and need none of these
    from flowport.usecases.redrive_job import Redriven  # noqa: PLC0415
    from flowport.usecases.run_batch import BatchRan  # noqa: PLC0415

    if isinstance(result, Redriven | WholeJob):
        return _with_job(result, mapped(mapping, result.job))
    if isinstance(result, BatchRan):
        return replace(result, outcomes=tuple(_one_of_many(mapping, outcome) for outcome in result.outcomes))
    return result


def _with_job(result: Any, job: Job) -> Any:  # noqa: ANN401  # one that has a job
    return result if job is result.job else replace(result, job=job)


def mapped(mapping: OutputMapping, job: Job, *, seen_whole: bool = False) -> Job:
    """Give a job whose output is what its callers get. Raises `OutputMappingFailed`.

    `seen_whole` says that the caller may see what the mapping leaves out, too.
    """
    if job.output_mapping is None or job.output is None or job.status != "SUCCEEDED":
        return job
    try:
        return replace(job, output=mapping.apply(job.output_mapping, job.output))
    except OutputMappingFailed as error:
        lost = job.payloads == "not-kept"
        raise OutputMappingFailed(
            f"{error.detail} {_where(job, seen_whole=seen_whole)}",
            headers={"Flowport-Job-Id": job.id},
            members={"id": job.id, "job_status": job.status},
            output=job.output if lost and seen_whole else None,
        ) from error


def _where(job: Job, *, seen_whole: bool) -> str:
    """Say where the output is to be had that could not be mapped."""
    if job.payloads != "not-kept":
        return "The job's /output gives that as it is."
    if seen_whole:
        return "The endpoint has its outputs kept nowhere: that is `output` here, this once."
    if job.machine_type == "STANDARD" and job.execution_arn is not None:
        return (
            "The endpoint has its outputs kept nowhere here, and only a credential with the scope 'jobs:read' is given "
            "one as it is; Step Functions has it for 90 days, in the job's execution."
        )
    return (
        "The endpoint has its outputs kept nowhere, and only a credential with the scope 'jobs:read' is given one as "
        "it is; this one is gone. What the run did stays done: do not send the call again unless that does no harm."
    )


def _one_of_many(mapping: OutputMapping, outcome: "Ended") -> "Ended":
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
