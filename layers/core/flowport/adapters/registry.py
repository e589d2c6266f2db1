"""What all writes of the registry share: until when they are repeated, and what a condition that did not hold means.

A repeated write may meet its own first try, whose answer was lost. It knows it by `write_id`, which every item keeps
from the last write to it, and which comes back with the failed condition (ReturnValuesOnConditionCheckFailure).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, doubt_of, error_code, repeat
from flowport.adapters.directory_items import workspace_key
from flowport.adapters.items import decode_item, encode
from flowport.domain.errors import Unavailable, UnknownOutcome, WorkspaceDisabled
from flowport.domain.records import OPERATOR_WORKSPACE
from flowport.usecases.ports import Clock

WHAT: Final = "The registry (DynamoDB)"
ALL_OLD: Final = "ALL_OLD"
IS_ACTIVE: Final = "#status = :active"
CHECK_FAILED: Final = "ConditionalCheckFailed"
_WAS_LOST: Final = f"{WHAT} gave no answer: the change may have been made. Read it before you send it again."

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failed:
    """Conditions that did not hold: the place of each in the transaction, and the item that it met (None: none)."""

    met: Mapping[int, Row | None]

    def own(self, write_id: str, *, of: str = "write_id") -> Row | None:
        """Give the first item when it is what the same write has written before, as the attribute `of` says."""
        row = self.met.get(0)
        return row if row is not None and row.get(of) == write_id else None


class RegistryTable:
    """One DynamoDB client, asked until the deadline."""

    def __init__(self, client: AnyClient, clock: Clock) -> None:
        """Use one client (one attempt a call)."""
        self.client = client
        self._clock = clock

    def read[T](self, call: Callable[[], T], deadline: float) -> T:
        """Repeat a read until it answers."""
        return repeat(call, what=WHAT, clock=self._clock, deadline=deadline)

    def write[T](self, call: Callable[[], T], deadline: float) -> T | Failed:
        """Repeat a conditional write until it is certain what came of it.

        Raises `UnknownOutcome` when that stayed open.
        """
        lost = False

        def attempt() -> T:
            nonlocal lost
            try:
                return call()
            except Exception as error:
                lost = lost or doubt_of(error) == "unknown"
                raise

        try:
            return self.read(attempt, deadline)
        except Unavailable as error:
            if lost:
                raise UnknownOutcome(_WAS_LOST) from error
            raise
        except ClientError as error:
            failed = _failed(error)
            if failed is None:
                raise
            return failed

    def transact(self, items: Sequence[Mapping[str, Any]], write_id: str, deadline: float) -> Failed | None:
        """Write all or nothing; None when it was written."""
        request = {"TransactItems": list(items), "ClientRequestToken": write_id}
        answer = self.write(lambda: self.client.transact_write_items(**request), deadline)
        return answer if isinstance(answer, Failed) else None


def _failed(error: ClientError) -> Failed | None:
    response: Mapping[str, Any] = error.response
    code = error_code(error)
    if code == "ConditionalCheckFailedException":
        return Failed({0: _row(response.get("Item"))})
    if code == "TransactionCanceledException":
        reasons = response.get("CancellationReasons", [])
        met = {place: _row(r.get("Item")) for place, r in enumerate(reasons) if r.get("Code") == CHECK_FAILED}
        return Failed(met) if met else None
    return None


def _row(item: Mapping[str, Any] | None) -> Row | None:
    return decode_item(item) if item else None


def while_active(table: str, workspace: str) -> list[dict[str, Any]]:
    """Let a transaction through only while its workspace is active: what is being deleted gets nothing new.

    The operator's own has no row.
    """
    if workspace == OPERATOR_WORKSPACE:
        return []
    check = {
        "TableName": table,
        "Key": workspace_key(workspace),
        "ConditionExpression": IS_ACTIVE,
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":active": encode("active")},
    }
    return [{"ConditionCheck": check}]


def refuse_inactive(workspace: str) -> WorkspaceDisabled:
    """Say that the workspace is not active (any more)."""
    return WorkspaceDisabled(f"The workspace {workspace!r} is disabled or deleted; nothing can be added to it.")
