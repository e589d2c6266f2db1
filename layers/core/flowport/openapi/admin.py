"""The admin API's operations, from its route table and the models that its handlers read."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from flowport.admin import credential_routes as credentials
from flowport.admin import routes
from flowport.admin.calls import Handler
from flowport.admin.credential_models import (
    PASSWORD_AT_LEAST,
    ApiKeyDocument,
    ClientDocument,
    GrantDocument,
    KeyDocument,
    PasswordDocument,
    RoleDocument,
    TokenDocument,
    UserDocument,
)
from flowport.admin.document import Document
from flowport.admin.documents import READ_ONLY
from flowport.admin.models import EndpointDocument, WorkspaceDocument
from flowport.domain.records import OPERATOR_SCOPE
from flowport.openapi import answers as shown
from flowport.openapi import models
from flowport.openapi.components import TEXT, TIME, Json, an_object, answers, ref, refused
from flowport.openapi.native import body, parameter

PREFIX: Final = "/v1/admin/"
# What a handler reads.
READS: Final[Mapping[str, type[Document]]] = {
    routes._create_endpoint.__name__: EndpointDocument,  # noqa: SLF001  # the table's own handlers
    routes._put_endpoint.__name__: EndpointDocument,  # noqa: SLF001
    credentials.create_token.__name__: TokenDocument,
    credentials.create_user.__name__: UserDocument,
    credentials.set_password.__name__: PasswordDocument,
    credentials.create_client.__name__: ClientDocument,
    credentials.create_api_key.__name__: ApiKeyDocument,
    credentials.put_key.__name__: KeyDocument,
    routes._create_workspace.__name__: WorkspaceDocument,  # noqa: SLF001
}
# What a handler merges into what is there.
PATCHES: Final[Mapping[str, str]] = {
    routes._patch_endpoint.__name__: "EndpointPatch",  # noqa: SLF001
    credentials.change_token.__name__: "TokenPatch",
    credentials.change_user.__name__: "UserPatch",
    credentials.change_client.__name__: "ClientPatch",
    credentials.change_api_key.__name__: "ApiKeyPatch",
}
_OPTIONAL_BODY: Final = frozenset({"put_key"})
_PATH_OF: Final[Mapping[str, tuple[str, ...]]] = {"endpoints": ("module", "name")}
_LIST: Final = (
    parameter("query", "limit", {"type": "integer", "minimum": 1, "maximum": 100}),
    parameter("query", "cursor", TEXT),
)
_QUERY: Final[Mapping[str, tuple[Json, ...]]] = {
    "audit": (
        *(parameter("query", name, TEXT) for name in ("who", "what")),
        *(parameter("query", name, TIME) for name in ("since", "until")),
    ),
    "metrics": (
        parameter("query", "endpoint", TEXT, "module/name"),
        parameter("query", "from", TIME),
        parameter("query", "to", TIME),
        parameter("query", "period", {"type": "integer"}, "Seconds."),
    ),
}
_UNPAGED: Final = frozenset({"metrics", "keys", "webhook-secrets"})
_IF_MATCH: Final = parameter("header", "If-Match", TEXT, "The version that is to be changed, as its ETag.")

# For users, who need no scope for it.
MINE: Final[Json] = {
    "/v1/me/password": {
        "post": {
            "summary": "Change one's own password",
            "operationId": "my_password",
            "tags": ["me"],
            "security": [{"basic": []}],
            "requestBody": body(
                an_object(("password",), password={"type": "string", "minLength": PASSWORD_AT_LEAST}), required=True
            ),
            "responses": {"204": answers(None, "The new one holds from now on."), **refused(409)},
        }
    }
}


@cache
def schemas() -> Json:
    """Give the schemas of what is sent, by their models' names, and of what is shown; made once in a process."""
    patches: Json = {
        "EndpointPatch": models.patch(EndpointDocument, without=("endpoint", "module", "name", *READ_ONLY)),
        "TokenPatch": models.patch(GrantDocument),
        "UserPatch": models.patch(RoleDocument, without=("name",)),
        "ClientPatch": models.patch(ClientDocument),
        "ApiKeyPatch": models.patch(ApiKeyDocument),
    }
    return models.sent([*{model.__name__: model for model in READS.values()}.values()]) | patches | shown.schemas()


def paths(*, administers: bool, operates: bool) -> Json:
    """Describe the routes that are the caller's."""
    described: Json = {}
    for pattern, method, handler, scope in table():
        for_operators = scope == OPERATOR_SCOPE or handler in routes.FOR_OPERATORS
        if (administers and scope != OPERATOR_SCOPE) or (operates and for_operators):
            described.setdefault(pattern, {})[method.lower()] = _operation(pattern, method, handler)
    return described


def table() -> Iterator[tuple[str, str, Handler, str]]:
    """Give every route: its path as OpenAPI writes it, method, handler and scope."""
    for route in routes.ROUTES:
        names = iter(_PATH_OF.get(route.pattern[0], ("id",)))
        path = PREFIX + "/".join(f"{{{next(names)}}}" if part == "{}" else part for part in route.pattern)
        for method, handler in route.methods.items():
            yield path, method, handler, route.scope


def _operation(path: str, method: str, handler: Any) -> Json:  # noqa: ANN401  # its name is what is asked for
    name = handler.__name__
    kind = path.removeprefix(PREFIX).partition("/")[0]
    in_path = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [parameter("path", one, {"type": "string", "minLength": 1}, required=True) for one in in_path]
    if method == "GET" and not in_path:
        parameters += [*(() if kind in _UNPAGED else _LIST), *_QUERY.get(kind, ())]
    if (kind == "endpoints" and in_path and method != "GET") or method == "PATCH":
        parameters.append(_IF_MATCH)
    if name == "_put_endpoint":
        parameters.append(parameter("query", "dry_run", {"type": "boolean"}, "Show what it would be; write nothing."))
    operation: Json = {
        "summary": name.strip("_").replace("_", " ").capitalize(),
        "operationId": f"admin_{name.strip('_')}",
        "tags": ["administration"],
        "security": [{"bearer": []}, {"basic": []}],
        "parameters": parameters,
        "responses": {**shown.ANSWERS[name], **refused(409, 410, 412)},
    }
    if (model := READS.get(name)) is not None:
        operation["requestBody"] = body(ref(model.__name__), required=name not in _OPTIONAL_BODY)
    elif (patch := PATCHES.get(name)) is not None:
        said = body(ref(patch), required=True)
        said["content"]["application/merge-patch+json"] = {"schema": ref(patch)}
        operation["requestBody"] = said
    return operation
