"""The documents of jobs in the Jobs table (document_items.py)."""

from collections.abc import Sequence
from functools import partial
from itertools import batched
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, cancellation_reasons, error_code, repeat
from flowport.adapters.callback_items import callback_put
from flowport.adapters.document_items import DOCUMENT, PREFIX, document_puts, snapshot_item, stored_of
from flowport.adapters.items import decode_item, encode
from flowport.adapters.jobs_table import job_key, open_shard_of
from flowport.domain.callbacks import Callback
from flowport.domain.documents import Change, Snapshot, Stored
from flowport.domain.errors import Unavailable
from flowport.domain.job import OPEN, Job
from flowport.domain.retention import input_expires_at
from flowport.usecases.ports import Clock

WHAT: Final = "The documents of jobs (DynamoDB)"
JOB_IS_THERE: Final = "attribute_exists(job_id)"
JOB_IS_OPEN: Final = "#status IN (:accepted, :running)"
IS_NEW_SNAPSHOT: Final = "attribute_not_exists(job_id)"
_BATCH: Final = 100
_ROUNDS: Final = 5
_PAUSE: Final = 0.02


def expires_at_of(job: Job) -> int:
    """When a document of a job is removed: with its payloads; of a job that goes on, at the latest then."""
    return input_expires_at(job) if job.finished_at is None else job.payloads_expire_at(job.finished_at)


class DynamoDocumentStore:
    """The documents in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def load(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Stored]:
        """BatchGetItem, a hundred documents a call, strongly consistent."""
        found: dict[str, Stored] = {}
        for some in batched(dict.fromkeys(job_ids), _BATCH, strict=False):
            keys = [job_key(job_id, DOCUMENT) for job_id in some]
            pending: dict[str, Any] = {self._table: {"Keys": keys, "ConsistentRead": True}}
            for turn in range(_ROUNDS):
                if turn:
                    self._clock.sleep(_PAUSE * 2**turn)
                call = partial(self._client.batch_get_item, RequestItems=pending)
                answer = repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
                items = map(decode_item, answer["Responses"].get(self._table, []))
                found |= {item["job_id"]: stored_of(item) for item in items}
                pending = answer.get("UnprocessedKeys") or {}
                if not pending:
                    break
            else:
                message = f"{WHAT} are not available at the moment; send the request again in a few seconds."
                raise Unavailable(message)
        return found

    def snapshots(self, job_id: str, *, deadline: float | None = None) -> list[Snapshot]:
        """Query what lies below the job, strongly consistent."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "job_id = :job AND begins_with(#item, :prefix)",
            "ExpressionAttributeNames": {"#item": "item"},
            "ExpressionAttributeValues": {":job": encode(job_id), ":prefix": encode(PREFIX)},
            "ConsistentRead": True,
        }
        found: list[Snapshot] = []
        while True:
            call = partial(self._client.query, **request)
            answer = repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
            found += [Snapshot(item["text"], item["synced_at"]) for item in map(decode_item, answer["Items"])]
            if "LastEvaluatedKey" not in answer:
                return sorted(found, key=lambda snapshot: snapshot.synced_at)
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def save(self, job: Job, change: Change, *, answer: Callback | None = None, deadline: float | None = None) -> bool:
        """Write a change, and the answer for what the job parks, in one transaction with a look at the job."""
        puts = document_puts(self._table, change, expires_at_of(job))
        writes = [*puts, {"ConditionCheck": self._still(job)}]
        if answer is not None:
            writes.append({"Put": callback_put(self._table, answer, open_shard_of(answer.key), change.written_by)})
        olds = self._transact(writes, deadline)
        # A repeated write meets its own first try.
        return olds is None or olds[0].get("written_by") == change.written_by

    def keep(self, job: Job, snapshot: Snapshot, *, deadline: float | None = None) -> None:
        """Write a snapshot while the job is there; one that is there already stays as it is."""
        put = {
            "TableName": self._table,
            "Item": snapshot_item(job.id, snapshot, expires_at_of(job)),
            "ConditionExpression": IS_NEW_SNAPSHOT,
        }
        there = {"TableName": self._table, "Key": job_key(job.id), "ConditionExpression": JOB_IS_THERE}
        self._transact([{"Put": put}, {"ConditionCheck": there}], deadline)

    def _still(self, job: Job) -> dict[str, Any]:
        check: dict[str, Any] = {
            "TableName": self._table,
            "Key": job_key(job.id),
            "ConditionExpression": JOB_IS_THERE,
        }
        if job.status in OPEN:
            check |= {
                "ConditionExpression": JOB_IS_OPEN,
                "ExpressionAttributeNames": {"#status": "status"},
                "ExpressionAttributeValues": {":accepted": encode("ACCEPTED"), ":running": encode("RUNNING")},
            }
        return check

    def _transact(self, writes: list[dict[str, Any]], deadline: float | None) -> list[dict[str, Any]] | None:
        """Write all or nothing: None when it was done, else what stood in the way of each ({} for nothing)."""
        call = partial(self._client.transact_write_items, TransactItems=writes)
        try:
            repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
        except ClientError as error:
            refused = "ConditionalCheckFailed" in cancellation_reasons(error)
            if error_code(error) != "TransactionCanceledException" or not refused:
                raise
            response: dict[str, Any] = dict(error.response)
            return [decode_item(reason.get("Item") or {}) for reason in response["CancellationReasons"]]
        return None
