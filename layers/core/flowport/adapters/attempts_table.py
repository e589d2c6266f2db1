"""Wrong passwords, in the Jobs table: partitions `guard#…`, one item for each thing that is counted.

Each write stands on what was read: of many attempts at one time each counts the ones before it.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.items import decode_item, encode
from flowport.domain.guard import Attempts, GuardKey
from flowport.domain.ids import new_attempt_id
from flowport.usecases.ports import Clock

WHAT: Final = "The record of wrong passwords (DynamoDB)"
SCHEMA_VERSION: Final = 1
IS_AS_SEEN: Final = "forgiven_at = :seen"
IS_AS_SEEN_OR_NEW: Final = "(attribute_not_exists(job_id) OR forgiven_at = :seen)"
_NAMES: Final = ("forgiven_at", "locked_until", "known_until")
_HOUR: Final = 3600


def guard_item_key(key: GuardKey) -> dict[str, Any]:
    """Primary key of an item."""
    return {"job_id": encode(key.partition), "item": encode(key.item)}


def attempts_of(row: Mapping[str, Any]) -> Attempts:
    """Read an item; {} is nothing."""
    return Attempts(*(row.get(name, 0) for name in _NAMES))


class DynamoAttemptStore:
    """What is remembered, in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def save(
        self, key: GuardKey, attempts: Attempts, *, seen: Attempts, deadline: float | None = None
    ) -> Attempts | None:
        """One UpdateItem; a repetition knows its own first try by its id."""
        write_id = new_attempt_id()
        last = max(attempts.forgiven_at, attempts.locked_until, attempts.known_until)
        sets = dict(zip(_NAMES, (attempts.forgiven_at, attempts.locked_until, attempts.known_until), strict=True))
        sets |= {"expires_at": last // 1000 + _HOUR, "schema_version": SCHEMA_VERSION}
        values = {f":{name}": encode(value) for name, value in sets.items()}
        request = {
            "TableName": self._table,
            "Key": guard_item_key(key),
            "UpdateExpression": "SET write_id = :write, " + ", ".join(f"{name} = :{name}" for name in sets),
            "ConditionExpression": IS_AS_SEEN if seen.forgiven_at else IS_AS_SEEN_OR_NEW,
            "ExpressionAttributeValues": {
                **values,
                ":seen": encode(seen.forgiven_at),
                ":write": encode(write_id),
            },
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            repeat(lambda: self._client.update_item(**request), what=WHAT, clock=self._clock, deadline=deadline)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            response: dict[str, Any] = dict(error.response)
            row = decode_item(response.get("Item", {}))
            return None if row.get("write_id") == write_id else attempts_of(row)
        return None

    def forget(self, partition: str, *, deadline: float | None = None) -> dict[str, Attempts]:
        """Query the partition, and delete what it has."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "job_id = :partition",
            "ExpressionAttributeValues": {":partition": encode(partition)},
            "ConsistentRead": True,
        }
        found: dict[str, Attempts] = {}
        while True:
            answer = repeat(lambda: self._client.query(**request), what=WHAT, clock=self._clock, deadline=deadline)
            rows = [decode_item(item) for item in answer["Items"]]
            for row in rows:
                key = guard_item_key(GuardKey(partition, row["item"]))
                repeat(
                    lambda key=key: self._client.delete_item(TableName=self._table, Key=key),  # type: ignore[misc]
                    what=WHAT,
                    clock=self._clock,
                    deadline=deadline,
                )
            found |= {row["item"]: attempts_of(row) for row in rows}
            if "LastEvaluatedKey" not in answer:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
