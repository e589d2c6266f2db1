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
SECRET_PREFIX: Final = "fps_"  # noqa: S105  # recognisable to secret scanners
STRONG_LENGTH: Final = 20
STRONG_SIGNS: Final = 8
_CLIENT_ID = re.compile(r"fpc_([a-z0-9][a-z0-9_-]{0,62})_([0-9A-Za-z]{20})")
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


def checksum(text: str) -> str:
    """Give six base62 characters of CRC-32, by which a typo is told from what was given out."""
    number = zlib.crc32(text.encode())
    digits = []
    for _ in range(6):
        number, rest = divmod(number, 62)
        digits.append(BASE62[rest])
    return "".join(reversed(digits))


def new_token(workspace: str) -> Token:
    """Make a token of `workspace` with 178 random bits."""
    head = f"fp_{workspace}_" + "".join(secrets.choice(BASE62) for _ in range(30))
    return Token(head + checksum(head), workspace)


def parse_token(text: str) -> Token | None:
    """Read a token; None when it is none of ours or its checksum does not fit (a typo, a cut-off copy)."""
    match = _TOKEN.fullmatch(text)
    if match is None or checksum(text[:-6]) != match[3]:
        return None
    return Token(text, match[1])


# -- clients -----------------------------------------------------------------------------------------------------------


def new_client_id(workspace: str) -> str:
    """Make a client's id: it names its workspace, since a token request says nothing else of it."""
    return f"fpc_{workspace}_" + "".join(secrets.choice(BASE62) for _ in range(20))


def workspace_of_client(client_id: str) -> str | None:
    """Give the workspace that a client's id names; None when it is no client's id."""
    match = _CLIENT_ID.fullmatch(client_id)
    return match[1] if match else None


def new_secret() -> str:
    """Make a client's secret: 256 random bits and more, so that its SHA-256 is as good as a slow hash."""
    return SECRET_PREFIX + "".join(secrets.choice(BASE62) for _ in range(44))


def secret_hash(secret: str) -> str:
    """Hash a client's secret as its credential keeps it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# -- brought values ----------------------------------------------------------------------------------------------------


def weakness(value: str) -> str | None:
    """Say why a value that people chose can be guessed, or None. An estimate: length times what its signs tell."""
    signs = len(set(value))
    if len(value) < STRONG_LENGTH or signs < STRONG_SIGNS:
        return (
            f"It can be guessed: it has {len(value)} characters, {signs} of them different; a value that cannot has at "
            f"least {STRONG_LENGTH} and {STRONG_SIGNS}."
        )
    return None
