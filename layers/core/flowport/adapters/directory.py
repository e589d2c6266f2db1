"""One strongly consistent BatchGetItem for all that a request needs to know. No cache: see docs/decisions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from flowport.adapters import directory_items as items
from flowport.adapters.attempts_table import attempts_of, guard_item_key
from flowport.adapters.aws import AnyClient, repeat
from flowport.adapters.items import decode_item
from flowport.adapters.jobs_table import job_key, job_of
from flowport.domain.errors import Unavailable
from flowport.domain.guard import GuardKey
from flowport.domain.records import OPERATOR_WORKSPACE, Endpoint
from flowport.usecases.ports import Clock, Found, Wanted

WHAT: Final = "The directory (DynamoDB)"
_ROUNDS: Final = 5
_PAUSE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Tables:
    """The names of the three tables."""

    endpoints: str
    credentials: str
    jobs: str


class DynamoDirectory:
    """The directory in DynamoDB."""

    def __init__(self, client: AnyClient, tables: Tables, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self._client = client
        self._tables = tables
        self._clock = clock

    def look_up(self, wanted: Wanted, *, deadline: float | None = None) -> Found:
        """Read everything wanted in one call; what DynamoDB leaves unprocessed is asked for again.

        An alias that leads elsewhere costs a second call. It is followed only if the endpoint still has it, so that
        one that was moved in between is not found, as at the moment between its two owners.
        """
        rows = self._read(self._request(wanted), deadline)
        found: dict[str, Any] = {}
        leads_to = None
        for table, row in rows:
            if table == self._tables.credentials:
                found["credential"] = items.credential_of(row)
            elif table == self._tables.jobs and row["item"] == "job":
                found["job"] = job_of(row)
            elif table == self._tables.jobs:
                found.setdefault("guards", {})[GuardKey(row["job_id"], row["item"])] = attempts_of(row)
            elif row["item"] == items.WORKSPACE_ITEM:
                found["workspace"] = items.workspace_of(row)
            elif row["item"].startswith(items.ALIAS_PREFIX):
                leads_to = row["path"]
            else:
                found["endpoint"] = items.endpoint_of(row)
        if leads_to is not None:
            found["endpoint"] = self._led_to(wanted, leads_to, found.get("endpoint"), deadline)
        return Found(**found)

    def _led_to(self, wanted: Wanted, path: str, by_name: Endpoint | None, deadline: float | None) -> Endpoint | None:
        read = by_name
        if read is None or read.path != path:
            keys = {"Keys": [items.endpoint_key(wanted.workspace, path)], "ConsistentRead": True}
            rows = self._read({self._tables.endpoints: keys}, deadline)
            read = next((items.endpoint_of(row) for _, row in rows), None)
        return read if read is not None and wanted.alias in read.aliases else by_name

    def _request(self, wanted: Wanted) -> dict[str, Any]:
        in_endpoints = []
        if wanted.workspace != OPERATOR_WORKSPACE:
            in_endpoints.append(items.workspace_key(wanted.workspace))
        if wanted.endpoint is not None:
            in_endpoints.append(items.endpoint_key(wanted.workspace, wanted.endpoint))
        if wanted.alias is not None:
            in_endpoints.append(items.alias_key(wanted.workspace, wanted.alias))
        keys = {
            self._tables.endpoints: in_endpoints,
            self._tables.credentials: [items.credential_key(wanted.credential_key)] if wanted.credential_key else [],
            self._tables.jobs: [
                *([job_key(wanted.job_id)] if wanted.job_id else []),
                *map(guard_item_key, wanted.guards),
            ],
        }
        return {table: {"Keys": wanted, "ConsistentRead": True} for table, wanted in keys.items() if wanted}

    def _read(self, pending: dict[str, Any], deadline: float | None) -> list[tuple[str, dict[str, Any]]]:
        rows: list[tuple[str, dict[str, Any]]] = []
        for turn in range(_ROUNDS):
            if not pending:
                return rows
            if turn:
                self._clock.sleep(_PAUSE * 2**turn)
            answer = self._repeat(partial(self._client.batch_get_item, RequestItems=pending), deadline)
            for table, found in answer["Responses"].items():
                rows += [(table, decode_item(item)) for item in found]
            pending = answer.get("UnprocessedKeys") or {}
        if pending:
            message = f"{WHAT} is not available at the moment; send the request again in a few seconds."
            raise Unavailable(message)
        return rows

    def _repeat[T](self, call: Callable[[], T], deadline: float | None) -> T:
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline)
