"""What the use cases need of the outside world: small Protocols, kept by `adapters/` and by the tests' fakes.

Every port method raises `Unavailable` when AWS throttled or did not answer until `deadline` (monotonic seconds; None
means the adapter's own patience), and lets unknown errors through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flowport.domain.guard import Attempts, GuardKey, Policy
from flowport.domain.job import Job, Outcome, RedriveOf
from flowport.domain.jwt import Claims
from flowport.domain.keys import JobKey, Taken
from flowport.domain.limits import Rate
from flowport.domain.numbers import JobNumber, NumberEntry, Series
from flowport.domain.records import Credential, Endpoint, MachineType, Workspace

if TYPE_CHECKING:  # what a plain run does without is not imported for it
    from flowport.domain.callbacks import Callback
    from flowport.domain.documents import Change
    from flowport.domain.steps import HistoryEvent, Step
    from flowport.domain.webhooks import CallbackUrl, Delivery


class Clock(Protocol):
    """Time, so that tests can choose it."""

    def now(self) -> int:
        """Give the time of day in epoch milliseconds."""
        ...

    def monotonic(self) -> float:
        """Give seconds that never go backwards."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request needs to know. `endpoint` is `module/name`; an `alias` that leads somewhere goes before it."""

    workspace: str
    credential_key: str | None = None
    endpoint: str | None = None
    job_id: str | None = None
    alias: str | None = None
    guards: tuple[GuardKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What there was of it; `job` without large payloads."""

    workspace: Workspace | None = None
    credential: Credential | None = None
    endpoint: Endpoint | None = None
    job: Job | None = None
    guards: Mapping[GuardKey, Attempts] = field(default_factory=dict)


class Directory(Protocol):
    """Strongly consistent reads across the tables, one call for everything that a request needs."""

    def look_up(self, wanted: Wanted, *, deadline: float | None = None) -> Found:
        """Read everything wanted at once; an endpoint that is found by its alias takes one read more."""
        ...


class InputSchemas(Protocol):
    """What checks inputs. It is asked only where an endpoint has an input schema."""

    def fit(self, endpoint: str, schema: str, text: str) -> str:
        """Give a checked JSON text with the schema's defaults filled in.

        Raises `InputInvalid`; `PayloadTooLarge` or `InvalidJson` when the defaults make it more than a run can take.
        """
        ...


class OutputMapping(Protocol):
    """What makes of a run's output what callers get. It is asked only where an endpoint has a mapping."""

    def apply(self, expression: str, output: str) -> str:
        """Give the JSON text that the expression selects. Raises `OutputMappingFailed`."""
        ...


class Listed(Protocol):
    """A page of endpoints; `after` is where the next one begins."""

    @property
    def items(self) -> Sequence[Endpoint]:
        """The endpoints, by path."""
        ...

    @property
    def after(self) -> str | None:
        """Where the page ended; None: there are no more."""
        ...


class PublishedEndpoints(Protocol):
    """The endpoints of a workspace."""

    def get(self, workspace: str, path: str, *, deadline: float) -> Endpoint | None:
        """Give one."""
        ...

    def page(self, workspace: str, limit: int, after: str | None, *, deadline: float) -> Listed:
        """List them by path."""
        ...


class JobStore(Protocol):
    """The jobs' rows. Each write is conditional; None or False says that the condition did not hold."""

    def create(
        self,
        job: Job,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        answer: "Callback | None" = None,
        deadline: float | None = None,
    ) -> Job | Taken | JobNumber | None:
        """Write a new job with its input, its number and the keys that lead to it, all or nothing.

        With `answer`, what the run is going to park has its answer in the same transaction.

        None when it was written; else the job that has this id already, or the first key that leads elsewhere and
        has not expired at `now`, or the job's own number when another job has it. A retry that meets its own first try
        (same attempt) has succeeded.
        """
        ...

    def create_redrive(
        self,
        job: Job,
        redrive_of: RedriveOf,
        keys: Sequence[JobKey] = (),
        *,
        now: int = 0,
        deadline: float | None = None,
    ) -> Job | bool:
        """Write a new job as `create` does, and into its origin what it was redriven as, all or nothing.

        True when it was written; else the job that has this id already, or False: the origin has another redrive by
        now or is not in a state for one, or a key leads elsewhere.
        """
        ...

    def find_key(self, key_id: str, now: int, *, deadline: float | None = None) -> str | None:
        """Give the id of the job that a key leads to, unless it has expired at `now`."""
        ...

    def taken(self, keys: Sequence[JobKey], *, now: int, deadline: float | None = None) -> Taken | None:
        """Give the first of the keys by which `create` would be led to another job at `now`, or None."""
        ...

    def claim(self, job_id: str, *, attempt: str, at: int, check_at: int, drop_input: bool = False) -> bool:
        """`ACCEPTED -> RUNNING` for a detached Express run; who gets False must start nothing.

        `drop_input` removes its stored input in the same transaction, where that is not kept.
        """
        ...

    def mark_running(
        self,
        job_id: str,
        *,
        execution_arn: str,
        at: int,
        check_at: int,
        drop_input: bool = False,
        deadline: float | None = None,
    ) -> bool:
        """`ACCEPTED -> RUNNING` for a Standard execution that is known to have been started."""
        ...

    def end(  # noqa: PLR0913  # each says how, by its name
        self,
        job: Job,
        outcome: Outcome,
        *,
        attempt: str | None = None,
        execution_arn: str | None = None,
        only_from: Sequence[str] = ("ACCEPTED", "RUNNING"),
        look_again: int | None = None,
        document: "Change | None" = None,
        deadline: float | None = None,
    ) -> bool:
        """End a job that has not ended; with `attempt`, only while that attempt holds the claim.

        With `look_again`, the sweep still looks at what is left of its execution at that time. With `document`, the
        job's document is changed in the same transaction, or nothing is.

        From now on the job expires. True also when the same end was written before by the same attempt.
        """
        ...

    def settle(self, job: Job, *, seen: int, deadline: float | None = None) -> None:
        """Take an ended job off the sweep's list, unless it has been moved from `seen`."""
        ...

    def delete(self, job_id: str, *, numbered: Job | None = None, deadline: float | None = None) -> bool:
        """Delete an ended job with everything below it, and its number when it is given as it was read (`numbered`).

        False when it has not ended.
        """
        ...

    def postpone(self, job_id: str, *, seen: int, check_at: int) -> bool:
        """Let the sweep look again at `check_at`, unless another sweep has already moved it from `seen`."""
        ...

    def get(self, job_id: str, *, deadline: float | None = None) -> Job | None:
        """Read a job without large payloads, strongly consistent."""
        ...

    def get_many(self, job_ids: Sequence[str], *, deadline: float | None = None) -> dict[str, Job]:
        """Read several jobs without large payloads, strongly consistent; what is not there is left out."""
        ...

    def with_output(self, job: Job, *, deadline: float | None = None) -> Job:
        """Load the output of an ended job where it lies in an item of its own."""
        ...

    def with_input(self, job: Job, *, deadline: float | None = None) -> Job:
        """Load the input where it lies in an item of its own."""
        ...

    def written_since(self) -> int:
        """Say from when on jobs can have been written into this very store, in epoch milliseconds.

        A job that was accepted before came with a restored backup. For the sweep alone, and seldom.
        """
        ...

    def due(self, now: int, limit: int) -> list[tuple[str, int]]:
        """Give ids and `check_at` of jobs that have not ended and are due, the longest due first."""
        ...

    def page(self, query: "ListingQuery", *, deadline: float | None = None) -> "ListingPage":
        """Give one page of jobs, newest first, without inputs and outputs; a shorter one where time is short."""
        ...


@dataclass(frozen=True, slots=True)
class ListingQuery:
    """Which jobs to list. `since` and `until` are epoch milliseconds; `after` is where the last page ended."""

    workspace: str
    endpoint: str | None
    endpoints: tuple[str, ...] | None
    principal: str | None
    status: str | None
    labels: tuple[tuple[str, str], ...]
    since: int
    until: int
    limit: int
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ListingPage:
    """A page, and where it ended (None: there is no more)."""

    jobs: tuple[Job, ...]
    after: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """What Step Functions says of a Standard execution: `RUNNING`, or ended with an outcome.

    `started_at` is when its last attempt began, `redrives` how often it was redriven, by whomever; `redrivable` says
    that it can be redriven now. Step Functions' answer may lag behind: the attempt that was just begun may be missing.
    """

    status: str
    started_at: int
    outcome: Outcome | None
    redrives: int = 0
    redrivable: bool = False

    def outcome_of(self, job: Job) -> Outcome | None:
        """Give the end of the job's own attempt, not of one before it.

        A later attempt that no job stands for was begun outside of Flowport: the job that waits takes its end.
        """
        return self.outcome if self.redrives >= job.redrive_count else None


@dataclass(frozen=True, slots=True)
class Counted:
    """A request that was counted, or that was one too many; `full` is when its quota is whole again (microseconds)."""

    accepted: bool
    full: int


class LimitStore(Protocol):
    """The state of limits, shared by all processes. A `subject` names whose limit it is (`domain/limits.py`)."""

    def count(self, subject: str, rate: Rate, now: int, *, deadline: float | None = None) -> Counted:
        """Count a request at `now` (epoch milliseconds), unless it is one too many."""
        ...

    def take(
        self, subject: str, limit: int, mark: str, *, now: int, deadline: float | None = None
    ) -> tuple[bool, frozenset[str]]:
        """Take a slot under a mark, unless `limit` of them are taken; give the marks that then hold one, too.

        A mark that holds one already has it.
        """
        ...

    def release(self, subject: str, marks: Iterable[str], *, deadline: float | None = None) -> None:
        """Give slots back; marks that hold none change nothing."""
        ...


class AttemptStore(Protocol):
    """What is remembered of wrong passwords, shared by all processes. It is read by the Directory."""

    def save(
        self, key: GuardKey, attempts: Attempts, *, seen: Attempts, deadline: float | None = None
    ) -> Attempts | None:
        """Write it in the place of what was seen; else give what is there instead. None: it was written."""
        ...

    def count(self, key: GuardKey, policy: Policy, now: int, *, seen: Attempts, deadline: float | None = None) -> None:
        """Count a failure on top of whatever is there; of many at one time none is left out. `seen` only saves time."""
        ...

    def forget(self, partition: str, *, deadline: float | None = None) -> dict[str, Attempts]:
        """Forget everything in a partition; gives it, by item."""
        ...


class Executions(Protocol):
    """Step Functions. Definite refusals are errors of `domain.errors`; a lost answer is `UnknownOutcome`."""

    def run_express(self, state_machine_arn: str, name: str, input_text: str) -> tuple[Outcome, str]:
        """Run to the end and give outcome and execution ARN. Never repeated after a lost answer."""
        ...

    def start_standard(self, state_machine_arn: str, name: str, input_text: str) -> str:
        """Start once, however often it is called with this name, and give the execution ARN."""
        ...

    def redrive(self, execution_arn: str, token: str, *, deadline: float | None = None) -> None:
        """Let a Standard execution go on from where it failed, once however often it is called with this token.

        Step Functions remembers a token for 15 minutes.
        """
        ...

    def consented(self, state_machine_arn: str, *, deadline: float | None = None) -> bool:
        """Whether a machine carries its owner's consent, which IAM checks at a start but cannot at a redrive."""
        ...

    def describe(self, execution_arn: str, *, deadline: float | None = None) -> ExecutionState | None:
        """Say how a Standard execution stands; None when there is no such execution."""
        ...

    def stop(self, execution_arn: str, *, error: str, cause: str, deadline: float | None = None) -> None:
        """Stop a Standard execution; one that has ended already is left alone."""
        ...

    def history(self, execution_arn: str, *, deadline: float | None = None) -> "Iterable[HistoryEvent]":
        """Give the history of a Standard execution, oldest first."""
        ...


class ExecutionLogs(Protocol):
    """The log group of an Express machine."""

    def history(
        self, log_group: str, execution_arn: str, since: int, *, deadline: float | None = None
    ) -> "Iterable[HistoryEvent]":
        """Give the events that the machine logged of one execution, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Definition:
    """A state machine's definition in the Amazon States Language."""

    machine_arn: str
    type: MachineType
    text: str


class Definitions(Protocol):
    """What state machines are made of."""

    def of_machine(self, arn: str, *, deadline: float | None = None) -> Definition | None:
        """Give a machine's present definition; None when it is not there or its owner does not let it be seen.

        A version or an alias that is not shown has its machine's, under the machine's own ARN.
        """
        ...

    def of_execution(self, execution_arn: str, *, deadline: float | None = None) -> Definition | None:
        """Give the definition that a Standard execution was started with; None when there is no such execution."""
        ...


class Detached(Protocol):
    """Detached Express runs."""

    def start(self, job_id: str) -> None:
        """Hand an accepted job to the function that runs it; at least once, the claim keeps it from running twice."""
        ...


class JobNumbers(Protocol):
    """Numbers of jobs. Their items are written by the JobStore, with the jobs that have them."""

    def draw(self, workspace: str, series: Series, *, deadline: float | None = None) -> JobNumber:
        """Give the next number of a series; none is given twice."""
        ...

    def find(self, workspace: str, number: JobNumber, *, deadline: float | None = None) -> str | None:
        """Give the id of the job that has a number, strongly consistent."""
        ...

    def entries(
        self, workspace: str, series: Series, *, ascending: bool, limit: int, deadline: float | None = None
    ) -> list[NumberEntry]:
        """Give the numbers of a series in their order, or the latest first; `limit` of them at most."""
        ...


class KeptSteps(Protocol):
    """The steps of ended jobs, kept from the first time that somebody asked for them."""

    def load(self, job: Job) -> "list[Step] | None":
        """Give a job's steps; None when they are not kept."""
        ...

    def keep(self, job: Job, steps: "Sequence[Step]") -> None:
        """Keep an ended job's steps, unless they are too long or the job is no longer there."""
        ...


class CredentialUses(Protocol):
    """When credentials were last used."""

    def note(self, key: str, at: int) -> None:
        """Note a use at `at` (epoch milliseconds), some time soon or not at all: nobody waits for it, nothing fails."""
        ...


class Passwords(Protocol):
    """Memory-hard password hashes."""

    def hash(self, password: str) -> str:
        """Hash a new password."""
        ...

    def knows(self, stored: str, password: str) -> bool:
        """Whether this process has found before that they fit; costs no time."""
        ...

    def verify(self, stored: str | None, password: str) -> bool:
        """Compare; None (no such user) costs the same time and is False."""
        ...


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A valid value of a secret, without the value itself. `created_at` is epoch milliseconds."""

    id: str
    current: bool
    created_at: int


class Secrets(Protocol):
    """Secrets by name, each with a current value and, while it is rotated, a previous one; both are valid."""

    def values(self, name: str, *, deadline: float | None = None) -> tuple[str, ...]:
        """Give the valid values, the current one first; none where there is no such secret."""
        ...

    def versions(self, name: str, *, deadline: float | None = None) -> tuple[SecretVersion, ...]:
        """Give what is known of the valid values, the current one first."""
        ...

    def put(self, name: str, text: str, *, replaces: str | None, deadline: float | None = None) -> str | None:
        """Make a new current value in the place of the version `replaces` (None: the secret itself is new).

        Gives the new version's id, or None when somebody else was faster. The present previous value is no longer
        valid afterwards.
        """
        ...

    def retire(self, name: str, version_id: str, *, deadline: float | None = None) -> bool:
        """End the previous value; False when that version is not the previous one."""
        ...

    def delete(self, name: str, *, deadline: float | None = None) -> None:
        """End both values, for good; nothing happens where there is no such secret."""
        ...


class JwtKeys(Protocol):
    """Signed access tokens (JWT, HS256), under a workspace's keys: of each alias the current and the previous one."""

    def verify(self, raw: str, workspace: str, alias: str, *, deadline: float | None = None) -> Claims:
        """Give the claims of a token that one of the two keys signed.

        Raises `CredentialInvalid` or `CredentialExpired`, and `KeyTooShort` when the current key is none.
        """
        ...

    def issue(self, claims: Claims, alias: str, *, deadline: float | None = None) -> str:
        """Sign claims with the workspace's current key. Raises `KeyMissing` or `KeyTooShort`."""
        ...

    def make(self, workspace: str, alias: str, *, deadline: float | None = None) -> None:
        """Make a key where the workspace has none; one that is there stays, whoever made it."""
        ...


class Deliveries(Protocol):
    """The machine that delivers callbacks."""

    def start(self, job_id: str, number: int, *, run: int = 0, at: int = 0, deadline: float | None = None) -> None:
        """Let it deliver a job's callback; started once for a run, however often this is called.

        `run` counts how often the callback is sent again on request; of those, one is started a minute of `at`.
        Raises `Unavailable` also where the start may have worked.
        """
        ...


class DeliveryLog(Protocol):
    """The log of deliveries beside a job's row."""

    def read(self, job_id: str, number: int) -> "Delivery | None":
        """Read one; None before its first attempt."""
        ...

    def write(self, delivery: "Delivery", *, seen: "Delivery", expires_at: int) -> bool:
        """Write it over what was seen; False when another attempt was written meanwhile, or the job is gone.

        True also when this very attempt was written before.
        """
        ...


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a request: the answer's status, or what failed before there was one."""

    status: int | None = None
    error: str | None = None


class Outbound(Protocol):
    """Calls to addresses that others named."""

    def post(self, target: "CallbackUrl", headers: Mapping[str, str], body: bytes) -> Posted:
        """POST once, to a public address only, following nothing, within its time; never raises for the other side."""
        ...
