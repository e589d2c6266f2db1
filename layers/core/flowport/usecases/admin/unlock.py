"""Let a user try again at once, whatever wrong passwords were sent for it."""

from dataclasses import dataclass

from flowport.domain.errors import NotFound
from flowport.domain.guard import Attempts, partition_of
from flowport.domain.records import user_key
from flowport.usecases.admin.audit import Audit
from flowport.usecases.admin.ports import Actor, CredentialRegistry
from flowport.usecases.ports import AttemptStore, Clock


@dataclass(frozen=True, slots=True)
class UnlockUsers:
    """The use case."""

    registry: CredentialRegistry
    attempts: AttemptStore
    clock: Clock
    audit: Audit

    def __call__(self, actor: Actor, name: str) -> list[tuple[str, Attempts]]:
        """Forget all failures of a user; gives those that locked it, with the address (`anywhere`: over all).

        An address that is locked for all users of the workspace stays so, for a quarter of an hour at most.
        """
        key = user_key(actor.workspace, name)
        if self.registry.get(actor.workspace, key, deadline=actor.deadline) is None:
            message = f"There is no user {name!r} in the workspace {actor.workspace!r}."
            raise NotFound(message)
        with self.audit.around(actor, "user.unlock", f"user:{name}") as act:
            found = self.attempts.forget(partition_of(key), deadline=actor.deadline)
            now = self.clock.now()
            lifted = [(item.removeprefix("from#"), one) for item, one in sorted(found.items()) if one.locked(now)]
            act.after = {"lifted": [address for address, _ in lifted]}
        return lifted
