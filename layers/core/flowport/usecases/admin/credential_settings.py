"""Settings of a credential that is there: what it may do, until when, how much, and what people call it.

A change is written over what was seen and nothing else, so that of two at once the second is made on top of the first.
It holds from the very next request: nothing keeps a credential.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import Conflict, NotFound
from flowport.domain.grants import widened
from flowport.domain.records import Credential, api_key_key, client_key, user_key
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.errors import CredentialRevoked, OwnCredential, ValidationFailed, Violation
from flowport.usecases.admin.ports import Actor, CredentialKind, CredentialRegistry, EndpointRegistry
from flowport.usecases.admin.preconditions import Precondition
from flowport.usecases.ports import Clock

_ROUNDS: Final = 8
_UNCHANGED: Final = "0"
_WORDS: Final[dict[CredentialKind, str]] = {
    "token": "token",
    "user": "user",
    "client": "client",
    "api_key": "API key",
}


def tag_of(credential: Credential) -> str:
    """Give its entity tag, which does not change when it is used."""
    return credential.change_id or _UNCHANGED


@dataclass(frozen=True, slots=True)
class CredentialSettings:
    """The use cases."""

    registry: CredentialRegistry
    endpoints: EndpointRegistry
    clock: Clock
    audit: Audit

    def read(self, actor: Actor, kind: CredentialKind, public_id: str) -> Credential:
        """Give one of the workspace by the name that people know it by, revoked ones too."""
        found = self._find(actor, kind, public_id)
        if found is None:
            message = f"There is no {_what(kind, public_id)} in the workspace {actor.workspace!r}."
            raise NotFound(message)
        return found

    def change(
        self,
        actor: Actor,
        kind: CredentialKind,
        public_id: str,
        make: Callable[[Credential], Credential],
        *,
        precondition: Precondition | None,
    ) -> Credential:
        """Write what `make` makes of the present one; `make` is called again when somebody else was faster."""
        what = _what(kind, public_id)
        for _ in range(_ROUNDS):
            seen = self._find(actor, kind, public_id)
            if precondition is not None:
                precondition.check(what, None if seen is None else tag_of(seen))
            if seen is None:
                message = f"There is no {what} in the workspace {actor.workspace!r}."
                raise NotFound(message)
            if seen.revoked_at is not None:
                message = f"The {what} is revoked, and stays so; make another one."
                raise CredentialRevoked(message)
            write_id = ids.new_attempt_id()  # of this round: what is written differs from the last one's
            changed = replace(make(seen), change_id=write_id)
            self._check(actor, seen, changed)
            acts = self.audit.changed(actor, "change", seen, changed)
            if self.registry.change(changed, seen=seen, write_id=write_id, deadline=actor.deadline, acts=acts):
                return changed
        message = f"The {what} is being changed by others all the time; send the request again."
        raise Conflict(message)

    def _find(self, actor: Actor, kind: CredentialKind, public_id: str) -> Credential | None:
        key = self._key(actor, kind, public_id)
        return None if key is None else self.registry.get(actor.workspace, key, deadline=actor.deadline)

    def _key(self, actor: Actor, kind: CredentialKind, public_id: str) -> str | None:
        match kind:
            case "token":
                return self.registry.token_key(actor.workspace, public_id, deadline=actor.deadline)
            case "user":
                return user_key(actor.workspace, public_id)
            case "client":
                return client_key(actor.workspace, public_id)
            case "api_key":
                return api_key_key(actor.workspace, public_id)

    def _check(self, actor: Actor, seen: Credential, wanted: Credential) -> None:
        """Refuse what cannot be, in what is changed; what was there before may stay."""
        found = [*self._end(seen, wanted), *self._reach(actor, seen, wanted)]
        if wanted.brought and "admin" in wanted.granted - seen.granted:
            message = f"a {_WORDS[wanted.kind]} whose secret was brought along cannot have the scope admin"
            found.append(Violation("/roles" if "admin" not in wanted.scopes else "/scopes", message))
        if found:
            raise ValidationFailed(found)
        if actor.who == seen.principal and (more := widened(seen, wanted)):
            raise OwnCredential(more)

    def _end(self, seen: Credential, wanted: Credential) -> list[Violation]:
        if wanted.expires_at == seen.expires_at:
            return []
        if wanted.expires_at is not None and wanted.expires_at <= self.clock.now():
            return [Violation("/expires_at", "This time has passed; name one to come. To end it now, revoke it.")]
        if seen.kind == "api_key" and "expires_at" in widened(seen, wanted):
            message = "An API key's end is signed in it and can only be brought forward; make another API key."
            return [Violation("/expires_at", message)]
        return []

    def _reach(self, actor: Actor, seen: Credential, wanted: Credential) -> list[Violation]:
        paths = wanted.endpoints or ()
        new = [path for path in paths if path not in (seen.endpoints or ())]
        there = self.endpoints.existing(actor.workspace, new, deadline=actor.deadline) if new else frozenset()
        return [
            Violation(f"/endpoints/{index}", f"There is no endpoint {path!r} in this workspace; publish it first.")
            for index, path in enumerate(paths)
            if path in new and path not in there
        ]


def _what(kind: CredentialKind, public_id: str) -> str:
    return f"{_WORDS[kind]} {public_id!r}"
