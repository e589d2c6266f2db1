"""The native contract: Flowport's own clean surface.

Standards: RFC 9110 (HTTP), RFC 7240 (Prefer), RFC 9457 (problem+json), RFC 6750 and RFC 7617 (credentials).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from flowport.dialects.features import Support
from flowport.dialects.native.answers import problem, ran_answer
from flowport.dialects.native.runs import run_at
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain.access import CHALLENGE, Presented, refuse_credential
from flowport.domain.errors import FlowportError, NotFound, Unauthenticated
from flowport.domain.records import ENDPOINT_PART_MAX, WORKSPACE_NAME
from flowport.domain.tokens import parse_token
from flowport.usecases.run_endpoint import Ran

__all__ = ["Native", "problem"]


class Native:
    """The native dialect. It takes every path that is no other dialect's."""

    name = "native"
    features: Mapping[str, Support] = dict.fromkeys(
        (
            *("sync", "async", "hand-over", "get-input", "batch", "repeats", "read-job", "wait-for-job", "list-jobs"),
            *(
                "steps",
                "cancel",
                "redrive",
                "delete",
                "resume",
                "call-back",
                "http-output",
                "auth-none",
                "auth-token",
                "auth-password",
                "preflight",
            ),
        ),
        "yes",
    )

    cors = None

    # -- requests ----------------------------------------------------------------------------------------------------

    def sender(self, request: HttpRequest) -> Sender:
        """Read `Authorization` (Bearer or Basic) and the workspace that a caller without one names.

        A callback id is a credential itself: whatever else the caller sends is not looked at.
        """
        if request.segments[:2] == ("v1", "callbacks"):
            return Sender(None, None)
        workspace = request.headers.get("flowport-workspace") or request.one("workspace")
        if workspace is not None and not WORKSPACE_NAME.fullmatch(workspace):
            message = f"There is no workspace {workspace[:64]!r} here."
            raise NotFound(message)
        header = request.headers.get("authorization")
        if header is None:
            return Sender(None, workspace)
        scheme, _, value = header.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                token = parse_token(value.strip())
                if token is None:
                    raise refuse_credential()
                return Sender(Presented.of_token(token), workspace)
            case "basic":
                return Sender(_basic(value.strip()), workspace)
        message = f"The authentication scheme {scheme[:32]!r} is not known; use Bearer or Basic."
        raise Unauthenticated(message, headers={"WWW-Authenticate": CHALLENGE})

    def parse(self, request: HttpRequest) -> Any:  # noqa: ANN401  # one of the use cases' commands
        """Read the command."""
        run = run_at(request)
        if run is not None:
            return run
        from flowport.dialects.native.requests import command_of  # noqa: PLC0415  # by the first that runs nothing

        return command_of(request)

    # -- answers -----------------------------------------------------------------------------------------------------

    def render(self, request: HttpRequest, command: Any, result: Any) -> HttpResponse:  # noqa: ANN401
        """Write what a use case gave."""
        if isinstance(result, Ran):
            return ran_answer(request, command, result)
        from flowport.dialects.native.other_answers import ANSWERS  # noqa: PLC0415  # as above

        return ANSWERS[type(result)](request, command, result)

    def refuse(self, request: HttpRequest, error: FlowportError) -> HttpResponse:  # noqa: ARG002  # one form for all
        """Write problem+json."""
        return problem(error)


def _basic(value: str) -> Presented:
    """Read the value of a Basic `Authorization`: `workspace/name:password`."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refuse_credential() from error
    workspace, slash, name = user.partition("/")
    if colon and slash and not (WORKSPACE_NAME.fullmatch(workspace) and 0 < len(name) <= ENDPOINT_PART_MAX):
        raise refuse_credential()
    if not colon or not slash:
        message = "A user is sent as workspace/name: Authorization: Basic base64(<workspace>/<name>:<password>)."
        raise Unauthenticated(message, headers={"WWW-Authenticate": CHALLENGE})
    return Presented.of_user(workspace, name, password)
