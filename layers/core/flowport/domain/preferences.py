"""The `Prefer` request header (RFC 7240), of which Flowport knows `respond-async` and `wait=N`."""

import re
from dataclasses import dataclass
from typing import Final

MAX_WAIT_SECONDS: Final = 25
_HEADER_AT_MOST: Final = 1000  # what lies beyond is no preference of ours, only work
_QUOTED: Final = r'"(?:[^"\\]|\\.)*+"'
_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# One preference up to the next comma that stands outside quotes: a name, perhaps a value, perhaps parameters.
_PART: Final = re.compile(rf"(?:{_QUOTED}|[^,\"])+")
_PREFERENCE: Final = re.compile(
    rf"\s*({_NAME})\s*(?:=\s*({_QUOTED}|{_NAME}))?\s*(?:;\s*(?:{_NAME}\s*(?:=\s*(?:{_QUOTED}|{_NAME}))?\s*)?)*"
)


@dataclass(frozen=True, slots=True)
class Preference:
    """What the caller asked for: nothing, an answer at once, or a wait of at most `wait` seconds."""

    respond_async: bool = False
    wait: int | None = None

    @property
    def applied(self) -> str | None:
        """Value of `Preference-Applied`, or None when no preference was honoured."""
        if self.wait is not None:
            return f"wait={self.wait}"
        return "respond-async" if self.respond_async else None


def parse_prefer(header: str | None) -> Preference:
    """Read the header; unknown or malformed preferences are ignored, as RFC 7240 section 2 demands.

    `wait` is cut to 25 s. Both together mean: wait that long, then answer 202 (RFC 7240 section 4.3).
    """
    respond_async = False
    wait: int | None = None
    for part in _PART.findall((header or "")[:_HEADER_AT_MOST]):
        match = _PREFERENCE.fullmatch(part)
        if match is None:
            continue
        name, value = match[1].lower(), (match[2] or "").strip('"')
        if name == "respond-async" and not respond_async:
            respond_async = True
        elif name == "wait" and wait is None and value.isascii() and value.isdigit():
            wait = min(int(value[:9]), MAX_WAIT_SECONDS)
    return Preference(respond_async=respond_async and wait is None, wait=wait)
