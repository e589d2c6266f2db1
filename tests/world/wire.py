"""What every process calls AWS through: each call has a number, and by it a fault, or what happens meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from tests.world.clock import WorldClock

Fault = Literal[
    "dies before it",
    "dies after it",
    "is throttled",
    "gets no answer",
    "gets no answer to what was done",
    "is denied",
    "finds its row moved",
]
FAULTS: tuple[Fault, ...] = (
    "dies before it",
    "dies after it",
    "is throttled",
    "gets no answer",
    "gets no answer to what was done",
)
# Faults that pass, and after which every call but the start of an Express run may be made again.
PASSING: tuple[Fault, ...] = ("is throttled", "gets no answer", "gets no answer to what was done")
WRITES = ("dynamodb.put_item", "dynamodb.update_item", "dynamodb.transact_write_items")


class ProcessDied(BaseException):
    """The process is gone: no handler runs, nothing is tidied up."""


def refused(code: str, status: int = 400, **members: Any) -> ClientError:
    """Make what botocore raises for an error that AWS answered."""
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}} | members
    return ClientError(response, "Operation")  # type: ignore[arg-type]


@dataclass
class Wire:
    """The wire. `faults` and `meanwhile` are by the number of the call; `turn` is called before each.

    `outage` is a service and when it begins and ends, in seconds of the clock; each call in it suffers `outage_is`.
    """

    clock: WorldClock
    calls: list[str] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    meanwhile: dict[int, Callable[[], object]] = field(default_factory=dict)
    outage: tuple[str, float, float] | None = None
    outage_is: Fault = "gets no answer"
    turn: Callable[[], None] = lambda: None
    written: dict[str, list[str]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    def client(self, service: str, real: object, process: "Life") -> Any:
        """Give a process its client of a service."""
        return _Client(self, service, real, process)

    def send(self, process: "Life", operation: str, method: Callable[..., Any], request: dict[str, Any]) -> Any:
        process.must_live()
        self.turn()
        with self.clock.held():
            number = len(self.calls)
            self.calls.append(operation)
            self.clock.sleep(0.005)
            if (interlude := self.meanwhile.get(number)) is not None:
                interlude()
            process.must_live()  # what happened meanwhile may have been its end
            return self._answer(number, process, operation, method, request)

    def _answer(
        self, number: int, process: "Life", operation: str, method: Callable[..., Any], request: dict[str, Any]
    ) -> Any:
        match self._fault(number, operation):
            case "dies before it":
                process.die()
            case "is throttled":
                raise refused("ThrottlingException")
            case "is denied":
                raise refused("AccessDeniedException")
            case "finds its row moved" if operation in WRITES:
                self._refuse(operation, request)
            case "gets no answer":
                self.clock.sleep(1)
                raise ReadTimeoutError(endpoint_url=operation)
            case "dies after it":
                self._do(method, request)
                process.die()
            case "gets no answer to what was done":
                self._do(method, request)
                raise ReadTimeoutError(endpoint_url=operation)
        answer = method(**request)
        self._note(request)
        return answer

    def _fault(self, number: int, operation: str) -> Fault | None:
        if self.outage is not None:
            service, begins, ends = self.outage
            if operation.startswith(service) and begins <= self.clock.monotonic() < ends:
                return self.outage_is
        return self.faults.get(number)

    def _do(self, method: Callable[..., Any], request: dict[str, Any]) -> None:
        try:
            method(**request)
        except ClientError:
            return
        self._note(request)

    def _refuse(self, operation: str, request: dict[str, Any]) -> None:
        """Refuse a conditional write, with no old item to recognise anything by."""
        if operation == "dynamodb.transact_write_items":
            conditions = ["ConditionExpression" in next(iter(item.values())) for item in request["TransactItems"]]
            reasons = [{"Code": "ConditionalCheckFailed" if had else "None"} for had in conditions]
            raise refused("TransactionCanceledException", CancellationReasons=reasons)
        raise refused("ConditionalCheckFailedException")

    def _note(self, request: dict[str, Any]) -> None:
        """Remember each status that was written, job by job, and each row that was deleted."""
        writes = [next(iter(item.items())) for item in request.get("TransactItems", [])]
        for kind, one in writes or [("", request)]:
            conditional = "ConditionExpression" in one and "UpdateExpression" not in one and "Key" in one
            if (kind == "Delete" or (not kind and conditional)) and one["Key"]["item"] == {"S": "job"}:
                self.deleted.add(one["Key"]["job_id"]["S"])
            item, values = one.get("Item", {}), one.get("ExpressionAttributeValues", {})
            status = values.get(":set_status") or (item.get("status") if item.get("item") == {"S": "job"} else None)
            if status:
                job_id = (one.get("Key") or item)["job_id"]["S"]
                self.written.setdefault(job_id, []).append(status["S"])


class Life:
    """Whether one process still lives: once it has died, none of its threads reaches AWS again."""

    def __init__(self) -> None:
        self._dead = False

    def must_live(self) -> None:
        if self._dead:
            raise ProcessDied

    def die(self) -> None:
        self._dead = True
        raise ProcessDied


class _Client:
    def __init__(self, wire: Wire, service: str, real: object, process: Life) -> None:
        self._wire, self._service, self._real, self._process = wire, service, real, process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._real, name)
        return lambda **request: self._wire.send(self._process, f"{self._service}.{name}", method, request)
