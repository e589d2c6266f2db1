"""What `If-Match` demands of the thing that is to be changed (RFC 9110 section 13.1.1)."""

from dataclasses import dataclass

from flowport.domain.errors import PreconditionFailed


@dataclass(frozen=True, slots=True)
class Precondition:
    """The entity tags that are named; None is `*`, any version of what exists."""

    tags: frozenset[str] | None

    def check(self, what: str, tag: str | None) -> None:
        """Refuse `what` when it has another tag; it has none when it is not there."""
        if tag is None:
            message = f"If-Match: there is no {what}."
            raise PreconditionFailed(message)
        if self.tags is not None and tag not in self.tags:
            message = f'If-Match: the {what} has the ETag "{tag}"; read it again.'
            raise PreconditionFailed(message)
