"""A job's way as people see it: a live display on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from flowport_cli.render import duration, job_line, on_terminal, printable, styled

Job = dict[str, Any]
Steps = Sequence[dict[str, Any]]

# Lines of a terminal that the steps leave for the job, their own heading and what stood there before.
_OTHER_LINES: Final = 6
_LEAST_STEPS: Final = 3
_OPEN: Final = frozenset({"ACCEPTED", "RUNNING"})


class Progress(Protocol):
    """Where the state of a followed job is shown."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing."""

    def show(self, job: Job, steps: Steps) -> None:
        """Show the present state."""

    def note(self, text: str) -> None:
        """Say something beside it."""


def progress_on(console: Console, now: Callable[[], datetime], monotonic: Callable[[], float]) -> Progress:
    """Choose the way of showing that fits the console."""
    if on_terminal(console.file) and not console.is_dumb_terminal:
        return LiveProgress(console, now)
    return LineProgress(console, monotonic)


class LineProgress:
    """One line whenever the job or a step changes, with the seconds since the watch began."""

    def __init__(self, console: Console, monotonic: Callable[[], float]) -> None:
        """Write to `console`."""
        self._console = console
        self._monotonic = monotonic
        self._began = monotonic()
        self._status = ""
        self._steps: list[str] = []

    def __enter__(self) -> Self:
        """Lines need no beginning."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lines need no end."""

    def show(self, job: Job, steps: Steps) -> None:
        """Write what has changed."""
        for number, step in enumerate(steps):
            status = str(step.get("status"))
            if number < len(self._steps) and self._steps[number] == status:
                continue
            self._steps[number : number + 1] = [status]
            self._line("step", status, f"{step.get('name')} ({step.get('type')})", step.get("error"))
        status = str(job.get("status"))
        if status != self._status:
            self._status = status
            self._line("job", status, str(job.get("id")), job.get("error"))

    def note(self, text: str) -> None:
        """Write it as a line."""
        self._console.print(Text(printable(text)), soft_wrap=True)

    def _line(self, what: str, status: str, name: str, error: object) -> None:
        seconds = f"+{self._monotonic() - self._began:.0f}s"
        line = f"{seconds:>6}  {what:<4}  {status:<9}  {name}" + (f"  {error}" if error else "")
        self._console.print(Text(printable(line)), soft_wrap=True)


class LiveProgress:
    """A display that is drawn again and again: status, elapsed time, the latest steps."""

    def __init__(self, console: Console, now: Callable[[], datetime]) -> None:
        """Draw on `console`."""
        self._console = console
        self._now = now
        self._first_seen = now()
        self._spinner = Spinner("dots")
        self._job: Job = {}
        self._steps: Steps = []
        self._live = Live(self, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state standing."""
        self._live.stop()

    def show(self, job: Job, steps: Steps) -> None:
        """Keep it for the next drawing, which comes at once."""
        self._job, self._steps = job, steps or self._steps
        self._live.refresh()

    def note(self, text: str) -> None:
        """Write above the display."""
        self._console.print(Text(printable(text), style="yellow"))

    def __rich__(self) -> RenderableType:
        """Draw the present state."""
        if not self._job:
            return self._spinner
        line = job_line(self._job)
        if self._job.get("status") not in _OPEN:
            return Group(line, *self._steps_shown())
        line.append(f"  {duration(self._elapsed_ms())}")
        self._spinner.update(text=line)
        return Group(self._spinner, *self._steps_shown())

    def _elapsed_ms(self) -> int:
        """Time since the job was accepted, if the clocks here and there agree, else since it is being watched."""
        now = self._now()
        try:
            since = min(datetime.fromisoformat(str(self._job.get("created_at"))), self._first_seen)
        except (ValueError, TypeError):
            since = self._first_seen
        return max(0, round((now - since).total_seconds())) * 1000

    def _steps_shown(self) -> Sequence[RenderableType]:
        if not self._steps:
            return []
        shown = max(_LEAST_STEPS, self._console.height - _OTHER_LINES)
        table = Table.grid(padding=(0, 2))
        if len(self._steps) > shown:
            table.add_row(Text(f"  … {len(self._steps) - shown} earlier", style="dim"))
        for step in self._steps[-shown:]:
            table.add_row(
                "  " + printable(step.get("name")),
                Text(printable(step.get("type")), style="dim"),
                styled(str(step.get("status"))),
                Text(printable(step.get("error") or ""), style="red"),
            )
        return [table]
