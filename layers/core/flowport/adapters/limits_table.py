"""The state of limits, in the Jobs table: a partition of its own for each credential and endpoint that is limited.

| item | holds |
|---|---|
| `rate#<requests>/<seconds>` | `full`: when the whole quota is regained, in microseconds. Another rate begins anew |
| `slots` | `marks`: the set of the jobs that hold a slot |

DynamoDB has no maximum in its updates, so that a request is counted by one of two writes: onto what is used, or anew
where all is regained. Which of them will do is remembered in the process from the last time. So is a refusal: `full`
never goes back, so what is too late for this request now is so without asking.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.items import decode_item, encode, encode_set
from flowport.domain.errors import Unavailable
from flowport.domain.limits import Rate
from flowport.usecases.ports import Clock, Counted

WHAT: Final = "The state of limits (DynamoDB)"
SCHEMA_VERSION: Final = 1
IS_USED: Final = "#full > :now AND #full < :refused_from"
IS_WHOLE: Final = "(attribute_not_exists(job_id) OR #full <= :now)"
HAS_ROOM: Final = "(attribute_not_exists(marks) OR size(marks) < :limit OR contains(marks, :mark))"
IS_THERE: Final = "attribute_exists(job_id)"
COUNT_ON: Final = "SET #full = #full + :interval, expires_at = :expires, schema_version = :schema"
COUNT_ANEW: Final = "SET #full = :next, expires_at = :expires, schema_version = :schema"
TAKE: Final = "ADD marks :marks SET expires_at = :expires, schema_version = :schema"
RELEASE: Final = "DELETE marks :marks"
# Each round that is lost is one that another request won.
_ROUNDS: Final = 8
_REMEMBERED: Final = 1000
_HOUR: Final = 3600
# A Standard run takes a year at most; its slot must not expire before.
_SLOTS_KEPT: Final = 400 * 24 * _HOUR


def item_key(subject: str, item: str) -> dict[str, Any]:
    """Primary key of a limit's item."""
    return {"job_id": encode(subject), "item": encode(item)}


class DynamoLimitStore:
    """The limits in the Jobs table."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock
        self._seen: dict[tuple[str, Rate], int] = {}

    def count(self, subject: str, rate: Rate, now: int, *, deadline: float | None = None) -> Counted:
        """Count by one UpdateItem, as a rule."""
        at = now * 1000
        full = self._seen.get((subject, rate), 0)
        for _ in range(_ROUNDS):
            if full >= rate.refused_from(at):
                return Counted(accepted=False, full=full)
            counted, full = self._count_on(subject, rate, at, full, deadline)
            self._remember((subject, rate), full)
            if counted:
                return Counted(accepted=True, full=full)
        message = "Too many requests are being counted at this very moment; send the request again."
        raise Unavailable(message, retry_after=1)

    def _count_on(self, subject: str, rate: Rate, at: int, full: int, deadline: float | None) -> tuple[bool, int]:
        """Count on top of what is believed to be used; give whether that was so, and what is used by now."""
        used = full > at
        values: dict[str, Any] = {
            ":now": at,
            ":expires": at // 1_000_000 + rate.seconds + _HOUR,
            ":schema": SCHEMA_VERSION,
        }
        if used:
            values |= {":interval": rate.interval, ":refused_from": rate.refused_from(at)}
        else:
            values[":next"] = at + rate.interval
        met, row = self._update(
            {
                "Key": item_key(subject, f"rate#{rate.requests}/{rate.seconds}"),
                "UpdateExpression": COUNT_ON if used else COUNT_ANEW,
                "ConditionExpression": IS_USED if used else IS_WHOLE,
                "ExpressionAttributeNames": {"#full": "full"},
                "ExpressionAttributeValues": {name: encode(value) for name, value in values.items()},
            },
            deadline,
        )
        return not met, int(row.get("full", 0))

    def take(
        self, subject: str, limit: int, mark: str, *, now: int, deadline: float | None = None
    ) -> tuple[bool, frozenset[str]]:
        """Add the mark to the set while that has room, by one UpdateItem."""
        met, row = self._update(
            {
                "Key": item_key(subject, "slots"),
                "UpdateExpression": TAKE,
                "ConditionExpression": HAS_ROOM,
                "ExpressionAttributeValues": {
                    ":marks": encode_set((mark,)),
                    ":mark": encode(mark),
                    ":limit": encode(limit),
                    ":expires": encode(now // 1000 + _SLOTS_KEPT),
                    ":schema": encode(SCHEMA_VERSION),
                },
            },
            deadline,
        )
        return not met, row.get("marks", frozenset())

    def release(self, subject: str, marks: Iterable[str], *, deadline: float | None = None) -> None:
        """Take marks out of the set, by one UpdateItem; repeated, it changes nothing."""
        self._update(
            {
                "Key": item_key(subject, "slots"),
                "UpdateExpression": RELEASE,
                "ConditionExpression": IS_THERE,
                "ExpressionAttributeValues": {":marks": encode_set(marks)},
            },
            deadline,
        )

    def _update(self, request: dict[str, Any], deadline: float | None) -> tuple[bool, dict[str, Any]]:
        """Write; give whether the condition stood in the way, and the item as it is (all that is known of it)."""
        complete = {
            "TableName": self._table,
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **request,
        }
        try:
            answer = self._repeat(lambda: self._client.update_item(**complete), deadline)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            response: dict[str, Any] = dict(error.response)
            return True, decode_item(response.get("Item", {}))
        return False, decode_item(answer.get("Attributes", {}))

    def _remember(self, key: tuple[str, Rate], full: int) -> None:
        if len(self._seen) >= _REMEMBERED and key not in self._seen:
            self._seen.clear()  # what was forgotten costs a write to learn anew
        self._seen[key] = max(full, self._seen.get(key, 0))

    def _repeat[T](self, call: Callable[[], T], deadline: float | None) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
