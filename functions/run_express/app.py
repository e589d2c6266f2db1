"""Detached Express runs: invoked asynchronously with `{"job_id": …}`, at least once each."""

from typing import Any

from flowport import observability, wiring

run = wiring.run_detached()


def handler(event: dict[str, Any], _context: object) -> None:
    """Run the job that the event names, unless it was claimed before."""
    observability.report("detached run", job_id=event["job_id"], status=run(event["job_id"]))
