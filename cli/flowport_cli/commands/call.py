"""`flowport call`: run an endpoint as any HTTP client would, and show what comes back."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer

from flowport_cli.client import CALL_READ_TIMEOUT, Answer, check
from flowport_cli.commands.publish import Method, View
from flowport_cli.errors import About, ExitCode, Unreachable, WrongUse
from flowport_cli.inputs import ENDPOINT_HELP, endpoint_parts, labels_header, query_of, read_json
from flowport_cli.render import printable, show_json
from flowport_cli.results import end_with, follow, has_ended, is_job, show_end
from flowport_cli.session import AsJson, Session, session_of
from flowport_cli.watch import MAX_WAIT

_ACCEPTED = 202
_REDIRECT = 300
_NOTHING = b"{}"


def call(
    ctx: typer.Context,
    endpoint: Annotated[str, typer.Argument(help=ENDPOINT_HELP, metavar="MODULE/NAME")],
    input_: Annotated[
        str | None,
        typer.Argument(help="The input: JSON, @FILE, or - for stdin. Else {}.", metavar="JSON|@FILE|-"),
    ] = None,
    async_: Annotated[bool, typer.Option("--async", help="Take a job at once; do not wait for its end.")] = False,
    wait: Annotated[
        int | None, typer.Option(min=1, max=MAX_WAIT, help="Wait at most so many seconds, then take a job.")
    ] = None,
    view: Annotated[View | None, typer.Option(help="What the answer is made of.")] = None,
    sample: Annotated[bool, typer.Option("--sample", help="Send the sample stored with the endpoint.")] = False,
    label: Annotated[list[str] | None, typer.Option(help="Label of the job; repeatable.", metavar="KEY=VALUE")] = None,
    method: Annotated[
        Method, typer.Option(case_sensitive=False, help="With GET, the input becomes query parameters.")
    ] = Method.POST,
    key: Annotated[
        str | None, typer.Option(help="Idempotency key: the same call again gives the same job.", metavar="KEY")
    ] = None,
    job_name: Annotated[
        str | None, typer.Option("--client-job-id", help="Your own name for the job, unique per endpoint.")
    ] = None,
    deadline: Annotated[
        int | None, typer.Option(min=1, help="Stop the run after so many seconds.", metavar="SECONDS")
    ] = None,
    follow_: Annotated[bool, typer.Option("--follow", help="When a job is given, follow it to its end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Call an endpoint and show its output.

    Without --async and --wait the endpoint's own mode decides. The output goes to stdout, everything else to stderr.
    A job that has not ended is shown by its id: exit code 5 if its end was wanted, 0 if the endpoint or --async
    wanted a job.
    """
    session = session_of(ctx, as_json=as_json)
    parts = endpoint_parts(endpoint)
    if async_ and wait is not None:
        raise WrongUse("--async does not wait, --wait does: give one of them.")
    if sample and input_ is not None:
        raise WrongUse("--sample sends the stored input: give it or an input, not both.")
    client = session.client(needs_token=sample)
    about = session.about(endpoint=endpoint)
    content = _sample(session, parts, about) if sample else _NOTHING if input_ is None else read_json(input_, "input")
    named = {
        "Flowport-Labels": labels_header(label) if label else None,
        "Idempotency-Key": key,
        "Client-Job-Id": job_name,
        "Flowport-Deadline": None if deadline is None else str(deadline),
    }
    headers = {name: value for name, value in named.items() if value is not None}
    if async_ or wait is not None:
        headers["Prefer"] = "respond-async" if async_ else f"wait={wait}"
    query = [("view", view.value)] if view else []
    try:
        answer = client.exchange(
            method.value,
            *("v1", "run", *parts),
            query=[*query, *(query_of(content) if method is Method.GET else [])],
            body=None if method is Method.GET else content,
            headers=headers,
            read_timeout=CALL_READ_TIMEOUT,
        )
    except (Unreachable, KeyboardInterrupt):
        session.note(f"If the run was started, it goes on: flowport jobs list --endpoint {endpoint}")
        raise
    end_with(
        _show(
            session,
            answer,
            about,
            # Without a preference the endpoint's own mode has spoken.
            job_is_fine=lambda mode: async_ or (wait is None and mode == "async"),
            follow_=follow_,
        )
    )


def _sample(session: Session, parts: tuple[str, str], about: About) -> bytes:
    answer = session.client().send("GET", "v1", "admin", "endpoints", *parts, about=about)
    sample = answer.document().get("sample")
    if sample is None:
        raise WrongUse(
            f"The endpoint {about.endpoint} has no sample.",
            hint=f"Store one with `flowport publish {about.endpoint} … --sample JSON`, or give the input itself.",
        )
    return json.dumps(sample).encode()


def _show(
    session: Session, answer: Answer, about: About, *, job_is_fine: Callable[[object], bool], follow_: bool
) -> ExitCode:
    """Show the answer to a run, following its job if that is wanted."""
    if _made_by_workflow(answer):
        return _show_http(session, answer)
    if answer.failed or answer.status >= _REDIRECT:
        check(answer, about)
    value = answer.value()
    if answer.status == _ACCEPTED and isinstance(value, dict) and "id" in value and not has_ended(value):
        if follow_:
            return show_end(session, follow(session, str(value["id"])), followed=True)
        return _show_accepted(session, answer, value, wanted=job_is_fine(value.get("mode")))
    if is_job(value):
        return show_end(session, answer)
    _show_value(session, answer, value)
    return ExitCode.OK


def _show_value(session: Session, answer: Answer, value: object) -> None:
    if session.json:
        session.emit(answer)
    else:
        show_json(value)


def _made_by_workflow(answer: Answer) -> bool:
    """Tell an answer that the workflow itself made (view http) from the API's own and from a proxy's.

    Flowport sends it with the job's id and nosniff, and its own errors with Flowport-Error-Source.
    """
    return (
        "Flowport-Job-Id" in answer.headers
        and answer.headers.get("X-Content-Type-Options") == "nosniff"
        and "Flowport-Error-Source" not in answer.headers
    )


def _show_http(session: Session, answer: Answer) -> ExitCode:
    """Show an answer of the workflow's own: its body as it is; its status decides."""
    if answer.media_type.endswith("json"):
        _show_value(session, answer, answer.value())
    else:
        typer.echo(answer.content, nl=False)
    if answer.status < _REDIRECT:
        return ExitCode.OK
    location = answer.headers.get("Location")
    session.note(f"The workflow answered HTTP {answer.status}" + (f" to {location}." if location else "."))
    return ExitCode.WORKFLOW_FAILED if answer.failed else ExitCode.OK


def _show_accepted(session: Session, answer: Answer, job: dict[str, Any], *, wanted: bool) -> ExitCode:
    """Show a job that has not ended: its id alone on stdout."""
    job_id = printable(job["id"])
    if session.json:
        session.emit(answer)
    else:
        typer.echo(job_id)
    session.note(f"{'Accepted' if wanted else 'Still running'}. Follow it: flowport jobs watch {job_id}")
    return ExitCode.OK if wanted else ExitCode.STILL_RUNNING
