"""`flowport publish`: a state machine becomes an endpoint."""

import json
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from flowport_cli import dialect_options as options
from flowport_cli import limit_options
from flowport_cli.commands import machines
from flowport_cli.commands.endpoints import show_endpoint
from flowport_cli.errors import About, WrongUse
from flowport_cli.inputs import ENDPOINT_HELP, endpoint_parts, given, read_json
from flowport_cli.session import AsJson, session_of

_CREATED = 201


class Mode(StrEnum):
    """What a call gets that prefers nothing."""

    SYNC = "sync"
    ASYNC = "async"


class View(StrEnum):
    """What a sync call's answer is made of."""

    JOB = "job"
    OUTPUT = "output"
    HTTP = "http"


class Method(StrEnum):
    """HTTP methods that run an endpoint."""

    GET = "GET"
    POST = "POST"


class Auth(StrEnum):
    """Ways in which a caller may say who it is."""

    NONE = "none"
    TOKEN = "token"  # noqa: S105  # the word, no secret
    PASSWORD = "password"  # noqa: S105  # the word, no secret


def publish(
    ctx: typer.Context,
    endpoint: Annotated[str, typer.Argument(help=ENDPOINT_HELP, metavar="MODULE/NAME")],
    machine: Annotated[
        list[str] | None,
        typer.Option(
            help="ARN of the state machine, perhaps with :VERSION or :ALIAS; its type is looked up. Repeatable: one of "
            "each type. Without any, those that may be published are listed.",
            metavar="ARN",
        ),
    ] = None,
    express: Annotated[str | None, typer.Option(help="ARN of the Express state machine.", metavar="ARN")] = None,
    standard: Annotated[str | None, typer.Option(help="ARN of the Standard state machine.", metavar="ARN")] = None,
    mode: Annotated[Mode | None, typer.Option(help="What a call gets by default.")] = None,
    view: Annotated[View | None, typer.Option(help="What a sync answer is made of by default.")] = None,
    method: Annotated[
        list[Method] | None, typer.Option(help="Allowed HTTP method; repeatable.", case_sensitive=False)
    ] = None,
    auth: Annotated[list[Auth] | None, typer.Option(help="Accepted authentication; repeatable.")] = None,
    ip_allow: Annotated[
        list[str] | None, typer.Option(help="Network that may call (CIDR); repeatable.", metavar="CIDR")
    ] = None,
    http_header: Annotated[
        list[str] | None,
        typer.Option(help="Response header that the view http may set; repeatable.", metavar="NAME"),
    ] = None,
    log_group: Annotated[
        str | None, typer.Option(help="Log group of the Express machine, for `flowport jobs steps`.", metavar="NAME")
    ] = None,
    time_limit: Annotated[
        int | None, typer.Option(min=1, help="Stop each run after so many seconds.", metavar="SECONDS")
    ] = None,
    keep_jobs_days: Annotated[
        int | None, typer.Option(min=2, help="Keep each job so many days from its end.", metavar="DAYS")
    ] = None,
    keep_payloads_days: Annotated[
        int | None, typer.Option(min=0, help="Keep inputs and outputs so many days; 0: not at all.", metavar="DAYS")
    ] = None,
    callback_url: Annotated[
        str | None, typer.Option(help="Send the end of every job to this https URL.", metavar="URL")
    ] = None,
    callback_host: Annotated[
        list[str] | None,
        typer.Option(help="Host that a call's Callback-Url may name (*.example.com too); repeatable.", metavar="HOST"),
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(
            help="Origin whose pages may call and read the jobs, besides the stack's own (* for all); repeatable.",
            metavar="ORIGIN",
        ),
    ] = None,
    sample: Annotated[
        str | None, typer.Option(help="Sample input for `flowport call --sample`.", metavar="JSON|@FILE")
    ] = None,
    input_schema: Annotated[
        Path | None, typer.Option(help="JSON Schema (2020-12) that inputs must fit.", metavar="FILE")
    ] = None,
    output_schema: Annotated[
        Path | None, typer.Option(help="JSON Schema (2020-12) of what callers get, for OpenAPI.", metavar="FILE")
    ] = None,
    output_mapping: Annotated[
        str | None, typer.Option(help="JMESPath expression that makes of the output what callers get.", metavar="EXPR")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title for people.")] = None,
    rate: limit_options.Rate = None,
    concurrent: limit_options.Concurrent = None,
    alias: options.Aliases = None,
    parameter: options.Parameters = None,
    argument: options.Arguments = None,
    phixflow: options.PhixFlow = False,
    output_name: options.OutputName = None,
    success_message: options.SuccessMessage = None,
    fail_message: options.FailMessage = None,
    timeout_ms: options.TimeoutMs = None,
    per_record: options.PerRecord = False,
    abandon_at_timeout: options.AbandonAtTimeout = False,
    empty_output_is_none: options.EmptyOutputIsNone = False,
    disabled: Annotated[bool, typer.Option("--disabled", help="Publish it switched off.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish a workflow as MODULE/NAME, or replace what is published there.

    What is not given goes back to its default, so that the same command always gives the same endpoint.
    """
    session = session_of(ctx, as_json=as_json)
    module, name = endpoint_parts(endpoint)
    if machine and (express or standard):
        raise WrongUse("--machine says which machines there are; leave out --express and --standard.")
    if machine:
        looked_up = machines.fields_of(session, machine)
        express, standard = looked_up.get("express_arn"), looked_up.get("standard_arn")
    if not express and not standard:
        raise machines.offer(session)
    document = given(
        title=title,
        express_arn=express,
        standard_arn=standard,
        mode=mode,
        view=view,
        methods=method,
        auth=auth,
        ip_allow=ip_allow,
        http_headers=http_header,
        log_group=log_group,
        time_limit=time_limit,
        aliases=alias,
        parameters=[options.parameter(text) for text in parameter or ()],
        keep_jobs_days=keep_jobs_days,
        keep_payloads_days=keep_payloads_days,
        callback_url=callback_url,
        callback_hosts=callback_host,
        cors=cors_origin,
        input_schema=_schema(input_schema, "input schema"),
        output_schema=_schema(output_schema, "output schema"),
        output_mapping=output_mapping,
        limits=limit_options.limits(rate, concurrent),
    )
    said = options.dialects(
        iolinker={"empty_output_is_none": empty_output_is_none},
        phixflow={
            "output_name": output_name,
            "success_message": success_message,
            "fail_message": fail_message,
            "timeout_ms": timeout_ms,
            "per_record": per_record,
            "abandon_at_timeout": abandon_at_timeout,
        },
        arguments=argument,
        marked=phixflow,
    )
    if said:
        document["dialects"] = said
    if sample is not None:
        document["sample"] = json.loads(read_json(sample, "sample"))
    document["enabled"] = not disabled
    client = session.client()
    about = About(
        endpoint=endpoint,
        workspace=client.workspace or "WORKSPACE",
        arns=given(**{"/express_arn": express, "/standard_arn": standard}),
    )
    answer = client.send("PUT", "v1", "admin", "endpoints", module, name, body=document, about=about)
    if session.json:
        session.emit(answer)
    else:
        show_endpoint(answer.document())
    done = "Published" if answer.status == _CREATED else "Replaced"
    url = client.url("v1", "run", module, name)
    session.note(f"{done}. It is called with POST {url} or `flowport call {shlex.quote(endpoint)}`.")


def _schema(path: Path | None, what: str) -> Any:  # noqa: ANN401  # any JSON value
    return None if path is None else json.loads(read_json(f"@{path}", what))
