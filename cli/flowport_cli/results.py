"""What people and the shell see when a job, or a call, has come to its answer."""

from collections.abc import Mapping
from typing import Any

import typer

from flowport_cli.client import Answer
from flowport_cli.errors import ExitCode
from flowport_cli.progress import progress_on
from flowport_cli.render import console, error_console, failure_text, job_line, show_json
from flowport_cli.session import Session
from flowport_cli.watch import ENDED, Watch, exit_code_of

_OF_A_JOB = frozenset({"id", "status", "links"})


def is_job(document: object) -> bool:
    """Tell a job's document from a bare output."""
    return isinstance(document, dict) and document.keys() >= _OF_A_JOB and isinstance(document["links"], dict)


def show_end(session: Session, answer: Answer, *, followed: bool = False) -> ExitCode:
    """Show an ended job: the line about it on stderr, its output on stdout (where a script wants it alone).

    A job that was followed has its line already.
    """
    job = answer.document()
    if session.json:
        session.emit(answer)
        return exit_code_of(job)
    if not followed:
        error_console().print(job_line(job), soft_wrap=True)
    show_outcome(job)
    return exit_code_of(job)


def show_outcome(job: Mapping[str, Any]) -> None:
    """Show a job's output, or how it failed."""
    if job.get("error") or job.get("cause"):
        error_console().print(failure_text(job.get("error"), job.get("cause")), soft_wrap=True)
    if job.get("status") == "SUCCEEDED":
        show_json(job.get("output"))


def follow(session: Session, job_id: str, *, timeout: float | None = None, on_stdout: bool = False) -> Answer:
    """Follow a job with a live display or plain lines; Ctrl-C leaves the job running and says so."""
    screen = console() if on_stdout and not session.json else error_console()
    try:
        with progress_on(screen, session.tools.now, session.tools.monotonic) as progress:
            return Watch(session.client(needs_token=False), session.tools, progress, timeout).until_end(job_id)
    except KeyboardInterrupt:
        session.note(f"The job goes on: flowport jobs watch {job_id}")
        raise


def end_with(code: ExitCode) -> None:
    """End the command with an exit code."""
    if code != ExitCode.OK:
        raise typer.Exit(code)


def has_ended(job: Mapping[str, Any]) -> bool:
    """Whether the job has reached its last status."""
    return job.get("status") in ENDED
