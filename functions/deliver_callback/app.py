"""One attempt to deliver a callback, for the Deliver machine, which waits between them."""

from typing import Any

from flowport import observability, wiring
from flowport.usecases.deliver_callback import Due

deliver = wiring.deliver_callback()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Make the attempt that the event names, and name the next one."""
    named = {name: event[name] for name in ("job_id", "number", "run", "attempt")}
    due = Due(**named)
    then = deliver(due)
    observability.report("delivery", **named, status=then.status)
    observability.count("Deliveries", dimensions={"status": then.status})
    return {**named, "attempt": due.attempt + 1, "status": then.status, "wait_seconds": then.wait_seconds}
