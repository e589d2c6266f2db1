"""Writes to the endpoints' rows."""

from collections.abc import Sequence
from typing import Any, Final

from flowport.adapters.aws import AnyClient
from flowport.adapters.directory_items import ENDPOINT_PREFIX, endpoint_key, endpoint_of, endpoint_row
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.registry import ALL_OLD, Failed, RegistryTable, refuse_inactive, while_active
from flowport.domain.records import Endpoint
from flowport.usecases.admin.ports import Page
from flowport.usecases.ports import Clock

IS_NEW: Final = "attribute_not_exists(#item)"
IS_UNCHANGED: Final = "version = :version AND created_at = :created"
IS_THERE: Final = "attribute_exists(#item)"
NOT_TRIED_BEFORE: Final = "(attribute_not_exists(write_id) OR write_id <> :write)"
SWITCH: Final = "SET enabled = :enabled, version = version + :one, updated_at = :now, write_id = :write"
_NAMES: Final = {"#item": "item"}


def _unchanged(seen: Endpoint) -> dict[str, Any]:
    # The version alone would not tell an endpoint from another one that was made in its place.
    return {":version": encode(seen.version), ":created": encode(seen.created_at)}


class DynamoEndpointRegistry:
    """The endpoints in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self._client = client
        self._name = table
        self._table = RegistryTable(client, clock)

    def get(self, workspace: str, path: str, *, deadline: float) -> Endpoint | None:
        """GetItem, strongly consistent."""
        key = endpoint_key(workspace, path)
        answer = self._table.read(
            lambda: self._client.get_item(TableName=self._name, Key=key, ConsistentRead=True), deadline
        )
        return endpoint_of(decode_item(answer["Item"])) if "Item" in answer else None

    def existing(self, workspace: str, paths: Sequence[str], *, deadline: float) -> frozenset[str]:
        """BatchGetItem of the keys; what DynamoDB leaves unprocessed is asked for again."""
        keys = [endpoint_key(workspace, path) for path in dict.fromkeys(paths)]
        request = {
            "Keys": keys,
            "ConsistentRead": True,
            "ProjectionExpression": "#item",
            "ExpressionAttributeNames": _NAMES,
        }
        pending: dict[str, Any] = {self._name: request}
        found: set[str] = set()
        while pending:
            answer = self._table.read(lambda asked=pending: self._client.batch_get_item(RequestItems=asked), deadline)  # type: ignore[misc]
            found |= {decode_item(item)["item"] for item in answer["Responses"].get(self._name, [])}
            pending = answer.get("UnprocessedKeys") or {}
        return frozenset(item.removeprefix(ENDPOINT_PREFIX) for item in found)

    def page(self, workspace: str, limit: int, after: str | None, *, deadline: float) -> Page[Endpoint]:
        """Query the workspace's partition, strongly consistent."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "workspace = :workspace AND begins_with(#item, :prefix)",
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": {":workspace": encode(workspace), ":prefix": encode(ENDPOINT_PREFIX)},
            "ConsistentRead": True,
        }
        found: list[Endpoint] = []
        start = endpoint_key(workspace, after) if after is not None else None
        while True:  # a query also ends after 1 MB
            rest = {"Limit": limit - len(found), **({"ExclusiveStartKey": start} if start else {})}
            answer = self._table.read(lambda rest=rest: self._client.query(**request, **rest), deadline)  # type: ignore[misc]
            found += [endpoint_of(decode_item(item)) for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey")
            if start is None or len(found) >= limit:
                return Page(tuple(found), found[-1].path if start and found else None)

    def create(self, endpoint: Endpoint, *, write_id: str, deadline: float) -> bool:
        """Put it where there is none, while its workspace is active."""
        put = {**self._put(endpoint, write_id), "ConditionExpression": IS_NEW, "ExpressionAttributeNames": _NAMES}
        failed = self._table.transact([{"Put": put}, *while_active(self._name, endpoint.workspace)], write_id, deadline)
        if failed is None or failed.own(write_id):
            return True
        if 0 not in failed.met:
            raise refuse_inactive(endpoint.workspace)
        return False

    def replace(self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float) -> bool:
        """Put it over what was seen. The row of a deleted workspace is gone or about to go, which needs no check."""
        request = {
            **self._put(endpoint, write_id),
            "ConditionExpression": IS_UNCHANGED,
            "ExpressionAttributeValues": _unchanged(seen),
        }
        answer = self._table.write(lambda: self._client.put_item(**request), deadline)
        return not isinstance(answer, Failed) or answer.own(write_id) is not None

    def switch(
        self,
        workspace: str,
        path: str,
        *,
        enabled: bool,
        at: int,
        seen: Endpoint | None,
        write_id: str,
        deadline: float,
    ) -> Endpoint | None:
        """One UpdateItem, so that nothing that others change meanwhile is written back."""
        conditions = [IS_THERE, NOT_TRIED_BEFORE, *([IS_UNCHANGED] if seen else [])]
        values = {
            ":enabled": encode(enabled),
            ":one": encode(1),
            ":now": encode(at),
            ":write": encode(write_id),
            **(_unchanged(seen) if seen else {}),
        }
        request = {
            "TableName": self._name,
            "Key": endpoint_key(workspace, path),
            "UpdateExpression": SWITCH,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        answer = self._table.write(lambda: self._client.update_item(**request), deadline)
        if not isinstance(answer, Failed):
            return endpoint_of(decode_item(answer["Attributes"]))
        own = answer.own(write_id)
        return endpoint_of(dict(own)) if own else None

    def delete(self, seen: Endpoint, *, deadline: float) -> bool:
        """Delete it as it was seen; when nothing is there any more, that is what was wanted."""
        request = {
            "TableName": self._name,
            "Key": endpoint_key(seen.workspace, seen.path),
            "ConditionExpression": IS_UNCHANGED,
            "ExpressionAttributeValues": _unchanged(seen),
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        answer = self._table.write(lambda: self._client.delete_item(**request), deadline)
        return not isinstance(answer, Failed) or answer.met[0] is None

    def _put(self, endpoint: Endpoint, write_id: str) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Item": encode_item(endpoint_row(endpoint) | {"write_id": write_id}),
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
