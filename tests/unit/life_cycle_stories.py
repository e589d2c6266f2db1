"""Every story of tests/unit/test_life_cycle.py that ever ended badly, by what was wrong with its end."""

from typing import Any

Story = tuple[tuple[str, dict[str, Any]], ...]

STORIES: dict[str, Story] = {}
