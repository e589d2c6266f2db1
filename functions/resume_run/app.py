"""Answers of parked runs: invoked asynchronously with `{"key": …}`, any number of times each."""

from typing import Any

from flowport import observability, wiring

send = wiring.resume_run()


def handler(event: dict[str, Any], _context: object) -> None:
    """Send what is pending of the callback that the event names to Step Functions."""
    observability.report("callback", key=event["key"], result=send(event["key"]))
