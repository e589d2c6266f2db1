"""Clients with secrets and API keys of one workspace: credentials that are turned into, or are, signed tokens."""

import secrets
from dataclasses import dataclass
from typing import Final

from flowport.domain.errors import NotFound
from flowport.domain.jwt import FLOWPORT_ALIAS, PHIXFLOW_ALIAS, Claims
from flowport.domain.records import Credential, api_key_key, client_key
from flowport.domain.tokens import BASE62, new_client_id, new_secret, secret_hash
from flowport.usecases.admin.credentials import Grant, ManageCredentials
from flowport.usecases.admin.keys import ManageKeys
from flowport.usecases.admin.ports import Actor, CredentialKind, Page
from flowport.usecases.ports import Clock, JwtKeys

API_KEY_ID_PREFIX: Final = "key_"


@dataclass(frozen=True, slots=True)
class ManageClients:
    """The use cases of `/v1/admin/clients` and `/v1/admin/api-keys`."""

    credentials: ManageCredentials
    keys: ManageKeys
    signed: JwtKeys
    clock: Clock

    def create_client(self, actor: Actor, grant: Grant) -> tuple[Credential, str]:
        """Make a client. Its secret is given here and never again; the key for its tokens is made where missing."""
        self.credentials.check(actor, grant)
        self.keys.ensure(actor, FLOWPORT_ALIAS)
        secret, client_id = new_secret(), new_client_id(actor.workspace)
        key = client_key(actor.workspace, client_id)
        credential = self._credential(actor, grant, "client", client_id, key, secret_hash(secret))
        self._write(actor, credential)
        return credential, secret

    def create_api_key(self, actor: Actor, grant: Grant) -> tuple[Credential, str]:
        """Make an API key: a signed token that names a row of its own, which can be revoked at any time."""
        self.credentials.check(actor, grant)
        self.keys.ensure(actor, PHIXFLOW_ALIAS)
        key_id = API_KEY_ID_PREFIX + "".join(secrets.choice(BASE62) for _ in range(20))
        credential = self._credential(actor, grant, "api_key", key_id, api_key_key(actor.workspace, key_id))
        claims = Claims(
            credential.principal,
            actor.workspace,
            issued_at=credential.created_at // 1000,
            expires_at=None if grant.expires_at is None else grant.expires_at // 1000,
        )
        raw = self.signed.issue(claims, PHIXFLOW_ALIAS, deadline=actor.deadline)  # first: a key may be too short
        self._write(actor, credential)
        return credential, raw

    def revoke_client(self, actor: Actor, client_id: str) -> Credential:
        """Refuse a client, and the tokens that it got, from the next request on."""
        return self._revoke(actor, client_key(actor.workspace, client_id), f"client {client_id!r}")

    def revoke_api_key(self, actor: Actor, key_id: str) -> Credential:
        """Refuse an API key from the next request on."""
        return self._revoke(actor, api_key_key(actor.workspace, key_id), f"API key {key_id!r}")

    def page(self, actor: Actor, kind: CredentialKind, limit: int, after: str | None) -> Page[Credential]:
        """List the workspace's clients or API keys."""
        return self.credentials.page(actor, kind, limit, after)

    def _credential(
        self, actor: Actor, grant: Grant, kind: CredentialKind, public_id: str, key: str, hashed: str | None = None
    ) -> Credential:
        return Credential(
            key=key,
            kind=kind,
            workspace=actor.workspace,
            credential_id=public_id,
            name=grant.name,
            scopes=grant.scopes,
            roles=grant.roles,
            endpoints=grant.endpoints,
            created_at=self.clock.now(),
            expires_at=grant.expires_at,
            secret_hash=hashed,
            limits=grant.limits,
        )

    def _write(self, actor: Actor, credential: Credential) -> None:
        if not self.credentials.write_new(actor, credential):
            message = "a new credential's id is taken"
            raise AssertionError(message)

    def _revoke(self, actor: Actor, key: str, what: str) -> Credential:
        revoked = self.credentials.revoke(actor, key)
        if revoked is None:
            message = f"There is no {what} in the workspace {actor.workspace!r}."
            raise NotFound(message)
        return revoked
