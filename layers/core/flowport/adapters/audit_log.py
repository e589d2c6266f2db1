"""The audit trail in the Endpoints table: of each workspace a partition of its own, in the order of time.

| keys in the Endpoints table | record |
|---|---|
| `audit#<workspace>`, `<time>#<act id>` | an act; `expires_at` is the table's TTL |

An act that tells of a write to the tables is a part of that write's transaction (see `puts`).
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from flowport.adapters.aws import AnyClient
from flowport.adapters.directory_items import SCHEMA_VERSION
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.registry import RegistryTable
from flowport.domain.audit import Act, Members, moment
from flowport.usecases.admin.audit import Wanted
from flowport.usecases.admin.ports import Page
from flowport.usecases.ports import Clock

TRAIL_PREFIX: Final = "audit#"
IN_TIME: Final = "workspace = :trail AND #item BETWEEN :since AND :until"
BY_WHO: Final = "who = :who"
# One thing by its name, or all of a kind.
ON_WHAT: Final = "(what = :what OR begins_with(what, :kind))"
_NAMES: Final = {"#item": "item"}
# Sorts after every act of the same moment.
_END: Final = "#~"
_LATEST: Final = 9_999_999_999_999
# What a filter leaves out is read, too; one page looks at this much at most.
_LOOK_AT: Final = 250
_LOOKS: Final = 8


def puts(table: str, acts: Iterable[Act]) -> list[dict[str, Any]]:
    """Give the items of a transaction that keep acts beside what they tell of; the same again changes nothing."""
    return [{"Put": {"TableName": table, "Item": encode_item(act_row(act))}} for act in acts]


def act_row(act: Act) -> dict[str, Any]:
    """Build an act's item."""
    return {
        "workspace": TRAIL_PREFIX + act.trail,
        "item": act.key,
        "schema_version": SCHEMA_VERSION,
        "act_id": act.act_id,
        "at": act.at,
        "who": act.who,
        "act": act.act,
        "what": act.what,
        "before": _text(act.before),
        "after": _text(act.after),
        "request_id": act.request_id,
        "outcome": act.outcome,
        "expires_at": act.expires_at,
    }


def act_of(row: dict[str, Any]) -> Act:
    """Read an act's item."""
    return Act(
        trail=row["workspace"].removeprefix(TRAIL_PREFIX),
        act_id=row["act_id"],
        at=row["at"],
        who=row["who"],
        act=row["act"],
        what=row["what"],
        before=_members(row.get("before")),
        after=_members(row.get("after")),
        request_id=row.get("request_id"),
        expires_at=row["expires_at"],
        outcome=row["outcome"],
    )


def _bounds(wanted: Wanted) -> tuple[str, str]:
    """Give the first and the last key of a time. Keys hold 13 digits: what is beyond them is the end of time."""
    until = _LATEST if wanted.until is None else wanted.until
    since, until = (min(max(time, 0), _LATEST) for time in (wanted.since, until))
    return moment(since), moment(until) + _END


def _text(members: Members | None) -> str | None:
    return None if members is None else json.dumps(members, ensure_ascii=False)


def _members(text: str | None) -> Members | None:
    return None if text is None else json.loads(text)


class DynamoAuditLog:
    """The trails in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self._client = client
        self._name = table
        self._table = RegistryTable(client, clock)

    def write(self, acts: Sequence[Act], *, deadline: float) -> None:
        """PutItem for each."""
        for put in puts(self._name, acts):
            self._table.write(lambda request=put["Put"]: self._client.put_item(**request), deadline)  # type: ignore[misc]

    def page(self, trail: str, wanted: Wanted, limit: int, after: str | None, *, deadline: float) -> Page[Act]:
        """Query the trail backwards; where a filter leaves much out, the page ends early."""
        since, until = _bounds(wanted)
        # DynamoDB refuses what ends before it begins, and to go on from outside; a cursor may be of another question.
        if until < since or (after is not None and after < since):
            return Page((), None)
        after = None if after is not None and after > until else after
        found: list[Act] = []
        for _ in range(_LOOKS):
            request = self._listing(trail, wanted, after)
            answer = self._table.read(lambda request=request: self._client.query(**request), deadline)  # type: ignore[misc]
            found += [act_of(decode_item(item)) for item in answer["Items"]]
            last = answer.get("LastEvaluatedKey")
            after = decode_item(last)["item"] if last else None
            if len(found) > limit:
                return Page(tuple(found[:limit]), found[limit - 1].key)
            if after is None or len(found) == limit:
                break
        return Page(tuple(found), after)

    def _listing(self, trail: str, wanted: Wanted, after: str | None) -> dict[str, Any]:
        since, until = _bounds(wanted)
        values = {":trail": encode(TRAIL_PREFIX + trail), ":since": encode(since), ":until": encode(until)}
        filters = []
        if wanted.who is not None:
            filters.append(BY_WHO)
            values[":who"] = encode(wanted.who)
        if wanted.what is not None:
            filters.append(ON_WHAT)
            values |= {":what": encode(wanted.what), ":kind": encode(wanted.what + ":")}
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": IN_TIME,
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": _LOOK_AT,
        }
        if filters:
            request["FilterExpression"] = " AND ".join(filters)
        if after is not None:
            key = {"workspace": TRAIL_PREFIX + trail, "item": after}
            request["ExclusiveStartKey"] = encode_item(key)
        return request
