"""Workspaces, for the operator of the stack.

    create ──> active <──enable── disabled ──delete──> deleted ──(its jobs have expired) create──> active
                  └─────disable─────^

A deletion marks first and removes afterwards: from the mark on, nothing of the workspace can be used or added, so that
a removal that was broken off can be repeated at any time. Credentials are found by an index that may be moments
behind, so a name that is used again is swept once more before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from flowport.domain import ids
from flowport.domain.errors import Conflict, NotFound, Unavailable
from flowport.domain.records import Workspace
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.errors import WorkspaceEnabled, WorkspaceExists, WorkspaceReserved
from flowport.usecases.admin.ports import Actor, Page, WorkspaceRegistry
from flowport.usecases.ports import Clock

_ROUNDS: Final = 3


class Belongings(Protocol):
    """What a workspace has outside the tables."""

    def erase(self, workspace: str, *, deadline: float) -> None:
        """Remove it; repeated, nothing more happens."""
        ...


@dataclass(frozen=True, slots=True)
class ManageWorkspaces:
    """The use cases of `/v1/admin/workspaces`. `retention_ms` is how long a job is kept."""

    registry: WorkspaceRegistry
    clock: Clock
    retention_ms: int
    audit: Audit
    belongings: Sequence[Belongings] = ()

    def page(self, limit: int, after: str | None, *, deadline: float) -> Page[Workspace]:
        """List them by name."""
        return self.registry.page(limit, after, deadline=deadline)

    def read(self, name: str, *, deadline: float) -> Workspace:
        """Give one, deleted ones included."""
        found = self.registry.get(name, deadline=deadline)
        if found is None:
            raise _not_there(name)
        return found

    def create(self, actor: Actor, name: str, title: str) -> Workspace:
        """Make one; the name of a deleted one is free again once its jobs have expired."""
        now, deadline = self.clock.now(), actor.deadline
        before = self.registry.get(name, deadline=deadline)
        if before is not None:
            self._free(before, now, deadline)
        new = Workspace(name=name, title=title, status="active", created_at=now)
        acts = self.audit.created(actor, new)
        if not self.registry.create(new, now=now, write_id=ids.new_attempt_id(), deadline=deadline, acts=acts):
            raise _exists(name)
        return new

    def switch(self, actor: Actor, name: str, *, enabled: bool) -> Workspace:
        """Let its callers in, or nobody."""
        status = "active" if enabled else "disabled"
        for _ in range(_ROUNDS):
            seen = self.read(name, deadline=actor.deadline)
            if seen.status not in {"active", "disabled"}:
                raise _not_there(name)
            switched = replace(seen, status=status)
            acts = self.audit.changed(actor, "enable" if enabled else "disable", seen, switched)
            if self.registry.set_status(name, status, only_from=(seen.status,), deadline=actor.deadline, acts=acts):
                return switched
        raise _contended(name)

    def delete(self, actor: Actor, name: str) -> None:
        """Mark a disabled one as deleted and remove what it had; repeated, it goes on where it was broken off."""
        deadline = actor.deadline
        for _ in range(_ROUNDS):
            found = self.read(name, deadline=deadline)
            if found.status == "active":
                message = f"The workspace {name!r} is enabled; disable it before you delete it."
                raise WorkspaceEnabled(message)
            if found.status == "deleted":
                self._purge(found, deadline)
                return
            until = self.clock.now() + self.retention_ms
            self.registry.set_status(
                name,
                "deleted",
                only_from=("disabled",),
                reserved_until=until,
                deadline=deadline,
                acts=self.audit.changed(actor, "delete", found, replace(found, status="deleted", reserved_until=until)),
            )
        raise _contended(name)

    def _free(self, before: Workspace, now: int, deadline: float) -> None:
        if before.status != "deleted":
            raise _exists(before.name)
        if (before.reserved_until or 0) > now:
            message = f"The workspace {before.name!r} was deleted; its name is free again when its jobs have expired."
            raise WorkspaceReserved(message, members={"reserved_until": before.reserved_until})
        self._purge(before, deadline)

    def _purge(self, deleted: Workspace, deadline: float) -> None:
        for belongings in self.belongings:
            belongings.erase(deleted.name, deadline=deadline)
        # What was made later than this belongs to a new workspace of that name.
        if not self.registry.purge(deleted.name, made_before=deleted.reserved_until or 0, deadline=deadline):
            message = f"The workspace {deleted.name!r} is deleted, and its contents are being removed; send it again."
            raise Unavailable(message, retry_after=1)


def _contended(name: str) -> Conflict:
    return Conflict(f"The workspace {name!r} is being changed by others; send the request again.")


def _not_there(name: str) -> NotFound:
    return NotFound(f"There is no workspace {name!r}.")


def _exists(name: str) -> WorkspaceExists:
    return WorkspaceExists(f"The workspace {name!r} exists already.")
