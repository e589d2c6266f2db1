"""List the state machines that may be published: those whose owners consent."""

from dataclasses import dataclass

from flowport.usecases.admin.ports import Actor, ConsentedMachine, ConsentedMachines, Page
from flowport.usecases.admin.publishing import consents


@dataclass(frozen=True, slots=True)
class ListMachines:
    """The use case."""

    machines: ConsentedMachines

    def page(self, actor: Actor, limit: int, after: str | None) -> Page[ConsentedMachine]:
        """List by ARN those that carry the consent tag for the actor's workspace, with versions and aliases."""
        tagged = self.machines.tagged(deadline=actor.deadline)
        named = sorted((one for one in tagged if consents(one.consent, actor.workspace)), key=lambda one: one.arn)
        left = [one for one in named if after is None or one.arn > after]
        page = tuple(self.machines.with_versions(one, deadline=actor.deadline) for one in left[:limit])
        return Page(page, page[-1].arn if len(left) > limit else None)
