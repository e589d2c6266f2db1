"""WorkfloPlus's job API: the client runs the steps, a technician with a device, and keeps the server in step.

[S] is the vendor's page on BasicSync, [F] its other documentation, [C] a choice of ours where neither says. The token
says which team's jobs are meant: the workspace.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from flowport.dialects.features import Support
from flowport.dialects.paths import Routes
from flowport.dialects.timestamps import timestamp
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.dialects.workfloplus import documents
from flowport.dialects.workfloplus.documents import Invalid, document_of, object_of, read_document, shown, with_member
from flowport.dialects.workfloplus.tokens import (
    AUDIENCE,
    JSON,
    token_answer,
    token_refusal,
    token_request,
    token_sender,
)
from flowport.domain.access import Presented
from flowport.domain.aliases import ALIAS_ID_MAX, WORKFLOPLUS, alias
from flowport.domain.documents import Document, Snapshot
from flowport.domain.errors import (
    Conflict,
    CredentialMissing,
    FlowportError,
    InvalidJson,
    NotFound,
    OtherWorkspace,
    PayloadTooLarge,
    Unauthenticated,
)
from flowport.domain.jwt import FLOWPORT_ALIAS
from flowport.domain.payload import dumps
from flowport.domain.tokens import parse_token
from flowport.usecases.documents.change import ChangeDocument, ChangeOpen, DeleteDocument
from flowport.usecases.documents.read import ListDocuments, ReadDocument, ReadHistory
from flowport.usecases.documents.sync import Sync
from flowport.usecases.issue_token import Issued, IssueToken

# Policies, and the scopes of which a token needs one [F].
WORKFLOW_EXECUTE: Final = frozenset({"workflow.execute"})  # [S]
JOB_READ: Final = frozenset({"job.read", "job.read_all", "job.admin"})
JOB_READ_ALL: Final = frozenset({"job.read_all", "job.modify", "job.admin"})
JOB_MODIFY: Final = frozenset({"job.modify", "job.admin"})

LIMIT: Final = 20  # [F]
LIMIT_AT_MOST: Final = 100  # [C]
SKIP_AT_MOST: Final = 10_000  # [C]
# [C] Lambda's answers are limited to 6 MB, as JSON inside JSON.
BYTES_AT_MOST: Final = 4_000_000
# [C] The errors that the vendor names are 400, 401, 403, 404 and 409; ours that are none of these are told as they.
STATUS: Final = {410: 404, 412: 409, 413: 400, 415: 400, 422: 400}
_BEARER: Final = re.compile(r"Bearer +(\S+)", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_SERVER_ERRORS: Final = 500

Command = Sync | ReadDocument | ReadHistory | ListDocuments | ChangeDocument | ChangeOpen | DeleteDocument | IssueToken


@dataclass(frozen=True, slots=True)
class Route:
    """What a path and method mean, and the policy that they stand under; None for the way to a token."""

    policy: frozenset[str] | None
    read: Callable[..., Command]


class WorkfloPlus:
    """The dialect."""

    name = "workfloplus"
    features: Mapping[str, Support] = {
        "async": "own",
        "repeats": "own",
        "read-job": "own",
        "list-jobs": "own",
        "history": "yes",
        "cancel": "own",
        "delete": "yes",
        "resume": "own",
        "alias": "yes",
        "auth-token": "yes",
        "auth-client": "yes",
        "auth-signed": "yes",
        "preflight": "yes",
    }
    cors = None

    # -- requests ----------------------------------------------------------------------------------------------------

    def parse(self, request: HttpRequest) -> Command:
        """Route."""
        route, values = ROUTES.find(request)
        return route.read(request, *values)

    def sender(self, request: HttpRequest) -> Sender:
        """Read the bearer's token [S]: one of `/connect/token`, or [C] one of ours."""
        route, _ = ROUTES.find(request)
        if route.policy is None:
            return token_sender(request)
        match = _BEARER.fullmatch(request.headers.get("authorization", "").strip())
        if match is None:
            message = "This needs a token: Authorization: Bearer <token>; POST /connect/token gives one."
            raise CredentialMissing(message)
        token = parse_token(match[1])
        presented = (
            Presented.of_token(token) if token else Presented.of_jwt(match[1], FLOWPORT_ALIAS, audience=AUDIENCE)
        )
        return Sender(presented, None, any_of=route.policy)

    # -- answers -----------------------------------------------------------------------------------------------------

    def render(self, _request: HttpRequest, command: Command, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write what a use case gave."""
        match command:
            case IssueToken() if isinstance(result, Issued):
                return token_answer(result)
            case DeleteDocument():
                return HttpResponse(204)  # [C]
            case ChangeOpen():
                ids = [read_document(told.text or "").client_job_id for told in result]
                return _json(200, dumps({"aborted": len(ids), "clientJobIds": ids}))  # [C]
            case ReadHistory():
                return _array([_snapshot(one) for one in result])
            case ListDocuments():
                return _array([shown(told.job, told.text) for told in result])
        job, text = result.job, shown(result.job, result.text)
        if isinstance(command, ReadDocument):
            text = f"[{text}]"  # [F]
        return _json(200, text, {"Flowport-Job-Id": job.id})

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:
        """Write `{"message","errors":[{"field","message"}]}` [C]; `/connect/token` has the errors of OAuth 2.0."""
        if request.segments == ("connect", "token"):
            return token_refusal(error)
        status, message = STATUS.get(error.status, error.status), error.detail
        problems: tuple[tuple[str, str], ...] = ()
        if isinstance(error, Invalid):
            problems = error.problems
        elif isinstance(error, OtherWorkspace):
            status, problems = 403, (("team", message),)
        elif (field := _field(request, error)) is not None:
            message = message.replace(f"endpoint '{WORKFLOPLUS}:", "workflow '")
            problems = ((field, message),)
        document = {"message": message, "errors": [{"field": one, "message": text} for one, text in problems]}
        headers = {name: value for name, value in error.headers.items() if name in {"Allow", "Retry-After"}}
        headers["Flowport-Error-Source"] = error.source
        if isinstance(error, Unauthenticated):
            missing = isinstance(error, CredentialMissing)
            headers["WWW-Authenticate"] = "Bearer" if missing else 'Bearer error="invalid_token"'
        if job_id := error.members.get("id"):
            headers["Flowport-Job-Id"] = str(job_id)
        return _json(status, dumps(document), headers)


def _field(request: HttpRequest, error: FlowportError) -> str | None:
    """Name the field of a synced document that an error is about."""
    if request.verb != "POST" or request.segments[2:] not in {(), ("basicSync",)}:
        return None
    if isinstance(error, PayloadTooLarge | InvalidJson):
        return ""
    if isinstance(error, NotFound):
        return "metadata.workflowId"
    return "metadata.clientJobId" if isinstance(error, Conflict) else None


# -- routes ------------------------------------------------------------------------------------------------------------


def _sync(request: HttpRequest, *, create: bool = False) -> Sync:
    return Sync(lambda: document_of(object_of(request)), read_document, create)


def _list(request: HttpRequest, workflow_id: str | None = None, *, own: bool = False) -> ListDocuments:
    """Read `skip` and `limit` [F]."""
    numbers = {"skip": (0, 0, SKIP_AT_MOST), "limit": (LIMIT, 1, LIMIT_AT_MOST)}
    read = {}
    for name, (default, least, most) in numbers.items():
        sent = request.one(name)
        value = default if not sent else int(sent) if _DIGITS.fullmatch(sent) else -1
        if not least <= value <= most:
            raise Invalid.of((name, f"must be a whole number from {least} to {most}"))
        read[name] = value
    if workflow_id is not None and len(workflow_id) > ALIAS_ID_MAX:
        message = f"There is no workflow {workflow_id[:64]!r}…; an id has at most {ALIAS_ID_MAX} characters."
        raise NotFound(message)
    return ListDocuments(
        read["skip"], read["limit"], own, None if workflow_id is None else alias(WORKFLOPLUS, workflow_id)
    )


def _change(
    edit: Callable[[Document, int, Any], Document],
    reads: Callable[[HttpRequest], Any],
    request: HttpRequest,
    client_job_id: str,
    *,
    closed: bool = False,
) -> ChangeDocument:
    """Change one job; what the body says is read once the caller was let in and the job was found."""
    return ChangeDocument(
        client_job_id, lambda document, now: edit(document, now, reads(request)), read_document, closed
    )


def _assign(request: HttpRequest, client_job_id: str, user: str) -> ChangeDocument:
    return _change(documents.assigned, lambda _: user, request, client_job_id)


def _abort_open(request: HttpRequest) -> ChangeOpen:
    """Abort a user's jobs, or the team's [F]."""
    return ChangeOpen(
        lambda document, now: documents.aborted(document, now, None), read_document, request.one("userId")
    )


ROUTES: Final[Routes[Route]] = Routes(
    {
        "/connect/token": {"POST": Route(None, token_request)},
        "/jobs/v1/basicSync": {"POST": Route(WORKFLOW_EXECUTE, _sync)},
        "/jobs/v1": {
            "POST": Route(WORKFLOW_EXECUTE, partial(_sync, create=True)),
            "GET": Route(JOB_READ_ALL, _list),
        },
        "/jobs/v1/my": {"GET": Route(JOB_READ, partial(_list, own=True))},
        "/jobs/v1/abort": {"PUT": Route(JOB_MODIFY, _abort_open)},
        "/jobs/v1/bson/{job_id}": {"GET": Route(JOB_READ, lambda _, job_id: ReadDocument(reference=job_id))},
        "/jobs/v1/workflow/{workflow_id}": {"GET": Route(JOB_READ_ALL, _list)},
        "/jobs/v1/snapshots/{client_job_id}": {"GET": Route(JOB_READ_ALL, lambda _, name: ReadHistory(name))},
        "/jobs/v1/{client_job_id}": {
            "GET": Route(JOB_READ, lambda _, name: ReadDocument(name)),
            "POST": Route(JOB_MODIFY, partial(_change, documents.updated, object_of)),
            # [C] Also of a job that is completed or aborted: it is for the reports that such jobs go into.
            "PUT": Route(JOB_READ_ALL, partial(_change, documents.excluded, object_of, closed=True)),
            "DELETE": Route(JOB_MODIFY, lambda _, name: DeleteDocument(name)),
        },
        "/jobs/v1/{client_job_id}/abort": {
            "POST": Route(JOB_READ, partial(_change, documents.aborted, documents.reason_of))
        },
        "/jobs/v1/{client_job_id}/assign/{user_id}": {"POST": Route(JOB_READ, _assign)},
        # [C] As above.
        "/jobs/v1/{client_job_id}/metadata": {
            "POST": Route(JOB_MODIFY, partial(_change, documents.with_keys, object_of, closed=True))
        },
    }
)


# -- answers -----------------------------------------------------------------------------------------------------------


def _snapshot(snapshot: Snapshot) -> str:
    return with_member(snapshot.text, "syncedAt", dumps(timestamp(snapshot.synced_at)))


def _array(texts: list[str]) -> HttpResponse:
    body = f"[{','.join(texts)}]"
    if (size := len(body.encode())) > BYTES_AT_MOST:
        raise Invalid.of(
            ("limit", f"must be smaller: {len(texts)} documents have {size} bytes, and {BYTES_AT_MOST} fit")
        )
    return _json(200, body)


def _json(status: int, body: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(status, body, {"Content-Type": JSON, **(headers or {})})
