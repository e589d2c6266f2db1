"""Read and edit WorkfloPlus's documents as texts, so that whatever a client keeps in them comes back as it was sent.

[S] is the vendor's page on BasicSync, [F] its other documentation, [C] a choice of ours where neither says.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flowport.dialects.timestamps import timestamp
from flowport.dialects.wire import HttpRequest
from flowport.domain.addresses import endpoint_parts
from flowport.domain.aliases import ALIAS_ID_MAX, WORKFLOPLUS, alias
from flowport.domain.documents import Closing, Document
from flowport.domain.errors import InvalidJson, InvalidRequest
from flowport.domain.job import Job, Status
from flowport.domain.payload import check_size, compact, dumps, members_of, parse_json

COMPLETED: Final = "Completed"  # [S]
ABORTED: Final = "Aborted"  # [S]
IN_PROGRESS: Final = "InProgress"  # [C]; [F] has Paused beside it, and any other is kept as it is sent
CLOSING: Final[dict[str, Closing]] = {COMPLETED: "completed", ABORTED: "aborted"}
# [C] How a job is shown that has no document, because a client of another family started it.
STATUS: Final[dict[Status, str]] = {
    "ACCEPTED": IN_PROGRESS,
    "RUNNING": IN_PROGRESS,
    "SUCCEEDED": COMPLETED,
    "FAILED": ABORTED,
    "TIMED_OUT": ABORTED,
    "ABORTED": ABORTED,
}
# What answers add to a document, and so what is not of it when a client sends an answer back.
OURS: Final = ("jobId", "syncedAt")
CLIENT_JOB_ID_MAX: Final = 256
_EXCLUDED: Final = {"true": True, "false": False}
# Members of a document and what they may be, beside null: a class, and what it is called.
_MEMBERS: Final[dict[str, tuple[type, str]]] = {
    "completedSteps": (list, "an array"),
    "cancelledSteps": (list, "an array"),
    "team": (str, "a string"),
    "hierarchyStack": (list, "an array"),
    "packetIds": (list, "an array"),
    "jobExclusion": (list, "an array"),
    "excluded": (bool, "true or false"),
}
_OF_METADATA: Final[dict[str, tuple[type, str]]] = {
    "metadata": (dict, "an object"),
    "status": (str, "a string"),
    "userId": (str, "a string"),
    "abandonReason": (str, "a string"),
}
Problem = tuple[str, str]


class Invalid(InvalidRequest):
    """A body that is JSON and not what it should be; `problems` name each field and what is wrong with it."""

    problems: tuple[Problem, ...] = ()

    @classmethod
    def of(cls, *problems: Problem) -> "Invalid":
        """Make one of its problems; the first makes the message."""
        field, message = problems[0]
        made = cls(f"{field or 'The body'} {message}.")
        made.problems = problems
        return made


# -- what is sent ------------------------------------------------------------------------------------------------------


def object_of(request: HttpRequest) -> str:
    """Give the text of a body that must be a JSON object. [C] Whatever its content type says."""
    try:
        text = request.body.decode().strip()
    except UnicodeDecodeError as error:
        message = f"The body is not UTF-8: byte {error.start} cannot be read."
        raise InvalidJson(message) from error
    check_size(text)
    if not isinstance(parse_json(text), dict):
        raise Invalid.of(("", "must be a JSON object"))
    return text


def document_of(text: str) -> Document:
    """Read a document that a client sends, without what answers add to it. Raises `Invalid`."""
    members = members_of(text)
    if not members.keys().isdisjoint(OURS):
        text = _object({name: value for name, value in members.items() if name not in OURS})
    sent: dict[str, Any] = json.loads(text)
    problems = _problems(sent)
    if problems:
        raise Invalid.of(*problems)
    return read_document(text)


def _problems(sent: Mapping[str, Any]) -> list[Problem]:
    found = _wrong("", sent, _MEMBERS)
    metadata = sent.get("metadata")
    if not isinstance(metadata, dict):
        return [("metadata", "must be an object"), *found]
    for name, at_most in (("clientJobId", CLIENT_JOB_ID_MAX), ("workflowId", ALIAS_ID_MAX)):
        value = metadata.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= at_most or not value.isprintable():
            found.append((f"metadata.{name}", f"must be a string of 1 to {at_most} visible characters"))
    found += _wrong("metadata.", metadata, _OF_METADATA)
    updated = metadata.get("updated")
    if updated is not None and _microseconds(updated) is None:
        found.append(("metadata.updated", "must be a time as 2021-10-01T12:48:13.824Z"))
    for name in ("completedSteps", "cancelledSteps"):
        steps = sent[name] if isinstance(sent.get(name), list) else []
        wrong = [index for index, step in enumerate(steps) if not isinstance(step, dict)]
        found += [(f"{name}[{index}]", "must be an object with singleStep and reportStep") for index in wrong]
    return found


def _wrong(prefix: str, sent: Mapping[str, Any], known: Mapping[str, tuple[type, str]]) -> list[Problem]:
    return [
        (prefix + name, f"must be {called}, or null")
        for name, (kind, called) in known.items()
        if sent.get(name) is not None and not isinstance(sent[name], kind)
    ]


def _microseconds(value: Any) -> int | None:  # noqa: ANN401  # any JSON value
    """Read a time; [C] one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def read_document(text: str) -> Document:
    """Read a document that is known to be one."""
    sent: dict[str, Any] = json.loads(text)
    metadata: dict[str, Any] = sent["metadata"]
    return Document(
        text,
        metadata["clientJobId"],
        alias(WORKFLOPLUS, metadata["workflowId"]),
        updated=_microseconds(metadata.get("updated")),
        closing=CLOSING.get(metadata.get("status") or ""),
        reason=metadata.get("abandonReason") or None,
        workspace=sent.get("team"),
        user=metadata.get("userId"),
    )


# -- edits -------------------------------------------------------------------------------------------------------------


def edited(
    document: Document, now: int, metadata: Mapping[str, str], members: Mapping[str, str] | None = None
) -> Document:
    """Give a document with other members of its metadata, and others beside it, all as JSON texts.

    [C] `modified` becomes the time of the change; `updated` stays the client's own, so that its next sync counts.
    """
    own = members_of(document.text)
    changed = members_of(own["metadata"]) | {"modified": dumps(timestamp(now)), **metadata}
    text = _object(own | dict(members or {}) | {"metadata": _object(changed)})
    check_size(text)
    return document_of(text)


def updated(document: Document, now: int, body: str) -> Document:
    """Put the members of `{"metadata":{…}}` in the place of the document's own; [C] its ids cannot be changed."""
    sent: dict[str, Any] = json.loads(body)
    if set(sent) != {"metadata"} or not isinstance(sent["metadata"], dict):
        raise Invalid.of(("metadata", 'must be an object, and all that there is: {"metadata":{…}}'))
    for name, own in (("clientJobId", document.client_job_id), ("workflowId", document.alias.partition(":")[2])):
        if sent["metadata"].get(name, own) != own:
            raise Invalid.of((f"metadata.{name}", f"cannot be changed; it is {own!r}"))
    return edited(document, now, members_of(members_of(body)["metadata"]))


def with_keys(document: Document, now: int, body: str) -> Document:
    """Merge keys into the client's own metadata [F]."""
    own = members_of(members_of(document.text)["metadata"]).get("metadata", "null")
    merged = (members_of(own) if own != "null" else {}) | members_of(body)
    return edited(document, now, {"metadata": _object(merged)})


def assigned(document: Document, now: int, user: str) -> Document:
    """Give it to another user [F]; [C] whose name is not known here."""
    if user == document.user:
        return document
    return edited(document, now, {"userId": dumps(user), "username": "null"})


def excluded(document: Document, now: int, body: str) -> Document:
    """Exclude a job, or take it in again [F]; [C] each exclusion is added to the list as it was sent."""
    sent: dict[str, Any] = json.loads(body)
    problems = [(name, "must be a string") for name in ("userId", "reason") if not isinstance(sent.get(name), str)]
    if not isinstance(sent.get("isExcluded"), str) or sent["isExcluded"] not in _EXCLUDED:
        problems.append(("isExcluded", 'must be the string "true" or "false"'))
    if problems:
        raise Invalid.of(*problems)
    own = members_of(document.text).get("jobExclusion", "null")
    before = compact(own).removesuffix("]") + "," if own != "null" and compact(own) != "[]" else "["
    members = {"jobExclusion": f"{before}{compact(body)}]", "excluded": dumps(_EXCLUDED[sent["isExcluded"]])}
    return edited(document, now, {}, members)


def aborted(document: Document, now: int, reason: str | None) -> Document:
    """Abort it [F]; [C] with the reason of the body's `abandonReason`, if it has one."""
    why = {} if reason is None else {"abandonReason": quoted(reason)}
    return edited(document, now, {"status": dumps(ABORTED)} | why)


def reason_of(request: HttpRequest) -> str | None:
    """Read the reason that a body may give for an abort."""
    if not request.body.strip():
        return None
    reason = json.loads(object_of(request)).get("abandonReason")
    if not isinstance(reason, str | None):
        raise Invalid.of(("abandonReason", "must be a string, or null"))
    return reason


# -- what is shown -----------------------------------------------------------------------------------------------------


def shown(job: Job, text: str | None) -> str:
    """Write a job's document with its `jobId`; one that no client's document ended is shown as it ended here [C]."""
    if text is None:
        text = _foreign(job)
    elif job.ended and job.status != "SUCCEEDED" and read_document(text).closing is None:
        members = members_of(text)
        end = {"status": dumps(ABORTED), "abandonReason": quoted(_why(job))}
        text = _object(members | {"metadata": _object(members_of(members["metadata"]) | end)})
    return with_member(text, "jobId", dumps(job.id))


def with_member(text: str, name: str, value: str) -> str:
    """Write a document without white space, and with one member more at its end."""
    body = compact(text).removesuffix("}")
    return f'{body}{"" if body == "{" else ","}"{name}":{value}}}'


def _why(job: Job) -> str:
    return ": ".join(part for part in (job.error, job.cause) if part) or job.status


def _foreign(job: Job) -> str:
    """Make the document of a job that another family's client started [C]."""
    kind, _, identifier = (job.alias or "").partition(":")
    _, name = endpoint_parts(job.endpoint) or ("", job.endpoint)
    ended = job.ended and job.status != "SUCCEEDED"
    metadata = {
        "clientJobId": dumps(job.client_job_id),
        "workflowId": dumps(identifier if kind == WORKFLOPLUS else None),
        "workflowVersionId": "null",
        "jobTitle": quoted(name),
        "metadata": "{}",
        "created": dumps(timestamp(job.created_at)),
        "updated": dumps(timestamp(job.finished_at or job.started_at or job.created_at)),
        "modified": dumps(timestamp(job.finished_at or job.started_at or job.created_at)),
        "status": dumps(STATUS[job.status]),
        "userId": "null",
        "currentStep": "null",
        "abandonReason": quoted(_why(job)) if ended else "null",
        "username": quoted(job.principal),
        "workflowName": quoted(name),
    }
    members = {
        "metadata": _object(metadata),
        "completedSteps": "[]",
        "cancelledSteps": "null",
        "team": dumps(job.workspace),
        "hierarchyStack": "null",
        "packetIds": "null",
        "jobExclusion": "[]",
        "excluded": "false",
    }
    return _object(members)


def _object(members: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{quoted(name)}:{value}" for name, value in members.items()) + "}"


def quoted(text: str) -> str:
    """Write a JSON string; half a surrogate pair, which no UTF-8 can carry, stays an escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return dumps(text)
