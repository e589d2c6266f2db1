"""Wrong passwords, in the Jobs table: partitions `guard#…`, one item for each thing that is counted.

A password is counted on top of what was read: of many attempts at one time each counts the ones before it. What is
counted after the attempt is added to whatever is there: none of many at one time is left out.
"""

from collections.abc import Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.items import decode_item, encode
from flowport.domain.guard import Attempts, GuardKey, Policy
from flowport.domain.ids import new_attempt_id
from flowport.usecases.ports import Clock

WHAT: Final = "The record of wrong passwords (DynamoDB)"
SCHEMA_VERSION: Final = 1
# Who was known there meanwhile must not be forgotten by a failure that did not see it.
IS_AS_SEEN: Final = "(forgiven_at = :seen AND (attribute_not_exists(known_until) OR known_until = :known))"
IS_AS_SEEN_OR_NEW: Final = f"(attribute_not_exists(job_id) OR {IS_AS_SEEN})"
IS_FORGIVEN: Final = "(attribute_not_exists(job_id) OR forgiven_at <= :now)"
IS_FAILING: Final = "forgiven_at > :now AND forgiven_at <= :almost"
IS_FULL: Final = "forgiven_at > :almost"
IS_LOCKED_LESS: Final = "attribute_exists(job_id) AND (attribute_not_exists(locked_until) OR locked_until < :until)"
# Each round that is lost is one that another failure won.
_ROUNDS: Final = 8
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
                ":known": encode(seen.known_until),
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

    def count(self, key: GuardKey, policy: Policy, now: int, *, seen: Attempts, deadline: float | None = None) -> None:
        """One UpdateItem as a rule, by arithmetic on what is there, and one for a lock."""
        forgiven_at, met = seen.forgiven_at, False
        for _ in range(_ROUNDS):
            forgiven_at, met = self._count_on(key, policy, now, (forgiven_at, seen.known_until), deadline)
            if met:
                break
        if met and (until := policy.lock(forgiven_at, now)):
            request = {
                "UpdateExpression": "SET locked_until = :until",
                "ConditionExpression": IS_LOCKED_LESS,
                "ExpressionAttributeValues": {":until": encode(until)},
            }
            self._update(key, request, deadline)

    def _count_on(
        self, key: GuardKey, policy: Policy, now: int, seen: tuple[int, int], deadline: float | None
    ) -> tuple[int, bool]:
        """Count on top of what is believed to be there; give when all is forgiven by now, and whether it was so."""
        (forgiven_at, known_until), most = seen, policy.forgiven_at_most(now)
        almost = most - policy.forgiven_after
        values = {":expires": max(most, known_until) // 1000 + _HOUR, ":schema": SCHEMA_VERSION}
        if forgiven_at <= now:
            sets, condition = ":next", IS_FORGIVEN
            values |= {":now": now, ":next": now + policy.forgiven_after}
        elif forgiven_at <= almost:
            sets, condition = "forgiven_at + :after", IS_FAILING
            values |= {":now": now, ":almost": almost, ":after": policy.forgiven_after}
        else:
            sets, condition = ":most", IS_FULL
            values |= {":almost": almost, ":most": most}
        request = {
            "UpdateExpression": f"SET forgiven_at = {sets}, expires_at = :expires, schema_version = :schema",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {name: encode(value) for name, value in values.items()},
        }
        row, met = self._update(key, request, deadline)
        return row.get("forgiven_at", 0), met

    def _update(self, key: GuardKey, request: dict[str, Any], deadline: float | None) -> tuple[dict[str, Any], bool]:
        """Write; give the item as it is, and whether the condition was met."""
        complete = {
            "TableName": self._table,
            "Key": guard_item_key(key),
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **request,
        }
        try:
            answer = repeat(
                lambda: self._client.update_item(**complete), what=WHAT, clock=self._clock, deadline=deadline
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            response: dict[str, Any] = dict(error.response)
            return decode_item(response.get("Item", {})), False
        return decode_item(answer["Attributes"]), True

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
