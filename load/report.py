"""The figures of a load: tables for people, JSON for programs."""

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from load.audit import Audit
from load.plan import EXPRESS
from load.session import Session

SHOWN_AT_MOST: Final = 20
PERCENTILES: Final = (50, 90, 99)
ENGINES_PAUSE_SECONDS: Final = 0.15
BY_MACHINE: Final = {"sync", "sync, fails", "async", "wait"}

# Tables need their width where nobody looks at a terminal, too.
console = Console(highlight=False, width=None if sys.stdout.isatty() else 130)


def percentile(values: Sequence[float], percent: int) -> float:
    """Give the least value that `percent` of all do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(len(ranked) * percent / 100) - 1)]


def figures(session: Session) -> dict[str, Any]:
    """Give everything that the tables are made of."""
    audit = _audit(session)
    calls = {call.number: call for call in session.calls}
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    seconds: dict[str, list[float]] = defaultdict(list)
    for seen in session.seen:
        call = calls[seen.number]
        machine = "Express" if call.endpoint == EXPRESS else "Standard"
        kind = f"{call.kind}, {machine}" if call.kind in BY_MACHINE else call.kind
        last = f", then {seen.then}" if seen.then else ""
        last += f" ({seen.source})" if seen.source and seen.outcome.startswith("5") else ""
        outcomes[kind][f"{seen.outcome} of the engine" if seen.engine else seen.outcome + last] += 1
        seconds[kind].append(seen.seconds)
    return {
        "seed": session.seed,
        "clients": session.clients,
        "calling_seconds": round(session.calling_seconds, 1),
        "draining_seconds": round(session.draining_seconds, 1),
        "audit": asdict(audit),
        "kinds": {
            kind: {
                "outcomes": dict(outcomes[kind].most_common()),
                "seconds": {f"p{percent}": round(percentile(seconds[kind], percent), 3) for percent in PERCENTILES}
                | {"max": round(max(seconds[kind]), 3)},
            }
            for kind in sorted(outcomes)
        },
        "engine": {
            "own_errors": sum(seen.engine for seen in session.seen),
            "most_workers": session.most_workers,
            "bare_start_sync_seconds": round(session.bare_seconds, 3),
            "bare_start_sync_under_load_seconds": round(session.bare_under_load_seconds, 3),
            "of_which_its_fixed_pause_seconds": ENGINES_PAUSE_SECONDS,
        },
    }


def show(session: Session) -> None:
    """Print the report."""
    audit, known = _audit(session), figures(session)
    per_second = audit.calls / session.calling_seconds
    console.print(
        f"\nseed {session.seed}: {audit.calls} calls from {session.clients} clients in {session.calling_seconds:.0f} s "
        f"({per_second:.1f} a second), all ended {session.draining_seconds:.0f} s later\n"
    )
    _show_kinds(known["kinds"])
    _show_counts(audit)
    engine = known["engine"]
    console.print(
        f"The engine's own: {engine['own_errors']} errors that never reached Flowport. A bare StartSyncExecution takes "
        f"it {engine['bare_start_sync_seconds']:.3f} s alone and {engine['bare_start_sync_under_load_seconds']:.3f} s "
        f"under this load, of which {ENGINES_PAUSE_SECONDS} s is its fixed pause. It had at most "
        f"{engine['most_workers']} workers.\n"
    )
    for name in ("lost", "doubled", "stuck", "contradicted"):
        for line in getattr(audit, name)[:SHOWN_AT_MOST]:
            console.print(f"[bold red]{name}[/]: {line}")


def _show_kinds(kinds: dict[str, Any]) -> None:
    drawn = Table(title="What callers saw, and after how many seconds", title_justify="left")
    drawn.add_column("call")
    drawn.add_column("answers", overflow="fold")
    for name in (*(f"p{percent}" for percent in PERCENTILES), "max"):
        drawn.add_column(name, justify="right")
    for kind, known in kinds.items():
        answers = "; ".join(f"{count} x {outcome}" for outcome, count in known["outcomes"].items())
        drawn.add_row(kind, answers, *(f"{seconds:.2f}" for seconds in known["seconds"].values()))
    console.print(drawn)


def _show_counts(audit: Audit) -> None:
    drawn = Table(title="What became of them", title_justify="left", show_header=False)
    drawn.add_column()
    drawn.add_column(justify="right")
    for name, count in (
        ("refusals (503: nothing was started) after which a call was made again", audit.refused_for_now),
        ("jobs that callers were told of", audit.accepted),
        ("jobs recorded (hang-ups too)", audit.recorded),
        ("jobs ended", audit.ended),
        ("runs started, by the workflows' own count", audit.started),
        ("of these, jobs whose outcome nobody knows", audit.unknown),
        ("callers who hung up", audit.hung_up),
        ("of these, calls that had arrived / whose job ended", f"{audit.hung_up_recorded} / {audit.hung_up_ended}"),
    ):
        drawn.add_row(name, str(count))
    drawn.add_section()
    for title in ("lost", "doubled", "stuck", "contradicted"):
        found = len(getattr(audit, title))
        drawn.add_row(title, f"[bold red]{found}[/]" if found else "[green]0[/]")
    console.print(drawn)


def _audit(session: Session) -> Audit:
    if session.audit is None:
        raise ValueError("The session has not been audited.")
    return session.audit
