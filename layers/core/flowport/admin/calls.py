"""What the routes of the admin API work with: a request that was let in, the use cases, and the forms of answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from flowport.admin.requests import cursor_for
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.payload import dumps
from flowport.usecases.admin.audit import ReadAudit
from flowport.usecases.admin.clients import ManageClients
from flowport.usecases.admin.credential_settings import CredentialSettings
from flowport.usecases.admin.credentials import ManageCredentials
from flowport.usecases.admin.endpoints import ManageEndpoints
from flowport.usecases.admin.figures import ReadFigures
from flowport.usecases.admin.keys import ManageKeys
from flowport.usecases.admin.machines import ListMachines
from flowport.usecases.admin.ports import Actor, Page
from flowport.usecases.admin.unlock import UnlockUsers
from flowport.usecases.admin.webhook_secrets import ManageWebhookSecrets
from flowport.usecases.admin.workspaces import ManageWorkspaces
from flowport.usecases.ports import Clock

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class UseCases:
    """What the routes call."""

    endpoints: ManageEndpoints
    credentials: ManageCredentials
    clients: ManageClients
    keys: ManageKeys
    workspaces: ManageWorkspaces
    clock: Clock
    webhook_secrets: ManageWebhookSecrets
    machines: ListMachines
    figures: ReadFigures
    audit: ReadAudit
    unlock: UnlockUsers
    settings: CredentialSettings


@dataclass(frozen=True, slots=True)
class Call:
    """A request of somebody who may make it, and the variable parts of its path."""

    request: HttpRequest
    actor: Actor
    names: tuple[str, ...]
    use: UseCases


Handler = Callable[[Call], HttpResponse]


def json_answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> HttpResponse:  # noqa: ANN401
    """Answer with a JSON value."""
    return HttpResponse(status, dumps(value), {"Content-Type": JSON, **(headers or {})})


def list_answer[T](kind: str, page: Page[T], document: Callable[[T], Any]) -> HttpResponse:
    """Answer with a page of a list."""
    return json_answer(200, {"items": [document(item) for item in page.items], "cursor": cursor_for(kind, page.after)})


def location(call: Call, *parts: str) -> dict[str, str]:
    """Give the header that says where something new is."""
    path = "/".join(quote(part, safe="") for part in parts)
    return {"Location": f"{call.request.base_url}/v1/admin/{path}"}
