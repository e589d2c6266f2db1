"""Write what a PhixFlow client reads: a result, a status, or the answer that the workflow itself decides.

[F] has the members by which a workflow decides; the forms of all other answers are [C], a choice of ours.
"""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from flowport.dialects.native.answers import source_of_failure
from flowport.dialects.native.http_output import http_answer
from flowport.dialects.phixflow.inputs import LONGEST_MS, Timeout
from flowport.dialects.wire import JSON, HttpRequest, HttpResponse
from flowport.domain.dialect_settings import PhixFlow
from flowport.domain.errors import FlowportError, OutputNotHttp
from flowport.domain.job import DEADLINE_PASSED, Job
from flowport.domain.payload import compact, dumps, members_of
from flowport.domain.records import Endpoint
from flowport.usecases.run_batch import BatchRan

# The words for a job [F: Success and Fail], and the HTTP statuses of a call that has its result or has not.
RUNNING: Final = "Running"
SUCCESS: Final = "Success"
FAIL: Final = "Fail"
OK: Final = 200
ACCEPTED: Final = 202
FAILED: Final = 500
TIMED_OUT: Final = 504
ABORTED: Final = "Timed out after {} ms; the action was aborted"
GOES_ON: Final = "Timed out after {} ms; the action could not be aborted and goes on"
NOT_KEPT: Final = "The output is not kept"
# [F] An output with one of these decides the answer.
DECIDES: Final = frozenset({"body", "headers", "contentType", "statusCode"})
TIMEOUT_HEADER: Final = "Flowport-Timeout"
# What all records' outputs may come to in one answer; Lambda gives 6 MB.
OUTPUTS_BYTES: Final = 4 * 1024 * 1024


def settings_of(endpoint: Endpoint | None) -> PhixFlow:
    """Give what the endpoint says to PhixFlow, its defaults where it says nothing or is gone."""
    return (endpoint.dialects.phixflow if endpoint else None) or PhixFlow()


def answer(
    status: int, members: dict[str, str], headers: dict[str, str] | None = None, *, source: str | None = None
) -> HttpResponse:
    """Write an answer of members whose values are JSON texts already."""
    ours: dict[str, str | tuple[str, ...]] = {"Content-Type": JSON, **(headers or {})}
    if source is not None:
        ours["Flowport-Error-Source"] = source
    return HttpResponse(status, _object(members), ours)


def ran(endpoint: Endpoint, job: Job, timeout: Timeout) -> HttpResponse:
    """Write the result of a run as it stands when its answer is due."""
    headers = {"Flowport-Job-Id": job.id, **cut(timeout)}
    settings = settings_of(endpoint)
    # [C] Whoever polls needs the process id: only a synchronous call's answer is the workflow's to decide.
    if endpoint.mode == "sync" and job.status == "SUCCEEDED" and (decided := _decided(job)) is not None:
        return http_answer(replace(job, output=decided), endpoint.http_headers, headers)
    failed = job.ended and job.status != "SUCCEEDED"
    return answer(_status(job), _result(job, settings), headers, source=source_of_failure(job) if failed else None)


def all_ran(request: HttpRequest, batch: BatchRan, timeout: Timeout) -> HttpResponse:
    """Write every record's own result, in order [C]."""
    settings = settings_of(batch.endpoint)
    left = OUTPUTS_BYTES
    records, failed = [], 0
    for outcome in batch.outcomes:
        if not isinstance(outcome, Job):
            failed += 1
            records.append(_object(refusal(outcome)))
            continue
        failed += outcome.ended and outcome.status != "SUCCEEDED"
        left -= len((outcome.output or "").encode("utf-8", "surrogatepass"))
        members = _result(outcome, settings)
        unread = outcome.status == "SUCCEEDED" and outcome.output is None and outcome.payloads == "kept"
        if "data" in members and (left < 0 or unread):
            del members["data"]
            workspace = quote(outcome.workspace, safe="")
            members["statusUrl"] = dumps(f"{request.base_url}/{workspace}/api/1/action/status/{outcome.id}")
        records.append(_object(members))
    message = f"{failed} of {len(records)} records failed" if failed else SUCCESS if batch.complete else RUNNING
    members = {"success": dumps(not failed), "message": dumps(message), "records": f"[{','.join(records)}]"}
    return answer(OK if batch.complete else ACCEPTED, members, cut(timeout))


def status_of(job: Job, endpoint: Endpoint | None) -> HttpResponse:
    """Write a process's status [C]."""
    result = _result(job, settings_of(endpoint))
    word = RUNNING if not job.ended else SUCCESS if job.status == "SUCCEEDED" else FAIL
    members = {"processId": dumps(job.id), "status": dumps(word)}
    told = {SUCCESS: "data" if "data" in result else "message", FAIL: "message"}.get(word)
    if told is not None:
        members[told] = result[told]
    return answer(OK, members, {"Flowport-Job-Id": job.id})


def refusal(error: FlowportError, message: str | None = None) -> dict[str, str]:
    """Give the members of a refusal; a process that may be there all the same is named."""
    members = {"success": "false"}
    if job_id := error.members.get("id"):
        members["processId"] = dumps(str(job_id))
    return members | {"message": dumps(message or error.detail)}


def cut(timeout: Timeout) -> dict[str, str]:
    """Say that a time-out was cut to what an answer may take."""
    return {TIMEOUT_HEADER: str(LONGEST_MS)} if timeout.cut else {}


def _object(members: dict[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _status(job: Job) -> int:
    if not job.ended:
        return ACCEPTED
    return {"SUCCEEDED": OK, "TIMED_OUT": TIMED_OUT}.get(job.status, FAILED)


def _result(job: Job, settings: PhixFlow) -> dict[str, str]:
    """Give success, process id, message and, of a success, the data at `data.<output name>`."""
    members = {"success": dumps(not job.ended or job.status == "SUCCEEDED"), "processId": dumps(job.id)}
    if not job.ended:
        return members | {"message": dumps(RUNNING)}
    if job.status != "SUCCEEDED":
        return members | {"message": dumps(_what_failed(job, settings))}
    if job.output is None and job.payloads != "kept":
        return members | {"message": dumps(NOT_KEPT)}
    data = f"{{{dumps(settings.output_name)}:{compact(job.output or 'null')}}}"
    return members | {"message": dumps(settings.success_message or SUCCESS), "data": data}


def _what_failed(job: Job, settings: PhixFlow) -> str:
    if job.status == "TIMED_OUT":
        until = job.deadline_at if job.error == DEADLINE_PASSED else job.finished_at
        # AWS cannot stop an Express run that has begun.
        unstoppable = job.error == DEADLINE_PASSED and job.machine_type == "EXPRESS" and job.started_at is not None
        return (GOES_ON if unstoppable else ABORTED).format(max(0, (until or job.created_at) - job.created_at))
    own = settings.fail_message if source_of_failure(job) == "workflow" else None
    return own or job.cause or job.error or FAIL


# -- the workflow's own answer -----------------------------------------------------------------------------------------


def _decided(job: Job) -> str | None:
    """Give an output that decides the answer in the form of Lambda proxy integrations, None where it does not [F].

    Raises:
        OutputNotHttp: its statusCode, contentType or headers are none.
    """
    output = job.output or "null"
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not DECIDES & value.keys():
        return None
    text = isinstance(value.get("body"), str) or value.get("body") is None
    headers = _headers_of(value.get("headers"), job)
    content_type = value.get("contentType")
    if content_type is not None and not isinstance(content_type, str):
        message = f"The output's contentType {str(content_type)[:40]!r} is no text."
        raise OutputNotHttp(message, members={"id": job.id})
    if content_type:  # [C] it goes before a header of that name
        headers = {name: one for name, one in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = content_type
    elif not text and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = JSON
    # A JSON body goes out exactly as the workflow wrote it.
    body = (value.get("body") or "") if text else members_of(output)["body"]
    return json.dumps({"statusCode": _status_code(value.get("statusCode")), "headers": headers, "body": body})


def _status_code(value: Any) -> Any:  # noqa: ANN401  # what is none is refused with the rest
    """Give the status; [C] digits are as good as a number, and without one it is 200."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len("999"):
        return int(value)
    return OK if value is None else value


def _headers_of(value: Any, job: Job) -> dict[str, Any]:  # noqa: ANN401
    """Give the headers: an object, or [C] its text, which is what an action gets its own request's as."""
    if isinstance(value, str) and value.strip():
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    if isinstance(value, dict):
        return value
    if not value:
        return {}
    message = "The output's headers must be an object of names and values, or the JSON text of one."
    raise OutputNotHttp(message, members={"id": job.id})
