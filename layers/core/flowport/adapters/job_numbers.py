"""Draws numbers of jobs, finds jobs by them, and lists a series."""

from collections.abc import Callable
from typing import Any, Final

from flowport.adapters.aws import AnyClient, repeat
from flowport.adapters.items import decode_item, encode
from flowport.adapters.number_items import PREFIX, counter_key, entry_of, number_key, partition
from flowport.domain.numbers import JobNumber, NumberEntry, Series
from flowport.usecases.ports import Clock

WHAT: Final = "The numbers of jobs (DynamoDB)"
DRAW: Final = "ADD #last :one"


class DynamoJobNumbers:
    """The numbers in the Jobs table."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def draw(self, workspace: str, series: Series, *, deadline: float | None = None) -> JobNumber:
        """Count one further, atomically; a repetition after a lost answer leaves a number out."""
        request = {
            "TableName": self._table,
            "Key": counter_key(workspace, series),
            "UpdateExpression": DRAW,
            "ExpressionAttributeNames": {"#last": "last"},
            "ExpressionAttributeValues": {":one": encode(1)},
            "ReturnValues": "UPDATED_NEW",
        }
        answer = self._repeat(lambda: self._client.update_item(**request), deadline)
        return JobNumber(series, decode_item(answer["Attributes"])["last"])

    def find(self, workspace: str, number: JobNumber, *, deadline: float | None = None) -> str | None:
        """Read the number's item, strongly consistent."""
        key = number_key(workspace, number)
        answer = self._repeat(
            lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True), deadline
        )
        item = decode_item(answer.get("Item", {}))
        return item.get("leads_to")

    def entries(
        self, workspace: str, series: Series, *, ascending: bool, limit: int, deadline: float | None = None
    ) -> list[NumberEntry]:
        """Query the series, strongly consistent; a megabyte of it, some five thousand numbers, is one call."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "job_id = :partition AND begins_with(#item, :prefix)",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {
                ":partition": encode(partition(workspace, series)),
                ":prefix": encode(PREFIX),
            },
            "ScanIndexForward": ascending,
            "ConsistentRead": True,
        }
        found: list[NumberEntry] = []
        while True:
            request["Limit"] = limit - len(found)
            answer = self._repeat(lambda: self._client.query(**request), deadline)
            found += [entry for item in answer["Items"] if (entry := entry_of(decode_item(item), series))]
            if "LastEvaluatedKey" not in answer or len(found) >= limit:
                return found
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _repeat[T](self, call: Callable[[], T], deadline: float | None) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
