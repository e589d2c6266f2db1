"""What a signed access token (JWT, RFC 7519) says. Signing and verifying is an adapter's matter (`jwt_tokens.py`).

| claim | meaning |
|---|---|
| `sub` | `user:<name>`, `client:<client id>` or `api_key:<id>`: whose row is read; a bare name is a user's |
| `ws` | the workspace; what Flowport issues has it, elsewhere the address of the call may say it |
| `scope` | separated by spaces; narrows what the row grants, never widens it |
| `iat`, `exp` | seconds; what Flowport issues has both |
| `gen` | the row's generation when it was issued: another password or secret ends it |
| `aud` | the family that gave it out, and the one that takes it; a token without it is taken by every family |

A family may keep further claims of its own in the tokens that it gives out; they decide nothing.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flowport.domain.records import WORKSPACE_NAME, api_key_key, client_key, user_key

ISSUER: Final = "flowport"
FLOWPORT_ALIAS: Final = "flowport"  # of the key for tokens that Flowport issues itself
PHIXFLOW_ALIAS: Final = "phixflow-api-key"
KEY_BYTES_AT_LEAST: Final = 32
_KEY_RANDOM_BYTES: Final = 48
_CHARACTERS_AT_MOST: Final = 8192
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims that count. Times are epoch seconds; `further` is written, and never read back.

    `audience` is as it was signed: a name, an array of names, or whatever else somebody with a key may have written.
    """

    subject: str
    workspace: str
    scopes: tuple[str, ...] | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    generation: str | None = None
    further: Mapping[str, Any] = field(default_factory=dict)
    audience: Any = None

    def document(self) -> dict[str, Any]:
        """Write them as a JWT has them."""
        written = {
            **self.further,
            "iss": ISSUER,
            "aud": self.audience,
            "sub": self.subject,
            "ws": self.workspace,
            "scope": None if self.scopes is None else " ".join(self.scopes),
            "iat": self.issued_at,
            "exp": self.expires_at,
            "gen": self.generation,
        }
        return {name: value for name, value in written.items() if value is not None}

    def meant_for(self, family: str) -> bool:
        """Whether a family may take the token: not one that names others alone (RFC 7519 section 4.1.3)."""
        named = self.audience if isinstance(self.audience, list) else [self.audience]
        return self.audience is None or family in named

    @property
    def key(self) -> str | None:
        """Primary key of the credential that the token is for; None when it names none."""
        kind, colon, name = self.subject.partition(":")
        if not colon:
            kind, name = "user", self.subject
        keys = {"user": user_key, "client": client_key, "api_key": api_key_key}
        return keys[kind](self.workspace, name) if kind in keys and name else None


def new_signing_key() -> str:
    """Make a key that nobody is ever shown."""
    return secrets.token_urlsafe(_KEY_RANDOM_BYTES)


def claims_of(document: Mapping[str, Any], workspace: str | None) -> Claims | None:
    """Read claims; None when one has not the form that it must have. `workspace` stands in for a missing `ws`."""
    named = document.get("ws", workspace)
    scope = document.get("scope")
    subject, generation = document.get("sub"), document.get("gen")
    times = [document.get("iat"), document.get("exp")]
    if (
        not isinstance(named, str)
        or not WORKSPACE_NAME.fullmatch(named)
        or not isinstance(subject, str)
        or not isinstance(scope, str | None)
        or not isinstance(generation, str | None)
        or not all(time is None or (isinstance(time, int | float) and not isinstance(time, bool)) for time in times)
    ):
        return None
    issued_at, expires_at = (None if time is None else int(time) for time in times)
    return Claims(
        subject,
        named,
        None if scope is None else tuple(scope.split()),
        issued_at,
        expires_at,
        generation=generation,
        audience=document.get("aud"),
    )


def unverified(raw: str, workspace: str | None = None) -> Claims | None:
    """Read a token's claims before anybody has checked its signature: only to know which row and key to read."""
    parts = raw.split(".")
    if len(parts) != _PARTS or len(raw) > _CHARACTERS_AT_MOST:
        return None
    try:
        payload = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        document = json.loads(payload)
        return claims_of(document, workspace) if isinstance(document, dict) else None
    except (ValueError, OverflowError, RecursionError):  # no base64, no JSON, a time that is none
        return None
