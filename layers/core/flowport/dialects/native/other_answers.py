"""Write the native contract's answers to everything but a run."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flowport.dialects.native.answers import FAILURE, job_document, json_answer, problem, retry_after
from flowport.dialects.native.requests import BATCH_BYTES, encode_cursor
from flowport.dialects.timestamps import timestamp
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.job import Job
from flowport.domain.payload import dumps
from flowport.domain.steps import Step
from flowport.domain.webhooks import Delivery, message_id
from flowport.domain.workflow import WorkflowState
from flowport.usecases.check_input import Fitting
from flowport.usecases.deliveries import DeliveriesRead, Resent
from flowport.usecases.parked.resume_run import Resumed
from flowport.usecases.ports import ListingPage
from flowport.usecases.read_jobs import StepsRead
from flowport.usecases.read_openapi import OpenApiRead
from flowport.usecases.read_workflow import WorkflowRead
from flowport.usecases.redrive_job import Redriven
from flowport.usecases.run_batch import BatchRan


def _redriven(request: HttpRequest, redriven: Redriven) -> HttpResponse:
    job = redriven.job
    headers = {
        "Flowport-Job-Id": job.id,
        "Location": f"{request.base_url}/v1/jobs/{job.id}",
        "Flowport-Redrive": "resumed" if redriven.resumed else "restarted",
        **retry_after(job),
    }
    if redriven.replayed:
        headers["Idempotency-Replayed"] = "true"
    return json_answer(200 if job.ended else 202, job_document(job, request.base_url), headers)


def _batch_ran(request: HttpRequest, ran: BatchRan) -> HttpResponse:
    items = []
    left = BATCH_BYTES
    for outcome in ran.outcomes:
        if not isinstance(outcome, Job):
            items.append(f'{{"status":{outcome.status},"problem":{problem(outcome).body}}}')
            continue
        status = FAILURE[outcome.status][1] if outcome.status in FAILURE else 200 if outcome.ended else 202
        left -= len((outcome.output or "").encode("utf-8", "surrogatepass"))
        # Without its output a job's own link leads to it.
        unread = outcome.status == "SUCCEEDED" and outcome.output is None and outcome.payloads == "kept"
        document = job_document(outcome, request.base_url, output=left >= 0 and not unread)
        items.append(f'{{"status":{status},"job":{document}}}')
    headers = {} if ran.complete else {"Retry-After": "1"}
    return json_answer(200 if ran.complete else 202, f'{{"items":[{",".join(items)}]}}', headers)


def _cached(request: HttpRequest, body: str, headers: dict[str, str]) -> HttpResponse:
    tag = f'"{hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:32]}"'
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return HttpResponse(304, "", {"ETag": tag, **headers})
    return json_answer(200, body, {"ETag": tag, **headers})


def _steps(read: StepsRead) -> str:
    steps = None if read.steps is None else [_step(step) for step in read.steps]
    return dumps({"job": read.job.id, "status": read.job.status, "steps": steps, "reason": read.reason})


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "type": step.type,
        "started_at": timestamp(step.started_at),
        "finished_at": timestamp(step.finished_at),
        "status": step.status,
        "attempts": step.attempts,
        "error": step.error,
        "cause": step.cause,
    }


def _workflow(read: WorkflowRead) -> str:
    return dumps(
        {
            "machine_arn": read.definition.machine_arn,
            "type": read.definition.type,
            "exact": read.exact,
            "start_at": read.workflow.start_at,
            "states": [_state(state) for state in read.workflow.states],
        }
    )


def _state(state: WorkflowState) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": state.name,
        "type": state.type,
        "path": state.path,
        "next": [{"to": way.to, "label": way.label} for way in state.next],
        "end": state.ends,
    }
    if state.parent is not None:
        document["parent"] = state.parent
    if state.starts:
        document["starts"] = list(state.starts)
    return document


def _delivery(delivery: Delivery, base_url: str) -> dict[str, Any]:
    return {
        "n": delivery.number,
        "message_id": message_id(delivery.job_id, delivery.number),
        "url": delivery.url,
        "status": delivery.status,
        "next_attempt_at": timestamp(delivery.next_at),
        "attempts": [
            {
                "at": timestamp(attempt.at),
                "http_status": attempt.status,
                "error": attempt.error,
                "duration_ms": attempt.duration_ms,
                "resend": attempt.run,
            }
            for attempt in delivery.attempts
        ],
        "links": {"resend": f"{base_url}/v1/jobs/{delivery.job_id}/deliveries/{delivery.number}/resend"},
    }


def _deliveries(request: HttpRequest, read: DeliveriesRead) -> str:
    return dumps({"items": [_delivery(delivery, request.base_url) for delivery in read.deliveries]})


def _resent(request: HttpRequest, resent: Resent) -> HttpResponse:
    body = dumps(_delivery(replace(resent.delivery, status="pending", next_at=None), request.base_url))
    return json_answer(202, body, {"Location": f"{request.base_url}/v1/jobs/{resent.job.id}/deliveries"})


def _openapi(request: HttpRequest, read: OpenApiRead) -> str:
    from flowport.openapi.document import document  # noqa: PLC0415  # the administration's models take 250 ms

    return dumps(document(read, request.base_url))


def _page(request: HttpRequest, page: ListingPage) -> str:
    items = ",".join(job_document(job, request.base_url, output=False) for job in page.jobs)
    cursor = encode_cursor(page.after) if page.after else None
    return f'{{"items":[{items}],"cursor":{dumps(cursor)}}}'


ANSWERS: Final[dict[type, Callable[[HttpRequest, Any, Any], HttpResponse]]] = {
    Redriven: lambda request, _, redriven: _redriven(request, redriven),
    BatchRan: lambda request, _, ran: _batch_ran(request, ran),
    Job: lambda request, _, job: _cached(request, job_document(job, request.base_url), retry_after(job)),
    DeliveriesRead: lambda request, _, read: json_answer(200, _deliveries(request, read)),
    Resent: lambda request, _, resent: _resent(request, resent),
    StepsRead: lambda _request, _, read: json_answer(200, _steps(read)),
    WorkflowRead: lambda _request, _, read: json_answer(200, _workflow(read)),
    OpenApiRead: lambda request, _, read: _cached(request, _openapi(request, read), {}),
    Fitting: lambda _request, _, fitting: json_answer(200, f'{{"valid":true,"input":{fitting.text}}}'),
    Resumed: lambda _request, _, resumed: json_answer(200, dumps({"status": "resumed" if resumed.waiting else "kept"})),
    ListingPage: lambda request, _, page: json_answer(200, _page(request, page)),
    str: lambda _request, _, text: json_answer(200, text),
    type(None): lambda _request, _, __: HttpResponse(204),
}
