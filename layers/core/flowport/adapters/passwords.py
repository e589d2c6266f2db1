"""Passwords: Argon2id at OWASP's minimum (19 MiB, 2 passes, 1 lane; OWASP Password Storage Cheat Sheet).

That hash costs more than the rest of a call together, so the process remembers that it fitted, and only that: keyed by
an HMAC over the stored hash and what was sent, under a key that never leaves the process. The record itself is read
anew at every request, so that a changed or revoked password holds at once.
"""

import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 1000
MEMORY_KIB: Final = 19 * 1024
PASSES: Final = 2
LANES: Final = 1


class Argon2Passwords:
    """Hashes and verifies; argon2 is imported when the first password comes."""

    def __init__(self) -> None:
        """Start with nothing remembered."""
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, None] = OrderedDict()
        self._unknown_user: str | None = None

    def hash(self, password: str) -> str:
        """Hash a new password; the result carries its own parameters and salt."""
        from argon2 import PasswordHasher  # noqa: PLC0415  # 40 ms that token callers do not pay

        return PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES).hash(password)

    def knows(self, stored: str, password: str) -> bool:
        """Look it up among what fitted before."""
        return self._mark(stored, password) in self._remembered

    def _mark(self, stored: str, password: str) -> bytes:
        text = stored.encode() + b"\0" + password.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)

    def verify(self, stored: str | None, password: str) -> bool:
        """Compare in the same time whether the user is known or not."""
        if stored is None:
            self._unknown_user = self._unknown_user or self.hash(secrets.token_hex(16))
            self._check(self._unknown_user, password)
            return False
        key = self._mark(stored, password)
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return True
        if not self._check(stored, password):
            return False  # not remembered: a wrong password costs its time whoever it is for
        self._remembered[key] = None
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return True

    def _check(self, stored: str, password: str) -> bool:
        from argon2 import PasswordHasher  # noqa: PLC0415
        from argon2.exceptions import InvalidHashError, VerificationError  # noqa: PLC0415

        try:
            return PasswordHasher().verify(stored, password.encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
