"""Records as the admin API's documents, and documents as records."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from flowport.admin.document import read
from flowport.admin.limit_models import limits_document, limits_from
from flowport.admin.models import EndpointDocument, part_problem
from flowport.dialects.timestamps import timestamp
from flowport.domain.addresses import endpoint_address
from flowport.domain.audit import Act
from flowport.domain.dialect_settings import DialectSettings
from flowport.domain.parameters import plain
from flowport.domain.payload import dumps
from flowport.domain.records import Credential, CredentialKind, Endpoint, Workspace
from flowport.usecases.admin.audit import Record
from flowport.usecases.admin.errors import ValidationFailed, Violation
from flowport.usecases.admin.keys import SigningKey
from flowport.usecases.ports import SecretVersion

READ_ONLY: Final = ("version", "created_at", "updated_at")
_FROM_THE_PATH: Final = ("endpoint", "module", "name")

Json = dict[str, Any]


def endpoint_document(endpoint: Endpoint) -> Json:
    """Write an endpoint."""
    return {
        "endpoint": endpoint.path,
        "module": endpoint.module,
        "name": endpoint.name,
        "title": endpoint.title,
        "enabled": endpoint.enabled,
        "express_arn": endpoint.express_arn,
        "standard_arn": endpoint.standard_arn,
        "mode": endpoint.mode,
        "view": endpoint.view,
        "methods": list(endpoint.methods),
        "auth": list(endpoint.auth),
        "ip_allow": list(endpoint.ip_allow),
        "http_headers": list(endpoint.http_headers),
        "log_group": endpoint.log_group,
        "time_limit": endpoint.time_limit,
        "keep_jobs_days": endpoint.keep_jobs_days,
        "keep_payloads_days": endpoint.keep_payloads_days,
        "callback_url": endpoint.callback_url,
        "callback_hosts": list(endpoint.callback_hosts),
        "cors": list(endpoint.cors),
        "sample": endpoint.sample,
        "input_schema": _json_value(endpoint.input_schema),
        "output_schema": _json_value(endpoint.output_schema),
        "output_mapping": endpoint.output_mapping,
        "aliases": list(endpoint.aliases),
        "parameters": [plain(parameter) for parameter in endpoint.parameters],
        "dialects": _dialects(endpoint.dialects),
        "limits": limits_document(endpoint.limits),
        "version": endpoint.version,
        "created_at": timestamp(endpoint.created_at),
        "updated_at": timestamp(endpoint.updated_at),
    }


def _json_value(text: str | None) -> Any:  # noqa: ANN401  # any JSON value
    return None if text is None else json.loads(text)


def _json_text(value: Json | None) -> str | None:
    return None if value is None else dumps(value)


def _dialects(settings: DialectSettings) -> Json:
    """Write what is said to each dialect that is spoken to, its defaults included."""
    spoken_to = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: asdict(said, dict_factory=_with_lists) for name, said in spoken_to.items() if said is not None}


def _with_lists(members: list[tuple[str, Any]]) -> Json:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in members}


def token_document(credential: Credential) -> Json:
    """Write a token, of which nothing secret is known."""
    return {"id": credential.credential_id, **_credential(credential), "brought": credential.brought}


def user_document(credential: Credential) -> Json:
    """Write a user."""
    return {**_credential(credential), "roles": list(credential.roles), "brought": credential.brought}


def client_document(credential: Credential) -> Json:
    """Write a client, without its secret."""
    return {"client_id": credential.credential_id, **_credential(credential)}


def api_key_document(credential: Credential) -> Json:
    """Write an API key, without the signed token that it is."""
    return {"id": credential.credential_id, **_credential(credential), "roles": list(credential.roles)}


def key_document(key: SigningKey) -> Json:
    """Write what is known of a signing key: when its valid versions were made."""
    made = {version.current: timestamp(version.created_at) for version in key.versions}
    return {"alias": key.alias, "created_at": made.get(True), "previous_created_at": made.get(False)}


_CREDENTIALS: Final[Mapping[CredentialKind, Callable[[Credential], Json]]] = {
    "token": token_document,
    "user": user_document,
    "client": client_document,
    "api_key": api_key_document,
}


def _credential(credential: Credential) -> Json:
    return {
        "name": credential.name,
        "scopes": list(credential.scopes),
        "endpoints": None if credential.endpoints is None else list(credential.endpoints),
        "created_at": timestamp(credential.created_at),
        "expires_at": timestamp(credential.expires_at),
        "last_used_at": timestamp(credential.last_used_at),
        "revoked_at": timestamp(credential.revoked_at),
        "limits": limits_document(credential.limits),
    }


def webhook_secret_document(version: SecretVersion) -> Json:
    """Write a webhook secret, without its text."""
    return {"id": version.id, "current": version.current, "created_at": timestamp(version.created_at)}


def record_document(record: Record) -> Json:
    """Write a record as its own route shows it, for the audit trail."""
    match record:
        case Endpoint():
            return endpoint_document(record)
        case Workspace():
            return workspace_document(record)
        case Credential():
            return _CREDENTIALS[record.kind](record)


def act_document(act: Act) -> Json:
    """Write an act of the audit trail."""
    return {
        "at": timestamp(act.at),
        "who": act.who,
        "act": act.act,
        "what": act.what,
        "before": act.before,
        "after": act.after,
        "request_id": act.request_id,
        "outcome": act.outcome,
    }


def workspace_document(workspace: Workspace) -> Json:
    """Write a workspace."""
    return {
        "name": workspace.name,
        "title": workspace.title,
        "status": workspace.status,
        "created_at": timestamp(workspace.created_at),
    }


def endpoint_from(sent: Mapping[str, Any], workspace: str) -> Endpoint:
    """Read a new endpoint, whose document names it."""
    path = endpoint_address(str(sent.get("module")), str(sent.get("name")))
    wrong = [] if sent.get("endpoint", path) == path else [Violation("/endpoint", f"is read-only, and {path!r} here")]
    return _endpoint(sent, workspace, [*wrong, *_read_only(sent, {})])


def endpoint_at(sent: Mapping[str, Any], workspace: str, module: str, name: str, current: Endpoint | None) -> Endpoint:
    """Read an endpoint that its path names; what is read-only may be sent as it is, but not otherwise."""
    own = {"endpoint": endpoint_address(module, name), "module": module, "name": name}
    wrong = [
        Violation(f"/{member}", f"cannot be changed: the path says {own[member]!r}")
        for member in _FROM_THE_PATH
        if member in sent and sent[member] != own[member]
    ]
    present = endpoint_document(current) if current else {}
    return _endpoint({**sent, **own}, workspace, [*wrong, *_read_only(sent, present)])


def check_names(module: str, name: str) -> None:
    """Refuse a path that can be no endpoint's."""
    problems = {"/module": part_problem(module), "/name": part_problem(name)}
    found = [Violation(pointer, problem) for pointer, problem in problems.items() if problem is not None]
    if found:
        raise ValidationFailed(found)


def merge_patch(target: Any, patch: Any) -> Any:  # noqa: ANN401  # any JSON values
    """Apply a JSON merge patch (RFC 7396 section 2)."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for member, value in patch.items():
        if value is None:
            merged.pop(member, None)
        else:
            merged[member] = merge_patch(merged.get(member), value)
    return merged


def _read_only(sent: Mapping[str, Any], present: Mapping[str, Any]) -> list[Violation]:
    return [
        Violation(f"/{member}", f"is read-only, and {present.get(member)!r} here; leave it out or read it again")
        for member in READ_ONLY
        if member in sent and (member not in present or sent[member] != present[member])
    ]


def _endpoint(sent: Mapping[str, Any], workspace: str, wrong: list[Violation]) -> Endpoint:
    document = read(EndpointDocument, sent, wrong)
    return Endpoint(
        workspace=workspace,
        module=document.module,
        name=document.name,
        express_arn=document.express_arn,
        standard_arn=document.standard_arn,
        title=document.title,
        enabled=document.enabled,
        mode=document.mode,
        view=document.view,
        methods=tuple(document.methods),
        auth=tuple(document.auth),
        ip_allow=tuple(document.ip_allow),
        http_headers=tuple(document.http_headers),
        log_group=document.log_group,
        time_limit=document.time_limit,
        keep_jobs_days=document.keep_jobs_days,
        keep_payloads_days=document.keep_payloads_days,
        callback_url=document.callback_url,
        callback_hosts=tuple(document.callback_hosts),
        cors=tuple(document.cors),
        sample=document.sample,
        input_schema=_json_text(document.input_schema),
        output_schema=_json_text(document.output_schema),
        output_mapping=document.output_mapping,
        aliases=tuple(document.aliases),
        parameters=tuple(one.parameter() for one in document.parameters),
        dialects=document.dialects.settings(),
        limits=limits_from(document.limits),
    )
