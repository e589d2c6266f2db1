"""The console: a page for people, served from this package."""

from pathlib import Path
from typing import Any

from flowport.console import Console
from flowport.settings import Settings

settings = Settings.from_environment()
console = Console.of(Path(__file__).parent / "static", settings.custom_domain, settings.base_path)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer an API Gateway proxy event."""
    return console.handle(event)
