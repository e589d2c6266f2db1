"""The routes of the admin API: path, scope, and what each method does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flowport.admin import audit_routes as audit
from flowport.admin import credential_routes as credentials
from flowport.admin import documents
from flowport.admin import insight_routes as insight
from flowport.admin import webhook_routes as webhooks
from flowport.admin.calls import Call, Handler, json_answer, list_answer, location
from flowport.admin.document import read
from flowport.admin.models import WorkspaceDocument, is_part
from flowport.admin.requests import body_of, cursor_of, dry_run_of, limit_of, precondition_of
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.addresses import endpoint_address
from flowport.domain.errors import MethodNotAllowed, NotFound
from flowport.domain.records import OPERATOR_SCOPE, WORKSPACE_NAME, Endpoint
from flowport.usecases.admin.endpoints import ARNS


@dataclass(frozen=True, slots=True)
class Route:
    """A path below `/v1/admin` ({} stands for any one segment), the scope that it needs, and its methods."""

    pattern: tuple[str, ...]
    scope: str
    methods: Mapping[str, Handler]

    def names(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """Give the variable parts of a path of this route, or None."""
        if len(segments) != len(self.pattern):
            return None
        pairs = list(zip(self.pattern, segments, strict=True))
        if any(own not in {"{}", sent} for own, sent in pairs):
            return None
        return tuple(sent for own, sent in pairs if own == "{}")

    @property
    def allowed(self) -> str:
        """The methods as `Allow` lists them."""
        methods = [*self.methods, *(["HEAD"] if "GET" in self.methods else []), "OPTIONS"]
        return ", ".join(methods)


def find(request: HttpRequest) -> tuple[Route, tuple[str, ...], Handler]:
    """Find the route of a request and what its method does; HEAD is a GET."""
    match request.segments:
        case ("v1", "admin", *rest):
            for route in ROUTES:
                if (names := route.names(tuple(rest))) is not None:
                    method = "GET" if request.method == "HEAD" else request.method
                    if method not in route.methods:
                        message = f"{request.path} does not take {request.method}; it takes: {route.allowed}."
                        raise MethodNotAllowed(message, headers={"Allow": route.allowed})
                    return route, names, route.methods[method]
    message = f"There is no {request.method} {request.path}."
    raise NotFound(message)


# -- answers ---------------------------------------------------------------------------------------------------------


def _endpoint(status: int, endpoint: Endpoint, headers: Mapping[str, str] | None = None) -> HttpResponse:
    return json_answer(
        status, documents.endpoint_document(endpoint), {"ETag": f'"{endpoint.version}"', **(headers or {})}
    )


def _endpoint_location(call: Call, endpoint: Endpoint) -> dict[str, str]:
    return location(call, "endpoints", endpoint.module, endpoint.name)


# -- endpoints -------------------------------------------------------------------------------------------------------


def _list_endpoints(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "endpoints")
    return list_answer("endpoints", call.use.endpoints.page(call.actor, limit, after), documents.endpoint_document)


def _create_endpoint(call: Call) -> HttpResponse:
    wanted = documents.endpoint_from(body_of(call.request), call.actor.workspace)
    created = call.use.endpoints.create(call.actor, wanted)
    return _endpoint(201, created, _endpoint_location(call, created))


def _path_of(call: Call) -> str:
    """Give the path that names an endpoint; what can be no endpoint's name is not there."""
    module, name = call.names
    if not is_part(module) or not is_part(name):
        message = f"There is no endpoint {endpoint_address(module[:128], name[:128])!r}: that is not the name of one."
        raise NotFound(message)
    return endpoint_address(module, name)


def _read_endpoint(call: Call) -> HttpResponse:
    return _endpoint(200, call.use.endpoints.read(call.actor, _path_of(call)))


def _put_endpoint(call: Call) -> HttpResponse:
    sent, (module, name) = body_of(call.request), call.names
    documents.check_names(module, name)
    path, precondition = endpoint_address(module, name), precondition_of(call.request)

    def wanted(current: Endpoint | None) -> Endpoint:
        return documents.endpoint_at(sent, call.actor.workspace, module, name, current)

    if dry_run_of(call.request):
        previewed = call.use.endpoints.preview(call.actor, path, wanted, precondition=precondition, check=ARNS)
        return json_answer(200, documents.endpoint_document(previewed))
    written, created = call.use.endpoints.change(call.actor, path, wanted, precondition=precondition, check=ARNS)
    return _endpoint(201, written, _endpoint_location(call, written)) if created else _endpoint(200, written)


def _patch_endpoint(call: Call) -> HttpResponse:
    path, patch, (module, name) = _path_of(call), body_of(call.request), call.names

    def patched(current: Endpoint | None) -> Endpoint:
        if current is None:
            message = f"There is no endpoint {path!r} in the workspace {call.actor.workspace!r}."
            raise NotFound(message)
        merged = documents.merge_patch(documents.endpoint_document(current), patch)
        return documents.endpoint_at(merged, call.actor.workspace, module, name, current)

    written, _ = call.use.endpoints.change(
        call.actor, path, patched, precondition=precondition_of(call.request), check=ARNS & patch.keys()
    )
    return _endpoint(200, written)


def _delete_endpoint(call: Call) -> HttpResponse:
    call.use.endpoints.delete(call.actor, _path_of(call), precondition=precondition_of(call.request))
    return HttpResponse(204)


def _enable_endpoint(call: Call) -> HttpResponse:
    return _switch_endpoint(call, enabled=True)


def _disable_endpoint(call: Call) -> HttpResponse:
    return _switch_endpoint(call, enabled=False)


def _switch_endpoint(call: Call, *, enabled: bool) -> HttpResponse:
    precondition = precondition_of(call.request)
    return _endpoint(
        200, call.use.endpoints.switch(call.actor, _path_of(call), enabled=enabled, precondition=precondition)
    )


# -- workspaces ------------------------------------------------------------------------------------------------------


def _workspace_name(call: Call) -> str:
    (name,) = call.names
    if not WORKSPACE_NAME.fullmatch(name):
        message = f"There is no workspace {name[:63]!r}: that is not the name of one."
        raise NotFound(message)
    return name


def _list_workspaces(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "workspaces")
    page = call.use.workspaces.page(limit, after, deadline=call.actor.deadline)
    return list_answer("workspaces", page, documents.workspace_document)


def _create_workspace(call: Call) -> HttpResponse:
    document = read(WorkspaceDocument, body_of(call.request))
    created = call.use.workspaces.create(call.actor, document.name, document.title)
    return json_answer(201, documents.workspace_document(created), location(call, "workspaces", created.name))


def _read_workspace(call: Call) -> HttpResponse:
    found = call.use.workspaces.read(_workspace_name(call), deadline=call.actor.deadline)
    return json_answer(200, documents.workspace_document(found))


def _delete_workspace(call: Call) -> HttpResponse:
    call.use.workspaces.delete(call.actor, _workspace_name(call))
    return HttpResponse(204)


def _enable_workspace(call: Call) -> HttpResponse:
    return _switch_workspace(call, enabled=True)


def _disable_workspace(call: Call) -> HttpResponse:
    return _switch_workspace(call, enabled=False)


def _switch_workspace(call: Call, *, enabled: bool) -> HttpResponse:
    switched = call.use.workspaces.switch(call.actor, _workspace_name(call), enabled=enabled)
    return json_answer(200, documents.workspace_document(switched))


def _routes(scope: str, table: Iterable[tuple[str, Mapping[str, Handler]]]) -> tuple[Route, ...]:
    return tuple(Route(tuple(path.split("/")), scope, methods) for path, methods in table)


# What an operator does with its own kind's tokens: they come from bootstrap alone, and must end like any other. Its
# acts have a trail of their own.
FOR_OPERATORS: Final = frozenset({credentials.list_tokens, credentials.revoke_token, audit.list_acts})

ROUTES: Final = (
    *_routes(
        "admin",
        (
            ("endpoints", {"GET": _list_endpoints, "POST": _create_endpoint}),
            (
                "endpoints/{}/{}",
                {
                    "GET": _read_endpoint,
                    "PUT": _put_endpoint,
                    "PATCH": _patch_endpoint,
                    "DELETE": _delete_endpoint,
                },
            ),
            ("endpoints/{}/{}/enable", {"POST": _enable_endpoint}),
            ("endpoints/{}/{}/disable", {"POST": _disable_endpoint}),
            ("audit", {"GET": audit.list_acts}),
            ("tokens", {"GET": credentials.list_tokens, "POST": credentials.create_token}),
            ("tokens/{}", {"GET": credentials.read_token, "PATCH": credentials.change_token}),
            ("tokens/{}/revoke", {"POST": credentials.revoke_token}),
            ("users", {"GET": credentials.list_users, "POST": credentials.create_user}),
            ("users/{}", {"GET": credentials.read_user, "PATCH": credentials.change_user}),
            ("users/{}/revoke", {"POST": credentials.revoke_user}),
            ("users/{}/password", {"POST": credentials.set_password}),
            ("users/{}/unlock", {"POST": credentials.unlock_user}),
            ("clients", {"GET": credentials.list_clients, "POST": credentials.create_client}),
            ("clients/{}", {"GET": credentials.read_client, "PATCH": credentials.change_client}),
            ("clients/{}/revoke", {"POST": credentials.revoke_client}),
            ("api-keys", {"GET": credentials.list_api_keys, "POST": credentials.create_api_key}),
            ("api-keys/{}", {"GET": credentials.read_api_key, "PATCH": credentials.change_api_key}),
            ("api-keys/{}/revoke", {"POST": credentials.revoke_api_key}),
            ("keys", {"GET": credentials.list_keys}),
            ("keys/{}", {"POST": credentials.put_key}),
            ("keys/{}/retire", {"POST": credentials.retire_key}),
            ("webhook-secrets", {"GET": webhooks.list_secrets, "POST": webhooks.create_secret}),
            ("webhook-secrets/{}", {"DELETE": webhooks.retire_secret}),
            ("machines", {"GET": insight.list_machines}),
            ("metrics", {"GET": insight.read_figures}),
        ),
    ),
    *_routes(
        OPERATOR_SCOPE,
        (
            ("workspaces", {"GET": _list_workspaces, "POST": _create_workspace}),
            ("workspaces/{}", {"GET": _read_workspace, "DELETE": _delete_workspace}),
            ("workspaces/{}/enable", {"POST": _enable_workspace}),
            ("workspaces/{}/disable", {"POST": _disable_workspace}),
        ),
    ),
)
