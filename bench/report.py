"""Tables for people, JSON for programs."""

import json
import statistics
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import OUT

# Tables need their width where nobody looks at a terminal, too.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
    """Print a table; the first column is text, the others are figures."""
    drawn = Table(title=title, caption=caption or None, title_justify="left", caption_justify="left")
    for index, column in enumerate(columns):
        drawn.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*map(str, row))
    console.print(drawn)
    console.print()


def save(name: str, result: Any) -> None:  # noqa: ANN401  # any JSON value
    """Write a section's result to bench/out/."""
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def verdict(*, met: bool) -> str:
    """Say whether a target is met."""
    return "[green]ok[/]" if met else "[bold red]over[/]"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Write a median with the least and the greatest."""
    return f"{statistics.median(values):.{digits}f}  ({min(values):.{digits}f}-{max(values):.{digits}f})"


def middle(values: Sequence[float]) -> str:
    """Write a median with the quartiles, for samples with outliers that say nothing."""
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.2f}  ({low:.2f}-{high:.2f})"
