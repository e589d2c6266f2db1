"""What the admin API answers, exactly: a schema with an example for each thing that it shows, and each route's answers.

Endpoints and credentials are shown with the members by which they are read, so that their schemas come from the models
of requests.
"""

from collections.abc import Mapping
from typing import Final

from flowport.admin.credential_models import GrantDocument, RoleDocument
from flowport.admin.insight_routes import PERIODS
from flowport.admin.models import EndpointDocument
from flowport.domain.records import OPERATOR_SCOPE, ROLES, SCOPES
from flowport.openapi.components import TEXT, TIME, Json, a_list, an_object, answers, nullable, ref
from flowport.openapi.models import shown, with_all
from flowport.usecases.admin.keys import ALIASES

_AT: Final = "2026-11-22T02:19:59.203Z"
_WHOLE: Final[Json] = {"type": "integer", "minimum": 0}
_ARN: Final = "arn:aws:states:eu-central-1:123456789012:stateMachine:quote"
_SCOPES: Final[Json] = {"type": "array", "items": {"enum": [*SCOPES, OPERATOR_SCOPE]}, "uniqueItems": True}
_ROLES: Final[Json] = {"type": "array", "items": {"enum": [*ROLES]}, "uniqueItems": True}
_BROUGHT: Final[Json] = {"type": "boolean", "description": "Whether its secret was brought along."}
_ONCE: Final = "Shown this once."
_WARNINGS: Final[Json] = {"type": "array", "items": TEXT, "description": "There only where something is to be said."}
_LAST: Final = "Up to an hour behind."
_GRANTED: Final[Mapping[str, Json]] = {
    "scopes": _SCOPES,
    "created_at": TIME,
    "expires_at": nullable(TIME),
    "last_used_at": {**nullable(TIME), "description": _LAST},
    "revoked_at": nullable(TIME),
}
_EXAMPLE_OF_GRANTED: Final[Json] = {
    "name": "partner",
    "scopes": ["run"],
    "endpoints": ["billing/quote"],
    "created_at": _AT,
    "expires_at": "2027-02-20T02:19:59.203Z",
    "last_used_at": _AT,
    "revoked_at": None,
    "limits": {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5},
}


def _endpoint() -> Json:
    schema = shown(
        EndpointDocument,
        endpoint={**TEXT, "description": "module/name."},
        version={"type": "integer", "minimum": 1, "description": "Its ETag."},
        created_at=TIME,
        updated_at=TIME,
    )
    # What is said to a dialect is shown with its defaults.
    for said in schema["properties"]["dialects"]["properties"].values():
        said["anyOf"] = [with_all(one) if "properties" in one else one for one in said["anyOf"]]
    return schema


def _secret(schema: Json, **members: Json) -> Json:
    """Describe what is shown at a creation: the same, and its secret."""
    return {
        **schema,
        "properties": {**schema["properties"], **members},
        "required": sorted([*schema["required"], *members]),
    }


def _with(schema: Json, **members: Json) -> Json:
    """Add members that may be left out."""
    return {**schema, "properties": {**schema["properties"], **members}}


def _act() -> Json:
    side = {"type": ["object", "null"], "description": "The members that were changed; all where there is one side."}
    members: dict[str, Json] = {
        "at": TIME,
        "who": {**TEXT, "description": "A principal: token:tok_…, user:ann, bootstrap."},
        "act": {**TEXT, "description": "<kind>.<verb>"},
        "what": {**TEXT, "description": "<kind>:<name>"},
        "before": side,
        "after": side,
        "request_id": nullable(TEXT),
        "outcome": {"enum": ["done", "refused", "begun"]},
    }
    return an_object(members, **members)


def _figures() -> Json:
    point: dict[str, Json] = {
        "endpoint": TEXT,
        "at": TIME,
        "calls": _WHOLE,
        "failures": _WHOLE,
        "p50_ms": nullable({"type": "number", "minimum": 0}),
        "p95_ms": nullable({"type": "number", "minimum": 0}),
    }
    members: dict[str, Json] = {
        "from": TIME,
        "to": TIME,
        "period": {"enum": list(PERIODS), "description": "Seconds."},
        "source": {"enum": ["cloudwatch", "jobs"]},
        "complete": {"type": "boolean"},
        "series": {"type": "array", "items": an_object(point, **point)},
    }
    return an_object(members, **members)


def _whole(**members: Json) -> Json:
    return an_object(members, **members)


def schemas() -> Json:
    """Give the schemas of what is shown, each with an example."""
    days = ("expires_in_days",)
    token = shown(GrantDocument, without=days, id=TEXT, brought=_BROUGHT, **_GRANTED)
    user = shown(RoleDocument, without=days, brought=_BROUGHT, **{**_GRANTED, "roles": _ROLES})
    client = shown(GrantDocument, without=days, client_id=TEXT, **_GRANTED)
    api_key = shown(RoleDocument, without=days, id=TEXT, **{**_GRANTED, "roles": _ROLES})
    webhook_secret = _whole(id=TEXT, current={"type": "boolean"}, created_at=TIME)
    arns: Json = {"type": "array", "items": TEXT}
    described: dict[str, Json] = {
        "PublishedEndpoint": _endpoint(),
        "Token": token,
        "NewToken": _with(
            token,
            token={**TEXT, "description": f"{_ONCE} Not there where its value was brought along."},
            warnings=_WARNINGS,
        ),
        "User": user,
        "WarnedUser": _with(user, warnings=_WARNINGS),
        "Client": client,
        "NewClient": _secret(client, client_secret={**TEXT, "description": _ONCE}),
        "ApiKey": api_key,
        "NewApiKey": _secret(api_key, api_key={**TEXT, "description": _ONCE}),
        "SigningKey": _whole(
            alias={"enum": list(ALIASES)}, created_at=nullable(TIME), previous_created_at=nullable(TIME)
        ),
        "WebhookSecret": webhook_secret,
        "NewWebhookSecret": _secret(webhook_secret, secret={**TEXT, "description": _ONCE}),
        "Workspace": _whole(name=TEXT, title=TEXT, status={"enum": ["active", "disabled", "deleted"]}, created_at=TIME),
        "Machine": _whole(arn=TEXT, name=TEXT, type={"enum": ["EXPRESS", "STANDARD"]}, versions=arns, aliases=arns),
        "Figures": _figures(),
        "Act": _act(),
        "Unlocked": _whole(
            name=TEXT,
            lifted={"type": "array", "items": _whole(address=TEXT, locked_until=TIME)},
        ),
    }
    return {name: {**schema, "examples": [EXAMPLES[name]]} for name, schema in described.items()}


_TOKEN: Final[Json] = {"id": "tok_4xQ0000000000000abcd", **_EXAMPLE_OF_GRANTED, "brought": False}
_USER: Final[Json] = {**_EXAMPLE_OF_GRANTED, "name": "ada", "roles": ["reader"], "brought": False}
_CLIENT: Final[Json] = {"client_id": "fpc_default_4xQ0000000000000abcd", **_EXAMPLE_OF_GRANTED}
_API_KEY: Final[Json] = {"id": "key_4xQ0000000000000abcd", **_EXAMPLE_OF_GRANTED, "roles": ["runner"]}
_WEBHOOK_SECRET: Final[Json] = {"id": "5f0c", "current": True, "created_at": _AT}
_WARNED: Final = "The password can be guessed: it has 6 characters."
EXAMPLES: Final[Mapping[str, Json]] = {
    "PublishedEndpoint": {
        "endpoint": "billing/quote",
        "module": "billing",
        "name": "quote",
        "title": "Quote a basket",
        "enabled": True,
        "express_arn": _ARN,
        "standard_arn": None,
        "mode": "sync",
        "view": "job",
        "methods": ["POST"],
        "auth": ["token"],
        "ip_allow": ["192.0.2.0/24"],
        "http_headers": [],
        "log_group": None,
        "time_limit": None,
        "keep_jobs_days": 30,
        "keep_payloads_days": 7,
        "callback_url": None,
        "callback_hosts": ["hooks.example.com"],
        "cors": ["https://shop.example.com"],
        "sample": {"sku": "tea"},
        "input_schema": {"type": "object", "required": ["sku"]},
        "output_schema": None,
        "output_mapping": "total",
        "aliases": ["nebulagraph:107"],
        "parameters": [{"name": "sku", "type": "string", "required": True}],
        "dialects": {"iolinker": {"empty_output_is_none": False}},
        "limits": {"rate": {"requests": 1000, "seconds": 60}},
        "version": 3,
        "created_at": _AT,
        "updated_at": _AT,
    },
    "Token": _TOKEN,
    "NewToken": {**_TOKEN, "token": "fp_default_…"},
    "User": _USER,
    "WarnedUser": {**_USER, "brought": True, "warnings": [_WARNED]},
    "Client": _CLIENT,
    "NewClient": {**_CLIENT, "client_secret": "fps_…"},
    "ApiKey": _API_KEY,
    "NewApiKey": {**_API_KEY, "api_key": "eyJhbGciOiJIUzI1NiJ9.…"},
    "SigningKey": {"alias": "flowport", "created_at": _AT, "previous_created_at": None},
    "WebhookSecret": _WEBHOOK_SECRET,
    "NewWebhookSecret": {**_WEBHOOK_SECRET, "secret": "whsec_…"},
    "Workspace": {"name": "default", "title": "", "status": "active", "created_at": _AT},
    "Machine": {"arn": _ARN, "name": "quote", "type": "EXPRESS", "versions": [f"{_ARN}:1"], "aliases": []},
    "Figures": {
        "from": "2026-11-22T02:00:00.000Z",
        "to": "2026-11-22T03:00:00.000Z",
        "period": 300,
        "source": "cloudwatch",
        "complete": True,
        "series": [
            {"endpoint": "billing/quote", "at": _AT, "calls": 12, "failures": 1, "p50_ms": 212, "p95_ms": 480.5}
        ],
    },
    "Act": {
        "at": _AT,
        "who": "token:tok_4xQ0000000000000abcd",
        "act": "endpoint.disable",
        "what": "endpoint:billing/quote",
        "before": {"enabled": True, "version": 3},
        "after": {"enabled": False, "version": 4},
        "request_id": "JKJaXmPLvHcESHA=",
        "outcome": "done",
    },
    "Unlocked": {"name": "ada", "lifted": [{"address": "192.0.2.1", "locked_until": _AT}]},
}

Answers = Mapping[str, Json]
_GONE: Final[Answers] = {"204": answers(None, "It is gone.")}


def _page(name: str) -> Answers:
    return {"200": answers(a_list(ref(name)), "A page; `cursor` is null at the end.")}


def _here(name: str, said: str = "It is there.", *headers: str) -> Answers:
    return {"200": answers(ref(name), said, *headers)}


def _made(name: str, *headers: str) -> Answers:
    return {"201": answers(ref(name), "Made.", *headers)}


_NOW: Final = "Done; as it is now."
# By the handlers' names.
ANSWERS: Final[Mapping[str, Answers]] = {
    "_list_endpoints": _page("PublishedEndpoint"),
    "_create_endpoint": _made("PublishedEndpoint", "Location", "ETag"),
    "_read_endpoint": _here("PublishedEndpoint", "It is there.", "ETag"),
    "_put_endpoint": {
        **_here("PublishedEndpoint", "Done; as it is now, or with dry_run as it would be.", "ETag"),
        **_made("PublishedEndpoint", "Location", "ETag"),
    },
    "_patch_endpoint": _here("PublishedEndpoint", _NOW, "ETag"),
    "_delete_endpoint": _GONE,
    "_enable_endpoint": _here("PublishedEndpoint", _NOW, "ETag"),
    "_disable_endpoint": _here("PublishedEndpoint", _NOW, "ETag"),
    "list_acts": _page("Act"),
    "list_tokens": _page("Token"),
    "create_token": _made("NewToken", "Location"),
    "read_token": _here("Token", "It is there.", "ETag"),
    "change_token": _here("Token", _NOW, "ETag"),
    "revoke_token": _here("Token", _NOW),
    "list_users": _page("User"),
    "create_user": _made("WarnedUser", "Location"),
    "read_user": _here("User", "It is there.", "ETag"),
    "change_user": _here("User", _NOW, "ETag"),
    "revoke_user": _here("User", _NOW),
    "set_password": _here("WarnedUser", _NOW),
    "unlock_user": _here("Unlocked", "What was forgotten."),
    "list_clients": _page("Client"),
    "create_client": _made("NewClient", "Location"),
    "read_client": _here("Client", "It is there.", "ETag"),
    "change_client": _here("Client", _NOW, "ETag"),
    "revoke_client": _here("Client", _NOW),
    "list_api_keys": _page("ApiKey"),
    "create_api_key": _made("NewApiKey", "Location"),
    "read_api_key": _here("ApiKey", "It is there.", "ETag"),
    "change_api_key": _here("ApiKey", _NOW, "ETag"),
    "revoke_api_key": _here("ApiKey", _NOW),
    "list_keys": _page("SigningKey"),
    "put_key": {**_here("SigningKey", "Another key; the one before it stays valid."), **_made("SigningKey")},
    "retire_key": _here("SigningKey", _NOW),
    "list_secrets": _page("WebhookSecret"),
    "create_secret": _made("NewWebhookSecret"),
    "retire_secret": _GONE,
    "list_machines": _page("Machine"),
    "read_figures": _here("Figures", "What was counted."),
    "_list_workspaces": _page("Workspace"),
    "_create_workspace": _made("Workspace", "Location"),
    "_read_workspace": _here("Workspace"),
    "_delete_workspace": _GONE,
    "_enable_workspace": _here("Workspace", _NOW),
    "_disable_workspace": _here("Workspace", _NOW),
}
