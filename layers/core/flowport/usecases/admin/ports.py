"""What the administration needs of the outside world.

Every write keeps the `acts` that tell of it in the same transaction, and is conditional: None or False says that its
condition did not hold. A write that was repeated and meets its own first try, which it knows by `write_id`, has
succeeded. Every method raises `Unavailable` when AWS throttled or did not answer until `deadline` (monotonic seconds),
and a write raises `UnknownOutcome` when it may have been made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flowport.domain.audit import Act
from flowport.domain.figures import Point
from flowport.domain.records import Credential, CredentialKind, Endpoint, MachineType, Workspace

__all__ = ["CredentialKind"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose workspace is administered, until when (monotonic seconds) it may take, and who does it.

    `who` is a principal's name, `request_id` API Gateway's extended one.
    """

    workspace: str
    deadline: float
    who: str
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some of a list, and the name after which the next page goes on (None: there is no more)."""

    items: tuple[T, ...]
    after: str | None


class SchemaRules(Protocol):
    """What says whether a JSON Schema can be published. It also checks a sample by it."""

    def problems(self, schema: Mapping[str, Any], text: str) -> list[tuple[str, str]]:
        """Give everything that is wrong with it or dangerous about it: JSON Pointers into it, and sentences."""
        ...

    def fit(self, endpoint: str, schema: str, text: str) -> str:
        """Check an input by a schema without problems. Raises `InputInvalid`."""
        ...


class MappingRules(Protocol):
    """What says whether an output mapping can be published."""

    def problem(self, expression: str) -> str | None:
        """Say what is wrong with an expression, and where, or None."""
        ...


class EndpointRegistry(Protocol):
    """The endpoints' rows, read strongly consistent."""

    def get(self, workspace: str, path: str, *, deadline: float) -> Endpoint | None:
        """Read one."""
        ...

    def existing(self, workspace: str, paths: Sequence[str], *, deadline: float) -> frozenset[str]:
        """Say which of at most 100 distinct paths there are."""
        ...

    def page(self, workspace: str, limit: int, after: str | None, *, deadline: float) -> Page[Endpoint]:
        """List by path."""
        ...

    def create(self, endpoint: Endpoint, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Write a new one with its aliases, all or nothing.

        Raises `WorkspaceDisabled` when its workspace is not active at that moment, and `AliasTaken`.
        """
        ...

    def replace(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Write over `seen` and its aliases, unless it has changed since. Raises as `create`."""
        ...

    def switch(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Write its `enabled`, version and time and nothing else, unless it has changed since it was `seen`."""
        ...

    def delete(self, seen: Endpoint, *, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Remove it and its aliases, unless it has changed since. True also when it is gone already."""
        ...


class CredentialRegistry(Protocol):
    """The credentials' rows. Lists come from an index and may be some moments behind; nothing else does."""

    def create(self, credential: Credential, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Write a new one. Raises `WorkspaceDisabled` when its workspace is not active at that moment."""
        ...

    def token_key(self, workspace: str, credential_id: str, *, deadline: float) -> str | None:
        """Find the primary key of a token by its public id."""
        ...

    def get(self, workspace: str, key: str, *, deadline: float) -> Credential | None:
        """Read one of the workspace."""
        ...

    def revoke(self, seen: Credential, *, at: int, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        """Revoke it from now on; the first revocation's time stays. False when it was revoked since it was `seen`."""
        ...

    def set_password(
        self,
        changed: Credential,
        *,
        write_id: str,
        deadline: float,
        acts: Sequence[Act] = (),
        over: str | None = None,
    ) -> bool:
        """Write a user's `password_hash` and `brought` and nothing else. False when the user is revoked by now.

        With `over`, only in the place of that hash.
        """
        ...

    def change(
        self, changed: Credential, *, seen: Credential, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Write what it may do, until when, its limits and its name, and nothing else; `write_id` is its `change_id`.

        False when it was changed or revoked since it was `seen`.
        """
        ...

    def page(
        self, workspace: str, kind: CredentialKind, limit: int, after: str | None, *, deadline: float
    ) -> Page[Credential]:
        """List by public id. A page may be short and still have a next one."""
        ...


class WorkspaceRegistry(Protocol):
    """The workspaces' rows and the list of them."""

    def get(self, name: str, *, deadline: float) -> Workspace | None:
        """Read one."""
        ...

    def page(self, limit: int, after: str | None, *, deadline: float) -> Page[Workspace]:
        """List by name, deleted ones included."""
        ...

    def create(
        self, workspace: Workspace, *, now: int, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        """Write a new one, also in the place of a deleted one that is no longer reserved."""
        ...

    def set_status(
        self,
        name: str,
        status: str,
        *,
        only_from: Sequence[str],
        reserved_until: int | None = None,
        deadline: float,
        acts: Sequence[Act] = (),
    ) -> bool:
        """Change the status, if it is one of `only_from`; to the same again is fine."""
        ...

    def purge(self, name: str, *, made_before: int, deadline: float) -> bool:
        """Remove what a deleted workspace had: endpoints and credentials made before that time.

        False when `deadline` came first; called again, it goes on.
        """
        ...


@dataclass(frozen=True, slots=True)
class MachineState:
    """A state machine as publishing looks at it: `EXPRESS` or `STANDARD`, `ACTIVE` or `DELETING`, and its tags."""

    type: str
    status: str
    tags: Mapping[str, str]


class StateMachines(Protocol):
    """The account's state machines."""

    def describe(self, arn: str, *, deadline: float) -> MachineState | None:
        """Read one; None when there is none of that ARN in this account and region."""
        ...


@dataclass(frozen=True, slots=True)
class ConsentedMachine:
    """A state machine whose owner consents, as the tag's value says; ARNs of its versions and aliases."""

    arn: str
    name: str
    type: MachineType
    consent: str
    versions: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


class ConsentedMachines(Protocol):
    """The account's state machines that carry the consent tag."""

    def tagged(self, *, deadline: float) -> Sequence[ConsentedMachine]:
        """Give them all, without versions and aliases."""
        ...

    def with_versions(self, machine: ConsentedMachine, *, deadline: float) -> ConsentedMachine:
        """Add versions and aliases to one of them."""
        ...


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted, by endpoint and time, where it comes from, and whether everything was."""

    points: tuple[Point, ...]
    source: str
    complete: bool


class FigureSource(Protocol):
    """Where calls, failures and durations are counted."""

    def figures(
        self, workspace: str, endpoints: Sequence[str], *, since: int, until: int, period: int, deadline: float
    ) -> Figures:
        """Give those of some endpoints; `since` and `until` are epoch milliseconds, `period` seconds.

        Periods begin at multiples of their length; those in which nothing ended are left out.
        """
        ...
