"""The keys that sign tokens: made or brought, rotated, retired. Nobody is ever shown one."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

from flowport.domain.errors import Conflict, NotFound
from flowport.domain.jwt import FLOWPORT_ALIAS, KEY_BYTES_AT_LEAST, PHIXFLOW_ALIAS, new_signing_key
from flowport.usecases.admin.audit import Audit, Result
from flowport.usecases.admin.errors import ValidationFailed, Violation
from flowport.usecases.admin.ports import Actor
from flowport.usecases.ports import Secrets, SecretVersion

ALIASES: Final = (FLOWPORT_ALIAS, PHIXFLOW_ALIAS)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What is known of an alias's key: its valid versions, the current one first."""

    alias: str
    versions: tuple[SecretVersion, ...]


@dataclass(frozen=True, slots=True)
class ManageKeys:
    """The use cases of `/v1/admin/keys`."""

    secrets: Secrets
    audit: Audit

    def list(self, actor: Actor) -> tuple[SigningKey, ...]:
        """Give every alias that has a key."""
        found = (SigningKey(alias, self._versions(actor, alias)) for alias in ALIASES)
        return tuple(key for key in found if key.versions)

    def put(self, actor: Actor, alias: str, text: str | None) -> tuple[SigningKey, bool]:
        """Make a key, or keep a brought one, as the current one; the present one stays valid as the previous.

        True when it is the alias's first.
        """
        if text is not None and (size := len(text.encode())) < KEY_BYTES_AT_LEAST:
            message = f"has {size} bytes under the alias {alias!r}; HS256 needs at least {KEY_BYTES_AT_LEAST}"
            raise ValidationFailed([Violation("/value", message)])
        before = self._versions(actor, alias)
        with self._around(actor, "put", alias, before) as act:
            made = self.secrets.put(
                _name(actor, alias),
                text or new_signing_key(),
                replaces=before[0].id if before else None,
                deadline=actor.deadline,
            )
            if made is None:
                message = f"The key {alias!r} is being changed by somebody else; look at it and send the request again."
                raise Conflict(message)
            act.after = _members([made, *(version.id for version in before[:1])])
        return SigningKey(alias, self._versions(actor, alias)), not before

    def ensure(self, actor: Actor, alias: str) -> None:
        """Make a key where the alias has none; whoever does so at the same moment makes it for both."""
        if self._versions(actor, alias):
            return
        with self._around(actor, "put", alias, ()) as act:
            made = self.secrets.put(_name(actor, alias), new_signing_key(), replaces=None, deadline=actor.deadline)
            # Somebody else's key, made at this moment, is as good.
            act.after = None if made is None else _members([made])

    def retire(self, actor: Actor, alias: str) -> SigningKey:
        """End the previous key, and with it every token that it signed."""
        versions = self._versions(actor, alias)
        previous = next((version for version in versions if not version.current), None)
        if previous is None:
            raise _no_previous(alias)
        with self._around(actor, "retire", alias, versions) as act:
            if not self.secrets.retire(_name(actor, alias), previous.id, deadline=actor.deadline):
                raise _no_previous(alias)
            act.after = _members([version.id for version in versions if version.current])
        return SigningKey(alias, self._versions(actor, alias))

    def erase(self, workspace: str, *, deadline: float) -> None:
        """Remove every key of a deleted workspace: a new one of that name must not trust what they signed."""
        for alias in ALIASES:
            self.secrets.delete(f"{workspace}/{alias}", deadline=deadline)

    def _around(
        self, actor: Actor, verb: str, alias: str, versions: Sequence[SecretVersion]
    ) -> AbstractContextManager[Result]:
        before = _members([version.id for version in versions]) if versions else None
        return self.audit.around(actor, f"key.{verb}", f"key:{alias}", before)

    def _versions(self, actor: Actor, alias: str) -> tuple[SecretVersion, ...]:
        return self.secrets.versions(_name(actor, alias), deadline=actor.deadline)


def _members(versions: Sequence[str]) -> dict[str, Any]:
    """Tell of a key in the audit trail: the ids of its valid versions, the current one first."""
    return {"versions": list(versions)}


def _no_previous(alias: str) -> NotFound:
    message = f"The alias {alias!r} has no previous key; a new one is made first, and the present one retired then."
    return NotFound(message)


def _name(actor: Actor, alias: str) -> str:
    return f"{actor.workspace}/{alias}"
