"""The routes of `/v1/admin/tokens`, `users`, `clients`, `api-keys` and `keys`."""

import re
from typing import Any, Final

from flowport.admin import documents
from flowport.admin.calls import Call, json_answer, list_answer, location
from flowport.admin.credential_models import (
    ApiKeyDocument,
    ClientDocument,
    GrantDocument,
    KeyDocument,
    PasswordDocument,
    RoleDocument,
    TokenDocument,
    UserDocument,
)
from flowport.admin.credential_settings import FORMS, patched
from flowport.admin.document import read
from flowport.admin.limit_models import limits_from
from flowport.admin.models import is_user_name
from flowport.admin.requests import body_of, cursor_of, limit_of, precondition_of
from flowport.dialects.timestamps import timestamp
from flowport.dialects.wire import HttpResponse
from flowport.domain.errors import NotFound
from flowport.domain.records import Credential, CredentialKind
from flowport.domain.tokens import workspace_of_client
from flowport.usecases.admin.clients import API_KEY_ID_PREFIX
from flowport.usecases.admin.credential_settings import tag_of
from flowport.usecases.admin.credentials import TOKEN_ID_PREFIX, Grant
from flowport.usecases.admin.keys import ALIASES

_TOKEN_ID: Final = re.compile(TOKEN_ID_PREFIX + r"[0-9A-Za-z]{20}")
_API_KEY_ID: Final = re.compile(API_KEY_ID_PREFIX + r"[0-9A-Za-z]{20}")


def _grant(document: GrantDocument, now: int) -> Grant:
    return Grant(
        name=document.name,
        scopes=tuple(document.scopes),
        endpoints=None if document.endpoints is None else tuple(document.endpoints),
        expires_at=document.expiry(now),
        roles=tuple(document.roles) if isinstance(document, RoleDocument) else (),
        limits=limits_from(document.limits),
    )


def _warned(document: dict[str, Any], *warnings: str | None) -> dict[str, Any]:
    """Add what is to be warned of, where there is something."""
    said = [warning for warning in warnings if warning is not None]
    return document | ({"warnings": said} if said else {})


def _settings(credential: Credential) -> HttpResponse:
    document = FORMS[credential.kind].document(credential)
    return json_answer(200, document, {"ETag": f'"{tag_of(credential)}"'})


def _read(call: Call, kind: CredentialKind, public_id: str) -> HttpResponse:
    return _settings(call.use.settings.read(call.actor, kind, public_id))


def _change(call: Call, kind: CredentialKind, public_id: str) -> HttpResponse:
    patch, precondition = body_of(call.request), precondition_of(call.request)

    def made(seen: Credential) -> Credential:
        return patched(seen, patch, call.use.clock.now())

    return _settings(call.use.settings.change(call.actor, kind, public_id, made, precondition=precondition))


# -- tokens ----------------------------------------------------------------------------------------------------------


def list_tokens(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "tokens")
    return list_answer("tokens", call.use.credentials.page(call.actor, "token", limit, after), documents.token_document)


def create_token(call: Call) -> HttpResponse:
    document = read(TokenDocument, body_of(call.request))
    grant = _grant(document, call.use.clock.now())
    if document.value is not None:
        brought, weak = call.use.credentials.bring_token(call.actor, grant, document.value)
        at = location(call, "tokens", brought.credential_id)
        return json_answer(201, _warned(documents.token_document(brought), weak), at)
    credential, token = call.use.credentials.create_token(call.actor, grant)
    at = location(call, "tokens", credential.credential_id)
    return json_answer(201, documents.token_document(credential) | {"token": token.text}, at)


def revoke_token(call: Call) -> HttpResponse:
    return json_answer(200, documents.token_document(call.use.credentials.revoke_token(call.actor, _token_id(call))))


def read_token(call: Call) -> HttpResponse:
    return _read(call, "token", _token_id(call))


def change_token(call: Call) -> HttpResponse:
    return _change(call, "token", _token_id(call))


def _token_id(call: Call) -> str:
    (credential_id,) = call.names
    if not _TOKEN_ID.fullmatch(credential_id):
        message = f"A token is named by its id, which looks like {TOKEN_ID_PREFIX}… and is in the list of tokens."
        raise NotFound(message)
    return credential_id


# -- users -----------------------------------------------------------------------------------------------------------


def list_users(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "users")
    return list_answer("users", call.use.credentials.page(call.actor, "user", limit, after), documents.user_document)


def create_user(call: Call) -> HttpResponse:
    document = read(UserDocument, body_of(call.request))
    grant = _grant(document, call.use.clock.now())
    brought, weak = document.weakness()
    user = call.use.credentials.create_user(call.actor, grant, document.password, brought=brought)
    return json_answer(201, _warned(documents.user_document(user), weak), location(call, "users", user.name))


def revoke_user(call: Call) -> HttpResponse:
    return json_answer(200, documents.user_document(call.use.credentials.revoke_user(call.actor, _user_name(call))))


def read_user(call: Call) -> HttpResponse:
    return _read(call, "user", _user_name(call))


def change_user(call: Call) -> HttpResponse:
    return _change(call, "user", _user_name(call))


def set_password(call: Call) -> HttpResponse:
    document = read(PasswordDocument, body_of(call.request))
    brought, weak = document.weakness()
    user = call.use.credentials.set_password(call.actor, _user_name(call), document.password, brought=brought)
    return json_answer(200, _warned(documents.user_document(user), weak))


def unlock_user(call: Call) -> HttpResponse:
    name = _user_name(call)
    lifted = [
        {"address": address, "locked_until": timestamp(attempts.locked_until)}
        for address, attempts in call.use.unlock(call.actor, name)
    ]
    return json_answer(200, {"name": name, "lifted": lifted})


def _user_name(call: Call) -> str:
    (name,) = call.names
    if not is_user_name(name):
        message = f"There is no user {name[:128]!r}: that is not the name of one."
        raise NotFound(message)
    return name


# -- clients ---------------------------------------------------------------------------------------------------------


def list_clients(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "clients")
    return list_answer("clients", call.use.clients.page(call.actor, "client", limit, after), documents.client_document)


def create_client(call: Call) -> HttpResponse:
    document = read(ClientDocument, body_of(call.request))
    credential, secret = call.use.clients.create_client(call.actor, _grant(document, call.use.clock.now()))
    at = location(call, "clients", credential.credential_id)
    return json_answer(201, documents.client_document(credential) | {"client_secret": secret}, at)


def revoke_client(call: Call) -> HttpResponse:
    return json_answer(200, documents.client_document(call.use.clients.revoke_client(call.actor, _client_id(call))))


def read_client(call: Call) -> HttpResponse:
    return _read(call, "client", _client_id(call))


def change_client(call: Call) -> HttpResponse:
    return _change(call, "client", _client_id(call))


def _client_id(call: Call) -> str:
    (client_id,) = call.names
    if workspace_of_client(client_id) is None:
        message = "A client is named by its client_id, which looks like fpc_… and is in the list of clients."
        raise NotFound(message)
    return client_id


# -- API keys --------------------------------------------------------------------------------------------------------


def list_api_keys(call: Call) -> HttpResponse:
    limit, after = limit_of(call.request), cursor_of(call.request, "api-keys")
    page = call.use.clients.page(call.actor, "api_key", limit, after)
    return list_answer("api-keys", page, documents.api_key_document)


def create_api_key(call: Call) -> HttpResponse:
    document = read(ApiKeyDocument, body_of(call.request))
    credential, raw = call.use.clients.create_api_key(call.actor, _grant(document, call.use.clock.now()))
    at = location(call, "api-keys", credential.credential_id)
    return json_answer(201, documents.api_key_document(credential) | {"api_key": raw}, at)


def revoke_api_key(call: Call) -> HttpResponse:
    return json_answer(200, documents.api_key_document(call.use.clients.revoke_api_key(call.actor, _api_key_id(call))))


def read_api_key(call: Call) -> HttpResponse:
    return _read(call, "api_key", _api_key_id(call))


def change_api_key(call: Call) -> HttpResponse:
    return _change(call, "api_key", _api_key_id(call))


def _api_key_id(call: Call) -> str:
    (key_id,) = call.names
    if not _API_KEY_ID.fullmatch(key_id):
        message = (
            f"An API key is named by its id, which looks like {API_KEY_ID_PREFIX}… and is in the list of API keys."
        )
        raise NotFound(message)
    return key_id


# -- signing keys ----------------------------------------------------------------------------------------------------


def list_keys(call: Call) -> HttpResponse:
    return json_answer(
        200, {"items": [documents.key_document(key) for key in call.use.keys.list(call.actor)], "cursor": None}
    )


def put_key(call: Call) -> HttpResponse:
    document = read(KeyDocument, body_of(call.request) if call.request.body else {})
    key, new = call.use.keys.put(call.actor, _key_alias(call), document.value)
    return json_answer(201 if new else 200, documents.key_document(key))


def retire_key(call: Call) -> HttpResponse:
    return json_answer(200, documents.key_document(call.use.keys.retire(call.actor, _key_alias(call))))


def _key_alias(call: Call) -> str:
    (alias,) = call.names
    if alias not in ALIASES:
        message = f"There is no key {alias[:64]!r}; keys have one of these aliases: {', '.join(ALIASES)}."
        raise NotFound(message)
    return alias
