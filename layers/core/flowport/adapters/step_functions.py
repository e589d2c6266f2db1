"""Step Functions: starting executions once, and reading how they stand."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, doubt_of, error_code, once, patience, repeat
from flowport.domain.errors import (
    ConsentWithdrawn,
    ExecutionsUnavailable,
    FlowportError,
    MachineMissing,
    NotRedrivable,
    Unavailable,
    UnknownOutcome,
    Unprocessable,
)
from flowport.domain.ids import named_execution_arn, unqualified_machine_arn
from flowport.domain.job import Outcome, Status, error_of_workflow
from flowport.usecases.ports import Clock, ExecutionState

if TYPE_CHECKING:
    from flowport.domain.steps import HistoryEvent

WHAT: Final = "Step Functions"
# A start is repeated under its unique name at most this long; what is then still open, the sweep settles.
START_WITHIN_SECONDS: Final = 8.0
ATTEMPT_SECONDS: Final = 3.0
CONSENT_TAG: Final = "flowport:publish"
_LOST: Final = f"{WHAT} gave no answer; the run may have been started."
HISTORY_PAGES: Final = 25  # of 1,000 events, the most that an execution has
STATUS: Final[dict[str, Status]] = {
    "SUCCEEDED": "SUCCEEDED",
    "FAILED": "FAILED",
    "TIMED_OUT": "TIMED_OUT",
    "ABORTED": "ABORTED",
}


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def outcome_of(answer: dict[str, Any], clock: Clock) -> Outcome:
    """Read the end of an execution from StartSyncExecution's or DescribeExecution's answer.

    A failed run's `output`, which the local engine gives and AWS does not, is not one.
    """
    status = STATUS[answer["status"]]
    return Outcome(
        status=status,
        finished_at=_millis(answer["stopDate"]) if "stopDate" in answer else clock.now(),
        output=answer.get("output") if status == "SUCCEEDED" else None,
        error=error_of_workflow(answer.get("error")),
        cause=answer.get("cause"),
        started_at=_begun(answer),
    )


def _begun(answer: dict[str, Any]) -> int | None:
    """Give when the last attempt of an execution began: its redrive, else its start."""
    at = answer.get("redriveDate") or answer.get("startDate")
    return None if at is None else _millis(at)


def _refusal(error: ClientError, state_machine_arn: str) -> FlowportError | None:
    """Translate what Step Functions refuses for good."""
    code = error_code(error)
    if code in {"AccessDeniedException", "AccessDenied"}:
        return ConsentWithdrawn(
            f"Step Functions denied the start of {state_machine_arn}: it has lost its tag flowport:publish, or its "
            "role does not let it run. Its owner can tag it again."
        )
    if code in {"StateMachineDoesNotExist", "StateMachineDeleting", "InvalidArn", "StateMachineTypeNotSupported"}:
        return MachineMissing(f"The state machine {state_machine_arn} cannot be started ({code}); publish another one.")
    if code in {"InvalidExecutionInput", "InvalidName", "ValidationException"}:
        return Unprocessable(f"Step Functions refused the input ({code}).")
    return None


def _redrive_refusal(error: ClientError, execution_arn: str) -> FlowportError | None:
    """Translate what Step Functions refuses for good at a redrive."""
    code = error_code(error)
    if code in {"AccessDeniedException", "AccessDenied"}:
        return ConsentWithdrawn(f"Step Functions denied the redrive of {execution_arn}.")
    if code in {"ExecutionNotRedrivable", "ExecutionDoesNotExist", "InvalidArn", "ValidationException"}:
        return NotRedrivable(f"Step Functions refused to redrive {execution_arn} ({code}).")
    return None


class StepFunctions:
    """The executions, over two clients: `sync` waits up to an Express execution's five minutes, `quick` does not.

    Each is made when it is first needed, by the functions given; both make one attempt a call.
    """

    def __init__(self, sync: Callable[[], AnyClient], quick: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the clients."""
        self._sync = sync
        self._quick = quick
        self._clock = clock

    def run_express(self, state_machine_arn: str, name: str, input_text: str) -> tuple[Outcome, str]:
        """StartSyncExecution, never repeated after a lost answer: the name of an Express run protects nothing."""
        client = self._sync()
        try:
            answer = once(
                lambda: client.start_sync_execution(stateMachineArn=state_machine_arn, name=name, input=input_text),
                what=WHAT,
                clock=self._clock,
            )
        except ClientError as error:
            if refusal := _refusal(error, state_machine_arn):
                raise refusal from error
            raise
        return outcome_of(answer, self._clock), answer["executionArn"]

    def start_standard(self, state_machine_arn: str, name: str, input_text: str) -> str:
        """StartExecution, repeated under the one name, which AWS starts once.

        The name taken means that an earlier attempt worked: AWS says so only once that execution has ended, the local
        engine also while it runs.
        """
        client = self._quick()

        def start() -> str:
            try:
                answer = client.start_execution(stateMachineArn=state_machine_arn, name=name, input=input_text)
            except ClientError as error:
                if error_code(error) == "ExecutionAlreadyExists":
                    return named_execution_arn(state_machine_arn, name)
                raise
            return str(answer["executionArn"])

        return self._begin(start, lambda error: _refusal(error, state_machine_arn))

    def redrive(self, execution_arn: str, token: str, *, deadline: float | None = None) -> None:
        """RedriveExecution, repeated with the one token, which AWS carries out once within 15 minutes."""
        client = self._quick()
        self._begin(
            lambda: client.redrive_execution(executionArn=execution_arn, clientToken=token),
            lambda error: _redrive_refusal(error, execution_arn),
            deadline,
        )

    def consented(self, state_machine_arn: str, *, deadline: float | None = None) -> bool:
        """ListTagsForResource: whether the tag that publishing asks for is still there; versions have none."""
        client, arn = self._quick(), unqualified_machine_arn(state_machine_arn)
        try:
            tags = self._repeat(lambda: client.list_tags_for_resource(resourceArn=arn), deadline)["tags"]
        except ClientError as error:
            if error_code(error) == "ResourceNotFound":
                return False
            raise
        return any(tag["key"] == CONSENT_TAG for tag in tags)

    def _begin[T](
        self,
        call: Callable[[], T],
        refusal_of: Callable[[ClientError], FlowportError | None],
        deadline: float | None = None,
    ) -> T:
        """Make a call that begins something once however often it is made; a lost answer is `UnknownOutcome`."""
        last = self._clock.monotonic() + START_WITHIN_SECONDS
        last = last if deadline is None else min(last, deadline)
        unknown = False

        def attempt() -> T:
            nonlocal unknown
            try:
                return call()
            except Exception as error:
                unknown = unknown or doubt_of(error) == "unknown"
                raise

        try:
            return repeat(attempt, what=WHAT, clock=self._clock, deadline=last, attempt_seconds=ATTEMPT_SECONDS)
        except Unavailable as error:
            if unknown:
                raise UnknownOutcome(_LOST) from error
            raise ExecutionsUnavailable(error.detail) from error
        except ClientError as error:
            if unknown:  # an earlier attempt may have worked
                raise UnknownOutcome(_LOST) from error
            if refusal := refusal_of(error):
                raise refusal from error
            raise

    def describe(self, execution_arn: str, *, deadline: float | None = None) -> ExecutionState | None:
        """DescribeExecution; not for the request path, whose account-wide rate is about 15 a second."""
        client = self._quick()
        try:
            answer = self._repeat(lambda: client.describe_execution(executionArn=execution_arn), deadline)
        except ClientError as error:
            if error_code(error) == "ExecutionDoesNotExist":
                return None
            raise
        ended = answer["status"] in STATUS
        return ExecutionState(
            status=answer["status"],
            started_at=_begun(answer) or self._clock.now(),
            outcome=outcome_of(answer, self._clock) if ended else None,
            # The local engine knows no redrives and says nothing of them.
            redrives=answer.get("redriveCount") or 0,
            redrivable=answer.get("redriveStatus") == "REDRIVABLE",
        )

    def stop(self, execution_arn: str, *, error: str, cause: str, deadline: float | None = None) -> None:
        """StopExecution; stopping what has ended or never was changes nothing."""
        client = self._quick()
        try:
            self._repeat(lambda: client.stop_execution(executionArn=execution_arn, error=error, cause=cause), deadline)
        except ClientError as refused:
            if error_code(refused) not in {"ExecutionDoesNotExist", "ValidationException"}:
                raise

    def history(self, execution_arn: str, *, deadline: float | None = None) -> "Iterator[HistoryEvent]":
        """GetExecutionHistory, page by page; nothing for an execution that AWS no longer knows."""
        client = self._quick()
        request: dict[str, Any] = {"executionArn": execution_arn, "maxResults": 1000}
        for _ in range(HISTORY_PAGES):
            try:
                answer = self._repeat(lambda: client.get_execution_history(**request), deadline)
            except ClientError as error:
                if error_code(error) == "ExecutionDoesNotExist":
                    return
                raise
            yield from map(event_of, answer["events"])
            if not answer.get("nextToken"):
                return
            request["nextToken"] = answer["nextToken"]

    def _repeat[T](self, call: Callable[[], T], deadline: float | None = None) -> T:
        last = patience(self._clock, deadline)
        try:
            return repeat(call, what=WHAT, clock=self._clock, deadline=last, attempt_seconds=ATTEMPT_SECONDS)
        except Unavailable as error:
            raise ExecutionsUnavailable(error.detail) from error


def event_of(event: dict[str, Any]) -> "HistoryEvent":
    """Read an event of GetExecutionHistory: its details lie under a key that depends on its type."""
    from flowport.domain.steps import HistoryEvent  # noqa: PLC0415  # starts, which are frequent, need none

    details: dict[str, Any] = {}
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, dict):
            details = value
    return HistoryEvent(
        id=event["id"],
        # AWS always names the event before; the local engine does not, and has histories of one branch only.
        previous=event.get("previousEventId", event["id"] - 1),
        type=event["type"],
        at=_millis(event["timestamp"]),
        details=details,
    )
