"""DynamoDB's request units, computed from the requests themselves.

Sources, all in the DynamoDB developer guide: "DynamoDB item sizes and formats"; "DynamoDB read and write operations"
(one unit for each 4 KB of a strongly consistent read and each 1 KB of a write, twice that in a transaction);
"Using Global Secondary Indexes", section "Provisioned throughput considerations" (what a change costs an index).
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.loopback import Items
from bench.template import Index, Template

Item = Mapping[str, Any]
# Storage that each item, and each index entry, takes beyond its size.
OVERHEAD = 100
_ASSIGN = re.compile(r"\s*([\w#]+)\s*=\s*(:\w+)\s*")


def value_size(value: Mapping[str, Any]) -> int:
    """Give the size of one typed value in bytes."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            digits = str(content).lstrip("-").replace(".", "").strip("0")
            return math.ceil(len(digits) / 2) + 1
        case "L":
            return 3 + sum(value_size(item) + 1 for item in content)
        case "M":
            return 3 + sum(len(key.encode()) + value_size(item) + 1 for key, item in content.items())
    return 1


def item_size(item: Item) -> int:
    """Give the size of an item in bytes."""
    return sum(len(name.encode()) + value_size(value) for name, value in item.items())


def entry_of(index: Index, item: Item | None) -> Item | None:
    """Give what an index holds of an item."""
    if item is None or any(name not in item for name in index.keys):
        return None
    kept = {*index.keys, *index.table_keys}
    return {name: value for name, value in item.items() if index.whole or name in kept}


def index_units(index: Index, old: Item | None, new: Item | None) -> int:
    """Give the write units that a change of an item costs an index."""
    before, after = entry_of(index, old), entry_of(index, new)
    if before == after:
        return 0
    sizes = [math.ceil(item_size(entry) / 1024) for entry in (before, after) if entry is not None]
    moved = before is not None and after is not None and any(before[name] != after[name] for name in index.keys)
    return sum(sizes) if moved else max(sizes)


@dataclass(slots=True)
class Ledger:
    """Follows the requests through the tables' items and counts what they cost."""

    template: Template
    items: Items
    reads: int = 0
    writes: int = 0
    read_units: float = 0
    write_units: int = 0
    index_write_units: int = 0
    starts: dict[str, int] = field(default_factory=dict)

    def add(self, operation: str, request: dict[str, Any]) -> None:
        """Count one request."""
        match operation:
            case "BatchGetItem":
                self.reads += 1
                for table, part in request["RequestItems"].items():
                    for key in part["Keys"]:
                        self._read(table, key, consistent=part.get("ConsistentRead", False))
            case "GetItem":
                self.reads += 1
                self._read(request["TableName"], request["Key"], consistent=request.get("ConsistentRead", False))
            case "PutItem" | "UpdateItem":
                self.writes += 1
                self._write(operation, request, 1)
            case "TransactWriteItems":
                self.writes += 1
                for part in request["TransactItems"]:
                    for kind, write in part.items():
                        self._write(f"{kind}Item", write, 2)
            case "StartSyncExecution" | "StartExecution" | "Invoke":
                self.starts[operation] = self.starts.get(operation, 0) + 1
            case _:
                raise ValueError(f"nobody knows what {operation} costs")

    def stored_bytes(self, table: str) -> int:
        """Give what a table's items and index entries take on disk; known addresses are the user's, not a job's."""
        entries: list[Item] = [
            item for item in self.items.get(table, ()) if not item["job_id"]["S"].startswith("guard#")
        ]
        entries += [
            entry
            for item in tuple(entries)
            for index in self.template.indexes[table]
            if (entry := entry_of(index, item)) is not None
        ]
        return sum(item_size(entry) + OVERHEAD for entry in entries)

    def _find(self, table: str, key: Item) -> dict[str, Any] | None:
        return next((item for item in self.items.get(table, []) if key.items() <= item.items()), None)

    def _read(self, table: str, key: Item, *, consistent: bool) -> None:
        units = max(1, math.ceil(item_size(self._find(table, key) or {}) / 4096))
        self.read_units += units if consistent else units / 2

    def _write(self, operation: str, request: dict[str, Any], times: int) -> None:
        table = request["TableName"]
        if operation == "PutItem":
            new = request["Item"]
            old = self._find(table, {name: new[name] for name in self.template.keys[table]})
        else:
            old = self._find(table, request["Key"])
            new = _updated({**(old or {}), **request["Key"]}, request)
        if old is not None:
            self.items[table].remove(old)
        self.items.setdefault(table, []).append(new)
        size = max(item_size(new), item_size(old or {}))
        self.write_units += times * math.ceil(size / 1024)
        self.index_write_units += sum(index_units(index, old, new) for index in self.template.indexes[table])


def _updated(item: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Apply an update expression of the form `SET a = :b, … REMOVE c, …`."""
    names = request.get("ExpressionAttributeNames", {})
    sets, _, removes = request["UpdateExpression"].removeprefix("SET ").partition(" REMOVE ")
    for part in sets.split(","):
        match = _ASSIGN.fullmatch(part)
        if match is None:
            raise ValueError(f"not understood: {part!r}")
        item[names.get(match[1], match[1])] = request["ExpressionAttributeValues"][match[2]]
    for name in filter(None, (part.strip() for part in removes.split(","))):
        item.pop(names.get(name, name), None)
    return item
