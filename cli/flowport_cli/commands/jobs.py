"""`flowport jobs …`: what has run, what is running, and how it went."""

from typing import Annotated, Any, Final

import typer

from flowport_cli.client import check
from flowport_cli.errors import About
from flowport_cli.inputs import labels_header
from flowport_cli.listing import show_list
from flowport_cli.render import (
    Columns,
    JsonObject,
    cell_text,
    duration,
    field,
    moment,
    printable,
    show_facts,
    show_json,
    show_table,
    when,
)
from flowport_cli.results import end_with, follow, has_ended, show_end, show_outcome
from flowport_cli.session import All, AsJson, Cursor, Limit, session_of
from flowport_cli.watch import MAX_WAIT, exit_code_of

app = typer.Typer(
    help="Jobs: list, show, watch, cancel, redrive, delete; their input, output, steps, deliveries, and resend.",
    no_args_is_help=True,
)
JobId = Annotated[str, typer.Argument(help="Job id, execution ARN or request id.", metavar="JOB")]
_ABOUT: Final = About(listing="flowport jobs list")
_LIST_COLUMNS: Final[Columns] = {
    "JOB": field("id"),
    "ENDPOINT": field("endpoint"),
    "STATUS": field("status"),
    "MODE": field("mode"),
    "CREATED": moment("created_at"),
    "DURATION": lambda job: duration(job.get("duration_ms")),
    "LABELS": lambda job: _labels(job.get("labels")),
    "ERROR": field("error"),
}
_STEP_COLUMNS: Final[Columns] = {
    "STEP": field("name"),
    "TYPE": field("type"),
    "STATUS": field("status"),
    "STARTED": moment("started_at"),
    "ENDED": moment("finished_at"),
    "ATTEMPTS": field("attempts"),
    "ERROR": field("error"),
}


@app.command("list")
def list_jobs(
    ctx: typer.Context,
    endpoint: Annotated[str | None, typer.Option(help="Only of this endpoint.", metavar="MODULE/NAME")] = None,
    status: Annotated[str | None, typer.Option(help="Only of this status.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only with this label; repeatable.", metavar="KEY=VALUE")
    ] = None,
    created_after: Annotated[str | None, typer.Option(help="Only later: 2026-11-22T00:00:00Z", metavar="TIME")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    labels = label or []
    labels_header(labels)  # refuses what is no label
    asked = {"endpoint": endpoint, "status": status.upper() if status else None, "created_after": created_after}
    show_list(
        session_of(ctx, as_json=as_json),
        "v1",
        "jobs",
        columns=_LIST_COLUMNS,
        about=_ABOUT,
        query=[*((name, value) for name, value in asked.items() if value), *(("label", value) for value in labels)],
        limit=limit,
        cursor=cursor,
        everything=everything,
    )


@app.command()
def show(
    ctx: typer.Context,
    job_id: JobId,
    wait: Annotated[
        int | None,
        typer.Option(
            min=1, max=MAX_WAIT, help="Wait at most so many seconds for its end, which decides the exit code."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a job and its output."""
    session = session_of(ctx, as_json=as_json)
    query = [("wait", str(wait))] if wait else []
    answer = session.client(needs_token=False).send("GET", "v1", "jobs", job_id, query=query, about=_ABOUT)
    job = answer.document()
    if session.json:
        session.emit(answer)
    else:
        show_facts(_facts(job))
        show_outcome(job)
    if wait:
        end_with(exit_code_of(job))


@app.command()
def watch(
    ctx: typer.Context,
    job_id: JobId,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, help="Stop watching after so many seconds; the job goes on.", metavar="SECONDS"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow a job to its end: live on a terminal, one line for each change elsewhere.

    The exit code is the job's: 0 succeeded, 1 failed, timed out or aborted, 5 still running at the timeout.
    """
    session = session_of(ctx, as_json=as_json)
    answer = follow(session, job_id, timeout=timeout, on_stdout=True)
    end_with(show_end(session, answer, followed=True))


@app.command()
def cancel(ctx: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Cancel a job. AWS cannot stop an Express run: its job ends, the run itself goes on."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client(needs_token=False).send("POST", "v1", "jobs", job_id, "cancel", about=_ABOUT)
    if session.json:
        session.emit(answer)
    else:
        show_facts(_facts(answer.document()))
        session.note(str(answer.document().get("cause") or "Cancelled."))


@app.command()
def redrive(
    ctx: typer.Context,
    job_id: JobId,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same redrive again gives the same job.", metavar="KEY")
    ] = None,
    follow_: Annotated[bool, typer.Option("--follow", help="Follow the new job to its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Redrive an ended job: a new job goes on where it failed, or starts anew where AWS cannot go on.

    The new job's id goes to stdout.
    """
    session = session_of(ctx, as_json=as_json)
    headers = {"Idempotency-Key": key} if key is not None else {}
    client = session.client(needs_token=False)
    answer = client.exchange("POST", "v1", "jobs", job_id, "redrive", headers=headers)
    check(answer, _ABOUT)
    job = answer.document()
    resumed = answer.headers.get("Flowport-Redrive") == "resumed"
    session.note("It goes on where it had failed." if resumed else "It was started anew.")
    if follow_ or has_ended(job):
        end_with(show_end(session, follow(session, str(job["id"])), followed=True))
        return
    if session.json:
        session.emit(answer)
    else:
        typer.echo(printable(job["id"]))
    session.note(f"Follow it: flowport jobs watch {printable(job['id'])}")


@app.command()
def delete(ctx: typer.Context, job_id: JobId) -> None:
    """Delete an ended job with its input and output."""
    session = session_of(ctx)
    session.client(needs_token=False).send("DELETE", "v1", "jobs", job_id, about=_ABOUT)
    session.note(f"Deleted {job_id}.")


@app.command("input")
def show_input(ctx: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show what a job was started with."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client(needs_token=False).send("GET", "v1", "jobs", job_id, "input", about=_ABOUT)
    if session.json:
        session.emit(answer)
    else:
        show_json(answer.value())


@app.command("output")
def show_output(ctx: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show what a job's run gave, before the endpoint's output mapping."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client(needs_token=False).send("GET", "v1", "jobs", job_id, "output", about=_ABOUT)
    if session.json:
        session.emit(answer)
    else:
        show_json(answer.value())


@app.command()
def steps(ctx: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show the states that a job went through."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client(needs_token=False).send("GET", "v1", "jobs", job_id, "steps", about=_ABOUT)
    document = answer.document()
    found = document.get("steps")
    if session.json:
        session.emit(answer)
    elif isinstance(found, list) and found:
        show_table(_STEP_COLUMNS, found)
    else:
        session.note(str(document.get("reason") or "There are no steps yet."))


@app.command()
def deliveries(ctx: typer.Context, job_id: JobId, as_json: AsJson = False) -> None:
    """Show the deliveries of a job's callbacks."""
    session = session_of(ctx, as_json=as_json)
    answer = session.client(needs_token=False).send("GET", "v1", "jobs", job_id, "deliveries", about=_ABOUT)
    items = answer.document().get("items")
    if session.json:
        session.emit(answer)
    elif isinstance(items, list) and items:
        show_table(_DELIVERY_COLUMNS, items)
    else:
        session.note("The job has no callbacks.")


@app.command()
def resend(
    ctx: typer.Context,
    job_id: JobId,
    number: Annotated[int, typer.Argument(min=1, help="Which delivery, as `deliveries` numbers them.", metavar="N")],
    as_json: AsJson = False,
) -> None:
    """Send one of an ended job's callbacks again."""
    session = session_of(ctx, as_json=as_json)
    client = session.client(needs_token=False)
    answer = client.send("POST", "v1", "jobs", job_id, "deliveries", str(number), "resend", about=_ABOUT)
    if session.json:
        session.emit(answer)
    session.note(f"Delivery {number} is sent again; `flowport jobs deliveries {job_id}` shows how it goes.")


def _last_attempt(delivery: JsonObject) -> str:
    attempts = delivery.get("attempts") or [{}]
    return cell_text(attempts[-1].get("http_status") or attempts[-1].get("error"))


_DELIVERY_COLUMNS: Final[Columns] = {
    "N": field("n"),
    "URL": field("url"),
    "STATUS": field("status"),
    "ATTEMPTS": lambda delivery: str(len(delivery.get("attempts") or ())),
    "LAST": _last_attempt,
    "NEXT": moment("next_attempt_at"),
}


def _labels(labels: object) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items()) if isinstance(labels, dict) else ""


def _facts(job: dict[str, Any]) -> dict[str, object]:
    return {
        "job": job.get("id"),
        "status": job.get("status"),
        "endpoint": job.get("endpoint"),
        "mode": job.get("mode"),
        "created": when(job.get("created_at")),
        "started": when(job.get("started_at")),
        "finished": when(job.get("finished_at")),
        "duration": duration(job.get("duration_ms")),
        "client job id": job.get("client_job_id"),
        "labels": _labels(job.get("labels")),
        "origin": cell_text(job.get("origin")),
        "execution": job.get("execution_arn"),
        "follow": None if has_ended(job) else f"flowport jobs watch {job.get('id')}",
    }
