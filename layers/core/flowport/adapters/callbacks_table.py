"""Callbacks in the Jobs table: one item each, under a partition of its own.

Every write puts the whole item on top of the revision that was read, so that a transition is judged once, by the
domain, and the write holds only while that judgement does.
"""

from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.jobs_table import SCHEMA_VERSION, job_key, open_shard_of
from flowport.domain.callbacks import DAY_SECONDS, Callback
from flowport.domain.ids import new_attempt_id
from flowport.usecases.ports import Clock

WHAT: Final = "The store of callbacks (DynamoDB)"
IS_NEW: Final = "attribute_not_exists(job_id)"
IS_UNCHANGED: Final = "revision = :seen"
# How long an item is kept after it has expired or was answered, so that a late or repeated call is told so, and an
# early answer is still there when its run parks.
KEEP_SECONDS: Final = 30 * DAY_SECONDS


def row_of(callback: Callback) -> dict[str, Any]:
    """Build the item."""
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
        "open_shard": None if callback.check_at is None else open_shard_of(callback.key),
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


class DynamoCallbackStore:
    """The callbacks in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, key: str, *, deadline: float | None = None) -> Callback | None:
        """Read the item."""
        request = {"TableName": self._table, "Key": job_key(key, "callback"), "ConsistentRead": True}
        answer = repeat(lambda: self._client.get_item(**request), what=WHAT, clock=self._clock, deadline=deadline)
        return callback_of(decode_item(answer["Item"])) if "Item" in answer else None

    def save(self, callback: Callback, *, deadline: float | None = None) -> Callback | None:
        """Put the item under its condition; `written_by` tells a repeated write that met its own first try."""
        saved = replace(callback, revision=callback.revision + 1)
        written_by = new_attempt_id()
        request: dict[str, Any] = {
            "TableName": self._table,
            "Item": encode_item({**row_of(saved), "written_by": written_by}),
            "ConditionExpression": IS_UNCHANGED if callback.revision else IS_NEW,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if callback.revision:
            request["ExpressionAttributeValues"] = {":seen": encode(callback.revision)}
        try:
            repeat(lambda: self._client.put_item(**request), what=WHAT, clock=self._clock, deadline=deadline)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            old = decode_item(dict(error.response).get("Item", {}))  # type: ignore[arg-type]
            return saved if old.get("written_by") == written_by else None
        return saved
