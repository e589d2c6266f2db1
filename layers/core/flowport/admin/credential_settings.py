"""How a credential's document is patched: read, merged (RFC 7396), checked as a new one is, and made a record again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flowport.admin import documents
from flowport.admin.credential_models import ApiKeyDocument, ClientDocument, GrantDocument, RoleDocument
from flowport.admin.document import read
from flowport.admin.limit_models import limits_from
from flowport.domain.records import Credential, CredentialKind
from flowport.usecases.admin.errors import Violation

_ALWAYS: Final = ("created_at", "last_used_at", "revoked_at")


@dataclass(frozen=True, slots=True)
class Form:
    """How a kind of credential is shown, which of its members a patch leaves alone, and what the others must be."""

    document: Callable[[Credential], Mapping[str, Any]]
    fixed: tuple[str, ...]
    settings: type[GrantDocument]


FORMS: Final[Mapping[CredentialKind, Form]] = {
    "token": Form(documents.token_document, ("id", "brought", *_ALWAYS), GrantDocument),
    "user": Form(documents.user_document, ("name", "brought", *_ALWAYS), RoleDocument),
    "client": Form(documents.client_document, ("client_id", *_ALWAYS), ClientDocument),
    "api_key": Form(documents.api_key_document, ("id", *_ALWAYS), ApiKeyDocument),
}


def patched(seen: Credential, patch: Mapping[str, Any], now: int) -> Credential:
    """Apply a patch; what it does not name stays, and null takes a setting away. `now` is epoch milliseconds."""
    form = FORMS[seen.kind]
    present = form.document(seen)
    settings = {name: value for name, value in present.items() if name not in _ALWAYS and name in _members(form)}
    sent = {name: value for name, value in patch.items() if name not in form.fixed}
    if sent.get("expires_in_days") is not None and "expires_at" not in sent:
        del settings["expires_at"]
    document = read(form.settings, documents.merge_patch(settings, sent), _wrong(form, present, patch))
    return replace(
        seen,
        name=document.name,
        scopes=tuple(document.scopes),
        roles=tuple(document.roles) if isinstance(document, RoleDocument) else (),
        endpoints=None if document.endpoints is None else tuple(document.endpoints),
        expires_at=document.expiry(now),
        limits=limits_from(document.limits),
    )


def _members(form: Form) -> frozenset[str]:
    return frozenset(form.settings.model_fields)


def _wrong(form: Form, present: Mapping[str, Any], patch: Mapping[str, Any]) -> list[Violation]:
    """Find members that nobody can set, and those that do not exist, which a merge would lose where they are null."""
    read_only = [
        Violation(f"/{name}", f"is read-only, and {present[name]!r} here; leave it out")
        for name in form.fixed
        if name in patch and patch[name] != present[name]
    ]
    unknown = [
        Violation(f"/{name}", "is not known here")
        for name, value in patch.items()
        if value is None and name not in present and name not in _members(form)
    ]
    return [*read_only, *unknown]
