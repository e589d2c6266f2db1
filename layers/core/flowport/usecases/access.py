"""From what a caller presents to who it is and what it may see: one read for everything."""

from dataclasses import dataclass, replace
from typing import Final

from flowport.domain.access import (
    ANONYMOUS,
    CHALLENGES,
    RUN,
    Presented,
    Principal,
    check_address,
    check_credential,
    check_run,
    check_scope,
    check_workspace,
    jobs_since,
    may_read,
    refuse_credential,
)
from flowport.domain.errors import (
    CredentialInvalid,
    CredentialMissing,
    Forbidden,
    NotFound,
    OtherWorkspace,
    TooManyAttempts,
    Unauthenticated,
)
from flowport.domain.ids import resolve_job_reference
from flowport.domain.job import Job
from flowport.domain.jwt import Claims
from flowport.domain.limits import Quota
from flowport.domain.numbers import JobNumber
from flowport.domain.records import OPERATOR_WORKSPACE, Credential, Endpoint
from flowport.domain.retention import as_seen
from flowport.usecases.guard_logins import GuardLogins
from flowport.usecases.ports import Clock, CredentialUses, Directory, Found, JobNumbers, JwtKeys, Passwords, Wanted

# API Gateway's own time-out must imply a job row, so all that happens before the row is written is bounded.
ACCEPT_WITHIN_SECONDS: Final = 5.0
# Everything but a direct Express run answers by itself within this, counted from the request's arrival.
ANSWER_WITHIN_SECONDS: Final = 25.0
# How far the noted last use of a credential may be behind, in milliseconds: it costs one write in that time.
USE_NOTED_EVERY: Final = 3_600_000


@dataclass(slots=True)
class Noted:
    """What turned out about a request on its way, for its line in the log; None: it did not come so far.

    `quotas` are what limits left the caller when it was counted: whatever becomes of the request, its answer has them.
    """

    workspace: str | None = None
    principal: str | None = None
    endpoint: str | None = None
    quotas: tuple[Quota, ...] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """Where a request came from: the credential it presents and the workspace it asks for.

    `workspace` is what the request names, None when it names none; `deadline` (monotonic seconds) bounds what happens
    before a job's row is written; `request_id` is API Gateway's extended request id. `any_of` are the scopes of which a
    dialect's own policy wants one, in the place of those that the native contract asks for. `optional`: where an
    endpoint needs no credential, one that is not valid does no harm. `answer_at` is when the answer is due (monotonic
    seconds) where that is not 25 s after the arrival. `base_url` is what links begin with, as the caller reached the
    API. `noted` takes down who it turned out to be.
    """

    presented: Presented | None
    workspace: str | None
    default_workspace: str
    source_ip: str
    deadline: float
    request_id: str | None = None
    any_of: frozenset[str] | None = None
    optional: bool = False
    answer_at: float | None = None
    base_url: str | None = None
    noted: Noted | None = None

    @property
    def acting_workspace(self) -> str:
        """The credential's workspace, else the one asked for, else the stack's default."""
        if self.presented is not None:
            return self.presented.workspace
        return self.workspace or self.default_workspace

    @property
    def answer_by(self) -> float:
        """When the answer is due at the latest, in monotonic seconds."""
        if self.answer_at is not None:
            return self.answer_at
        return self.deadline - ACCEPT_WITHIN_SECONDS + ANSWER_WITHIN_SECONDS


@dataclass(frozen=True, slots=True)
class Access:
    """Looks callers up and decides."""

    directory: Directory
    passwords: Passwords
    clock: Clock
    jwt_keys: JwtKeys | None = None
    numbers: JobNumbers | None = None
    uses: CredentialUses | None = None
    guard: GuardLogins | None = None

    def to_run(
        self, caller: Caller, endpoint: str | None, method: str | None, alias: str | None = None
    ) -> tuple[Principal, Endpoint]:
        """Let a caller run an endpoint, or raise what it is told.

        The endpoint is named `module/name`, by an alias, or by what may be either: the alias goes first. With `method`
        None it may take whatever methods.
        """
        found = self._find(caller, endpoint=endpoint, alias=alias)
        if found.endpoint is not None:
            _note_endpoint(caller, found.endpoint.path)
            check_address(found.endpoint, caller.source_ip)
        principal = self._runner(caller, found)
        if found.endpoint is None:
            message = f"There is no endpoint {endpoint or alias!r} in the workspace {caller.acting_workspace!r}."
            raise NotFound(message)
        check_run(found.endpoint, principal, method, caller.any_of or RUN)
        return principal, found.endpoint

    def to_read_job(self, caller: Caller, reference: str | JobNumber) -> tuple[Principal, Job]:
        """Let a caller see a job by any of its names, or say that there is none for it.

        A number is looked up in the caller's workspace, which takes one read more.

        Under a dialect's policy (`caller.any_of`), its own jobs need one of those scopes too.
        """
        job_id = self._job_id(caller, reference)
        found = self._find(caller, job_id=job_id)
        principal = self._principal(caller, found, anonymous_workspace_needed=False)
        if caller.any_of and principal.credential is not None:
            check_scope(principal, caller.any_of)
        job, now = found.job, self.clock.now()
        by_arn = isinstance(reference, str) and reference.startswith("arn:")
        by_id = isinstance(reference, str) and not by_arn
        # What can be guessed leads nobody to a job but who is known to be allowed to see it.
        guessed = isinstance(reference, JobNumber) and principal.credential is None
        message = f"There is no job {str(reference)!r} for this caller."
        if principal.credential is None:
            message = f"{message[:-1]}, who sent no credential."
        if (
            job is None
            or guessed
            or (job.expires_at is not None and job.expires_at <= now)  # TTL removes a row within days, not at once
            or not may_read(job, principal, *(caller.any_of or ()), by_id=by_id)
            or (caller.workspace is not None and job.workspace != caller.workspace)
            or (by_arn and (reference != job.execution_arn or principal.credential is None))
        ):
            raise NotFound(message)
        _note_endpoint(caller, job.endpoint)
        if principal.credential is None:
            # Nobody named the workspace; the job does, and a disabled one gives nothing away.
            found = self.directory.look_up(Wanted(job.workspace), deadline=caller.deadline)
            check_workspace(found.workspace, job.workspace)
            if found.workspace is not None and job.created_at < jobs_since(found.workspace):
                raise NotFound(message)
        return principal, as_seen(job, now)

    def _job_id(self, caller: Caller, reference: str | JobNumber) -> str | None:
        if isinstance(reference, str):
            return resolve_job_reference(reference)
        if self.numbers is None:
            return None
        return self.numbers.find(caller.acting_workspace, reference, deadline=caller.deadline)

    def to_change_job(self, caller: Caller, reference: str | JobNumber) -> tuple[Principal, Job]:
        """Let a caller change a job: its own with `run`, any that it can see with `jobs:write`."""
        principal, job = self.to_read_job(caller, reference)
        by_id = isinstance(reference, str) and not reference.startswith("arn:")
        scopes = caller.any_of or ("jobs:write",)
        if principal.credential is not None and not may_read(job, principal, *scopes, by_id=by_id):
            message = "The credential lacks the scope 'jobs:write', which changing another caller's job needs."
            raise Forbidden(message)
        return principal, job

    def to_see_endpoint(self, caller: Caller, endpoint: str) -> tuple[Principal, Endpoint]:
        """Let a credential look at an endpoint that it is not limited away from, whether it may run it or not."""
        found = self._find(caller, endpoint=endpoint)
        principal = self._principal(caller, found)
        if principal.credential is None:
            message = "This needs a credential."
            raise CredentialMissing(message, headers={"WWW-Authenticate": CHALLENGES["token"]})
        if found.endpoint is None or not principal.reaches(endpoint):
            message = f"There is no endpoint {endpoint!r} for this caller."
            raise NotFound(message)
        return principal, found.endpoint

    def to_list_jobs(self, caller: Caller) -> Principal:
        """Let a caller list jobs: all of its workspace with `jobs:read`, its own with `run`."""
        principal = self._principal(caller, self._find(caller))
        if principal.credential is None:
            message = "Listing jobs needs a credential with the scope 'jobs:read' or 'run'."
            raise CredentialMissing(message, headers={"WWW-Authenticate": 'Bearer realm="flowport"'})
        if caller.any_of:
            check_scope(principal, caller.any_of)
        elif not principal.has("jobs:read", "run"):
            message = "The credential lacks the scopes 'jobs:read' and 'run'; one of them lists jobs."
            raise Forbidden(message)
        return principal

    def with_scope(self, caller: Caller, scope: str) -> Principal:
        """Let a caller through that carries `scope` (administration)."""
        principal = self._principal(caller, self._find(caller))
        if principal.credential is None:
            message = f"This needs a token with the scope {scope!r}: Authorization: Bearer <token>."
            raise CredentialMissing(message, headers={"WWW-Authenticate": 'Bearer realm="flowport"'})
        check_scope(principal, frozenset({scope}))
        return principal

    def identified(self, caller: Caller) -> Principal:
        """Let anybody through whose credential is valid, whatever it may do; raise `CredentialMissing` without one."""
        principal = self._principal(caller, self._find(caller))
        if principal.credential is None:
            message = "This needs a credential."
            raise CredentialMissing(message, headers={"WWW-Authenticate": CHALLENGES["token"]})
        return principal

    def _find(
        self, caller: Caller, *, endpoint: str | None = None, job_id: str | None = None, alias: str | None = None
    ) -> Found:
        wanted = Wanted(
            workspace=caller.acting_workspace,
            credential_key=caller.presented.key if caller.presented else None,
            endpoint=endpoint,
            job_id=job_id,
            alias=alias,
            guards=self.guard.keys(caller.presented, caller.source_ip) if self.guard else (),
        )
        return self.directory.look_up(wanted, deadline=caller.deadline)

    def _runner(self, caller: Caller, found: Found) -> Principal:
        try:
            return self._principal(caller, found)
        except (Unauthenticated, TooManyAttempts):
            if not caller.optional or found.endpoint is None or "none" not in found.endpoint.auth:
                raise
            return self._principal(replace(caller, presented=None, workspace=caller.acting_workspace), found)

    def _principal(self, caller: Caller, found: Found, *, anonymous_workspace_needed: bool = True) -> Principal:
        workspace = caller.acting_workspace
        credential = None
        presented = caller.presented
        if presented is not None:
            claims = self._claims(presented, found, caller.deadline) if presented.kind == "jwt" else None
            credential = self._checked(caller, presented, found, claims)
            now = self.clock.now()
            if self.uses is not None and now - (credential.last_used_at or 0) >= USE_NOTED_EVERY:
                self.uses.note(credential.key, now)
            if caller.workspace is not None and caller.workspace != workspace:
                message = f"There is no workspace {caller.workspace!r} for this credential."
                raise OtherWorkspace(message)
        if caller.noted is not None and (credential is not None or found.workspace is not None):
            caller.noted.workspace = workspace
            caller.noted.principal = credential.principal if credential is not None else ANONYMOUS
        if workspace != OPERATOR_WORKSPACE and (credential is not None or anonymous_workspace_needed):
            check_workspace(found.workspace, workspace)
        return Principal(
            workspace,
            credential,
            signed=presented is not None and presented.kind == "jwt",
            since=jobs_since(found.workspace) if found.workspace else 0,
        )

    def _checked(self, caller: Caller, presented: Presented, found: Found, claims: Claims | None) -> Credential:
        """Check a credential; wrong ones of a workspace that is there slow their sender down."""
        attempt = None
        if self.guard is not None and found.workspace is not None:
            attempt = self.guard.begin(presented, caller.source_ip, found.guards, caller.deadline)
        verify = self.passwords.verify if attempt is None else attempt.verify
        try:
            credential = check_credential(presented, found.credential, self.clock.now(), verify, claims)
        except CredentialInvalid:
            if attempt is not None:
                attempt.failed()
            raise
        if attempt is not None:
            attempt.succeeded()
        return credential

    def _claims(self, presented: Presented, found: Found, deadline: float) -> Claims:
        """Verify a signed token; no key is read for a workspace that is not there, however often one is named."""
        if self.jwt_keys is None or found.workspace is None:
            raise refuse_credential()
        return self.jwt_keys.verify(presented.secret, presented.workspace, presented.alias, deadline=deadline)


def _note_endpoint(caller: Caller, path: str) -> None:
    if caller.noted is not None:
        caller.noted.endpoint = path
