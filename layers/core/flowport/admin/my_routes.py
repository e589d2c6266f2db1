"""`/v1/me`: what users do for themselves, with their password as the credential and no scope."""

from typing import Final

from flowport.admin.calls import UseCases
from flowport.admin.credential_models import MyPasswordDocument
from flowport.admin.document import read
from flowport.admin.requests import body_of
from flowport.dialects.native import Native
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.access import CHALLENGES, Presented
from flowport.domain.errors import CredentialMissing, Forbidden, MethodNotAllowed, NotFound
from flowport.domain.records import Credential
from flowport.usecases.admin.ports import Actor

MINE: Final = ("v1", "me")


def is_mine(request: HttpRequest) -> bool:
    """Whether a request is for one of these routes."""
    return request.segments[:2] == MINE


def presented_user(request: HttpRequest) -> Presented:
    """Find the route, and the user with its present password: what only proves a session may not change it."""
    if request.segments[2:] != ("password",):
        message = f"There is no {request.method} {request.path}."
        raise NotFound(message)
    if request.method != "POST":
        message = f"{request.path} does not take {request.method}; it takes: POST, OPTIONS."
        raise MethodNotAllowed(message, headers={"Allow": "POST, OPTIONS"})
    presented = Native().sender(request).presented
    if presented is None:
        message = "This needs the user's present password: Authorization: Basic with <workspace>/<user>:<password>."
        raise CredentialMissing(message, headers={"WWW-Authenticate": CHALLENGES["password"]})
    if presented.kind != "user":
        message = "A password is changed with the present one, by Authorization: Basic; no token can do it."
        raise Forbidden(message)
    return presented


def change_password(request: HttpRequest, use: UseCases, actor: Actor, user: Credential) -> HttpResponse:
    """Give the user who has just proved its password another one."""
    use.credentials.change_own_password(actor, user, read(MyPasswordDocument, body_of(request)).password)
    return HttpResponse(204)
