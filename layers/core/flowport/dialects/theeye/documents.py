"""Write jobs as TheEye has them: the output, the result document, the whole job document, what `parse` gives."""

import json
import re
from typing import Any, Final

from flowport.dialects.theeye.arguments import ARGUMENTS
from flowport.dialects.timestamps import timestamp
from flowport.domain.addresses import endpoint_parts
from flowport.domain.aliases import THEEYE
from flowport.domain.errors import PayloadNotKept
from flowport.domain.job import Job, Status
from flowport.domain.payload import compact, dumps, elements_of, members_of, quoted
from flowport.domain.records import Endpoint

# [F] has the words, [C] which of ours is which.
LIFECYCLE: Final[dict[Status, str]] = {
    "ACCEPTED": "ready",
    "RUNNING": "started",
    "SUCCEEDED": "finished",
    "FAILED": "finished",
    "TIMED_OUT": "terminated",
    "ABORTED": "canceled",
}
STATE: Final[dict[Status, str]] = {
    "ACCEPTED": "in_progress",
    "RUNNING": "in_progress",
    "SUCCEEDED": "success",
    "FAILED": "failure",
    "TIMED_OUT": "timeout",
    "ABORTED": "canceled",
}
OK: Final = 200
FAILURE: Final = 500
# The final statuses that HTTP allows.
STATUSES: Final = range(200, 600)
_INDEX: Final = re.compile(r"[0-9]{0,6}")


def is_kept(job: Job) -> bool:
    """Whether the output of a run that succeeded is there: `null` would say that it gave none."""
    return job.status != "SUCCEEDED" or job.output is not None or job.payloads == "kept"


def output_of(job: Job) -> list[str]:
    """Give the output: always an array of strings [S]. That of a run that failed is its cause alone [C].

    Raises:
        PayloadNotKept: it is not kept, or not any more.
    """
    if not job.ended:
        return []
    if job.status != "SUCCEEDED":
        return [job.cause or job.error or ""]
    if not is_kept(job):
        message = "The output of this job is not kept."
        raise PayloadNotKept(message, members={"id": job.id})
    return [_string(text) for text in _elements(job.output or "null")]


def _elements(text: str) -> list[str]:
    """Give the texts of an output's elements; of one that cannot be taken apart (nested too deeply) itself."""
    if text.lstrip()[:1] == "[":
        try:
            return elements_of(text)
        except (RecursionError, ValueError):
            pass
    return [text]


def _string(text: str) -> str:
    text = text.strip()
    return str(json.loads(text)) if text[:1] == '"' else compact(text)


def answer(job: Job, option: str, index: str, endpoint: Endpoint | None) -> tuple[int, str]:
    """Give status and body of a job that has ended, as the client's option has it [S]."""
    status = OK if job.status == "SUCCEEDED" else FAILURE
    match option:
        case "result":
            return status, result_document(job)
        case "full":
            return status, job_document(job, endpoint)
        case "parse" if (element := _readable(output_of(job), index)) is not None:
            own = _status_of(element)
            return own or status, compact(element)
    return status, _array(output_of(job))


def _readable(output: list[str], index: str) -> str | None:
    """Give the element of the output that is asked for, None when it is not there or not JSON."""
    position = int(index or 0) if _INDEX.fullmatch(index) else len(output)
    if position >= len(output):
        return None
    try:
        json.loads(output[position], parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return output[position]


def _refuse(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _status_of(element: str) -> int | None:
    """Give the `statusCode` of an element where it is a number that HTTP allows."""
    value = json.loads(element)
    code = value.get("statusCode") if isinstance(value, dict) else None
    if not isinstance(code, int | float) or code not in STATUSES:
        return None
    return int(code)


def _array(output: list[str]) -> str:
    return f"[{','.join(map(quoted, output))}]"


def result_document(job: Job) -> str:
    """Write the execution's own record: output, log, last line [S]; [C] what its log is, as workflows write none."""
    if not job.ended:
        return "null"
    if job.status == "SUCCEEDED":
        log = compact(job.output or "null")
    else:
        log = ": ".join(part for part in (job.error, job.cause) if part)
    lines = log.splitlines()
    last = quoted(lines[-1] if lines else "")
    return f'{{"output":{_array(output_of(job))},"log":{quoted(log)},"lastline":{last}}}'


def job_document(job: Job, endpoint: Endpoint | None) -> str:
    """Write the whole job [F]."""
    members: dict[str, str] = {
        "id": dumps(job.id),
        "customer_id": dumps(job.workspace),
        "task_id": quoted(task_id(job, endpoint)),
        "task_arguments_values": _arguments_of(job.input),
        "lifecycle": dumps(LIFECYCLE[job.status]),
        "state": dumps(STATE[job.status]),
        "output": _array(output_of(job)) if is_kept(job) else "null",
        "result": result_document(job) if is_kept(job) else "null",
        "creation_date": dumps(timestamp(job.created_at)),
        "last_update": dumps(timestamp(job.finished_at or job.started_at or job.created_at)),
        "user": _user(job),
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def task_id(job: Job, endpoint: Endpoint | None) -> str:
    """Give what a client calls the endpoint by: its first alias, else `module.name`."""
    for alias in endpoint.aliases if endpoint else ():
        kind, _, identifier = alias.partition(":")
        if kind == THEEYE:
            return identifier
    return ".".join(endpoint_parts(job.endpoint) or (job.endpoint,))


def _arguments_of(text: str | None) -> str:
    """Give the arguments out of a run's input; what another family's client sent is one argument.

    null when the input is no longer kept.
    """
    if text is None:
        return "null"
    value: Any = json.loads(text)
    if isinstance(value, dict) and isinstance(value.get(ARGUMENTS), list):
        return members_of(text)[ARGUMENTS]
    return f"[{text.strip()}]"


def _user(job: Job) -> str:
    """Write who ran it: [F] has id, username and e-mail, and nothing for nobody; [C] there are no e-mails here."""
    kind, colon, name = job.principal.partition(":")
    return dumps({"id": job.principal, "username": name}) if kind and colon else "{}"
