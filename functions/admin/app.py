"""The admin surface, and bootstrap by direct invocation."""

from typing import Any

from flowport import wiring

function = wiring.admin()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an API Gateway proxy event, or a direct invocation."""
    return function.handle(event)
