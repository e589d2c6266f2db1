"""`flowport doctor`: whether a deployed stack is in order, and what to do where it is not."""

from typing import Annotated, Any, Final

import typer

from flowport_cli.errors import ExitCode, ProblemAnswer, Unreachable, WrongUse
from flowport_cli.render import Columns, field, show_json, show_table
from flowport_cli.session import AsJson, Session, session_of

_COLUMNS: Final[Columns] = {
    "STATUS": field("status"),
    "CHECK": field("check"),
    "ABOUT": field("about"),
    "FOUND": field("message"),
    "WHAT TO DO": field("advice"),
}


def doctor(
    ctx: typer.Context,
    stack: Annotated[str, typer.Option(help="Name of the CloudFormation stack.")] = "flowport",
    region: Annotated[str | None, typer.Option(help="AWS region; else as the AWS tools find it.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show also what is in order.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check a deployed stack: tables, functions, rules, alarms, keys, consent tags, the API and the clock.

    Needs AWS credentials that may read the stack. With an administrator's token (a profile, say) the API is called,
    too, and the machines of the workspace's endpoints are checked. Nothing is changed. Ends with 6 if something failed.
    """
    session = session_of(ctx, as_json=as_json)
    # boto3 takes longer to import than every other command takes to run.
    from flowport_cli import bootstrap as aws  # noqa: PLC0415
    from flowport_cli import doctor as checks  # noqa: PLC0415

    make = session.tools.aws or aws.aws_client
    made: dict[str, Any] = {}

    def clients(service: str) -> Any:  # noqa: ANN401  # a boto3 client
        if service not in made:
            made[service] = make(service, region)
        return made[service]

    aws.find_stack(stack, region, make)  # with the sentences for what is no stack, or cannot be reached
    findings, published = _api(session)
    date = clients("cloudformation").describe_stacks(StackName=stack)["ResponseMetadata"]["HTTPHeaders"].get("date")
    findings.append(checks.clock("clock", date, session.tools.now()))
    deployed = aws.guarded(lambda: checks.read_stack(stack, clients("cloudformation")))
    findings += checks.examine(deployed, clients, published)
    _show(session, stack, findings, everything=everything)


def _api(session: Session) -> tuple[list[Any], list[Any]]:
    """Ask the API for the workspace's endpoints, where there is a token."""
    from flowport_cli.doctor import Finding, Published, Status  # noqa: PLC0415

    try:
        client = session.client()
    except WrongUse as error:
        message = "Not called, and no consent tags checked: there is no token."
        return [Finding("api", "unknown", "", message, error.hint or "")], []
    found: list[Published] = []
    cursor: str | None = None
    try:
        while True:
            query = [("limit", "100"), *([("cursor", cursor)] if cursor else [])]
            page = client.send("GET", "v1", "admin", "endpoints", query=query, about=session.about()).document()
            for one in page["items"]:
                arns = tuple(one[name] for name in ("express_arn", "standard_arn") if one.get(name))
                found.append(Published(client.workspace or "", one["endpoint"], arns))
            cursor = page.get("cursor")
            if not cursor:
                return [Finding("api", "ok", client.base_url, "The API answers.")], found
    except ProblemAnswer as error:
        kept = error.problem
        status: Status = "failed" if kept.exit_code == ExitCode.UNREACHABLE else "warning"
        return [Finding("api", status, client.base_url, f"{kept.status} {kept.title}", error.hint or "")], []
    except Unreachable as error:
        return [Finding("api", "failed", client.base_url, error.message, error.hint or "")], []


def _show(session: Session, stack: str, findings: list[Any], *, everything: bool) -> None:
    counts = {status: sum(one.status == status for one in findings) for status in ("failed", "warning", "unknown")}
    healthy = not counts["failed"]
    if session.json:
        show_json({"stack": stack, "healthy": healthy, "findings": [one.document() for one in findings]})
    else:
        shown = [one.document() for one in findings if everything or one.status != "ok"]
        if shown:
            show_table(_COLUMNS, shown)
        said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        session.note(f"{len(findings)} findings: {said or 'everything is in order'}.")
    if not healthy:
        raise typer.Exit(ExitCode.UNHEALTHY)
