"""Write the native contract's answers to runs, jobs' documents and problems; other_answers.py has the rest."""

from typing import Any, Final

from flowport.dialects.native.http_output import http_answer
from flowport.dialects.timestamps import timestamp
from flowport.dialects.wire import JSON, HttpRequest, HttpResponse
from flowport.domain.errors import FlowportError, OutputMappingFailed, PayloadNotKept
from flowport.domain.job import NOT_STARTED, OUTCOME_UNKNOWN, Job
from flowport.domain.payload import dumps, joined
from flowport.usecases.run_endpoint import Ran, Run

PROBLEM: Final = "application/problem+json"
PROBLEM_TYPE: Final = "urn:flowport:problem:"
SOURCE_HEADER: Final = "Flowport-Error-Source"

FAILURE: Final[dict[str, tuple[str, int, str]]] = {
    "FAILED": ("job-failed", 500, "The workflow failed"),
    "TIMED_OUT": ("job-timed-out", 504, "The workflow timed out"),
    "ABORTED": ("job-aborted", 409, "The job was aborted"),
}


def job_document(job: Job, base_url: str, *, output: bool = True) -> str:
    """Write a job as JSON. The output is the workflow's own text, so that numbers keep their exact form."""
    link = f"{base_url}/v1/jobs/{job.id}"
    before: dict[str, Any] = {
        "id": job.id,
        "status": job.status,
        "endpoint": job.endpoint,
        "mode": job.mode,
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
        "duration_ms": max(0, job.finished_at - job.started_at) if job.finished_at and job.started_at else None,
    }
    after: dict[str, Any] = {
        "error": job.error,
        "cause": job.cause,
        "client_job_id": job.client_job_id,
        "labels": dict(job.labels),
        "origin": job.origin,
        "execution_arn": job.execution_arn,
        "links": {"self": link, "cancel": f"{link}/cancel", "steps": f"{link}/steps", "input": f"{link}/input"},
    }
    if job.redriven_as is not None:
        after["links"]["redriven_as"] = f"{base_url}/v1/jobs/{job.redriven_as}"
    if job.payloads != "kept":
        after["payloads"] = job.payloads
    if not output:
        return joined(dumps(before), dumps(after))
    text = "null" if job.output is None else job.output
    return joined(dumps(before), f'{{"output":{text}}}', dumps(after))


def source_of_failure(job: Job) -> str:
    """Whose fault an ended job's failure is."""
    return {OUTCOME_UNKNOWN: "unknown", NOT_STARTED: "gateway"}.get(job.error or "", "workflow")


def problem(error: FlowportError) -> HttpResponse:
    """Write an error as RFC 9457 has it, with whose fault it was."""
    members = {
        "type": PROBLEM_TYPE + error.kind,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        **error.members,
    }
    headers = {"Content-Type": PROBLEM, SOURCE_HEADER: error.source, **error.headers}
    body = dumps(members)
    if isinstance(error, OutputMappingFailed) and error.output is not None:
        body = f'{body[:-1]},"output":{error.output}}}'  # as the workflow gave it
    return HttpResponse(error.status, body, headers)


def json_answer(status: int, body: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """Write an answer of JSON."""
    return HttpResponse(status, body, {"Content-Type": JSON, **(headers or {})})


def retry_after(job: Job) -> dict[str, str]:
    """Ask whoever polls a job that has not ended to come back."""
    return {} if job.ended else {"Retry-After": "1"}


def ran_answer(request: HttpRequest, command: Run, ran: Ran) -> HttpResponse:
    """Write what became of a run."""
    job = ran.job
    headers = {"Flowport-Job-Id": job.id, "Location": f"{request.base_url}/v1/jobs/{job.id}"}
    if applied := command.preference.applied:
        headers |= {"Preference-Applied": applied, "Vary": "Prefer"}
    if ran.replayed:
        headers["Idempotency-Replayed"] = "true"
    if not job.ended:
        return json_answer(202, job_document(job, request.base_url), headers | retry_after(job))
    if job.status in FAILURE:
        return _failed(job, request.base_url, headers)
    if ran.view != "job" and job.output is None and job.payloads != "kept":
        message = "The run succeeded; its output is not kept, so that only the call that ran it could be given it."
        raise PayloadNotKept(message, members={"id": job.id, "payloads": job.payloads})
    match ran.view:
        case "output":
            return json_answer(200, job.output or "null", headers)
        case "http":
            return http_answer(job, ran.endpoint.http_headers, headers)
    return json_answer(200, job_document(job, request.base_url), headers)


def _failed(job: Job, base_url: str, headers: dict[str, str]) -> HttpResponse:
    kind, status, title = FAILURE[job.status]
    detail = f"{title}: {job.error or 'no error was named'}."
    members = {"type": PROBLEM_TYPE + kind, "title": title, "status": status, "detail": detail}
    rest = {"error": job.error, "cause": job.cause}
    body = dumps(members)[:-1] + f',"job":{job_document(job, base_url)},' + dumps(rest)[1:]
    return HttpResponse(status, body, {"Content-Type": PROBLEM, SOURCE_HEADER: source_of_failure(job), **headers})
