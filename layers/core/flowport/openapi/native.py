"""The native contract's operations, by the patterns of its route table."""

from collections.abc import Mapping
from typing import Any, Final

from flowport.dialects.native.requests import LIST_LIMIT, ROUTES
from flowport.dialects.native.runs import RUN
from flowport.domain.job import ENDED, OPEN
from flowport.domain.preferences import MAX_WAIT_SECONDS
from flowport.openapi.components import (
    JSON,
    TEXT,
    TIME,
    Json,
    a_list,
    an_object,
    answers,
    nullable,
    ref,
    refused,
)
from flowport.usecases.run_batch import INPUTS_AT_MOST

# No endpoint takes these, so that they are refused whatever it says.
NEVER: Final = frozenset({(RUN, "PUT"), (RUN, "PATCH"), (RUN, "DELETE")})
ANYBODY: Final[list[Json]] = [{"bearer": []}, {"basic": []}, {}]
KNOWN: Final[list[Json]] = [{"bearer": []}, {"basic": []}]


def parameter(where: str, name: str, schema: Json, said: str = "", *, required: bool = False) -> Json:
    """Describe a parameter."""
    return {"in": where, "name": name, "schema": schema, "required": required, "description": said}


def in_path(pattern: str) -> list[Json]:
    """Describe the placeholders of a pattern."""
    names = [part[1:-1] for part in pattern.split("/") if part.startswith("{")]
    number: Json = {"type": "integer", "minimum": 1, "maximum": 9999}
    some: Json = {"type": "string", "minLength": 1, "maxLength": 128}
    return [parameter("path", name, number if name == "number" else some, _PATH[name], required=True) for name in names]


_PATH: Final[Mapping[str, str]] = {
    "module": "The endpoint's module; a slash in it is %2F.",
    "name": "The endpoint's name.",
    "job": "Job id, execution ARN, request id or number.",
    "number": "Which callback of the job, from 1.",
    "callback": "The callback's id, which is itself the credential.",
}
_WAIT: Final[Json] = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
_STATUS: Final[Json] = {"enum": sorted(OPEN | ENDED)}
_KEY: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
_LABEL: Final = "[A-Za-z0-9_.-]{1,64}=[^,\\x00-\\x1f]{0,256}"
_DEADLINE: Final[Json] = {"type": "integer", "minimum": 1, "maximum": 31_536_000}
WORKSPACE: Final = parameter("header", "Flowport-Workspace", TEXT, "Whose endpoint, where no credential says so.")
HEADERS_OF_RUNS: Final[tuple[Json, ...]] = (
    parameter("header", "Prefer", TEXT, f"respond-async, or wait=N (at most {MAX_WAIT_SECONDS}): then 202."),
    parameter("header", "Idempotency-Key", _KEY, "The same key gives the same job."),
    parameter("header", "Flowport-Labels", {"type": "string", "pattern": f"^{_LABEL}(, ?{_LABEL})*$"}, "k=v, k=v"),
    parameter("header", "Flowport-Deadline", _DEADLINE, "Seconds, then the run is stopped."),
    parameter("header", "Callback-Url", {"type": "string", "format": "uri"}, "POSTed to when the job ends."),
)
VIEW: Final = parameter("query", "view", {"enum": ["job", "output", "http"]}, "What a sync answer is made of.")
OWN_NAME: Final = (
    parameter("header", "Client-Job-Id", _KEY, "The caller's own name for the job."),
    parameter("query", "on_conflict", {"enum": ["return", "reject", "restart-if-failed"]}, "Of a name that is taken."),
)
_RAN: Final = ("Location", "Flowport-Job-Id", "Preference-Applied", "Idempotency-Replayed")


def body(schema: Json, *, required: bool = False, example: Any = None) -> Json:  # noqa: ANN401  # any JSON value
    """Describe a body in JSON."""
    content: Json = {"schema": schema}
    if example is not None:
        content["examples"] = {"sample": {"value": example}}
    return {"required": required, "content": {JSON: content}}


def ran(output: Json | None = None) -> Json:
    """Describe the answers to a run, whatever the view is."""
    job = ref("Job") if output is None else {"allOf": [ref("Job")], **an_object(output=nullable(output))}
    schema: Json = {"anyOf": [job, output if output is not None else {}]}
    done = answers(schema, "The run succeeded: the job, its output, or an answer of its own.", *_RAN)
    # view=http: the workflow's own status, headers and body.
    done["content"]["*/*"] = {"schema": {}}
    running = {"anyOf": [ref("Job"), ref("Running")]}
    return {
        "200": done,
        "202": answers(running, "Accepted and not ended yet.", "Retry-After", *_RAN),
        **refused(409, 410, 504),
    }


CALLBACKS: Final[Json] = {
    "jobEnded": {
        "{$request.header.Callback-Url}": {
            "post": {
                "summary": "A job has ended (Standard Webhooks)",
                "parameters": [
                    parameter("header", "webhook-id", TEXT, "The same at every attempt.", required=True),
                    parameter("header", "webhook-timestamp", TEXT, "Seconds.", required=True),
                    parameter(
                        "header", "webhook-signature", TEXT, "v1,<HMAC-SHA256 of id.timestamp.body>", required=True
                    ),
                ],
                "requestBody": body(ref("Job"), required=True),
                "responses": {
                    "2XX": {"description": "Taken."},
                    "410": {"description": "Never again."},
                    "default": {"description": "Tried again, for a day."},
                },
            }
        }
    }
}
BATCH: Final = {
    "200": answers(an_object(("items",), items={"type": "array", "items": ref("Outcome")}), "All have ended."),
    "202": answers(
        an_object(("items",), items={"type": "array", "items": ref("Outcome")}), "Some go on.", "Retry-After"
    ),
    **refused(409, 504),
}
VALID: Final = {
    "200": answers(an_object(("valid", "input"), valid={"const": True}, input={}), "It fits; with the defaults."),
    **refused(),
}
_INPUTS: Final[Json] = {"type": "array", "minItems": 1, "maxItems": INPUTS_AT_MOST, "items": {}}


def _read(summary: str, schema: Json, *names: str, further: tuple[int, ...] = ()) -> Json:
    return {
        "summary": summary,
        "security": ANYBODY,
        "responses": {"200": answers(schema, "It is there.", *names), **refused(*further)},
    }


def _cached(read: Json) -> Json:
    read["responses"]["304"] = answers(None, "It has not changed (If-None-Match).", "ETag")
    read["parameters"] = [*read.get("parameters", []), parameter("header", "If-None-Match", TEXT)]
    return read


def _operations() -> Mapping[tuple[str, str], Json]:
    run: Json = {"summary": "Run an endpoint", "security": ANYBODY, "responses": ran(), "callbacks": CALLBACKS}
    workflow = an_object(
        ("machine_arn", "type", "start_at", "states"),
        machine_arn=TEXT,
        type={"enum": ["STANDARD", "EXPRESS"]},
        exact={"type": "boolean"},
        start_at=TEXT,
        states={"type": "array", "items": ref("State")},
    )
    steps = an_object(
        ("job", "status", "steps", "reason"),
        job=TEXT,
        status=_STATUS,
        steps=nullable({"type": "array", "items": ref("Step")}),
        reason=nullable(TEXT),
    )
    deliveries = an_object(("items",), items={"type": "array", "items": ref("Delivery")})
    redriven = answers(ref("Job"), "The new job.", "Location", "Retry-After", "Flowport-Redrive", "Flowport-Job-Id")
    job_filters = [
        parameter("query", "endpoint", TEXT, "module/name"),
        parameter("query", "status", _STATUS),
        parameter("query", "label", {"type": "array", "items": TEXT}, "key=value; all must fit."),
        parameter("query", "created_after", TIME),
        parameter("query", "limit", {"type": "integer", "minimum": 1, "maximum": LIST_LIMIT}),
        parameter("query", "cursor", TEXT),
    ]
    return {
        (RUN, "POST"): {**run, "parameters": [WORKSPACE, VIEW, *HEADERS_OF_RUNS, *OWN_NAME], "requestBody": body({})},
        (RUN, "GET"): {
            **run,
            "summary": "Run an endpoint that takes GET, with the query as its input",
            "parameters": [WORKSPACE, VIEW, *HEADERS_OF_RUNS, *OWN_NAME],
        },
        (f"{RUN}/batch", "POST"): {
            "summary": "Run an endpoint once for each input",
            "security": ANYBODY,
            "parameters": [WORKSPACE, *HEADERS_OF_RUNS],
            "requestBody": body(_INPUTS, required=True),
            "responses": BATCH,
        },
        ("/v1/validate/{module}/{name}", "POST"): {
            "summary": "Check an input without running",
            "security": ANYBODY,
            "parameters": [WORKSPACE],
            "requestBody": body({}),
            "responses": VALID,
        },
        ("/v1/endpoints/{module}/{name}/workflow", "GET"): {
            **_read("Read an endpoint's workflow as a graph", workflow),
            "parameters": [parameter("query", "machine", {"enum": ["express", "standard"]})],
        },
        ("/v1/jobs", "GET"): {
            **_read("List jobs, newest first", a_list(ref("Job"))),
            "security": KNOWN,
            "parameters": job_filters,
        },
        ("/v1/jobs/{job}", "GET"): _cached(
            {
                **_read("Read a job", ref("Job"), "ETag", "Retry-After"),
                "parameters": [parameter("query", "wait", _WAIT, f"Seconds; at most {MAX_WAIT_SECONDS} are waited.")],
            }
        ),
        ("/v1/jobs/{job}", "DELETE"): {
            "summary": "Delete an ended job and its payloads",
            "security": ANYBODY,
            "responses": {"204": answers(None, "It is gone."), **refused(409)},
        },
        ("/v1/jobs/{job}/input", "GET"): _read("Read what a job was started with", {}, further=(410,)),
        ("/v1/jobs/{job}/output", "GET"): _read(
            "Read what a run gave, before the output mapping", {}, further=(409, 410)
        ),
        ("/v1/jobs/{job}/steps", "GET"): _read("Read the states that a job went through", steps),
        ("/v1/jobs/{job}/workflow", "GET"): _read("Read a job's workflow as a graph", workflow),
        ("/v1/jobs/{job}/cancel", "POST"): {
            **_read("Stop a job", ref("Job"), "ETag", "Retry-After", further=(409,)),
        },
        ("/v1/jobs/{job}/redrive", "POST"): {
            "summary": "Go on where a run failed, or start anew: a new job",
            "security": ANYBODY,
            "parameters": [parameter("header", "Idempotency-Key", _KEY)],
            "responses": {"200": redriven, "202": redriven, **refused(409, 410)},
        },
        ("/v1/jobs/{job}/deliveries", "GET"): _read("Read the log of a job's callbacks", deliveries),
        ("/v1/jobs/{job}/deliveries/{number}/resend", "POST"): {
            "summary": "Send a callback again",
            "security": ANYBODY,
            "responses": {"202": answers(ref("Delivery"), "It is sent again.", "Location"), **refused(409)},
        },
        ("/v1/callbacks/{callback}", "POST"): {
            "summary": "Resume a parked run, once",
            "security": [{}],
            "requestBody": body({}),
            "responses": {
                "200": answers(an_object(("status",), status={"enum": ["resumed", "kept"]}), "Taken."),
                **refused(409, 410),
            },
        },
        ("/v1/openapi.json", "GET"): _cached(
            {
                **_read("Read this document, as far as it is the caller's", {"type": "object"}, "ETag"),
                "security": KNOWN,
                "parameters": [parameter("query", "endpoint", TEXT, "module/name: this endpoint alone.")],
            }
        ),
    }


OPERATIONS: Final = _operations()


def paths() -> Json:
    """Describe every route of the table. Raises `KeyError` when one is not described."""
    described: Json = {}
    for pattern, methods in ROUTES.table.items():
        for method in methods:
            if (pattern, method) not in NEVER:
                operation = {**OPERATIONS[pattern, method]}
                operation["operationId"] = _operation_id(pattern, method)
                operation["tags"] = ["jobs" if pattern.startswith("/v1/jobs") else "run"]
                operation["parameters"] = [*in_path(pattern), *operation.get("parameters", [])]
                described.setdefault(pattern, {})[method.lower()] = operation
    return described


def _operation_id(pattern: str, method: str) -> str:
    words = [word.strip("{}").replace(".", "_") for word in pattern.split("/")[2:]]
    return "_".join([method.lower(), *words])
