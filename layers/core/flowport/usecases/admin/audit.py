"""The audit trail: how an act is told, how it is kept with what it changed, and how it is read.

a write to the tables      [ the change + the act ] in one transaction: there are both, or neither
a secret (another service)  act `begun` ──> the change ──> act `done` or `refused`
                                      └── died here: `begun` stays and says that it may have been done
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from flowport.domain import ids
from flowport.domain.audit import Act, Members, Outcome, difference
from flowport.domain.errors import FlowportError, Unavailable, UnknownOutcome
from flowport.domain.records import OPERATOR_WORKSPACE, Credential, Endpoint, Workspace
from flowport.usecases.admin.ports import Actor, Page, WorkspaceRegistry
from flowport.usecases.ports import Clock

Record = Endpoint | Credential | Workspace
HOUR_MS: Final = 3_600_000
# For the outcome of what was done already; the rest of the request's time is for its answer.
OUTCOME_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which acts: those of somebody, on something (or on one kind of thing), of a time (epoch milliseconds)."""

    who: str | None = None
    what: str | None = None
    since: int = 0
    until: int | None = None


class AuditLog(Protocol):
    """Where acts are kept."""

    def write(self, acts: Sequence[Act], *, deadline: float) -> None:
        """Keep acts by themselves, or write over their first versions."""
        ...

    def page(self, trail: str, wanted: Wanted, limit: int, after: str | None, *, deadline: float) -> Page[Act]:
        """List a trail, newest first. A page may be short and still have a next one."""
        ...


@dataclass(slots=True)
class Result:
    """What becomes of an act that is under way."""

    after: Members | None = None


@dataclass(frozen=True, slots=True)
class Audit:
    """Tells of acts: `document` writes a record without its secrets; each is kept for `keep_ms`.

    `lost` is told of an act that was done and whose outcome could not be kept.
    """

    log: AuditLog
    clock: Clock
    document: Callable[[Record], Members]
    keep_ms: int
    lost: Callable[[Act, FlowportError], None]
    # Of several acts of one millisecond.
    order: Iterator[int] = field(default_factory=itertools.count)

    def created(self, actor: Actor, new: Record) -> tuple[Act, ...]:
        """Tell of something new."""
        return self._of(actor, "create", new, (None, self.document(new)))

    def changed(self, actor: Actor, verb: str, before: Record, after: Record) -> tuple[Act, ...]:
        """Tell of a change."""
        return self._of(actor, verb, after, (self.document(before), self.document(after)))

    def deleted(self, actor: Actor, last: Record) -> tuple[Act, ...]:
        """Tell of something that is no more."""
        return self._of(actor, "delete", last, (self.document(last), None))

    def _of(
        self, actor: Actor, verb: str, record: Record, sides: tuple[Members | None, Members | None]
    ) -> tuple[Act, ...]:
        """Give an act for each trail: a workspace reads in its own what operators did to it, too."""
        kind, name = _identity(record)
        documents = difference(*sides)
        own = self._act(actor, f"{kind}.{verb}", f"{kind}:{name}", documents)
        if kind == "workspace":
            return replace(own, trail=OPERATOR_WORKSPACE), replace(own, trail=name)
        return (own,)

    @contextmanager
    def around(self, actor: Actor, act: str, what: str, before: Members | None = None) -> Iterator[Result]:
        """Keep an act on something outside the tables: before it is done, and what became of it."""
        begun = replace(self._act(actor, act, what, (before, None)), outcome="begun")
        try:
            self.log.write([begun], deadline=actor.deadline)
        except UnknownOutcome as error:
            message = (
                "The audit trail cannot be written at the moment, and so nothing was done; send the request again."
            )
            raise Unavailable(message) from error
        result = Result()
        try:
            yield result
        except (Unavailable, UnknownOutcome):
            raise  # it may have been done
        except FlowportError:
            self._finish(begun, "refused", result, actor.deadline)
            raise
        self._finish(begun, "done", result, actor.deadline)

    def _finish(self, begun: Act, outcome: Outcome, result: Result, deadline: float) -> None:
        deadline = min(deadline, self.clock.monotonic() + OUTCOME_SECONDS)
        try:
            self.log.write([replace(begun, outcome=outcome, after=result.after)], deadline=deadline)
        except FlowportError as error:
            # What was done is done, and a secret is shown this once: the answer must not be lost with its outcome.
            self.lost(begun, error)

    def _act(self, actor: Actor, act: str, what: str, documents: tuple[Members | None, Members | None]) -> Act:
        now = self.clock.now()
        before, after = documents
        return Act(
            trail=actor.workspace,
            act_id=f"{next(self.order) % 0xFFFFFF:06x}{ids.new_attempt_id()}",
            at=now,
            who=actor.who,
            act=act,
            what=what,
            before=before,
            after=after,
            request_id=actor.request_id,
            expires_at=(now + self.keep_ms) // 1000,
        )


def _identity(record: Record) -> tuple[str, str]:
    match record:
        case Endpoint():
            return "endpoint", record.path
        case Workspace():
            return "workspace", record.name
        case Credential():
            return record.kind.replace("_", "-"), record.credential_id


@dataclass(frozen=True, slots=True)
class ReadAudit:
    """The use case of `/v1/admin/audit`."""

    log: AuditLog
    workspaces: WorkspaceRegistry
    clock: Clock
    keep_ms: int

    def page(self, actor: Actor, wanted: Wanted, limit: int, after: str | None) -> Page[Act]:
        """List the acts in the workspace's trail, newest first: none of an earlier workspace of that name."""
        since = max(wanted.since, self.clock.now() - self.keep_ms, self._made(actor))
        return self.log.page(actor.workspace, replace(wanted, since=since), limit, after, deadline=actor.deadline)

    def _made(self, actor: Actor) -> int:
        if actor.workspace == OPERATOR_WORKSPACE:
            return 0
        found = self.workspaces.get(actor.workspace, deadline=actor.deadline)
        # An hour for clocks that differ; a name is reserved for days before it is used again.
        return found.created_at - HOUR_MS if found else 0
