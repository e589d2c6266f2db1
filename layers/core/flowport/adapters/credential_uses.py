"""When credentials were last used, in their own rows: written beside the request, never on its way."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from flowport.adapters.aws import AnyClient
from flowport.adapters.directory_items import credential_key
from flowport.adapters.items import encode

# Several processes may see the same old use at once; one of them writes. A row that was removed is not made again.
NOT_NOTED_LATELY: Final = "attribute_exists(id) AND (attribute_not_exists(last_used_at) OR last_used_at < :lately)"
# Less than the hour after which a use is noted again, so that clocks may differ.
LATELY_MS: Final = 30 * 60_000
# Keys that this process is noting, so that calls at one time make one write.
_AT_ONCE: Final = 100

Spawn = Callable[[Callable[[], None]], None]


def in_background(work: Callable[[], None]) -> None:
    """Do something in a thread for which nobody waits. Lambda may freeze it with its process, and thaw it with it."""
    threading.Thread(target=work, daemon=True).start()


class DynamoCredentialUses:
    """One conditional UpdateItem in a thread; whatever becomes of it, the next call after it sees the row as it is."""

    def __init__(self, client: AnyClient, table: str, spawn: Spawn = in_background) -> None:
        """Keep the client (one short attempt a call) and how to do things aside."""
        self._client = client
        self._table = table
        self._spawn = spawn
        self._noting: set[str] = set()

    def note(self, key: str, at: int) -> None:
        """Write it aside, unless that is being done already."""
        if key in self._noting or len(self._noting) >= _AT_ONCE:
            return
        self._noting.add(key)
        with suppress(RuntimeError):  # no thread can be started: then it is not noted
            self._spawn(lambda: self._write(key, at))
            return
        self._noting.discard(key)

    def _write(self, key: str, at: int) -> None:
        # Refused, throttled or lost: a use that was not noted harms nobody.
        with suppress(Exception):
            self._client.update_item(
                TableName=self._table,
                Key=credential_key(key),
                UpdateExpression="SET last_used_at = :at",
                ConditionExpression=NOT_NOTED_LATELY,
                ExpressionAttributeValues={":at": encode(at), ":lately": encode(at - LATELY_MS)},
            )
        self._noting.discard(key)
