"""Every story of tests/unit/test_life_cycle.py that ever ended badly, by what was wrong with its end."""

from typing import Any

Story = tuple[tuple[str, dict[str, Any]], ...]

PLAIN: tuple[str, dict[str, Any]] = (
    "begin",
    {"events": (0.1,), "run_seconds": 0.3, "run_ends": "SUCCEEDED", "off": None},
)

STORIES: dict[str, Story] = {
    "a job that a second caller was told of was given up by the first, whose start was refused": (
        PLAIN,
        ("outage", {"service": "states", "seconds": 15.0, "outage_is": "is throttled"}),
        ("together", {"actors": ["async Standard", "async Standard"], "key": "a", "order": [0, 0, 1, 0]}),
    ),
}
