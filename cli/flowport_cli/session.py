"""One run of the command: what was asked for globally, where it speaks to, and where it writes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer

from flowport_cli.client import Answer, Client
from flowport_cli.config import DEFAULT_PROFILE, Profile, choose_profile, config_path
from flowport_cli.errors import About, ExitCode, ProblemAnswer, WrongUse
from flowport_cli.render import error_console, problem_text, refusal_text, show_document

AsJson = Annotated[
    bool, typer.Option("--json", help="Print the API's own document on stdout, unchanged, and nothing else there.")
]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many in one answer.")]
Cursor = Annotated[str | None, typer.Option(help="Go on from the cursor of an earlier answer.")]
All = Annotated[bool, typer.Option("--all", help="Follow the cursors to the end.")]
GET_A_TOKEN = "Run `flowport bootstrap`, or give --token, or set FLOWPORT_TOKEN."  # noqa: S105  # a sentence about tokens


@dataclass(frozen=True, slots=True)
class Tools:
    """What a test replaces: the network, AWS and the clock. Given to the command as its click `obj`."""

    transport: httpx.BaseTransport | None = None
    aws: Callable[[str, str | None], Any] | None = None  # service, region -> boto3 client
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class Session:
    """The global options, and what is opened from them when it is first needed."""

    ctx: typer.Context
    tools: Tools
    profile_name: str | None
    profile_was_named: bool
    base_url: str | None
    token: str | None
    json: bool = False
    _client: Client | None = field(default=None, repr=False)

    def client(self, *, needs_token: bool = True) -> Client:
        """Open the API; it is closed when the command ends.

        Raises:
            WrongUse: nothing says where it is, or who is calling.
        """
        if self._client is None:
            self._client = self.ctx.find_root().with_resource(self._open(needs_token=needs_token))
            if self._client.sends_token_in_clear:
                self.note(f"Warning: {self._client.base_url} is not encrypted; the token can be read on the way.")
        return self._client

    def _open(self, *, needs_token: bool) -> Client:
        profile = Profile()
        if not (self.base_url and self.token):
            profile = choose_profile(config_path(), self.profile_name)
        overridden = [name for name, value in (("base URL", self.base_url), ("token", self.token)) if value]
        if self.profile_was_named and overridden:
            self.note(
                f"Not from the profile {self.profile_name!r} but from an option or the environment:"
                f" {' and '.join(overridden)}."
            )
        base_url = self.base_url or profile.base_url
        token = self.token or profile.token
        if not base_url:
            raise WrongUse(
                "It is not known where Flowport is: there is no base URL.",
                hint="Run `flowport bootstrap`, or give --base-url, or set FLOWPORT_BASE_URL.",
            )
        if needs_token and not token:
            raise WrongUse(
                f"There is no token: none is given, and the profile {self.profile_name or DEFAULT_PROFILE!r} has none.",
                hint=GET_A_TOKEN,
            )
        return Client(base_url, token, self.tools.transport)

    def about(self, *, endpoint: str = "MODULE/NAME", listing: str = "flowport endpoints list") -> About:
        """Say what the next request is about, for the hint that goes with its refusal."""
        return About(endpoint=endpoint, listing=listing, workspace=self.client().workspace or "WORKSPACE")

    def emit(self, answer: Answer, *, separate: bool = False) -> None:
        """Write the API's document to stdout; `separate` when another one follows."""
        show_document(answer.content, newline=separate)

    def note(self, text: str) -> None:
        """Tell people something; it goes to stderr."""
        error_console().print(text, soft_wrap=True, markup=False, highlight=False)

    def explain(self, error: ProblemAnswer) -> ExitCode:
        """Show a problem: the readable block on stderr and, with --json, its document on stdout."""
        if self.json:
            show_document(error.content)
        error_console().print(problem_text(error.problem, error.hint), soft_wrap=True)
        return error.problem.exit_code

    def refuse(self, message: str, hint: str | None) -> None:
        """Show an error that is no problem document."""
        error_console().print(refusal_text(message, hint), soft_wrap=True)


def session_of(ctx: typer.Context, *, as_json: bool = False) -> Session:
    """Give the session that the root command opened; --json counts before and after the command's name."""
    session = ctx.find_object(Session)
    if session is None:  # the root callback makes it before any command runs
        raise RuntimeError("a command was started without the root command")
    session.json = session.json or as_json
    return session
