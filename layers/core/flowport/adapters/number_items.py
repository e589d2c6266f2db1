"""How numbers of jobs lie in the Jobs table: a partition of its own for each workspace and series.

| item | holds |
|---|---|
| `counter` | `last`, the number that was drawn last |
| `n#000000000000107` | the job that has the number, and what lists look at |

An item of a number is written in one transaction with its job's row, is told of the end in one transaction with it, and
is deleted in one transaction with it. It expires with its job.
"""

from typing import Any, Final

from flowport.adapters.items import encode, encode_item
from flowport.domain.job import Job
from flowport.domain.numbers import JobNumber, NumberEntry, Series

SCHEMA_VERSION: Final = 1
COUNTER: Final = "counter"
PREFIX: Final = "n#"
# No other job has the number: the counter never goes back, but a table may be put together by hand.
IS_NEW_NUMBER: Final = "attribute_not_exists(job_id)"


def partition(workspace: str, series: Series) -> str:
    """Partition of a series."""
    return f"number#{workspace}#{series}"


def number_key(workspace: str, number: JobNumber) -> dict[str, Any]:
    """Primary key of a number's item."""
    item = f"{PREFIX}{number.value:015d}"
    return {"job_id": encode(partition(workspace, number.series)), "item": encode(item)}


def counter_key(workspace: str, series: Series) -> dict[str, Any]:
    """Primary key of a series' counter."""
    return {"job_id": encode(partition(workspace, series)), "item": encode(COUNTER)}


def number_put(table: str, job: Job, number: JobNumber) -> dict[str, Any]:
    """Build the write of a new job's number."""
    item = {
        "schema_version": SCHEMA_VERSION,
        "number": number.value,
        "leads_to": job.id,
        "endpoint": job.endpoint,
        "principal": job.principal,
        "created_at": job.created_at,
    }
    return {
        "Put": {
            "TableName": table,
            "Item": number_key(job.workspace, number) | encode_item(item),
            "ConditionExpression": IS_NEW_NUMBER,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


def number_ended(table: str, job: Job, number: JobNumber, status: str, expires_at: int) -> dict[str, Any]:
    """Build the write that tells a number's item of its job's end; without a condition, as the row's own decides."""
    return {
        "Update": {
            "TableName": table,
            "Key": number_key(job.workspace, number),
            "UpdateExpression": "SET #status = :status, expires_at = :expires",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {":status": encode(status), ":expires": encode(expires_at // 1000)},
        }
    }


def number_deletion(table: str, job: Job, number: JobNumber) -> dict[str, Any]:
    """Build the write that takes a deleted job out of its series."""
    return {"Delete": {"TableName": table, "Key": number_key(job.workspace, number)}}


def entry_of(item: dict[str, Any], series: Series) -> NumberEntry | None:
    """Read a number's item; None where the end of a job found its item gone and left only itself."""
    if "leads_to" not in item:
        return None
    return NumberEntry(
        number=JobNumber(series, item["number"]),
        job_id=item["leads_to"],
        endpoint=item["endpoint"],
        principal=item["principal"],
        created_at=item["created_at"],
        status=item.get("status"),
        expires_at=item["expires_at"] * 1000 if "expires_at" in item else None,
    )
