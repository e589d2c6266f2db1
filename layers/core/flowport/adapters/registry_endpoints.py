"""Writes to the endpoints' rows, and to those of their aliases: always both in one transaction.

An alias's row names the endpoint that has it, so that no other endpoint can take it, nor remove it, in between.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flowport.adapters.audit_log import puts
from flowport.adapters.aws import AnyClient
from flowport.adapters.directory_items import (
    ENDPOINT_PREFIX,
    alias_key,
    alias_row,
    endpoint_key,
    endpoint_of,
    endpoint_row,
)
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.registry import ALL_OLD, RegistryTable, refuse_inactive, while_active
from flowport.domain import ids
from flowport.domain.audit import Act
from flowport.domain.records import Endpoint
from flowport.usecases.admin.errors import AliasTaken
from flowport.usecases.admin.ports import Page
from flowport.usecases.ports import Clock

IS_NEW: Final = "attribute_not_exists(#item)"
IS_FREE: Final = "attribute_not_exists(#item) OR #path = :path"  # of an alias
IS_UNCHANGED: Final = "version = :version AND created_at = :created"
SWITCH: Final = "SET enabled = :enabled, version = :next, updated_at = :now, write_id = :write"
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

    def create(self, endpoint: Endpoint, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Put it where there is none, while its workspace is active."""
        put = {**self._put(endpoint, write_id), "ConditionExpression": IS_NEW, "ExpressionAttributeNames": _NAMES}
        taken = self._all_taken(endpoint, endpoint.aliases)
        further = [*while_active(self._name, endpoint.workspace), *puts(self._name, acts)]
        return self._write(endpoint.workspace, {"Put": put}, taken, further, write_id, deadline)

    def replace(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Put it over what was seen, with the aliases that come or go.

        The row of a deleted workspace is gone or about to go, which needs no check; its aliases would stay.
        """
        put = {
            **self._put(endpoint, write_id),
            "ConditionExpression": IS_UNCHANGED,
            "ExpressionAttributeValues": _unchanged(seen),
        }
        taken = self._all_taken(endpoint, [alias for alias in endpoint.aliases if alias not in seen.aliases])
        released = [self._released(endpoint, alias) for alias in seen.aliases if alias not in endpoint.aliases]
        active = while_active(self._name, endpoint.workspace) if taken or released else []
        further = [*released, *active, *puts(self._name, acts)]
        return self._write(endpoint.workspace, {"Put": put}, taken, further, write_id, deadline)

    def switch(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Update three attributes, so that nothing else is written back."""
        values = {
            ":enabled": encode(endpoint.enabled),
            ":next": encode(endpoint.version),
            ":now": encode(endpoint.updated_at),
            ":write": encode(write_id),
            **_unchanged(seen),
        }
        request = {
            "TableName": self._name,
            "Key": endpoint_key(endpoint.workspace, endpoint.path),
            "UpdateExpression": SWITCH,
            "ConditionExpression": IS_UNCHANGED,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        further = puts(self._name, acts)
        return self._write(endpoint.workspace, {"Update": request}, {}, further, write_id, deadline)

    def delete(self, seen: Endpoint, *, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Delete it as it was seen; when nothing is there any more, that is what was wanted."""
        request = {
            "TableName": self._name,
            "Key": endpoint_key(seen.workspace, seen.path),
            "ConditionExpression": IS_UNCHANGED,
            "ExpressionAttributeValues": _unchanged(seen),
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        released = [self._released(seen, alias) for alias in seen.aliases]
        items = [{"Delete": request}, *released, *puts(self._name, acts)]
        failed = self._table.transact(items, ids.new_attempt_id(), deadline)
        return failed is None or failed.met.get(0, seen) is None

    def _write(
        self,
        workspace: str,
        own: dict[str, Any],
        taken: Mapping[str, dict[str, Any]],
        further: Sequence[dict[str, Any]],
        write_id: str,
        deadline: float,
    ) -> bool:
        """Write an endpoint's row, the aliases that it takes, and what goes with them: all or nothing."""
        failed = self._table.transact([own, *taken.values(), *further], write_id, deadline)
        if failed is None or failed.own(write_id):
            return True
        if 0 in failed.met:
            return False
        for place, alias in enumerate(taken, 1):
            if (row := failed.met.get(place)) is not None:
                raise AliasTaken(alias, row["path"])
        raise refuse_inactive(workspace)

    def _all_taken(self, endpoint: Endpoint, aliases: Sequence[str]) -> dict[str, dict[str, Any]]:
        return {alias: {"Put": self._taken(endpoint, alias)} for alias in aliases}

    def _taken(self, endpoint: Endpoint, alias: str) -> dict[str, Any]:
        return {"Item": encode_item(alias_row(endpoint, alias)), **self._if_free(endpoint)}

    def _released(self, endpoint: Endpoint, alias: str) -> dict[str, Any]:
        return {"Delete": {"Key": alias_key(endpoint.workspace, alias), **self._if_free(endpoint)}}

    def _if_free(self, endpoint: Endpoint) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "ConditionExpression": IS_FREE,
            "ExpressionAttributeNames": {**_NAMES, "#path": "path"},
            "ExpressionAttributeValues": {":path": encode(endpoint.path)},
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }

    def _put(self, endpoint: Endpoint, write_id: str) -> dict[str, Any]:
        return {
            "TableName": self._name,
            "Item": encode_item(endpoint_row(endpoint) | {"write_id": write_id}),
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
