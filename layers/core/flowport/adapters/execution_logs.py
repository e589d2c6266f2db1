"""What an Express machine logs of its executions (log level ALL), read from CloudWatch Logs.

Each log event is a JSON object with id, type, details, previous_event_id, event_timestamp (milliseconds, as a string)
and execution_arn (Step Functions developer guide, "Using CloudWatch Logs to log execution history").
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from botocore.exceptions import ClientError

from flowport.adapters.aws import AnyClient, error_code, repeat
from flowport.domain.steps import HistoryEvent
from flowport.usecases.ports import Clock

WHAT: Final = "CloudWatch Logs"
_EVENTS_AT_MOST: Final = 25_000
_READ_WITHIN_SECONDS: Final = 20.0
_WINDOW_MS: Final = 10 * 60_000


class CloudWatchExecutionLogs:
    """The log groups of Express machines. The client is made when it is first needed."""

    def __init__(self, client: Callable[[], AnyClient], clock: Clock) -> None:
        """Keep how to get the client."""
        self._client = client
        self._clock = clock

    def history(
        self, log_group: str, execution_arn: str, since: int, *, deadline: float | None = None
    ) -> Iterator[HistoryEvent]:
        """Give the events of one execution, oldest first; it started after `since` (epoch milliseconds)."""
        client = self._client()
        request: dict[str, Any] = {
            "logGroupName": log_group,
            "filterPattern": f'{{ $.execution_arn = "{execution_arn}" }}',
            "startTime": since - 60_000,
            "endTime": since + _WINDOW_MS,
        }
        events: list[HistoryEvent] = []
        usual = self._clock.monotonic() + _READ_WITHIN_SECONDS
        last = usual if deadline is None else min(usual, deadline)
        while len(events) < _EVENTS_AT_MOST:
            try:
                answer = repeat(
                    lambda: client.filter_log_events(**request),
                    what=WHAT,
                    clock=self._clock,
                    deadline=last,
                    attempt_seconds=5.0,
                )
            except ClientError as error:
                if error_code(error) in {"ResourceNotFoundException", "AccessDeniedException"}:
                    break
                raise
            events += [logged_event(json.loads(event["message"])) for event in answer.get("events", [])]
            if not answer.get("nextToken"):
                break
            request["nextToken"] = answer["nextToken"]
        yield from sorted(events, key=lambda event: event.id)


def logged_event(message: dict[str, Any]) -> HistoryEvent:
    """Read one logged event."""
    return HistoryEvent(
        id=int(message["id"]),
        previous=int(message.get("previous_event_id") or 0),
        type=message["type"],
        at=int(message["event_timestamp"]),
        details=message.get("details") or {},
    )
