"""Tokens and users of one workspace: made, listed, revoked."""

import secrets
from dataclasses import dataclass, replace
from typing import Final

from flowport.domain import ids
from flowport.domain.errors import Conflict, NotFound
from flowport.domain.limits import NO_LIMITS, Limits
from flowport.domain.records import Credential, brought_token_key, user_key
from flowport.domain.tokens import BASE62, Token, new_token, weakness
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.errors import TokenExists, UserExists, ValidationFailed, Violation
from flowport.usecases.admin.ports import Actor, CredentialKind, CredentialRegistry, EndpointRegistry, Page
from flowport.usecases.ports import Clock, Passwords

_ROUNDS: Final = 3
TOKEN_ID_PREFIX: Final = "tok_"  # noqa: S105  # of the public id, which is no secret


@dataclass(frozen=True, slots=True)
class Grant:
    """What a new credential may do; `endpoints` None means all of the workspace, `expires_at` is epoch milliseconds."""

    name: str
    scopes: tuple[str, ...]
    endpoints: tuple[str, ...] | None = None
    expires_at: int | None = None
    roles: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS


def new_credential_id() -> str:
    """Give a token's public id: 119 random bits."""
    return TOKEN_ID_PREFIX + "".join(secrets.choice(BASE62) for _ in range(20))


@dataclass(frozen=True, slots=True)
class ManageCredentials:
    """The use cases of `/v1/admin/tokens` and `/v1/admin/users`."""

    registry: CredentialRegistry
    endpoints: EndpointRegistry
    passwords: Passwords
    clock: Clock
    audit: Audit

    def create_token(self, actor: Actor, grant: Grant) -> tuple[Credential, Token]:
        """Make a token. Its text is given here and never again: only its hash is kept."""
        self.check(actor, grant)
        return self.issue_token(actor, grant)

    def bring_token(self, actor: Actor, grant: Grant, value: str) -> tuple[Credential, str | None]:
        """Keep a token whose value its holders have already, of which only a hash is kept.

        A dialect's own header takes it and nothing else does. Gives what is to be warned of, too.
        """
        self.check(actor, grant)
        key = brought_token_key(actor.workspace, value)
        credential = replace(self._token(actor, grant, key), brought=True)
        if not self.write_new(actor, credential):
            message = (
                "This value is a token of the workspace already, or was one: a revoked value is not taken again. "
                "See `flowport tokens list`."
            )
            raise TokenExists(message)
        return credential, weakness(value)

    def issue_token(self, actor: Actor, grant: Grant) -> tuple[Credential, Token]:
        """Make a token of any scope: for bootstrap, which IAM has let in."""
        token = new_token(actor.workspace)
        credential = self._token(actor, grant, token.key)
        if not self.write_new(actor, credential):
            message = "a new token's hash or id is taken"
            raise AssertionError(message)
        return credential, token

    def create_user(self, actor: Actor, grant: Grant, password: str, *, brought: bool = False) -> Credential:
        """Make a user with a password, of which only a memory-hard hash is kept.

        `brought`: the password may be guessed, so that only a dialect's own way in takes it.
        """
        self.check(actor, grant)
        credential = Credential(
            key=user_key(actor.workspace, grant.name),
            kind="user",
            workspace=actor.workspace,
            credential_id=grant.name,
            name=grant.name,
            scopes=grant.scopes,
            endpoints=grant.endpoints,
            created_at=self.clock.now(),
            expires_at=grant.expires_at,
            password_hash=self.passwords.hash(password),
            roles=grant.roles,
            brought=brought,
            limits=grant.limits,
        )
        if not self.write_new(actor, credential):
            message = (
                f"There is a user {grant.name!r} in the workspace {actor.workspace!r}, or there was one: the name of a "
                "revoked user is not given out again. Choose another name."
            )
            raise UserExists(message)
        return credential

    def set_password(self, actor: Actor, name: str, password: str, *, brought: bool = False) -> Credential:
        """Give a user another password; the last one, and what was signed for it, is refused from then on."""
        seen = self.registry.get(actor.workspace, user_key(actor.workspace, name), deadline=actor.deadline)
        if seen is not None and seen.kind == "user" and seen.revoked_at is None:
            changed = replace(seen, password_hash=self.passwords.hash(password), brought=brought)
            acts = self.audit.changed(actor, "password", seen, changed)
            write_id = ids.new_attempt_id()
            if self.registry.set_password(changed, write_id=write_id, deadline=actor.deadline, acts=acts):
                return changed
        message = f"There is no user {name!r} in the workspace {actor.workspace!r}, or it is revoked."
        raise NotFound(message)

    def change_own_password(self, actor: Actor, user: Credential, password: str) -> Credential:
        """Give a user another password in the place of the one that it has just proved."""
        if self.passwords.verify(user.password_hash, password):
            raise ValidationFailed([Violation("/password", "is the present one; choose another")])
        changed = replace(user, password_hash=self.passwords.hash(password), brought=False)
        acts = self.audit.changed(actor, "password", user, changed)
        write_id = ids.new_attempt_id()
        over = user.password_hash
        if self.registry.set_password(changed, write_id=write_id, deadline=actor.deadline, acts=acts, over=over):
            return changed
        message = "The password was changed by somebody else at this very moment, or the user was revoked."
        raise Conflict(message)

    def revoke_token(self, actor: Actor, credential_id: str) -> Credential:
        """Refuse a token from the next request on."""
        key = self.registry.token_key(actor.workspace, credential_id, deadline=actor.deadline)
        revoked = None if key is None else self.revoke(actor, key)
        if revoked is None:
            message = f"There is no token {credential_id!r} in the workspace {actor.workspace!r}."
            raise NotFound(message)
        return revoked

    def revoke_user(self, actor: Actor, name: str) -> Credential:
        """Refuse a user from the next request on."""
        revoked = self.revoke(actor, user_key(actor.workspace, name))
        if revoked is None:
            message = f"There is no user {name!r} in the workspace {actor.workspace!r}."
            raise NotFound(message)
        return revoked

    def page(self, actor: Actor, kind: CredentialKind, limit: int, after: str | None) -> Page[Credential]:
        """List the workspace's tokens or users."""
        return self.registry.page(actor.workspace, kind, limit, after, deadline=actor.deadline)

    def _token(self, actor: Actor, grant: Grant, key: str) -> Credential:
        return Credential(
            key=key,
            kind="token",
            workspace=actor.workspace,
            credential_id=new_credential_id(),
            name=grant.name,
            scopes=grant.scopes,
            endpoints=grant.endpoints,
            created_at=self.clock.now(),
            expires_at=grant.expires_at,
            limits=grant.limits,
        )

    def write_new(self, actor: Actor, credential: Credential) -> bool:
        """Write it; False when there is one in its place."""
        acts = self.audit.created(actor, credential)
        return self.registry.create(credential, write_id=ids.new_attempt_id(), deadline=actor.deadline, acts=acts)

    def revoke(self, actor: Actor, key: str) -> Credential | None:
        """Revoke one by its primary key; None when the workspace has no such credential."""
        for _ in range(_ROUNDS):
            seen = self.registry.get(actor.workspace, key, deadline=actor.deadline)
            if seen is None:
                return None
            at, write_id = self.clock.now(), ids.new_attempt_id()
            revoked = replace(seen, revoked_at=at if seen.revoked_at is None else seen.revoked_at)
            acts = self.audit.changed(actor, "revoke", seen, revoked)
            if self.registry.revoke(seen, at=at, write_id=write_id, deadline=actor.deadline, acts=acts):
                return revoked
        message = "This credential is being changed by others all the time; send the request again."
        raise Conflict(message)

    def check(self, actor: Actor, grant: Grant) -> None:
        """Refuse a grant that has ended already, or that is limited to endpoints that there are not."""
        found: list[Violation] = []
        if grant.expires_at is not None and grant.expires_at <= self.clock.now():
            found.append(Violation("/expires_at", "This time has passed; name one to come, or leave it out."))
        if grant.endpoints is not None:
            there = self.endpoints.existing(actor.workspace, grant.endpoints, deadline=actor.deadline)
            found += [
                Violation(f"/endpoints/{index}", f"There is no endpoint {path!r} in this workspace; publish it first.")
                for index, path in enumerate(grant.endpoints)
                if path not in there
            ]
        if found:
            raise ValidationFailed(found)
