"""Signed access tokens: JWT (RFC 7519) with HS256 and nothing else, by PyJWT.

The keys lie in Secrets Manager, one secret for each workspace and alias, the current and the previous value valid. They
are kept in the process for `KEPT_SECONDS`: a call with a signed token would else wait for two more reads. A token that
none of the kept keys signed lets them be read anew, so that a new key is valid at once; a retired one is refused when
the time is over. The credential that a token names is not kept: its row is read at every request.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from flowport.domain.access import refuse_credential, refuse_expired
from flowport.domain.errors import KeyMissing, KeyTooShort
from flowport.domain.jwt import KEY_BYTES_AT_LEAST, Claims, claims_of, new_signing_key
from flowport.usecases.ports import Clock, Secrets

KEPT_SECONDS: Final = 60.0
# A stream of tokens that nobody signed reads the keys no more often than this.
READ_AGAIN_AFTER_SECONDS: Final = 5.0
_KEPT_AT_MOST: Final = 1000
_ALGORITHM: Final = "HS256"
# Times are compared here, by the clock that is injected; whose the token is, the claims' reader decides.
_OPTIONS: Final = {"verify_exp": False, "verify_iat": False, "verify_nbf": False, "verify_aud": False}


@dataclass(frozen=True, slots=True)
class _Kept:
    """Keys as they were read at a time (monotonic seconds), the current one first."""

    keys: tuple[str, ...]
    at: float


class SignedTokens:
    """Signs and verifies; PyJWT is imported when the first signed token comes."""

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        """Use the secrets below `…/keys/`, named `workspace/alias`."""
        self._secrets = secrets
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def verify(self, raw: str, workspace: str, alias: str, *, deadline: float | None = None) -> Claims:
        """Accept what one of the two keys signed and whose time has not passed."""
        name = f"{workspace}/{alias}"
        kept = self._keys(name, KEPT_SECONDS, deadline)
        claims = self._signed_by(kept, raw, workspace, alias)
        if claims is None:
            again = self._keys(name, READ_AGAIN_AFTER_SECONDS, deadline)
            claims = self._signed_by(again, raw, workspace, alias) if again.keys != kept.keys else None
        if claims is None:
            raise refuse_credential()
        if claims.expires_at is not None and claims.expires_at * 1000 <= self._clock.now():
            raise refuse_expired()
        return claims

    def issue(self, claims: Claims, alias: str, *, deadline: float | None = None) -> str:
        """Sign with the current key."""
        import jwt  # noqa: PLC0415  # what most calls do not pay for

        kept = self._keys(f"{claims.workspace}/{alias}", KEPT_SECONDS, deadline)
        if not kept.keys:
            message = (
                f"The workspace {claims.workspace!r} has no signing key {alias!r}; its administrator makes one with "
                f"`flowport keys create {alias}`."
            )
            raise KeyMissing(message)
        return jwt.encode(claims.document(), _long_enough(kept.keys[0], alias), algorithm=_ALGORITHM)

    def make(self, workspace: str, alias: str, *, deadline: float | None = None) -> None:
        """Create the secret; of two at once the second finds the first one's, which is read anew for both."""
        name = f"{workspace}/{alias}"
        self._secrets.put(name, new_signing_key(), replaces=None, deadline=deadline)
        self._kept.pop(name, None)

    def _signed_by(self, kept: _Kept, raw: str, workspace: str, alias: str) -> Claims | None:
        import jwt  # noqa: PLC0415

        for place, key in enumerate(kept.keys):
            if place and len(key.encode()) < KEY_BYTES_AT_LEAST:
                continue  # the current key is good, and that is what counts
            try:
                document = jwt.decode(raw, _long_enough(key, alias), algorithms=[_ALGORITHM], options=_OPTIONS)  # type: ignore[arg-type]
            except jwt.InvalidTokenError:
                continue
            not_before = document.get("nbf", 0)
            if not isinstance(not_before, int | float) or not_before * 1000 > self._clock.now():
                return None
            return claims_of(document, workspace)
        return None

    def _keys(self, name: str, at_most_seconds: float, deadline: float | None) -> _Kept:
        kept = self._kept.get(name)
        now = self._clock.monotonic()
        # That there is no key is believed no longer than it takes to ask again politely.
        fresh = at_most_seconds if kept and kept.keys else READ_AGAIN_AFTER_SECONDS
        if kept is None or now - kept.at >= fresh:
            kept = _Kept(self._secrets.values(name, deadline=deadline), now)
            self._kept[name] = kept
            self._kept.move_to_end(name)
            if len(self._kept) > _KEPT_AT_MOST:
                self._kept.popitem(last=False)
        return kept


def _long_enough(key: str, alias: str) -> str:
    if (size := len(key.encode())) < KEY_BYTES_AT_LEAST:
        message = (
            f"The signing key under the alias {alias!r} has {size} bytes; HS256 needs at least {KEY_BYTES_AT_LEAST} "
            "(RFC 7518 section 3.2). The workspace's administrator must store a longer one."
        )
        raise KeyTooShort(message, members={"alias": alias, "size": size, "least": KEY_BYTES_AT_LEAST})
    return key
