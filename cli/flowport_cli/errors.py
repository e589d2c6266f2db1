"""How the command ends when it does not go well: the exit codes, and a problem document as a value.

An error carries one sentence for people and, where there is something to do about it, a hint.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Final

JsonObject = Mapping[str, Any]


class ExitCode(IntEnum):
    """What the shell sees. Scripts branch on these, so they never change meaning."""

    OK = 0
    WORKFLOW_FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNREACHABLE = 4
    STILL_RUNNING = 5
    UNHEALTHY = 6
    INTERRUPTED = 130
    # What a shell reports for a process that SIGPIPE ended, as it would have ended this one without Python.
    PIPE_CLOSED = 141


class CommandError(Exception):
    """The command cannot go on."""

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Keep one sentence for people and what they can do about it."""
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUse(CommandError):
    """What was asked for, or the profile that was to be used, does not make sense."""


class Refused(CommandError):
    """AWS or the admin function said no."""

    exit_code = ExitCode.REFUSED


class Unreachable(CommandError):
    """Nothing that answers as Flowport does was reached."""

    exit_code = ExitCode.UNREACHABLE


class StillRunning(CommandError):
    """An end was wanted and has not come in time."""

    exit_code = ExitCode.STILL_RUNNING


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with a request: where (a JSON Pointer) and what, and its own kind if it has one."""

    pointer: str
    message: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """An `application/problem+json` answer (RFC 9457) with Flowport's members.

    `kind` is the last part of the problem's type; `source` the header Flowport-Error-Source.
    """

    status: int
    kind: str
    title: str
    detail: str = ""
    source: str | None = None
    violations: tuple[Violation, ...] = ()
    job_id: str | None = None
    error: str | None = None
    cause: str | None = None
    retry_after: str | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Whose fault it was: the workflow's, the request's or the service's."""
        if self.kind in _ENDS_OF_A_JOB or self.source == "workflow":
            return ExitCode.WORKFLOW_FAILED
        return ExitCode.REFUSED if self.status < _SERVER_ERROR else ExitCode.UNREACHABLE


class ProblemAnswer(CommandError):
    """The API answered with a problem. `content` is its document as it came, for --json."""

    def __init__(self, problem: Problem, content: bytes, hint: str | None) -> None:
        """Keep the problem, the bytes that it came in, and a hint."""
        super().__init__(problem.title, hint=hint)
        self.problem = problem
        self.content = content


_SERVER_ERROR: Final = 500
_ENDS_OF_A_JOB: Final = frozenset({"job-failed", "job-timed-out", "job-aborted"})


def problem_of(status: int, headers: Mapping[str, str], document: JsonObject) -> Problem:
    """Read a problem document; also API Gateway's own `{"message": …}`, which names no type."""
    kind = str(document.get("type") or "").rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2]
    return Problem(
        status=status,
        kind="" if kind == "blank" else kind,  # RFC 9457: about:blank says no more than the status
        title=str(document.get("title") or document.get("message") or f"HTTP {status}"),
        detail=str(document.get("detail") or ""),
        source=headers.get("Flowport-Error-Source"),
        violations=tuple(_violations(document.get("errors"))),
        job_id=_job_id(document.get("redriven_as") or document.get("job")),
        error=_text(document.get("error")),
        cause=_text(document.get("cause")),
        retry_after=headers.get("Retry-After"),
    )


def _violations(errors: object) -> list[Violation]:
    if not isinstance(errors, list):
        return []
    return [
        Violation(
            str(error.get("pointer", "")),
            str(error.get("message", error.get("detail", ""))),
            str(error.get("type", "")),
        )
        for error in errors
        if isinstance(error, dict)
    ]


def _job_id(job: object) -> str | None:
    return _text(job.get("id")) if isinstance(job, dict) else _text(job)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class About:
    """What a request was about, so that a hint can name it. Every member may be unknown."""

    endpoint: str = "MODULE/NAME"
    workspace: str = "WORKSPACE"
    listing: str = "flowport endpoints list"
    arns: Mapping[str, str] = field(default_factory=dict)  # JSON Pointer -> state machine ARN
    forbidden: str | None = None  # what to do about a 403, where a credential of another kind is needed


_SEE_JOB: Final = "`flowport jobs show {job}` shows the job, `flowport jobs steps {job}` what it went through."
_HINTS: Final[Mapping[str, str]] = {
    "unauthenticated": "A valid token comes from --token, FLOWPORT_TOKEN or the profile. An administrator makes one "
    "with `flowport tokens create`; the first of a workspace comes from `flowport bootstrap`.",
    "forbidden": "Use a credential that has the scope and reaches the endpoint; an administrator makes one with "
    "`flowport tokens create NAME --scope SCOPE`.",
    "endpoint-disabled": "Switch it on: `flowport enable {endpoint}`",
    "workspace-disabled": "The stack's operator can switch it on: `flowport workspaces enable {workspace}`",
    "address-refused": "Publish the endpoint again with an --ip-allow that covers your address.",
    "not-found": "`{listing}` shows what there is in the workspace of your credential.",
    "method-not-allowed": "Choose an allowed method: `flowport call --method GET` or POST.",
    "endpoint-exists": "`flowport publish {endpoint}` replaces it.",
    "own-credential": "Use another administrator's credential for it.",
    "precondition-failed": "It was changed meanwhile: look at it again, then repeat.",
    "payload-too-large": "Put large data where the workflow can read it (S3, say) and pass its address.",
    "state-machine-missing": "Check the ARN's account, region and name; `aws stepfunctions list-state-machines` "
    "shows what there is.",
    "state-machine-type": "--express takes a machine of type EXPRESS, --standard one of type STANDARD.",
    "workspace-enabled": "Switch it off first: `flowport workspaces disable {workspace}`",
    "already-redriven": "`flowport jobs show {job}` shows the newest of its redrives.",
    "input-invalid": "`flowport validate {endpoint} JSON` checks an input without running it.",
    "output-mapping-failed": "`flowport jobs output JOB` shows what the workflow gave, whatever the mapping.",
    "output-not-http": "See the output as it is with --view output or --view job.",
    "not-redrivable": "Run it anew: `flowport jobs input JOB` gives what it was started with.",
    "outcome-unknown": "Before you repeat it, see whether it was started: `flowport jobs list --endpoint {endpoint}`",
    "callback-repeated": "A callback works once; `same_body` in --json says whether it was your answer.",
    "job-failed": _SEE_JOB,
    "job-timed-out": _SEE_JOB,
    "job-aborted": _SEE_JOB,
}
_HINTS_BY_STATUS: Final[Mapping[int, str]] = {
    401: _HINTS["unauthenticated"],
    403: "If the credential is right, check the base URL: it includes the API's stage or base path.",
    404: "Check the base URL: it includes the API's stage or base path.",
    429: "Too many requests: wait a little, then repeat.",
}
_CONSENT: Final = frozenset({"consent-missing", "consent-withdrawn"})


def hint_for(problem: Problem, about: About) -> str | None:
    """Say what to do about a problem, if there is something."""
    if problem.kind in _CONSENT:
        return _consent_hint(problem, about)
    hint = _other_hint(problem, about)
    # One machine may be missing and the other untagged: the problem is named after the first of them.
    consent = _consent_hint(problem, about) if any(v.kind in _CONSENT for v in problem.violations) else None
    return "\n".join(filter(None, (hint, consent))) or None


def _other_hint(problem: Problem, about: About) -> str | None:
    if problem.kind in _ENDS_OF_A_JOB and problem.job_id is None:
        return None
    if problem.kind == "forbidden" and about.forbidden:
        return about.forbidden
    hint = _HINTS.get(problem.kind) or _HINTS_BY_STATUS.get(problem.status)
    if hint:
        return hint.format(
            endpoint=about.endpoint, workspace=about.workspace, listing=about.listing, job=problem.job_id
        )
    if problem.source == "unknown":
        return _HINTS["outcome-unknown"].format(endpoint=about.endpoint)
    return f"Try again in {problem.retry_after} s." if problem.retry_after else None


def _consent_hint(problem: Problem, about: About) -> str:
    """Give the words that tag the machines which the problem points at, or else all that were named."""
    pointed = [
        about.arns[v.pointer] for v in problem.violations if v.pointer in about.arns and v.kind in {"", *_CONSENT}
    ]
    commands = "\n".join(
        f"  aws stepfunctions tag-resource --resource-arn {arn} --tags 'key=flowport:publish,value={about.workspace}'"
        for arn in map(_unqualified, pointed or about.arns.values() or ["STATE_MACHINE_ARN"])
    )
    return (
        f"The state machine's owner consents by tagging it:\n{commands}\n"
        "The value lists every workspace that may publish it, separated by spaces (@all for all)."
    )


def _unqualified(arn: str) -> str:
    """Give the machine's own ARN, which alone can be tagged."""
    return ":".join(arn.split(":")[:7])
