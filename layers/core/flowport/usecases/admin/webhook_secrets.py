"""The secrets that sign a workspace's callbacks: made, rotated with two valid at a time, retired."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from flowport.domain.errors import Conflict, NotFound
from flowport.domain.records import Endpoint
from flowport.domain.webhooks import CallbackUrlRefused, parse_callback_url
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.errors import PublishingRefused, ValidationFailed, Violation
from flowport.usecases.admin.ports import Actor
from flowport.usecases.ports import Secrets, SecretVersion

# A workspace has one, of which two versions may be valid.
WHAT: Final = "webhook-secret:callbacks"


class RotationUnderWay(Conflict):
    """The last rotation has not been finished."""

    kind = "rotation-under-way"
    title = "Rotation under way"


class SecretInUse(Conflict):
    """The current secret cannot be retired: nothing would sign in its place."""

    kind = "secret-in-use"
    title = "Secret in use"


class WebhookSecretMissing(PublishingRefused):
    """Callbacks are signed, and the workspace has no secret to sign them."""

    kind = "webhook-secret-missing"
    title = "Webhook secret missing"


@dataclass(frozen=True, slots=True)
class ManageWebhookSecrets:
    """The use cases of `/v1/admin/webhook-secrets`; `new_secret` makes the text of one."""

    secrets: Secrets
    new_secret: Callable[[], str]
    audit: Audit

    def versions(self, actor: Actor) -> tuple[SecretVersion, ...]:
        """List the valid ones, the current one first."""
        return self.secrets.versions(actor.workspace, deadline=actor.deadline)

    def create(self, actor: Actor) -> tuple[SecretVersion, str]:
        """Make the first, or a new one beside the one that is valid. Its text is given here and never again."""
        valid = self.versions(actor)
        if len(valid) > 1:
            message = (
                f"Two secrets are valid already. When every receiver has the new one, retire the other, {valid[1].id}; "
                "then rotate again."
            )
            raise RotationUnderWay(message)
        text = self.new_secret()
        replaces = valid[0].id if valid else None
        with self.audit.around(actor, "webhook-secret.create", WHAT, _members(valid)) as act:
            made = self.secrets.put(actor.workspace, text, replaces=replaces, deadline=actor.deadline)
            if made is None:
                message = "Somebody else is making a secret at this moment; list them, and rotate again if it must be."
                raise RotationUnderWay(message)
            act.after = {"versions": [made, *([replaces] if replaces else [])]}
        current = next((version for version in self.versions(actor) if version.id == made), None)
        return current or SecretVersion(made, current=True, created_at=0), text

    def erase(self, workspace: str, *, deadline: float) -> None:
        """Remove a deleted workspace's secrets: whoever knows one could sign for a new workspace of that name."""
        self.secrets.delete(workspace, deadline=deadline)

    def retire(self, actor: Actor, version_id: str) -> None:
        """End the previous one: callbacks are signed by the current one alone from the next attempt on."""
        valid = {version.id: version for version in self.versions(actor)}
        if version_id not in valid:
            message = f"The workspace {actor.workspace!r} has no valid webhook secret {version_id!r}."
            raise NotFound(message)
        if valid[version_id].current:
            message = "This is the secret that signs; make a new one first, and then retire this."
            raise SecretInUse(message)
        with self.audit.around(actor, "webhook-secret.retire", WHAT, _members(valid.values())) as act:
            self.secrets.retire(actor.workspace, version_id, deadline=actor.deadline)
            act.after = _members(version for version in valid.values() if version.current)


def _members(versions: Iterable[SecretVersion]) -> dict[str, Any] | None:
    """Tell of a secret in the audit trail: the ids of its valid versions, the current one first."""
    known = [version.id for version in versions]
    return {"versions": known} if known else None


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """What must hold of an endpoint's callbacks; `plain` allows http, for stacks that may call private networks."""

    secrets: Secrets
    plain: bool = False

    def check(self, endpoint: Endpoint, seen: Endpoint | None, deadline: float) -> None:
        """Refuse a URL that is never called, and callbacks in a workspace that has nothing to sign them."""
        if endpoint.callback_url is not None:
            try:
                parse_callback_url(endpoint.callback_url, plain=self.plain)
            except CallbackUrlRefused as error:
                raise ValidationFailed([Violation("/callback_url", str(error))]) from None
        fields = {"callback_url": endpoint.callback_url, "callback_hosts": endpoint.callback_hosts}
        wanted = [name for name, value in fields.items() if value]
        # A secret that there once was stays: only what is new is looked at.
        if not wanted or (seen is not None and (seen.callback_url or seen.callback_hosts)):
            return
        if not self.secrets.versions(endpoint.workspace, deadline=deadline):
            message = (
                f"Callbacks are signed, and the workspace {endpoint.workspace!r} has no secret for it yet. Create one "
                "with `flowport webhook-secrets create` (POST /v1/admin/webhook-secrets)."
            )
            raise WebhookSecretMissing([(WebhookSecretMissing, Violation(f"/{name}", message)) for name in wanted])
