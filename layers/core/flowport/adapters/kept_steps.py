"""The steps of an ended job, kept below it: AWS's history is slow to read and ends after 90 days."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, cancellation_reasons, repeat
from flowport.adapters.items import decode_item, encode_item
from flowport.adapters.jobs_table import job_key
from flowport.domain.job import Job
from flowport.domain.payload import dumps
from flowport.domain.steps import Step
from flowport.usecases.ports import Clock

WHAT: Final = "The job store (DynamoDB)"
ITEM: Final = "steps"
# An item has 400 KB at most; a history whose steps are longer is read again each time.
BYTES_AT_MOST: Final = 300_000
# Nothing may be left behind below a job that was deleted meanwhile.
IS_THERE: Final = "attribute_exists(job_id)"
_FIELDS: Final = ("name", "type", "started_at", "finished_at", "status", "attempts", "error", "cause")


class DynamoKeptSteps:
    """Kept steps in the Jobs table."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def load(self, job: Job) -> list[Step] | None:
        """Read the item, strongly consistent."""
        key = job_key(job.id, ITEM)
        answer = self._repeat(lambda: self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True))
        if "Item" not in answer:
            return None
        return [
            Step(**dict(zip(_FIELDS, values, strict=True)))
            for values in json.loads(decode_item(answer["Item"])["text"])
        ]

    def keep(self, job: Job, steps: Sequence[Step]) -> None:
        """Write the item while the job is there; the steps of an ended job are the same whoever writes them."""
        text = dumps([[getattr(step, field) for field in _FIELDS] for step in steps])
        if len(text.encode("utf-8", "surrogatepass")) > BYTES_AT_MOST:
            return
        item = {
            "job_id": job.id,
            "item": ITEM,
            "text": text,
            "expires_at": job.expires_after(job.finished_at or 0) // 1000,
        }
        check = {"TableName": self._table, "Key": job_key(job.id), "ConditionExpression": IS_THERE}
        writes: list[dict[str, Any]] = [
            {"ConditionCheck": check},
            {"Put": {"TableName": self._table, "Item": encode_item(item)}},
        ]
        try:
            self._repeat(lambda: self._client.transact_write_items(TransactItems=writes))
        except ClientError as error:
            if "ConditionalCheckFailed" not in cancellation_reasons(error):
                raise

    def _repeat[T](self, call: Callable[[], T]) -> T:
        return repeat(call, what=WHAT, clock=self._clock)
