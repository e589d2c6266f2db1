"""Writes to the workspaces' rows, and their removal.

| keys in the Endpoints table | record |
|---|---|
| name, `workspace` | the workspace, which every request reads |
| `_workspaces`, `workspace#name` | the same for the list of all, written in one transaction |
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from flowport.adapters.audit_log import puts
from flowport.adapters.aws import AnyClient
from flowport.adapters.directory import Tables
from flowport.adapters.directory_items import (
    WORKSPACE_ITEM,
    credential_key,
    workspace_key,
    workspace_of,
    workspace_row,
)
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.registry import ALL_OLD, RegistryTable
from flowport.adapters.registry_credentials import INDEX, reference_id
from flowport.domain import ids
from flowport.domain.audit import Act
from flowport.domain.errors import Unavailable, UnknownOutcome
from flowport.domain.records import Workspace
from flowport.usecases.admin.ports import Page
from flowport.usecases.ports import Clock

LISTING: Final = "_workspaces"
LISTING_PREFIX: Final = "workspace#"
IS_FREE: Final = "attribute_not_exists(#item) OR (#status = :deleted AND reserved_until <= :now)"
MADE_BEFORE: Final = "attribute_not_exists(created_at) OR created_at < :before"
_NAMES: Final = {"#item": "item", "#status": "status"}
_KEYS_ONLY: Final = {"ProjectionExpression": "workspace, #item", "ExpressionAttributeNames": {"#item": "item"}}
# Time for the answer, and for what a removal has begun.
_MARGIN_SECONDS: Final = 4.0
_PAGE: Final = 100


def listing_key(name: str) -> dict[str, Any]:
    """Primary key of a workspace in the list of all."""
    return {"workspace": encode(LISTING), "item": encode(LISTING_PREFIX + name)}


class DynamoWorkspaceRegistry:
    """The workspaces in DynamoDB."""

    def __init__(self, client: AnyClient, tables: Tables, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self._client = client
        self._tables = tables
        self._clock = clock
        self._table = RegistryTable(client, clock)

    def get(self, name: str, *, deadline: float) -> Workspace | None:
        """GetItem, strongly consistent."""
        request = {"TableName": self._tables.endpoints, "Key": workspace_key(name), "ConsistentRead": True}
        answer = self._table.read(lambda: self._client.get_item(**request), deadline)
        return workspace_of(decode_item(answer["Item"])) if "Item" in answer else None

    def page(self, limit: int, after: str | None, *, deadline: float) -> Page[Workspace]:
        """Query the list of all, strongly consistent."""
        request: dict[str, Any] = {
            "TableName": self._tables.endpoints,
            "KeyConditionExpression": "workspace = :listing",
            "ExpressionAttributeValues": {":listing": encode(LISTING)},
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            request["ExclusiveStartKey"] = listing_key(after)
        answer = self._table.read(lambda: self._client.query(**request), deadline)
        rows = [decode_item(item) for item in answer["Items"]]
        found = tuple(workspace_of(row | {"workspace": row["item"].removeprefix(LISTING_PREFIX)}) for row in rows)
        return Page(found, found[-1].name if found and answer.get("LastEvaluatedKey") else None)

    def create(
        self, workspace: Workspace, *, now: int, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Put it where there is none, or a deleted one whose name is free again."""
        row = workspace_row(workspace) | {"write_id": write_id}
        own = {
            "Item": encode_item(row),
            "ConditionExpression": IS_FREE,
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": {":deleted": encode("deleted"), ":now": encode(now)},
            "ReturnValuesOnConditionCheckFailure": ALL_OLD,
        }
        listed = {"Item": encode_item(row | {"workspace": LISTING, "item": LISTING_PREFIX + workspace.name})}
        name = {"TableName": self._tables.endpoints}
        items: list[dict[str, Any]] = [{"Put": name | own}, {"Put": name | listed}, *puts(self._tables.endpoints, acts)]
        failed = self._table.transact(items, write_id, deadline)
        return failed is None or failed.own(write_id) is not None

    def set_status(
        self,
        name: str,
        status: str,
        *,
        only_from: Sequence[str],
        reserved_until: int | None = None,
        deadline: float,
        acts: Sequence[Act] = (),
    ) -> bool:
        """Update both rows in one transaction."""
        allowed = {f":from{place}": encode(text) for place, text in enumerate(only_from)}
        values = {":status": encode(status)}
        expression = "SET #status = :status"
        if reserved_until is not None:
            values[":until"] = encode(reserved_until)
            expression += ", reserved_until = :until"
        update = {
            "TableName": self._tables.endpoints,
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {"#status": "status"},
        }
        own = {
            "Key": workspace_key(name),
            "ConditionExpression": f"#status IN ({', '.join(allowed)})",
            "ExpressionAttributeValues": values | allowed,
        }
        listed = {"Key": listing_key(name), "ExpressionAttributeValues": values}
        items = [{"Update": update | own}, {"Update": update | listed}, *puts(self._tables.endpoints, acts)]
        return self._table.transact(items, ids.new_attempt_id(), deadline) is None

    def purge(self, name: str, *, made_before: int, deadline: float) -> bool:
        """Delete item by item, each only if it is of the deleted workspace and not of a new one of that name."""
        last = deadline - _MARGIN_SECONDS
        try:
            for table, key in self._contents(name, last):
                if self._clock.monotonic() > last:
                    return False
                self._remove(table, key, made_before, deadline)
        except (Unavailable, UnknownOutcome):
            return False
        return True

    def _remove(self, table: str, key: dict[str, Any], made_before: int, deadline: float) -> None:
        request = {
            "TableName": table,
            "Key": key,
            "ConditionExpression": MADE_BEFORE,
            "ExpressionAttributeValues": {":before": encode(made_before)},
        }
        self._table.write(lambda: self._client.delete_item(**request), deadline)

    def _contents(self, name: str, deadline: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give the keys of all that a workspace has, a token's reference before the row by which it is found."""
        in_partition = {
            "KeyConditionExpression": "workspace = :name",
            "ExpressionAttributeValues": {":name": encode(name)},
        }
        endpoints = {**in_partition, "TableName": self._tables.endpoints, "ConsistentRead": True}
        for row in self._rows(endpoints | _KEYS_ONLY, deadline):
            if row["item"] != WORKSPACE_ITEM:
                yield self._tables.endpoints, {key: encode(row[key]) for key in ("workspace", "item")}
        credentials = {**in_partition, "TableName": self._tables.credentials, "IndexName": INDEX}
        for row in self._rows(credentials | {"ProjectionExpression": "id, kind, credential_id"}, deadline):
            if row.get("kind") == "token":
                yield self._tables.credentials, credential_key(reference_id(name, row["credential_id"]))
            yield self._tables.credentials, credential_key(row["id"])

    def _rows(self, request: dict[str, Any], deadline: float) -> Iterator[dict[str, Any]]:
        start: dict[str, Any] = {}
        while True:
            answer = self._table.read(
                lambda start=start: self._client.query(**request, **start, Limit=_PAGE),  # type: ignore[misc]
                deadline,
            )
            yield from map(decode_item, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
