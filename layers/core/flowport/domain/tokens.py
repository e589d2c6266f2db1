"""Opaque tokens: `fp_<workspace>_<30 base62 characters><6 characters of CRC-32 over all before them>`.

Recognisable to secret scanners; a typo is refused without a database read. Only the SHA-256 of a token is stored.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass
from typing import Final

BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_TOKEN = re.compile(r"fp_([a-z0-9_][a-z0-9_-]{0,62})_([0-9A-Za-z]{30})([0-9A-Za-z]{6})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token's text, the workspace that it names and the key under which its credential is stored."""

    text: str
    workspace: str

    @property
    def key(self) -> str:
        """SHA-256 of the token, in hexadecimal: the credential's primary key."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = []
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits.append(BASE62[rest])
    return "".join(reversed(digits))


def new_token(workspace: str) -> Token:
    """Make a token of `workspace` with 178 random bits."""
    head = f"fp_{workspace}_" + "".join(secrets.choice(BASE62) for _ in range(30))
    return Token(head + _checksum(head), workspace)


def parse_token(text: str) -> Token | None:
    """Read a token; None when it is none of ours or its checksum does not fit (a typo, a cut-off copy)."""
    match = _TOKEN.fullmatch(text)
    if match is None or _checksum(text[:-6]) != match[3]:
        return None
    return Token(text, match[1])
