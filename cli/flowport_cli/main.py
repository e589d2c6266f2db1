"""The root command: global options, and the one place where errors become exit codes."""

import contextlib
import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup, TyperOption

from flowport_cli import VERSION
from flowport_cli.commands import (
    api_keys,
    apply,
    audit,
    bootstrap,
    call,
    clients,
    doctor,
    endpoints,
    jobs,
    keys,
    machines,
    metrics,
    publish,
    resume,
    tokens,
    users,
    validate,
    webhook_secrets,
    workspaces,
)
from flowport_cli.errors import CommandError, ExitCode, ProblemAnswer
from flowport_cli.session import Session, Tools

_EPILOG = (
    "Exit codes: 0 ok, 1 the workflow failed, 2 wrong use, 3 refused, 4 not reachable or a server's error, "
    "5 still running, 6 the doctor found something."
)


class FlowportGroup(TyperGroup):
    """Ends every command with a sentence and an exit code, never with a trace."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401  # typer's own signature
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ProblemAnswer as error:
            raise typer.Exit(_session(ctx).explain(error)) from error
        except CommandError as error:
            _session(ctx).refuse(error.message, error.hint)
            raise typer.Exit(error.exit_code) from error
        except (KeyboardInterrupt, typer.Abort) as error:
            raise typer.Exit(ExitCode.INTERRUPTED) from error
        except BrokenPipeError as error:
            _silence_stdout()
            raise typer.Exit(ExitCode.PIPE_CLOSED) from error


def _type_shown(option: TyperOption, ctx: Any) -> str | None:  # noqa: ANN401  # typer's own context
    """Give what the help shows behind an option: nothing behind a switch, which takes no value."""
    return None if option.is_flag else _typers_own(option, ctx)


_typers_own = TyperOption.display_type_rich
# Typer shows a switch as `--json <bool>`, and has no setting for it.
TyperOption.display_type_rich = _type_shown  # type: ignore[assignment, method-assign]


def _session(ctx: typer.Context) -> Session:
    session = ctx.obj
    if not isinstance(session, Session):  # the callback below sets it before any command can fail
        raise TypeError("the root command has no session")
    return session


def _silence_stdout() -> None:
    """Keep the interpreter's last flush from meeting the closed pipe again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"flowport {VERSION}")
        raise typer.Exit


app = typer.Typer(
    cls=FlowportGroup,
    name="flowport",
    help="Publish Step Functions workflows as HTTP APIs, call them, watch their jobs.",
    epilog=_EPILOG,
    no_args_is_help=True,
    # A trace with local variables could show a token.
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
)


@app.callback()
def root(
    ctx: typer.Context,
    profile: Annotated[
        str | None, typer.Option(envvar="FLOWPORT_PROFILE", help="Profile of the profile file.", metavar="NAME")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(envvar="FLOWPORT_BASE_URL", help="Where Flowport is, with its stage.", metavar="URL"),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="FLOWPORT_TOKEN",
            help="Who is calling. Others on this machine can see options: prefer the environment or a profile.",
            metavar="TOKEN",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the API's own documents on stdout.")] = False,
    version: Annotated[  # noqa: ARG001  # its callback does it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Publish Step Functions workflows as HTTP APIs, call them, watch their jobs."""
    source = ctx.get_parameter_source("profile")
    ctx.obj = Session(
        ctx=ctx,
        tools=ctx.obj if isinstance(ctx.obj, Tools) else Tools(),
        profile_name=profile or None,
        profile_was_named=source is not None and source.name == "COMMANDLINE",
        base_url=base_url or None,
        token=token or None,
        json=as_json,
    )


app.command("bootstrap")(bootstrap.bootstrap)
app.command("doctor")(doctor.doctor)
app.command("publish")(publish.publish)
app.command("machines")(machines.machines)
app.command("metrics")(metrics.metrics)
app.command("apply")(apply.apply)
app.command("export")(apply.export)
app.command("call")(call.call)
app.command("validate")(validate.validate)
app.command("resume")(resume.resume)
app.command("audit")(audit.audit)
app.command("enable")(endpoints.enable)
app.command("disable")(endpoints.disable)
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(tokens.app, name="tokens")
app.add_typer(users.app, name="users")
app.add_typer(clients.app, name="clients")
app.add_typer(api_keys.app, name="api-keys")
app.add_typer(keys.app, name="keys")
app.add_typer(webhook_secrets.app, name="webhook-secrets")
app.add_typer(workspaces.app, name="workspaces")
app.add_typer(jobs.app, name="jobs")
