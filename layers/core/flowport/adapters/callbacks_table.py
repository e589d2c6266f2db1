"""Callbacks in the Jobs table: one item each, under a partition of its own.

Every write puts the whole item on top of the revision that was read, so that a transition is judged once, by the
domain, and the write holds only while that judgement does.
"""

from dataclasses import replace
from typing import Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.adapters.callback_items import callback_of, callback_put
from flowport.adapters.items import decode_item
from flowport.adapters.jobs_table import job_key, open_shard_of
from flowport.domain.callbacks import Callback
from flowport.domain.ids import new_attempt_id
from flowport.usecases.ports import Clock

WHAT: Final = "The store of callbacks (DynamoDB)"


class DynamoCallbackStore:
    """The callbacks in DynamoDB."""

    def __init__(self, client: AnyClient, table: str, clock: Clock) -> None:
        """Use one client (one attempt a call) and one table."""
        self._client = client
        self._table = table
        self._clock = clock

    def get(self, key: str, *, deadline: float | None = None) -> Callback | None:
        """Read the item."""
        request = {"TableName": self._table, "Key": job_key(key, "callback"), "ConsistentRead": True}
        answer = repeat(lambda: self._client.get_item(**request), what=WHAT, clock=self._clock, deadline=deadline)
        return callback_of(decode_item(answer["Item"])) if "Item" in answer else None

    def save(self, callback: Callback, *, deadline: float | None = None) -> Callback | None:
        """Put the item under its condition; `written_by` tells a repeated write that met its own first try."""
        saved = replace(callback, revision=callback.revision + 1)
        written_by = new_attempt_id()
        request = callback_put(self._table, callback, open_shard_of(callback.key), written_by)
        try:
            repeat(lambda: self._client.put_item(**request), what=WHAT, clock=self._clock, deadline=deadline)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            old = decode_item(dict(error.response).get("Item", {}))  # type: ignore[arg-type]
            return saved if old.get("written_by") == written_by else None
        return saved
