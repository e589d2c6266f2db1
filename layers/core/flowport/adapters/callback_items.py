"""How a callback lies in the Jobs table: one item, under a partition of its own, always written whole."""

from dataclasses import replace
from typing import Any, Final

from flowport.adapters.items import encode, encode_item
from flowport.domain.callbacks import DAY_SECONDS, Callback

SCHEMA_VERSION: Final = 1
IS_NEW: Final = "attribute_not_exists(job_id)"
IS_UNCHANGED: Final = "revision = :seen"
# How long an item is kept after it has expired or was answered, so that a late or repeated call is told so, and an
# early answer is still there when its run parks.
KEEP_SECONDS: Final = 30 * DAY_SECONDS


def row_of(callback: Callback, open_shard: str) -> dict[str, Any]:
    """Build the item; `open_shard` is its place on the sweep's list, should the sweep have to look at it."""
    return {
        "job_id": callback.key,
        "item": "callback",
        "schema_version": SCHEMA_VERSION,
        "status": callback.status,
        "revision": callback.revision,
        "lapses_at": callback.lapses_at,
        "execution": callback.execution,
        "task_token": callback.task_token,
        "body": callback.body,
        "answer_id": callback.answer_id,
        "digest": callback.digest,
        "answered_at": callback.answered_at,
        "sent": callback.sent,
        "check_at": callback.check_at,
        "open_shard": None if callback.check_at is None else open_shard,
        "expires_at": max(callback.lapses_at, callback.answered_at or 0) // 1000 + KEEP_SECONDS,
    }


def callback_of(row: dict[str, Any]) -> Callback:
    """Read the item."""
    return Callback(
        key=row["job_id"],
        status=row["status"],
        lapses_at=row["lapses_at"],
        revision=row["revision"],
        execution=row.get("execution"),
        task_token=row.get("task_token"),
        body=row.get("body"),
        answer_id=row.get("answer_id"),
        digest=row.get("digest"),
        answered_at=row.get("answered_at"),
        check_at=row.get("check_at"),
        sent=row.get("sent"),
    )


def callback_put(table: str, callback: Callback, open_shard: str, written_by: str) -> dict[str, Any]:
    """Build the write of a callback over the revision that it was read at (0: not there).

    `written_by` is what a repeated write recognises itself by.
    """
    saved = replace(callback, revision=callback.revision + 1)
    request: dict[str, Any] = {
        "TableName": table,
        "Item": encode_item({**row_of(saved, open_shard), "written_by": written_by}),
        "ConditionExpression": IS_UNCHANGED if callback.revision else IS_NEW,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if callback.revision:
        request["ExpressionAttributeValues"] = {":seen": encode(callback.revision)}
    return request
