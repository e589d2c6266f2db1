"""The public surface: running endpoints, reading jobs, in every dialect."""

from typing import Any

from flowport import wiring

surface = wiring.gateway()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return surface.handle(event)
