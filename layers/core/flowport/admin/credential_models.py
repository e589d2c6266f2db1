"""What callers of the admin API send about tokens, users, clients and keys."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from flowport.admin.document import Document
from flowport.admin.models import Label, Moment, Paths, Scopes, UserName
from flowport.dialects.timestamps import parse_timestamp
from flowport.usecases.admin.errors import Violation

DAY_MS: Final = 86_400_000


class _GrantDocument(Document):
    scopes: Scopes
    endpoints: Paths | None = None
    expires_at: Moment | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """An administrator is one of the whole workspace."""
        scopes = sent.get("scopes")
        if isinstance(scopes, list) and "admin" in scopes and sent.get("endpoints") is not None:
            yield Violation("/endpoints", "the scope admin is one over the whole workspace; leave endpoints out")
        if sent.get("expires_at") is not None and sent.get("expires_in_days") is not None:
            yield Violation("/expires_in_days", "says the same as expires_at; send one of them")

    def expiry(self, now: int) -> int | None:
        """Give the end in epoch milliseconds."""
        if self.expires_in_days is not None:
            return now + self.expires_in_days * DAY_MS
        return None if self.expires_at is None else parse_timestamp(self.expires_at)


class TokenDocument(_GrantDocument):
    """A new token."""

    name: Label


class UserDocument(_GrantDocument):
    """A new user."""

    name: UserName
    password: Annotated[str, Field(min_length=12, max_length=1024)]
