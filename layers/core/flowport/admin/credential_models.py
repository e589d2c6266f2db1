"""What callers of the admin API send about tokens, users, clients, API keys and signing keys."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field

from flowport.admin.document import Document, unique
from flowport.admin.limit_models import LimitsDocument
from flowport.admin.models import Label, Moment, Paths, ScopeNames, Scopes, UserName
from flowport.dialects.timestamps import parse_timestamp
from flowport.domain.records import ROLES
from flowport.usecases.admin.errors import Violation

DAY_MS: Final = 86_400_000
PASSWORD_AT_LEAST: Final = 12


def _role(text: str) -> str:
    if text not in ROLES:
        message = f"is no role; use one of: {', '.join(ROLES)}"
        raise ValueError(message)
    return text


def _sent_in_a_header(text: str) -> str:
    if not text.isascii() or not text.isprintable() or text != text.strip() or text.startswith("fp_"):
        message = "must be visible ASCII characters that do not begin with fp_, which a header can carry as they are"
        raise ValueError(message)
    return text


Roles = Annotated[list[Annotated[str, AfterValidator(_role)]], AfterValidator(unique)]
Value = Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_sent_in_a_header)]
Password = Annotated[str, Field(min_length=1, max_length=1024)]


class GrantDocument(Document):
    """What every new credential may do, and until when."""

    scopes: Scopes
    endpoints: Paths | None = None
    expires_at: Moment | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    limits: LimitsDocument | None = None
    name: Label

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """An administrator is one of the whole workspace."""
        if "admin" in _granted(sent) and sent.get("endpoints") is not None:
            yield Violation("/endpoints", "the scope admin is one over the whole workspace; leave endpoints out")
        if sent.get("expires_at") is not None and sent.get("expires_in_days") is not None:
            yield Violation("/expires_in_days", "says the same as expires_at; send one of them")

    def expiry(self, now: int) -> int | None:
        """Give the end in epoch milliseconds."""
        if self.expires_in_days is not None:
            return now + self.expires_in_days * DAY_MS
        return None if self.expires_at is None else parse_timestamp(self.expires_at)


class RoleDocument(GrantDocument):
    """What may have roles, too, or instead of scopes."""

    scopes: ScopeNames = Field(default=[])
    roles: Roles = Field(default=[])

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """Something must be granted."""
        yield from super().conflicts(sent)
        if not sent.get("scopes") and not sent.get("roles"):
            yield Violation("/scopes", "scopes or roles must say what it may do")


class TokenDocument(GrantDocument):
    """A new token; with `value` one that its holders have already."""

    value: Value | None = None

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """What people chose administers nothing."""
        yield from super().conflicts(sent)
        if sent.get("value") is not None and "admin" in _granted(sent):
            yield Violation("/scopes", "a token that is brought along cannot have the scope admin")


class PasswordDocument(Document):
    """A password; `brought` takes also one that can be guessed, for a dialect's own way in alone."""

    password: Password
    brought: Literal[True] | None = None

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """A password is long, or its user knows where it is good for."""
        yield from _short(sent)

    def weakness(self) -> tuple[bool, str | None]:
        """Say whether it is taken as a brought one, and what is to be warned of."""
        return _weakness(self.password)


class MyPasswordDocument(Document):
    """The password that a user wants instead of the present one."""

    password: Password

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """It is long."""
        if len(str(sent.get("password", ""))) < PASSWORD_AT_LEAST and isinstance(sent.get("password"), str):
            yield Violation("/password", f"has fewer than {PASSWORD_AT_LEAST} characters")


class UserDocument(RoleDocument):
    """A new user."""

    name: UserName
    password: Password
    brought: Literal[True] | None = None

    @classmethod
    def conflicts(cls, sent: Mapping[str, Any]) -> Iterable[Violation]:
        """A short password is a brought one, which administers nothing."""
        yield from super().conflicts(sent)
        yield from _short(sent)
        if sent.get("brought") and "admin" in _granted(sent):
            yield Violation("/scopes", "a user whose password is brought along cannot have the scope admin")

    def weakness(self) -> tuple[bool, str | None]:
        """Say whether its password is taken as a brought one, and what is to be warned of."""
        return _weakness(self.password)


class ClientDocument(GrantDocument):
    """A new client."""


class ApiKeyDocument(RoleDocument):
    """A new API key."""


class KeyDocument(Document):
    """A new signing key: `value` brings one along, else one is made."""

    value: Annotated[str, Field(min_length=1, max_length=4096)] | None = None


def _granted(sent: Mapping[str, Any]) -> set[str]:
    lists = [found for name in ("scopes", "roles") if isinstance(found := sent.get(name), list)]
    named = {text for found in lists for text in found if isinstance(text, str)}
    return named.union(*(ROLES.get(text, ()) for text in named))


def _short(sent: Mapping[str, Any]) -> Iterable[Violation]:
    password = sent.get("password")
    if isinstance(password, str) and password and len(password) < PASSWORD_AT_LEAST and not sent.get("brought"):
        message = (
            f"has fewer than {PASSWORD_AT_LEAST} characters; one that its user has had for long is taken with "
            '"brought": true, for a dialect\'s own way in alone'
        )
        yield Violation("/password", message)


def _weakness(password: str) -> tuple[bool, str | None]:
    if len(password) >= PASSWORD_AT_LEAST:
        return False, None
    return True, (
        f"The password can be guessed: it has {len(password)} characters. It is taken where a dialect's own headers or "
        "messages carry it, and not by Authorization: Basic."
    )
