"""The routes of webhook secrets, which sign completion callbacks."""

from flowport.admin import documents
from flowport.admin.calls import Call, json_answer
from flowport.dialects.wire import HttpResponse


def list_secrets(call: Call) -> HttpResponse:
    """List the valid ones, one or two, without their texts."""
    versions = call.use.webhook_secrets.versions(call.actor)
    items = [documents.webhook_secret_document(version) for version in versions]
    return json_answer(200, {"items": items, "cursor": None})


def create_secret(call: Call) -> HttpResponse:
    """Make one, and show its text this once."""
    version, text = call.use.webhook_secrets.create(call.actor)
    return json_answer(201, documents.webhook_secret_document(version) | {"secret": text})


def retire_secret(call: Call) -> HttpResponse:
    """End the previous one."""
    (version_id,) = call.names
    call.use.webhook_secrets.retire(call.actor, version_id)
    return HttpResponse(204)
