"""Endpoints of one workspace: published, read, changed, switched, removed.

Changes are locked optimistically by the version. Whoever names a version (`If-Match`) loses a race with 412; whoever
names none reads again and repeats, so that a switch made meanwhile is never undone unseen.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import Conflict, NotFound
from flowport.domain.records import Endpoint
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.contracts import Contracts
from flowport.usecases.admin.errors import EndpointExists
from flowport.usecases.admin.ports import Actor, EndpointRegistry, Page, StateMachines
from flowport.usecases.admin.preconditions import Precondition
from flowport.usecases.admin.publishing import TYPE_OF_FIELD, check_publishing
from flowport.usecases.admin.webhook_secrets import CallbackRules
from flowport.usecases.ports import Clock

_ROUNDS: Final = 8
ARNS: Final = frozenset(TYPE_OF_FIELD)


@dataclass(frozen=True, slots=True)
class ManageEndpoints:
    """The use cases of `/v1/admin/endpoints`."""

    registry: EndpointRegistry
    machines: StateMachines
    clock: Clock
    audit: Audit
    callbacks: CallbackRules | None = None
    contracts: Contracts | None = None

    def page(self, actor: Actor, limit: int, after: str | None) -> Page[Endpoint]:
        """List the workspace's endpoints by path."""
        return self.registry.page(actor.workspace, limit, after, deadline=actor.deadline)

    def read(self, actor: Actor, path: str) -> Endpoint:
        """Give one."""
        found = self.registry.get(actor.workspace, path, deadline=actor.deadline)
        if found is None:
            raise _not_there(actor, path)
        return found

    def create(self, actor: Actor, endpoint: Endpoint) -> Endpoint:
        """Publish a new one."""
        self._check(actor, endpoint, None, ARNS)
        now = self.clock.now()
        new = replace(endpoint, version=1, created_at=now, updated_at=now)
        acts = self.audit.created(actor, new)
        if not self.registry.create(new, write_id=ids.new_attempt_id(), deadline=actor.deadline, acts=acts):
            message = f"The endpoint {new.path!r} exists already; PUT replaces it."
            raise EndpointExists(message)
        return new

    def change(
        self,
        actor: Actor,
        path: str,
        make: Callable[[Endpoint | None], Endpoint],
        *,
        precondition: Precondition | None,
        check: Collection[str],
    ) -> tuple[Endpoint, bool]:
        """Write what `make` makes of the present endpoint (None: there is none); True when it is a new one.

        `make` is called again when somebody else was faster. `check` names the ARN fields to look at.
        """
        for _ in range(_ROUNDS):
            write_id = ids.new_attempt_id()  # of this round: what is written differs from the last one's
            current = self.registry.get(actor.workspace, path, deadline=actor.deadline)
            if precondition is not None:
                precondition.check(f"endpoint {path!r}", _tag(current))
            wanted, now = make(current), self.clock.now()
            self._check(actor, wanted, current, check)
            if current is None:
                new = replace(wanted, version=1, created_at=now, updated_at=now)
                acts = self.audit.created(actor, new)
                written = self.registry.create(new, write_id=write_id, deadline=actor.deadline, acts=acts)
            else:
                new = replace(wanted, version=current.version + 1, created_at=current.created_at, updated_at=now)
                acts = self.audit.changed(actor, "change", current, new)
                written = self.registry.replace(
                    new, seen=current, write_id=write_id, deadline=actor.deadline, acts=acts
                )
            if written:
                return new, current is None
        raise _contended(path)

    def preview(
        self,
        actor: Actor,
        path: str,
        make: Callable[[Endpoint | None], Endpoint],
        *,
        precondition: Precondition | None,
        check: Collection[str],
    ) -> Endpoint:
        """Give what `change` would write, or refuse as it would, and write nothing. Version and times stay."""
        current = self.registry.get(actor.workspace, path, deadline=actor.deadline)
        if precondition is not None:
            precondition.check(f"endpoint {path!r}", _tag(current))
        wanted = make(current)
        self._check(actor, wanted, current, check)
        if current is None:
            now = self.clock.now()
            return replace(wanted, version=1, created_at=now, updated_at=now)
        return replace(wanted, version=current.version, created_at=current.created_at, updated_at=current.updated_at)

    def _check(self, actor: Actor, wanted: Endpoint, seen: Endpoint | None, arns: Collection[str]) -> None:
        check_publishing(wanted, arns, self.machines, actor.deadline)
        if self.callbacks is not None:
            self.callbacks.check(wanted, seen, actor.deadline)
        if self.contracts is not None:
            self.contracts.check(wanted, seen)

    def switch(self, actor: Actor, path: str, *, enabled: bool, precondition: Precondition | None) -> Endpoint:
        """Enable or disable it; nothing else of it is written."""
        for _ in range(_ROUNDS):
            seen = self.registry.get(actor.workspace, path, deadline=actor.deadline)
            if precondition is not None:
                precondition.check(f"endpoint {path!r}", _tag(seen))
            if seen is None:
                raise _not_there(actor, path)
            switched = replace(seen, enabled=enabled, version=seen.version + 1, updated_at=self.clock.now())
            acts = self.audit.changed(actor, "enable" if enabled else "disable", seen, switched)
            write_id = ids.new_attempt_id()
            if self.registry.switch(switched, seen=seen, write_id=write_id, deadline=actor.deadline, acts=acts):
                return switched
        raise _contended(path)

    def delete(self, actor: Actor, path: str, *, precondition: Precondition | None) -> None:
        """Remove it; its jobs stay until they expire."""
        for _ in range(_ROUNDS):
            seen = self.registry.get(actor.workspace, path, deadline=actor.deadline)
            if precondition is not None:
                precondition.check(f"endpoint {path!r}", _tag(seen))
            if seen is None:
                raise _not_there(actor, path)
            acts = self.audit.deleted(actor, seen)
            if self.registry.delete(seen, deadline=actor.deadline, acts=acts):
                return
        raise _contended(path)


def _tag(endpoint: Endpoint | None) -> str | None:
    return None if endpoint is None else str(endpoint.version)


def _not_there(actor: Actor, path: str) -> NotFound:
    return NotFound(f"There is no endpoint {path!r} in the workspace {actor.workspace!r}.")


def _contended(path: str) -> Conflict:
    return Conflict(f"The endpoint {path!r} is being changed by others all the time; send the request again.")
