"""Text for people: tables, the summary of a job, pretty JSON, a refusal. Nothing here knows HTTP.

Whatever comes from the network is shown as text, never as Rich markup, and without terminal control characters.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import IO, Any, Final, NoReturn

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from flowport_cli.errors import Problem

JsonObject = Mapping[str, Any]
Columns = Mapping[str, Callable[[JsonObject], str]]

# Wide enough that nothing piped into another program is cut or wrapped.
_PIPE_WIDTH: Final = 10_000
# Above this, colouring costs more time than it gives.
_HIGHLIGHT_AT_MOST: Final = 200_000
# Columns of a ruled table stand apart by this much.
_BETWEEN: Final = 2
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_STYLES: Final[Mapping[str, str]] = {
    "ACCEPTED": "cyan",
    "RUNNING": "cyan",
    "SUCCEEDED": "green",
    "CAUGHT": "yellow",
    "FAILED": "red",
    "TIMED_OUT": "red",
    "ABORTED": "yellow",
    "active": "green",
    "disabled": "yellow",
    "revoked": "yellow",
    "expired": "yellow",
}
_SOURCES: Final[Mapping[str, str]] = {
    "gateway": "gateway (nothing was started and nothing will be)",
    "workflow": "workflow (the run itself failed)",
    "unknown": "unknown (it cannot be told whether anything was started)",
}


class PipeConsole(Console):
    """A console that leaves a closed pipe to the command, which knows its exit code."""

    def on_broken_pipe(self) -> NoReturn:
        """Raise what the write raised."""
        self.quiet = True
        raise BrokenPipeError


def console() -> Console:
    """Give the console on stdout."""
    return _console(stderr=False)


def error_console() -> Console:
    """Give the console on stderr."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    return PipeConsole(stderr=stderr, width=None if on_terminal(sys.stderr if stderr else sys.stdout) else _PIPE_WIDTH)


def on_terminal(stream: IO[str]) -> bool:
    """Whether a person sees this. FORCE_COLOR makes Rich say so of pipes too, so Rich is not asked."""
    return stream.isatty()


def show_document(content: bytes, *, newline: bool = False) -> None:
    """Write a document to stdout byte for byte; on a terminal a newline follows."""
    typer.echo(content, nl=newline or (bool(content) and on_terminal(sys.stdout)))


def printable(text: object) -> str:
    """Give text that a terminal cannot take for commands."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def styled(status: str) -> Text:
    """Give a status in its colour."""
    return Text(printable(status), style=_STYLES.get(status, ""))


def pretty_json(value: object) -> str:
    """Indented JSON whose strings are readable, control characters and lone surrogates escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    text = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode(errors="backslashreplace").decode()


def show_json(value: object) -> None:
    """Print a JSON value on stdout, coloured on a terminal."""
    text, out = pretty_json(value), console()
    if out.is_terminal and len(text) <= _HIGHLIGHT_AT_MOST:
        out.print(JSONHighlighter()(Text(text)), soft_wrap=True)
    else:
        typer.echo(text)


def show_table(columns: Columns, rows: Iterable[JsonObject]) -> None:
    """Print one line for each row: ruled on a terminal, bare columns in a pipe.

    A terminal that is too narrow for the lines shows each row as a block of names and values.
    """
    cells = [[cell(row) for cell in columns.values()] for row in rows]
    seen = on_terminal(sys.stdout)
    # People need the room more than empty columns; programs need the same columns every time.
    shown = [number for number in range(len(columns)) if not seen or any(line[number] for line in cells)]
    out = console()
    heads = [list(columns)[number] for number in shown]
    if seen and _least_width(heads, [[line[number] for number in shown] for line in cells]) > out.width:
        _show_blocks(out, heads, [[line[number] for number in shown] for line in cells])
        return
    table = Table(box=box.SIMPLE_HEAD if seen else None, pad_edge=False, collapse_padding=True, header_style="bold")
    for number in shown:
        table.add_column(list(columns)[number], overflow="fold", no_wrap=number == 0)
    for line in cells:
        table.add_row(*(styled(line[number]) for number in shown))
    out.print(table)


def _least_width(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> int:
    """Give how wide a terminal must be for a table in which no word is broken; the first column has whole cells."""
    words = [[head, *(line[number] for line in lines)] for number, head in enumerate(heads)]
    split = [
        texts if number == 0 else [w for text in texts for w in text.split()] for number, texts in enumerate(words)
    ]
    return sum(max((cell_len(printable(word)) for word in column), default=0) + _BETWEEN for column in split)


def _show_blocks(out: Console, heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    longest = max(map(len, heads), default=0)
    for number, line in enumerate(lines):
        if number:
            out.print()
        for head, text in zip(heads, line, strict=True):
            if text:
                out.print(Text.assemble((f"{head.lower():<{longest}}  ", "bold"), styled(text)), soft_wrap=True)


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, leaving out what is not set."""
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value not in (None, "", [], {}):
            grid.add_row(Text(name, style="bold"), styled(cell_text(value)))
    console().print(grid)


def cell_text(value: object) -> str:
    """Give any JSON value as one cell."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return ", ".join(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def field(name: str) -> Callable[[JsonObject], str]:
    """Give a column that shows one member as it is."""
    return lambda row: cell_text(row.get(name))


def moment(name: str) -> Callable[[JsonObject], str]:
    """Give a column that shows a member which is a time."""
    return lambda row: when(row.get(name))


def when(time: object) -> str:
    """Give a time of the API's without fraction: 2026-11-22 02:19:59Z."""
    return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?", r"\1 \2", str(time)) if time else ""


def duration(milliseconds: object) -> str:
    """Give a duration as people say it: 212 ms, 3.2 s, 4 min 10 s."""
    if not isinstance(milliseconds, int | float):
        return ""
    if milliseconds < 1000:  # noqa: PLR2004
        return f"{milliseconds:g} ms"
    seconds = milliseconds / 1000
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def job_line(job: JsonObject) -> Text:
    """Sum a job up in one line."""
    line = Text.assemble(styled(str(job.get("status"))), "  job ", printable(job.get("id")))
    if job.get("endpoint"):
        line.append(f"  {printable(job['endpoint'])}")
    if job.get("duration_ms") is not None:
        line.append(f"  in {duration(job['duration_ms'])}")
    return line


def failure_text(error: object, cause: object) -> Text:
    """Show how a run failed; a cause that is JSON is indented."""
    lines = [f"  Error: {printable(error)}"] if error else []
    if cause:
        lines.append("  Cause: " + _readable_cause(str(cause)).replace("\n", "\n  "))
    return Text("\n".join(lines))


def _readable_cause(cause: str) -> str:
    try:
        value = json.loads(cause)
    except (ValueError, RecursionError):
        return printable(cause)
    return pretty_json(value) if isinstance(value, dict | list) else printable(cause)


def problem_text(problem: Problem, hint: str | None) -> Text:
    """Show a problem as one block: title, detail, every violation, the run's error, the source, what to do."""
    kind = f"{problem.status} {problem.kind}".rstrip()
    text = Text.assemble((f"{printable(problem.title)}", "bold red"), f" ({printable(kind)})")
    if problem.detail and problem.detail != problem.title:
        text.append(f"\n  {printable(problem.detail)}")
    for violation in problem.violations:
        text.append(f"\n  {printable(violation.pointer or '(whole document)')}: {printable(violation.message)}")
    if problem.error or problem.cause:
        text.append("\n").append_text(failure_text(problem.error, problem.cause))
    if problem.job_id:
        text.append(f"\n  Job: {printable(problem.job_id)}")
    if problem.source:
        text.append(f"\n  Source: {_SOURCES.get(problem.source, printable(problem.source))}", style="dim")
    return _with_hint(text, hint)


def refusal_text(message: str, hint: str | None) -> Text:
    """Show an error of the command's own."""
    return _with_hint(Text.assemble(("Error: ", "bold red"), printable(message)), hint)


def _with_hint(text: Text, hint: str | None) -> Text:
    if hint:
        text.append("\n  Hint: " + printable(hint).replace("\n", "\n  "), style="cyan")
    return text
