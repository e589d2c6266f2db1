"""Completion records: EventBridge's "Step Functions Execution Status Change" events end the jobs' rows."""

from typing import Any

from flowport import observability, wiring
from flowport.adapters.status_event import completion_of

record = wiring.record_completion()


def handler(event: dict[str, Any], _context: object) -> None:
    """Record the end that the event reports."""
    completion = completion_of(event)
    observability.report("completion", execution=completion.name, result=record(completion))
