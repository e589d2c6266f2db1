"""The log of deliveries: an item beside the job's row for each callback, `delivery#<n>`, with all its attempts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, cancellation_reasons, repeat
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.jobs_table import SCHEMA_VERSION, job_key
from flowport.domain.webhooks import Attempt, Delivery
from flowport.usecases.ports import Clock

WHAT: Final = "The log of deliveries (DynamoDB)"
PREFIX: Final = "delivery#"
JOB_IS_THERE: Final = "attribute_exists(job_id)"
IS_FIRST_ATTEMPT: Final = "attribute_not_exists(job_id)"
IS_NEXT_ATTEMPT: Final = "attempt_count = :seen"


class DynamoDeliveryLog:
    """The log in the Jobs table."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self._client = client
        self._table = table
        self._clock = clock

    def read(self, job_id: str, number: int) -> Delivery | None:
        """GetItem, strongly consistent."""
        key = job_key(job_id, f"{PREFIX}{number}")
        answer = repeat(
            lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True),
            what=WHAT,
            clock=self._clock,
        )
        return _delivery_of(decode_item(answer["Item"])) if "Item" in answer else None

    def write(self, delivery: Delivery, *, seen: Delivery, expires_at: int) -> bool:
        """Put it over what was seen, in one transaction with a look at the job: what is deleted stays deleted."""
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": encode_item(_row_of(delivery) | {"expires_at": expires_at // 1000}),
            "ConditionExpression": IS_NEXT_ATTEMPT if seen.attempts else IS_FIRST_ATTEMPT,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if seen.attempts:
            put["ExpressionAttributeValues"] = {":seen": encode(len(seen.attempts))}
        there = {"TableName": self._table, "Key": job_key(delivery.job_id), "ConditionExpression": JOB_IS_THERE}
        items = [{"ConditionCheck": there}, {"Put": put}]
        try:
            repeat(
                lambda: self._client.transact_write_items(TransactItems=items),
                what=WHAT,
                clock=self._clock,
            )
        except ClientError as error:
            if "ConditionalCheckFailed" not in cancellation_reasons(error):
                raise
            reasons: Sequence[Mapping[str, Any]] = error.response["CancellationReasons"]
            old = decode_item(reasons[1].get("Item") or {})
            # A repeated write meets its own first try.
            return bool(old) and _delivery_of(old).attempts == delivery.attempts
        return True


def _row_of(delivery: Delivery) -> dict[str, Any]:
    return {
        "job_id": delivery.job_id,
        "item": f"{PREFIX}{delivery.number}",
        "schema_version": SCHEMA_VERSION,
        "number": delivery.number,
        "url": delivery.url,
        "status": delivery.status,
        "next_at": delivery.next_at,
        "attempt_count": len(delivery.attempts),
        "attempts": [
            {
                name: value
                for name, value in {
                    "run": attempt.run,
                    "number": attempt.number,
                    "at": attempt.at,
                    "duration_ms": attempt.duration_ms,
                    "status": attempt.status,
                    "error": attempt.error,
                }.items()
                if value is not None
            }
            for attempt in delivery.attempts
        ],
    }


def _delivery_of(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        job_id=row["job_id"],
        number=row["number"],
        url=row["url"],
        status=row["status"],
        attempts=tuple(
            Attempt(
                run=one["run"],
                number=one["number"],
                at=one["at"],
                duration_ms=one["duration_ms"],
                status=one.get("status"),
                error=one.get("error"),
            )
            for one in row["attempts"]
        ),
        next_at=row.get("next_at"),
    )
