"""Parking: workflows reserve callback ids here and park their runs on them; see docs/parked-runs.md."""

from typing import Any

from flowport import observability, wiring
from flowport.adapters.park_event import command_of
from flowport.usecases.parked.park_run import Reserve

park = wiring.park_run()


def handler(event: dict[str, Any], _context: object) -> dict[str, str]:
    """Reserve an id, or park a run; an error becomes the error of the state that asked."""
    command = command_of(event)
    if isinstance(command, Reserve):
        return {"callback_id": park.reserve(command)}
    status = park.park(command).status
    observability.report("parked", execution=command.execution, status=status)
    return {"status": status}
