"""How workspaces, endpoints and credentials lie in their tables.

| table | keys | record |
|---|---|---|
| Endpoints | workspace, `workspace` | the workspace itself |
| Endpoints | workspace, `endpoint#module/name` | an endpoint |
| Endpoints | workspace, `alias#<kind>:<id>` | the path of the endpoint that has this alias |
| Credentials | SHA-256 of a token, `brought#<SHA-256>`, `<kind>#workspace#id` of the others | a credential |
"""

import json
from typing import Any, Final

from flowport.adapters.items import encode
from flowport.domain.dialect_settings import NO_SETTINGS, settings_of, stored_settings
from flowport.domain.limits import limits_of, stored_limits
from flowport.domain.parameters import parameters_of, parameters_text
from flowport.domain.records import Credential, Endpoint, Workspace

SCHEMA_VERSION: Final = 1
WORKSPACE_ITEM: Final = "workspace"
ENDPOINT_PREFIX: Final = "endpoint#"
ALIAS_PREFIX: Final = "alias#"


def workspace_key(name: str) -> dict[str, Any]:
    """Primary key of a workspace."""
    return {"workspace": encode(name), "item": encode(WORKSPACE_ITEM)}


def endpoint_key(workspace: str, path: str) -> dict[str, Any]:
    """Primary key of an endpoint; `path` is `module/name`."""
    return {"workspace": encode(workspace), "item": encode(ENDPOINT_PREFIX + path)}


def alias_key(workspace: str, alias: str) -> dict[str, Any]:
    """Primary key of an alias."""
    return {"workspace": encode(workspace), "item": encode(ALIAS_PREFIX + alias)}


def alias_row(endpoint: Endpoint, alias: str) -> dict[str, Any]:
    """Build an alias's item."""
    return {
        "workspace": endpoint.workspace,
        "item": ALIAS_PREFIX + alias,
        "schema_version": SCHEMA_VERSION,
        "path": endpoint.path,
        "created_at": endpoint.updated_at,
    }


def credential_key(key: str) -> dict[str, Any]:
    """Primary key of a credential."""
    return {"id": encode(key)}


def workspace_row(workspace: Workspace) -> dict[str, Any]:
    """Build a workspace's item."""
    return {
        "workspace": workspace.name,
        "item": WORKSPACE_ITEM,
        "schema_version": SCHEMA_VERSION,
        "title": workspace.title,
        "status": workspace.status,
        "created_at": workspace.created_at,
        "reserved_until": workspace.reserved_until,
    }


def workspace_of(row: dict[str, Any]) -> Workspace:
    """Read a workspace's item."""
    return Workspace(
        name=row["workspace"],
        title=row.get("title", ""),
        status=row["status"],
        created_at=row["created_at"],
        reserved_until=row.get("reserved_until"),
    )


def endpoint_row(endpoint: Endpoint) -> dict[str, Any]:
    """Build an endpoint's item; what may hold any JSON value is kept as its text, and what says nothing is left out."""
    settings = stored_settings(endpoint.dialects)
    return {
        "workspace": endpoint.workspace,
        "item": ENDPOINT_PREFIX + endpoint.path,
        "schema_version": SCHEMA_VERSION,
        "module": endpoint.module,
        "name": endpoint.name,
        "express_arn": endpoint.express_arn,
        "standard_arn": endpoint.standard_arn,
        "title": endpoint.title,
        "enabled": endpoint.enabled,
        "mode": endpoint.mode,
        "view": endpoint.view,
        "methods": endpoint.methods,
        "auth": endpoint.auth,
        "ip_allow": endpoint.ip_allow,
        "http_headers": endpoint.http_headers,
        "log_group": endpoint.log_group,
        "time_limit": endpoint.time_limit,
        "keep_jobs_days": endpoint.keep_jobs_days,
        "keep_payloads_days": endpoint.keep_payloads_days,
        "callback_url": endpoint.callback_url,
        "callback_hosts": endpoint.callback_hosts or None,
        "cors": endpoint.cors or None,
        "sample": None if endpoint.sample is None else json.dumps(endpoint.sample, ensure_ascii=False),
        "input_schema": endpoint.input_schema,
        "output_schema": endpoint.output_schema,
        "output_mapping": endpoint.output_mapping,
        "aliases": endpoint.aliases or None,
        "parameters": parameters_text(endpoint.parameters) if endpoint.parameters else None,
        "dialects": json.dumps(settings, ensure_ascii=False) if settings else None,
        "limits": stored_limits(endpoint.limits),
        "version": endpoint.version,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def endpoint_of(row: dict[str, Any]) -> Endpoint:
    """Read an endpoint's item."""
    return Endpoint(
        workspace=row["workspace"],
        module=row["module"],
        name=row["name"],
        express_arn=row.get("express_arn"),
        standard_arn=row.get("standard_arn"),
        title=row.get("title", ""),
        enabled=row["enabled"],
        mode=row["mode"],
        view=row["view"],
        methods=tuple(row["methods"]),
        auth=tuple(row["auth"]),
        ip_allow=tuple(row.get("ip_allow", ())),
        http_headers=tuple(row.get("http_headers", ())),
        log_group=row.get("log_group"),
        time_limit=row.get("time_limit"),
        keep_jobs_days=row.get("keep_jobs_days"),
        keep_payloads_days=row.get("keep_payloads_days"),
        callback_url=row.get("callback_url"),
        callback_hosts=tuple(row.get("callback_hosts", ())),
        cors=tuple(row.get("cors", ())),
        sample=json.loads(row["sample"]) if row.get("sample") else None,
        input_schema=row.get("input_schema"),
        output_schema=row.get("output_schema"),
        output_mapping=row.get("output_mapping"),
        aliases=tuple(row.get("aliases", ())),
        parameters=parameters_of(json.loads(row["parameters"])) if "parameters" in row else (),
        dialects=settings_of(json.loads(row["dialects"])) if "dialects" in row else NO_SETTINGS,
        limits=limits_of(row.get("limits")),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def credential_row(credential: Credential) -> dict[str, Any]:
    """Build a credential's item. It holds a hash, never the token or password itself."""
    return {
        "id": credential.key,
        "schema_version": SCHEMA_VERSION,
        "kind": credential.kind,
        "workspace": credential.workspace,
        "credential_id": credential.credential_id,
        "name": credential.name,
        "scopes": credential.scopes,
        "endpoints": credential.endpoints,
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "revoked_at": credential.revoked_at,
        "password_hash": credential.password_hash,
        "secret_hash": credential.secret_hash,
        "roles": credential.roles or None,
        "brought": credential.brought or None,
        "limits": stored_limits(credential.limits),
        "last_used_at": credential.last_used_at,
    }


def credential_of(row: dict[str, Any]) -> Credential:
    """Read a credential's item."""
    endpoints = row.get("endpoints")
    return Credential(
        key=row["id"],
        kind=row["kind"],
        workspace=row["workspace"],
        credential_id=row["credential_id"],
        name=row["name"],
        scopes=tuple(row["scopes"]),
        endpoints=None if endpoints is None else tuple(endpoints),
        created_at=row["created_at"],
        expires_at=row.get("expires_at"),
        revoked_at=row.get("revoked_at"),
        password_hash=row.get("password_hash"),
        secret_hash=row.get("secret_hash"),
        roles=tuple(row.get("roles", ())),
        brought=row.get("brought", False),
        limits=limits_of(row.get("limits")),
        last_used_at=row.get("last_used_at"),
        change_id=row.get("change_id"),
    )
