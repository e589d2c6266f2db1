"""The Jobs table: one row a job, larger payloads in items of their own beside it.

| item | holds |
|---|---|
| `job` | the row: everything of a job but payloads over 4 KB |
| `input`, `output` | a payload over 4 KB, `text` |
| `document`, `snapshot#…` | documents that a client keeps with its job (document_items.py) |
| `callback` | under a partition of its own, `callback#…`: a parked run (`callbacks_table.py`) |
| `delivery#<n>` | the log of a callback's delivery (delivery_log.py) |
| `key` | under a partition of its own, `key#…`: the job that a caller's key leads to |

Indexes hold keys only, so that a row's changes cost nothing there: `by_endpoint` and `by_workspace` list by day and
time, `open` holds what has not ended, by the time at which the sweep is to look at it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import merge
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import PATIENCE_SECONDS, AnyClient, cancellation_reasons, error_code, patience, repeat
from flowport.adapters.items import decode_item, encode, encode_item
from flowport.adapters.number_items import number_deletion, number_ended, number_put
from flowport.domain.errors import Unavailable
from flowport.domain.job import ENDED, Job, Outcome, RedriveOf
from flowport.domain.keys import JobKey, KeyKind, Taken
from flowport.domain.limits import Slots
from flowport.domain.numbers import JobNumber
from flowport.domain.retention import input_expires_at
from flowport.usecases.ports import Clock, ListingPage, ListingQuery

if TYPE_CHECKING:
    from flowport.domain.callbacks import Callback
    from flowport.domain.documents import Change

SCHEMA_VERSION: Final = 1
INLINE_BYTES: Final = 4096
# More shards spread a busy endpoint's listing over more partitions; every reader asks all of them.
LISTING_SHARDS: Final = 1
OPEN_SHARDS: Final = 1
# One page looks at this many days and rows at most; it then ends early, with a cursor that goes on.
_DAYS_AT_MOST: Final = 45
_LOOK_AT_MOST: Final = 1000
_BATCH: Final = 100
_IN_TRANSACTION: Final = 100
# Beside the row and a number's item.
_BELOW_AT_MOST: Final = _IN_TRANSACTION - 2
_CLOCKS_APART: Final = 60 * 60_000
# What DynamoDB leaves of a batch is asked for again, this often, after ever longer pauses.
_ROUNDS: Final = 5
_PAUSE: Final = 0.02
_DAY_DONE: Final = ""
# Seconds: what is left for a page's next day, at least, or the page ends.
_TIME_FOR_A_DAY: Final = 4.0

WHAT: Final = "The job store (DynamoDB)"
IS_NEW: Final = "attribute_not_exists(job_id)"
IS_THERE: Final = "attribute_exists(job_id)"
IS_FREE_KEY: Final = "(attribute_not_exists(job_id) OR key_expires_at <= :now)"
MAY_BE_TAKEN: Final = "(attribute_not_exists(job_id) OR key_expires_at <= :now OR leads_to = :replaces)"
# A caller's own name for a job holds until that job has ended, so that its time alone does not free it.
IS_FREE_NAME: Final = "attribute_not_exists(job_id)"
NAME_MAY_BE_TAKEN: Final = "(attribute_not_exists(job_id) OR leads_to = :replaces)"
IS_ACCEPTED: Final = "#status = :accepted"
IS_OVER: Final = f"#status IN ({', '.join(f':{status}' for status in sorted(ENDED))})"
# With no execution left that the sweep is still to stop, and no callback to hand over.
IS_SETTLED: Final = "attribute_not_exists(open_shard)"
HAS_ENDED: Final = f"{IS_OVER} AND {IS_SETTLED}"
IS_NOT_REDRIVEN: Final = "attribute_not_exists(redriven_as)"
MAY_BE_REDRIVEN: Final = "(attribute_not_exists(redriven_as) OR redriven_as = :replaces)"
HOLDS_CLAIM: Final = "attempt = :attempt"
IS_UNMOVED: Final = "check_at = :seen"


def day_of(at: int) -> str:
    """Give the UTC day of an epoch millisecond, as in listing partitions."""
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()


def endpoint_partition(workspace: str, endpoint: str, day: str, shard: int) -> str:
    """Partition of `by_endpoint`."""
    return f"{workspace}#{endpoint}#{day}#{shard}"


def workspace_partition(workspace: str, day: str, shard: int) -> str:
    """Partition of `by_workspace`."""
    return f"{workspace}#{day}#{shard}"


def _shard(job_id: str, shards: int) -> int:
    return int(job_id[-4:], 16) % shards


def open_shard_of(job_id: str) -> str:
    """Partition of `open`."""
    return f"open#{_shard(job_id, OPEN_SHARDS)}"


def _fits(text: str | None) -> bool:
    return text is None or (len(text) <= INLINE_BYTES and len(text.encode("utf-8", "surrogatepass")) <= INLINE_BYTES)


def _inline(job: Job, text: str | None) -> bool:
    return text is None or (not job.payloads_apart and _fits(text))


def row_of(job: Job) -> dict[str, Any]:
    """Build the `job` item of a new job. It has no `expires_at`, the table's TTL attribute, until it has ended.

    One that is new and has ended already, because its client had, is on the sweep's list as others are.
    """
    day, job_id = day_of(job.created_at), job.id
    return {
        "job_id": job_id,
        "item": "job",
        "schema_version": SCHEMA_VERSION,
        "workspace": job.workspace,
        "endpoint": job.endpoint,
        "status": job.status,
        "mode": job.mode,
        "machine_type": job.machine_type,
        "state_machine_arn": job.state_machine_arn,
        "principal": job.principal,
        "attempt": job.attempt,
        "direct": job.direct or None,
        "execution_arn": job.execution_arn,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "input": job.input if _inline(job, job.input) else None,
        "client_job_id": job.client_job_id,
        "labels": dict(job.labels) or None,
        "origin": job.origin,
        "request_id": job.request_id,
        "keyed": job.keyed or None,
        "deadline_at": job.deadline_at,
        "redrive_count": job.redrive_count or None,
        "number": job.number.value if job.number else None,
        "number_series": job.number.series if job.number else None,
        "alias": job.alias,
        "keep_ms": job.keep_ms,
        "keep_payloads_ms": job.keep_payloads_ms,
        "callbacks": job.callbacks or None,
        "base_url": job.base_url,
        "output_mapping": job.output_mapping,
        "documented": job.documented or None,
        "finished_at": job.finished_at,
        "error": job.error,
        "cause": job.cause,
        "expires_at": None if job.expires_at is None else job.expires_at // 1000,
        "slots": job.slots.subjects if job.slots else None,
        "slot_mark": job.slots.mark if job.slots else None,
        "check_at": job.check_at,
        "open_shard": open_shard_of(job_id),
        "listing_endpoint": endpoint_partition(job.workspace, job.endpoint, day, _shard(job_id, LISTING_SHARDS)),
        "listing_workspace": workspace_partition(job.workspace, day, _shard(job_id, LISTING_SHARDS)),
        "listing_at": f"{job.created_at:015d}#{job_id}",
    }


def job_of(row: dict[str, Any]) -> Job:
    """Read a `job` item; payloads that lie beside it are None."""
    expires_at = row["expires_at"] * 1000 if "expires_at" in row else None
    return Job(
        id=row["job_id"],
        workspace=row["workspace"],
        endpoint=row["endpoint"],
        status=row["status"],
        mode=row["mode"],
        machine_type=row["machine_type"],
        state_machine_arn=row["state_machine_arn"],
        principal=row["principal"],
        created_at=row["created_at"],
        attempt=row["attempt"],
        direct=row.get("direct", False),
        execution_arn=row.get("execution_arn"),
        started_at=row.get("started_at"),
        finished_at=row.get("finished_at"),
        input=row.get("input"),
        output=row.get("output"),
        error=row.get("error"),
        cause=row.get("cause"),
        client_job_id=row.get("client_job_id"),
        labels=row.get("labels") or {},
        origin=row.get("origin"),
        request_id=row.get("request_id"),
        # A row of the first release has no time to be kept, but its expiry from the beginning.
        keep_ms=row["keep_ms"] if "keep_ms" in row else (expires_at or 0) - row["created_at"],
        keep_payloads_ms=row.get("keep_payloads_ms"),
        expires_at=expires_at,
        check_at=row.get("check_at"),
        keyed=row.get("keyed", False),
        deadline_at=row.get("deadline_at"),
        redriven_as=row.get("redriven_as"),
        redrive_count=row.get("redrive_count", 0),
        number=JobNumber(row["number_series"], row["number"]) if "number" in row else None,
        alias=row.get("alias"),
        callbacks=tuple(row.get("callbacks", ())),
        base_url=row.get("base_url"),
        output_mapping=row.get("output_mapping"),
        documented=row.get("documented", False),
        slots=Slots(tuple(row["slots"]), row["slot_mark"]) if "slots" in row else None,
    )


def job_key(job_id: str, item: str = "job") -> dict[str, Any]:
    """Build the primary key of one of a job's items."""
    return {"job_id": encode(job_id), "item": encode(item)}


_KEY_CONDITIONS: Final[dict[tuple[KeyKind, bool], str]] = {
    ("idempotency", False): IS_FREE_KEY,
    ("idempotency", True): MAY_BE_TAKEN,
    ("client", False): IS_FREE_NAME,
    ("client", True): NAME_MAY_BE_TAKEN,
}


def key_put(table: str, key: JobKey, job: Job, now: int) -> dict[str, Any]:
    """Build the write that makes a key lead to a job, if it leads nowhere or may be taken from where it leads."""
    item = {
        "job_id": key.id,
        "item": "key",
        "schema_version": SCHEMA_VERSION,
        "leads_to": job.id,
        "fingerprint": key.fingerprint,
        "key_expires_at": key.expires_at,
        "expires_at": (key.removed_at or key.expires_at) // 1000,
    }
    values: dict[str, Any] = {} if key.kind == "client" else {":now": now}
    if key.replaces is not None:
        values[":replaces"] = key.replaces
    return {
        "Put": {
            "TableName": table,
            "Item": encode_item(item),
            "ConditionExpression": _KEY_CONDITIONS[key.kind, key.replaces is not None],
            **(
                {"ExpressionAttributeValues": {name: encode(value) for name, value in values.items()}} if values else {}
            ),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
    }


@dataclass(frozen=True, slots=True)
class Update:
    """One conditional update of a job's row, as UpdateItem and TransactWriteItems take it."""

    sets: dict[str, Any]
    removes: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    values: dict[str, Any] | None = None

    def request(self, table: str, job_id: str) -> dict[str, Any]:
        """Build the request's members; `#status` is the one name that DynamoDB reserves."""
        names = {f"#{name}": name for name in self.sets}
        names["#status"] = "status"
        parts = []
        if self.sets:
            parts.append("SET " + ", ".join(f"#{name} = :set_{name}" for name in self.sets))
        if self.removes:
            parts.append("REMOVE " + ", ".join(self.removes))
        values = {f":set_{name}": encode(value) for name, value in self.sets.items()}
        values |= {name: encode(value) for name, value in (self.values or {}).items()}
        condition = " AND ".join(("attribute_exists(job_id)", *self.conditions))
        if "#status" not in condition and "status" not in self.sets:
            del names["#status"]
        return {
            "TableName": table,
            "Key": job_key(job_id),
            "UpdateExpression": " ".join(parts),
            "ConditionExpression": condition,
            **({"ExpressionAttributeNames": names} if names else {}),
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


def end_update(
    outcome: Outcome,
    *,
    expires_at: int,
    attempt: str | None,
    execution_arn: str | None,
    only_from: Sequence[str],
    output: str | None,
    look_again: int | None = None,
) -> Update:
    """Build the write that ends a job: only from an open state, only once. `output` is what its row keeps of it.

    With `look_again`, the sweep is to look at what is left of the execution at that time.
    """
    sets = {
        "status": outcome.status,
        "finished_at": outcome.finished_at,
        "error": outcome.error,
        "cause": outcome.cause,
        "execution_arn": execution_arn,
        "expires_at": expires_at // 1000,
        "check_at": look_again,
        "output": output,
    }
    froms = {f":from_{index}": status for index, status in enumerate(only_from)}
    conditions = [f"#status IN ({', '.join(froms)})"]
    values: dict[str, Any] = dict(froms)
    if attempt is not None:
        conditions.append(HOLDS_CLAIM)
        values[":attempt"] = attempt
    return Update(
        {name: value for name, value in sets.items() if value is not None},
        removes=("open_shard", "check_at") if look_again is None else (),
        conditions=tuple(conditions),
        values=values,
    )


_ENDED_VALUES: Final = {f":{status}": status for status in sorted(ENDED)}


def redrive_update(job: Job, redrive_of: RedriveOf) -> Update:
    """Build the write by which an ended job names the one job that redrives it."""
    conditions, values = [IS_OVER], dict(_ENDED_VALUES)
    if redrive_of.replaces is None:
        conditions.append(IS_NOT_REDRIVEN)
    else:
        conditions.append(MAY_BE_REDRIVEN)
        values[":replaces"] = redrive_of.replaces
    if redrive_of.settled:
        conditions.append(IS_SETTLED)
    return Update({"redriven_as": job.id}, conditions=tuple(conditions), values=values)


class DynamoJobStore:
    """The jobs in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def _repeat[T](self, call: Callable[[], T], deadline: float | None = None) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline)

    # -- writes ------------------------------------------------------------------------------------------------------

    def create(
        self,
        job: Job,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        answer: "Callback | None" = None,
        deadline: float | None = None,
    ) -> Job | Taken | JobNumber | None:
        """Write the row, with its keys, its number, an early answer and a large input beside it in one transaction."""
        beside = [key_put(self._table, key, job, now) for key in keys]
        if answer is not None:
            from flowport.adapters.callback_items import callback_put  # noqa: PLC0415  # few calls have one

            beside.append({"Put": callback_put(self._table, answer, open_shard_of(answer.key), job.attempt)})
        olds = self._create(job, beside, deadline)
        if olds is None:
            return None
        row, *others = olds
        if row is not None:
            return None if row.get("attempt") == job.attempt else job_of(row)
        taken = [
            Taken(key, old["leads_to"], old.get("fingerprint"), expired=old["key_expires_at"] <= now)
            for key, old in zip(keys, others, strict=False)
            if old is not None and old.get("leads_to") != job.id
        ]
        return taken[0] if taken else job.number

    def create_redrive(
        self,
        job: Job,
        redrive_of: RedriveOf,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        deadline: float | None = None,
    ) -> Job | bool:
        """Write the row, its keys and its origin's mark in one transaction."""
        mark = {"Update": redrive_update(job, redrive_of).request(self._table, redrive_of.origin)}
        olds = self._create(job, [mark, *(key_put(self._table, key, job, now) for key in keys)], deadline)
        if olds is None:
            return True
        row = olds[0]
        if row is not None:
            return True if row.get("attempt") == job.attempt else job_of(row)
        return False

    def _create(
        self, job: Job, beside: list[dict[str, Any]], deadline: float | None
    ) -> list[dict[str, Any] | None] | None:
        put = {
            "TableName": self._table,
            "Item": encode_item(row_of(job)),
            "ConditionExpression": IS_NEW,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if job.number is not None:
            beside = [*beside, number_put(self._table, job, job.number)]
        if not _inline(job, job.input) and (job.keep_payloads_ms != 0 or job.input_until_start):
            expires_at = input_expires_at(job) if job.finished_at is None else job.payloads_expire_at(job.finished_at)
            beside = [*beside, self._put_text(job.id, "input", job.input or "", expires_at)]
        return self._write("Put", put, beside, deadline)

    def find_key(self, key_id: str, now: int, *, deadline: float | None = None) -> str | None:
        """Read a key's item."""
        item = self._item(key_id, "key", deadline)
        return item["leads_to"] if item and item["key_expires_at"] > now else None

    def taken(self, keys: Sequence[JobKey], *, now: int, deadline: float | None = None) -> Taken | None:
        """Read the keys' items, strongly consistent."""
        for key in keys:
            item = self._item(key.id, "key", deadline)
            if item is not None and (key.kind == "client" or item["key_expires_at"] > now):
                return Taken(key, item["leads_to"], item.get("fingerprint"), expired=item["key_expires_at"] <= now)
        return None

    def claim(self, job_id: str, *, attempt: str, at: int, check_at: int, drop_input: bool = False) -> bool:
        """`ACCEPTED -> RUNNING` by the one attempt that wins."""
        update = Update(
            {"status": "RUNNING", "attempt": attempt, "started_at": at, "check_at": check_at},
            conditions=(IS_ACCEPTED,),
            values={":accepted": "ACCEPTED"},
        )
        old = self._update(job_id, update, self._drop_input(job_id) if drop_input else ())
        return old is None or (old.get("status") == "RUNNING" and old.get("attempt") == attempt)

    def mark_running(
        self,
        job_id: str,
        *,
        execution_arn: str,
        at: int,
        check_at: int,
        drop_input: bool = False,
        deadline: float | None = None,
    ) -> bool:
        """`ACCEPTED -> RUNNING` once the execution is known to exist."""
        update = Update(
            {"status": "RUNNING", "execution_arn": execution_arn, "started_at": at, "check_at": check_at},
            conditions=(IS_ACCEPTED,),
            values={":accepted": "ACCEPTED"},
        )
        beside = self._drop_input(job_id) if drop_input else ()
        old = self._update(job_id, update, beside, patience(self._clock, deadline))
        return old is None or (old.get("status") == "RUNNING" and old.get("execution_arn") == execution_arn)

    def end(  # noqa: PLR0913  # each says how, by its name
        self,
        job: Job,
        outcome: Outcome,
        *,
        attempt: str | None = None,
        execution_arn: str | None = None,
        only_from: Sequence[str] = ("ACCEPTED", "RUNNING"),
        look_again: int | None = None,
        document: "Change | None" = None,
        deadline: float | None = None,
    ) -> bool:
        """End the row, which from now on expires; what lies beside it is written in the same transaction."""
        output = None if job.keep_payloads_ms == 0 else outcome.output
        inline = _inline(job, output)
        update = end_update(
            outcome,
            expires_at=job.expires_after(outcome.finished_at),
            attempt=attempt,
            execution_arn=execution_arn,
            only_from=only_from,
            output=output if inline else None,
            look_again=look_again,
        )
        if outcome.started_at is not None and job.started_at is None:
            update.sets["started_at"] = outcome.started_at
        beside = self._input_of_ended(job, outcome.finished_at)
        if not inline:
            expires_at = job.payloads_expire_at(outcome.finished_at)
            beside.append(self._put_text(job.id, "output", output or "", expires_at))
        if job.number is not None:
            ends = job.expires_after(outcome.finished_at)
            beside.append(number_ended(self._table, job, job.number, outcome.status, ends))
        if document is not None:
            from flowport.adapters.document_items import document_puts  # noqa: PLC0415  # few calls have one

            beside += document_puts(self._table, document, job.payloads_expire_at(outcome.finished_at))
        olds = self._write("Update", update.request(self._table, job.id), beside, deadline)
        if olds is None:
            if job.documented:
                self._expire_documents(job, outcome.finished_at, deadline)
            return True
        if document is not None:
            return any((old or {}).get("written_by") == document.written_by for old in olds)
        old = olds[0] or {}
        # A repeated write meets its own first try: the same end, by the same attempt.
        return (
            old.get("status") == outcome.status
            and old.get("finished_at") == outcome.finished_at
            and (attempt is None or old.get("attempt") == attempt)
        )

    def settle(self, job: Job, *, seen: int, deadline: float | None = None) -> None:
        """Take an ended job off the sweep's list."""
        update = Update({}, removes=("open_shard", "check_at"), conditions=(IS_UNMOVED,), values={":seen": seen})
        self._update(job.id, update, deadline=patience(self._clock, deadline))

    def delete(self, job_id: str, *, numbered: Job | None = None, deadline: float | None = None) -> bool:
        """Delete the row, only when it has ended, and everything below the job, in one transaction.

        More than one transaction holds goes before it, so that a deletion that was broken off finds its job again.
        What was written below the job meanwhile goes afterwards.
        """
        below = self._below(job_id, deadline)
        if len(below) > _BELOW_AT_MOST:
            if not self._has_ended(job_id, deadline):
                return False
            for chunk in batched(below[_BELOW_AT_MOST:], _IN_TRANSACTION, strict=False):
                self._delete_items(job_id, chunk, deadline)
        row = {
            "TableName": self._table,
            "Key": job_key(job_id),
            "ConditionExpression": HAS_ENDED,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": {name: encode(value) for name, value in _ENDED_VALUES.items()},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        beside = [self._deletion(job_id, item) for item in below[:_BELOW_AT_MOST]]
        if numbered is not None and numbered.number is not None:
            beside.append(number_deletion(self._table, numbered, numbered.number))
        olds = self._write("Delete", row, beside, deadline)
        if olds is not None and olds[0] != {}:
            return False
        for chunk in batched(self._below(job_id, deadline), _IN_TRANSACTION, strict=False):
            self._delete_items(job_id, chunk, deadline)
        return True

    def _has_ended(self, job_id: str, deadline: float | None) -> bool:
        row = self._item(job_id, "job", deadline)
        return row is None or (row["status"] in ENDED and "open_shard" not in row)

    def _below(self, job_id: str, deadline: float | None) -> list[str]:
        """Name all items of a job but its row."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "job_id = :job",
            "ExpressionAttributeValues": {":job": encode(job_id)},
            "ProjectionExpression": "#item",
            "ExpressionAttributeNames": {"#item": "item"},
            "ConsistentRead": True,
        }
        found: list[str] = []
        while True:
            answer = self._repeat(lambda: self._client.query(**request), deadline)
            found += [decode_item(item)["item"] for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return [item for item in found if item != "job"]
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _deletion(self, job_id: str, item: str) -> dict[str, Any]:
        return {"Delete": {"TableName": self._table, "Key": job_key(job_id, item)}}

    def _delete_items(self, job_id: str, items: Sequence[str], deadline: float | None) -> None:
        request = [self._deletion(job_id, item) for item in items]
        self._repeat(lambda: self._client.transact_write_items(TransactItems=request), deadline)

    def postpone(self, job_id: str, *, seen: int, check_at: int) -> bool:
        """Move the sweep's next look."""
        update = Update({"check_at": check_at}, conditions=(IS_UNMOVED,), values={":seen": seen})
        old = self._update(job_id, update)
        return old is None or old.get("check_at") == check_at

    def _put_text(self, job_id: str, item: str, text: str, expires_at: int) -> dict[str, Any]:
        values = {"job_id": job_id, "item": item, "text": text, "expires_at": expires_at // 1000}
        return {"Put": {"TableName": self._table, "Item": encode_item(values)}}

    def _drop_input(self, job_id: str) -> list[dict[str, Any]]:
        return [self._deletion(job_id, "input")]

    def _input_of_ended(self, job: Job, finished_at: int) -> list[dict[str, Any]]:
        """Build what becomes of an input that lies beside the row of a job that ends."""
        if job.keep_payloads_ms == 0:
            # Whoever saw it RUNNING knows it gone: it went in the transaction that said so.
            return self._drop_input(job.id) if job.input_until_start and job.status == "ACCEPTED" else []
        if job.machine_type == "EXPRESS" or (job.input is not None and _inline(job, job.input)):
            return []
        update = {
            "TableName": self._table,
            "Key": job_key(job.id, "input"),
            "UpdateExpression": "SET expires_at = :expires",
            "ExpressionAttributeValues": {":expires": encode(job.payloads_expire_at(finished_at) // 1000)},
        }
        return [{"Update": update}]

    def _expire_documents(self, job: Job, finished_at: int, deadline: float | None) -> None:
        """Let the documents of a job that has ended go when its other payloads do.

        Where this breaks off they lie until the longest run would have ended; nobody is shown them any more.
        """
        from flowport.adapters.document_items import DOCUMENT, PREFIX  # noqa: PLC0415  # few jobs have any

        until = patience(self._clock, deadline)
        expires = encode(job.payloads_expire_at(finished_at) // 1000)
        with suppress(Unavailable, ClientError):
            items = [name for name in self._below(job.id, until) if name == DOCUMENT or name.startswith(PREFIX)]
            for some in batched(items, _IN_TRANSACTION, strict=False):
                writes = [
                    {
                        "Update": {
                            "TableName": self._table,
                            "Key": job_key(job.id, name),
                            "UpdateExpression": "SET expires_at = :expires",
                            "ConditionExpression": IS_THERE,
                            "ExpressionAttributeValues": {":expires": expires},
                        }
                    }
                    for name in some
                ]
                self._repeat(partial(self._client.transact_write_items, TransactItems=writes), until)

    def _update(
        self,
        job_id: str,
        update: Update,
        beside: Sequence[dict[str, Any]] = (),
        deadline: float | None = None,
    ) -> dict[str, Any] | None:
        """Update one row; None when it was done, else the item that stood in the way ({} for none)."""
        olds = self._write("Update", update.request(self._table, job_id), beside, deadline)
        return None if olds is None else (olds[0] or {})

    def _write(
        self,
        kind: str,
        request: dict[str, Any],
        beside: Sequence[dict[str, Any]] = (),
        deadline: float | None = None,
    ) -> list[dict[str, Any] | None] | None:
        """Make a conditional write, with others in one transaction.

        None when it was made; else what stood in the way of each, in order: the old item ({} for none), or None where
        that one's condition held.
        """
        try:
            if beside:
                items = [{kind: request}, *beside]
                self._repeat(lambda: self._client.transact_write_items(TransactItems=items), deadline)
            elif kind == "Put":
                self._repeat(lambda: self._client.put_item(**request), deadline)
            elif kind == "Delete":
                self._repeat(lambda: self._client.delete_item(**request), deadline)
            else:
                self._repeat(lambda: self._client.update_item(**request), deadline)
        except ClientError as error:
            response: dict[str, Any] = dict(error.response)
            code = error_code(error)
            if code == "ConditionalCheckFailedException":
                return [decode_item(response.get("Item", {}))]
            if code == "TransactionCanceledException" and "ConditionalCheckFailed" in cancellation_reasons(error):
                return [
                    decode_item(reason.get("Item", {})) if reason.get("Code") == "ConditionalCheckFailed" else None
                    for reason in response["CancellationReasons"]
                ]
            raise
        return None

    # -- reads -------------------------------------------------------------------------------------------------------

    def _item(self, job_id: str, item: str, deadline: float | None = None) -> dict[str, Any] | None:
        answer = self._repeat(
            lambda: self._client.get_item(TableName=self._table, Key=job_key(job_id, item), ConsistentRead=True),
            deadline,
        )
        return decode_item(answer["Item"]) if "Item" in answer else None

    def get(self, job_id: str, *, deadline: float | None = None) -> Job | None:
        """Read the row."""
        row = self._item(job_id, "job", deadline)
        return job_of(row) if row else None

    def get_many(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Job]:
        """BatchGetItem, a hundred rows a call."""
        found: dict[str, Job] = {}
        for some in batched(dict.fromkeys(job_ids), _BATCH, strict=False):
            found |= self._rows(some, patience(self._clock, deadline))
        return found

    def with_output(self, job: Job, *, deadline: float | None = None) -> Job:
        """Load a large output. A succeeded run always has one, so its absence in the row means that it lies beside."""
        if job.status != "SUCCEEDED" or job.output is not None or job.payloads != "kept":
            return job
        item = self._item(job.id, "output", patience(self._clock, deadline))
        return replace(job, output=item["text"]) if item else job

    def with_input(self, job: Job, *, deadline: float | None = None) -> Job:
        """Load a large input."""
        if job.input is not None or job.payloads_expired:
            return job
        item = self._item(job.id, "input", patience(self._clock, deadline))
        return replace(job, input=item.get("text")) if item else job

    def written_since(self) -> int:
        """DescribeTable: when the table was made; an hour later for a restored one, as clocks may be that far off."""
        table = self._repeat(lambda: self._client.describe_table(TableName=self._table))["Table"]
        made: datetime = table["CreationDateTime"]
        return round(made.timestamp() * 1000) + (_CLOCKS_APART if "RestoreSummary" in table else 0)

    def due(self, now: int, limit: int) -> list[tuple[str, int]]:
        """Read the `open` index (it lags the rows a little, so the rows decide)."""
        found: list[tuple[str, int]] = []
        for shard in range(OPEN_SHARDS):
            query = {
                "TableName": self._table,
                "IndexName": "open",
                "KeyConditionExpression": "open_shard = :shard AND check_at <= :now",
                "ExpressionAttributeValues": {":shard": encode(f"open#{shard}"), ":now": encode(now)},
                "Limit": limit,
            }
            answer = self._repeat(lambda query=query: self._client.query(**query))  # type: ignore[misc]
            rows = [decode_item(item) for item in answer["Items"]]
            found += [(row["job_id"], row["check_at"]) for row in rows]
        return sorted(found, key=lambda pair: pair[1])[:limit]

    def page(self, query: ListingQuery, *, deadline: float | None = None) -> ListingPage:
        """Walk back day by day until the page is full, the days are over, or enough was looked at for one call."""
        until = self._clock.monotonic() + PATIENCE_SECONDS if deadline is None else deadline
        jobs: list[Job] = []
        looked_at = 0
        position = query.after
        oldest = day_of(query.since)
        for day in _days(query, position):
            if position != query.after and self._clock.monotonic() > until - _TIME_FOR_A_DAY:
                return ListingPage(tuple(jobs), position)
            after = position[1] if position and position[0] == day else None
            for keys in batched(self._keys(query, day, after, until), _BATCH, strict=False):
                rows = self._rows([_job_id_in(key) for key in keys], until)
                for key in keys:
                    position = (day, key)
                    job = rows.get(_job_id_in(key))
                    if job and job.created_at >= query.since and _wanted(job, query):
                        jobs.append(job)
                    if len(jobs) == query.limit:
                        return ListingPage(tuple(jobs), position)
                looked_at += len(keys)
                if looked_at >= _LOOK_AT_MOST:
                    return ListingPage(tuple(jobs), position)
            position = (day, _DAY_DONE)
        return ListingPage(tuple(jobs), position if position and position[0] > oldest else None)

    def _keys(self, query: ListingQuery, day: str, after: str | None, until: float) -> Iterator[str]:
        """Give the listing keys of one day, newest first, whatever shard they lie in."""
        if after == _DAY_DONE:
            return iter(())
        shards = (self._keys_of_shard(query, day, shard, after, until) for shard in range(LISTING_SHARDS))
        return merge(*shards, reverse=True)

    def _keys_of_shard(
        self, query: ListingQuery, day: str, shard: int, after: str | None, until: float
    ) -> Iterator[str]:
        if query.endpoint is not None:
            index, attribute = "by_endpoint", "listing_endpoint"
            partition = endpoint_partition(query.workspace, query.endpoint, day, shard)
        else:
            index, attribute = "by_workspace", "listing_workspace"
            partition = workspace_partition(query.workspace, day, shard)
        condition, values = f"{attribute} = :partition", {":partition": encode(partition)}
        if after:
            condition, values = condition + " AND listing_at < :after", values | {":after": encode(after)}
        request: dict[str, Any] = {
            "TableName": self._table,
            "IndexName": index,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": False,
            "Limit": _BATCH,
        }
        while True:
            answer = self._repeat(lambda: self._client.query(**request), until)
            yield from (str(decode_item(item)["listing_at"]) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _rows(self, job_ids: Sequence[str], until: float) -> dict[str, Job]:
        pending: dict[str, Any] = {
            self._table: {"Keys": [job_key(job_id) for job_id in job_ids], "ConsistentRead": True}
        }
        rows: list[dict[str, Any]] = []
        for turn in range(_ROUNDS):
            if turn:
                self._clock.sleep(_PAUSE * 2**turn)
            answer = self._repeat(partial(self._client.batch_get_item, RequestItems=pending), until)
            rows += [decode_item(item) for item in answer["Responses"].get(self._table, [])]
            pending = answer.get("UnprocessedKeys") or {}
            if not pending:
                break
        else:
            message = f"{WHAT} is not available at the moment; send the request again in a few seconds."
            raise Unavailable(message)
        return {row["job_id"]: job_of(row) for row in rows}


def _job_id_in(key: str) -> str:
    return key.rpartition("#")[2]


def _days(query: ListingQuery, position: tuple[str, str] | None) -> Iterator[str]:
    newest = datetime.fromisoformat(position[0] if position else day_of(query.until)).replace(tzinfo=UTC)
    oldest = day_of(query.since)
    for back in range(_DAYS_AT_MOST):
        day = (newest - timedelta(days=back)).strftime("%Y-%m-%d")
        if day < oldest:
            return
        yield day


def _wanted(job: Job, query: ListingQuery) -> bool:
    return (
        (query.endpoints is None or job.endpoint in query.endpoints)
        and (query.principal is None or job.principal == query.principal)
        and (query.status is None or job.status == query.status)
        and all(job.labels.get(key) == value for key, value in query.labels)
    )
