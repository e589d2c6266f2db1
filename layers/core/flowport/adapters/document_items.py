"""How documents lie in the Jobs table, below their job: the current one, and the others as snapshots.

| item | holds |
|---|---|
| `document` | the current document, once it is another one than the job's input; `revision` counts its changes |
| `snapshot#<SHA-256>` | an earlier document, or one that came too late to become the current one |

They are payloads of their job: they expire with it, and are deleted with it.
"""

from typing import Any, Final

from flowport.adapters.items import encode, encode_item
from flowport.domain.documents import Change, Snapshot, Stored, digest

SCHEMA_VERSION: Final = 1
DOCUMENT: Final = "document"
PREFIX: Final = "snapshot#"
IS_FIRST_CHANGE: Final = "attribute_not_exists(job_id)"
IS_UNCHANGED: Final = "revision = :seen"


def document_puts(table: str, change: Change, expires_at: int) -> list[dict[str, Any]]:
    """Build the writes of a change: the new document over the one that was seen, and that one as a snapshot.

    The input that a job was started with is kept as it lies.
    """
    new, seen = change.new, change.seen
    item = {
        "job_id": change.job_id,
        "item": DOCUMENT,
        "schema_version": SCHEMA_VERSION,
        "revision": new.revision,
        "text": new.text,
        "synced_at": new.synced_at,
        "sent": new.sent,
        "written_by": change.written_by,
        "expires_at": expires_at // 1000,
    }
    put: dict[str, Any] = {
        "TableName": table,
        "Item": encode_item(item),
        "ConditionExpression": IS_UNCHANGED if seen.revision else IS_FIRST_CHANGE,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if not seen.revision:
        return [{"Put": put}]
    put["ExpressionAttributeValues"] = {":seen": encode(seen.revision)}
    snapshot = snapshot_item(change.job_id, Snapshot(seen.text, seen.synced_at), expires_at)
    return [{"Put": put}, {"Put": {"TableName": table, "Item": snapshot}}]


def snapshot_item(job_id: str, snapshot: Snapshot, expires_at: int) -> dict[str, Any]:
    """Build a snapshot's item; the same document again is the same item."""
    return encode_item(
        {
            "job_id": job_id,
            "item": PREFIX + digest(snapshot.text),
            "schema_version": SCHEMA_VERSION,
            "text": snapshot.text,
            "synced_at": snapshot.synced_at,
            "expires_at": expires_at // 1000,
        }
    )


def stored_of(item: dict[str, Any]) -> Stored:
    """Read a `document` item."""
    return Stored(item["text"], item["synced_at"], item["sent"], item["revision"])
