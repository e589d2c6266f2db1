"""What the document says once: jobs and problems as they are written, answers that every route can give."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from flowport.dialects.native.answers import PROBLEM, PROBLEM_TYPE
from flowport.domain.errors import FlowportError
from flowport.domain.job import ENDED, OPEN

# Every class of refusal is imported, so that all kinds are known.
from flowport.usecases import deliveries, issue_token  # noqa: F401
from flowport.usecases.admin import errors as admin_errors  # noqa: F401
from flowport.usecases.admin import webhook_secrets  # noqa: F401

Json = dict[str, Any]
JSON: Final = "application/json"
# Kinds that no class has: ends of jobs, and what API Gateway answers by itself.
FURTHER_KINDS: Final = ("job-failed", "job-timed-out", "job-aborted", "throttled")


def kinds() -> list[str]:
    """Give the last part of every problem type."""
    found, classes = set(FURTHER_KINDS), [FlowportError]
    while classes:
        one = classes.pop()
        found.add(one.kind)
        classes += one.__subclasses__()
    return sorted(found)


def ref(name: str, kind: str = "schemas") -> Json:
    """Refer to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def nullable(schema: Json) -> Json:
    """Allow null, too."""
    return {"anyOf": [schema, {"type": "null"}]}


TEXT: Final[Json] = {"type": "string"}
TIME: Final[Json] = {"type": "string", "format": "date-time"}
LINK: Final[Json] = {"type": "string", "format": "uri-reference"}
POINTER: Final[Json] = {"type": "string", "description": "A JSON Pointer (RFC 6901)."}


def an_object(required: Iterable[str] = (), **properties: Json) -> Json:
    """Describe an object; more members may come with a later release."""
    return {"type": "object", "properties": properties, "required": sorted(required)}


def a_list(items: Json) -> Json:
    """Describe a page."""
    return an_object(("items", "cursor"), items={"type": "array", "items": items}, cursor=nullable(TEXT))


def _job() -> Json:
    members: dict[str, Json] = {
        "id": TEXT,
        "status": {"enum": sorted(OPEN | ENDED)},
        "endpoint": TEXT,
        "mode": {"enum": ["sync", "async"]},
        "created_at": TIME,
        "started_at": nullable(TIME),
        "finished_at": nullable(TIME),
        "duration_ms": nullable({"type": "integer", "minimum": 0}),
        "output": {"description": "What the run gave, after the endpoint's output mapping; null until it succeeded."},
        "error": nullable(TEXT),
        "cause": nullable(TEXT),
        "client_job_id": nullable(TEXT),
        "labels": {"type": "object", "additionalProperties": TEXT},
        "origin": nullable(TEXT),
        "execution_arn": nullable(TEXT),
        "links": {"type": "object", "additionalProperties": LINK},
    }
    further: dict[str, Json] = {
        "payloads": {"enum": ["not-kept", "expired"]},
        "output_error": {"type": "string", "description": "In a callback: why the output could not be mapped."},
    }
    # A list, and a batch that is too large, leave outputs out.
    return an_object([name for name in members if name != "output"], **members, **further)


def schemas() -> Json:
    """Give the schemas that belong to no endpoint."""
    step = an_object(
        ("name", "type", "status"),
        name=TEXT,
        type=TEXT,
        status=TEXT,
        started_at=nullable(TIME),
        finished_at=nullable(TIME),
        attempts={"type": "integer"},
        error=nullable(TEXT),
        cause=nullable(TEXT),
    )
    delivery = an_object(
        ("n", "message_id", "url", "status", "attempts"),
        n={"type": "integer", "minimum": 1},
        message_id=TEXT,
        url=TEXT,
        status=TEXT,
        next_attempt_at=nullable(TIME),
        attempts={"type": "array", "items": {"type": "object"}},
        links={"type": "object"},
    )
    state = an_object(
        ("name", "type", "path", "next", "end"),
        name=TEXT,
        type=TEXT,
        path=TEXT,
        next={"type": "array", "items": an_object(("to", "label"), to=TEXT, label=TEXT)},
        end={"type": "boolean"},
        parent=TEXT,
        starts={"type": "array", "items": TEXT},
    )
    problem = an_object(
        ("type", "title"),
        type={"enum": ["about:blank", *(PROBLEM_TYPE + kind for kind in kinds())]},
        title=TEXT,
        status={"type": "integer"},
        detail=TEXT,
    )
    violation = an_object(("pointer",), pointer=POINTER, detail=TEXT, message=TEXT, keyword=TEXT, type=TEXT)
    running = an_object(("id", "status", "links"), id=TEXT, status={"const": "RUNNING"}, links={"type": "object"})
    return {
        "Job": _job(),
        "Running": {**running, "description": "API Gateway's own hand-over of a call that outlived it."},
        "Problem": {**problem, "description": "RFC 9457."},
        "InvalidProblem": {
            "allOf": [ref("Problem")],
            **an_object(errors={"type": "array", "items": violation}, complete={"type": "boolean"}),
        },
        "JobProblem": {
            "allOf": [ref("Problem")],
            **an_object(job=ref("Job"), error=nullable(TEXT), cause=nullable(TEXT), id=TEXT),
        },
        "Step": step,
        "Delivery": delivery,
        "State": state,
        "Outcome": an_object(("status",), status={"type": "integer"}, job=ref("Job"), problem=ref("Problem")),
    }


_SOURCE: Final[Json] = {"schema": {"enum": ["gateway", "workflow", "unknown"]}}
_SECONDS: Final[Json] = {"schema": {"type": "integer", "minimum": 0}}
_TEXT: Final[Json] = {"schema": TEXT}

# status -> component, schema, description and headers of what any route may answer.
REFUSALS: Final[Mapping[str, tuple[str, str, str, tuple[str, ...]]]] = {
    "400": ("Malformed", "Problem", "The request is malformed.", ()),
    "401": ("Unauthenticated", "Problem", "No credential, or one that is not valid.", ("WWW-Authenticate",)),
    "403": ("Forbidden", "Problem", "The credential is valid but may not do this.", ()),
    "404": ("NotFound", "Problem", "There is no such thing for this caller.", ()),
    "405": ("MethodNotAllowed", "Problem", "The path does not take the method.", ("Allow",)),
    "409": ("Conflict", "JobProblem", "It does not fit the present state.", ("Retry-After", "Flowport-Job-Id")),
    "410": ("Gone", "Problem", "It was there and is not kept any more.", ()),
    "412": ("PreconditionFailed", "Problem", "If-Match names another version.", ()),
    "413": ("TooLarge", "Problem", "More than is taken; both sizes are named.", ()),
    "415": ("NotJson", "Problem", "The body is not declared as JSON, or compressed.", ("Accept", "Accept-Encoding")),
    "422": ("Unprocessable", "InvalidProblem", "It does not fit; `errors` lists every violation.", ()),
    "429": ("Limited", "Problem", "A limit is reached.", ("Retry-After", "RateLimit", "RateLimit-Policy")),
    "500": ("Failed", "JobProblem", "The workflow failed, or it cannot be told.", ("Flowport-Job-Id", "Location")),
    "503": ("Unavailable", "Problem", "AWS refused, and nothing was started.", ("Retry-After",)),
    "504": ("TimedOut", "JobProblem", "The run timed out.", ("Flowport-Job-Id", "Location")),
}
HEADERS: Final[Mapping[str, Json]] = {
    "Flowport-Error-Source": _SOURCE,
    "Flowport-Request-Id": _TEXT,
    "Flowport-Job-Id": _TEXT,
    "Flowport-Redrive": {"schema": {"enum": ["resumed", "restarted"]}},
    "Flowport-Removed-Headers": _TEXT,
    "Idempotency-Replayed": {"schema": {"const": "true"}},
    "Preference-Applied": _TEXT,
    "Location": {"schema": LINK},
    "ETag": _TEXT,
    "Allow": _TEXT,
    "Accept": _TEXT,
    "Accept-Encoding": _TEXT,
    "WWW-Authenticate": _TEXT,
    "Retry-After": _SECONDS,
    "RateLimit": _TEXT,
    "RateLimit-Policy": _TEXT,
}


def headers(*names: str) -> Json:
    """Refer to headers."""
    return {name: ref(name, "headers") for name in names}


def responses() -> Json:
    """Give the refusals."""
    return {
        name: {
            "description": said,
            "headers": headers("Flowport-Error-Source", "Flowport-Request-Id", *further),
            "content": {PROBLEM: {"schema": ref(schema)}},
        }
        for name, schema, said, further in REFUSALS.values()
    }


def refused(*statuses: int) -> Json:
    """Refer to the refusals of an operation: those that any can give, and `statuses`."""
    always = (400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 503)
    return {str(status): ref(REFUSALS[str(status)][0], "responses") for status in sorted({*always, *statuses})}


def answers(schema: Json | None, said: str, *names: str) -> Json:
    """Describe an answer."""
    described: Json = {"description": said, "headers": headers("Flowport-Request-Id", *names)}
    if schema is not None:
        described["content"] = {JSON: {"schema": schema}}
    return described


SECURITY: Final[Json] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token: fp_…"},
    "basic": {"type": "http", "scheme": "basic", "description": "A user with a password: workspace/name:password"},
}
