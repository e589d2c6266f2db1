"""Paths as data: whose they are, and which route of a dialect they mean.

A pattern is written `/{workspace}/task/{id}/job`: a word stands for itself, `{…}` for any one segment that is not
empty, and `*` at the end for whatever follows, nothing included. A placeholder at the very beginning stands for a
workspace and therefore never for a word that begins a route (`RESERVED_WORKSPACES`): that is what keeps the dialects
apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flowport.dialects.wire import HttpRequest
from flowport.domain.errors import MethodNotAllowed, NotFound
from flowport.domain.records import RESERVED_WORKSPACES


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern, taken apart: each part a word, or None for a placeholder; `open` when anything may follow."""

    parts: tuple[str | None, ...]
    open: bool

    @classmethod
    def of(cls, text: str) -> "Pattern":
        """Read a pattern."""
        words = text.split("/")[1:]
        is_open = words[-1:] == ["*"]
        parts = words[:-1] if is_open else words
        return cls(tuple(None if part.startswith("{") else part for part in parts), is_open)

    def match(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """Give what stands in the placeholders' places, or None when the path is another one."""
        if len(segments) < len(self.parts) or (len(segments) > len(self.parts) and not self.open):
            return None
        values = []
        for index, (part, segment) in enumerate(zip(self.parts, segments, strict=False)):
            if part is None:
                if not segment or (index == 0 and segment in RESERVED_WORKSPACES):
                    return None
                values.append(segment)
            elif part != segment:
                return None
        return tuple(values)


# Whose a path is. What is nobody's here is the native contract's. No path fits two lines, whatever their order.
TERRITORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "iolinker": ("/v1/api/*", "/v1/webhook/*"),
    "phixflow": ("/{workspace}/api/1/action/*",),
    "workfloplus": ("/connect/*", "/jobs/*"),
    "theeye": ("/{customer}/task/*", "/{customer}/job/*", "/api/status"),
    "nebulagraph": ("/api-open/*",),
}
NATIVE: Final = "native"
Lines = tuple[tuple[str, Pattern], ...]


def by_first_word(lines: Lines) -> Mapping[str | None, Lines]:
    """Sort patterns by their first word, so that each path is compared with a few; None has those of workspaces."""
    of_workspaces = tuple(line for line in lines if line[1].parts[0] is None)
    words = {line[1].parts[0] for line in lines} - {None}
    # A word that begins a route is never a workspace.
    found: dict[str | None, Lines] = {word: () if word in RESERVED_WORKSPACES else of_workspaces for word in words}
    for line in lines:
        if (word := line[1].parts[0]) is not None:
            found[word] = (*found[word], line)
    return {**found, None: of_workspaces}


LINES: Final[Lines] = tuple((name, Pattern.of(text)) for name, texts in TERRITORIES.items() for text in texts)
_BY_WORD = by_first_word(LINES)


def territory_of(segments: tuple[str, ...]) -> str:
    """Name the dialect that a path belongs to, by its decoded segments."""
    lines = _BY_WORD.get(segments[0], _BY_WORD[None]) if segments else ()
    return next((name for name, pattern in lines if pattern.match(segments) is not None), NATIVE)


class Routes[T]:
    """A dialect's routes: for each pattern what its methods mean.

    The first line that fits path and method wins, so that a word comes before a placeholder in its place. HEAD is a
    GET.
    """

    def __init__(self, table: Mapping[str, Mapping[str, T]]) -> None:
        """Read the patterns once."""
        self.table = table
        self._lines = tuple((Pattern.of(text), methods) for text, methods in table.items())

    def find(self, request: HttpRequest) -> tuple[T, tuple[str, ...]]:
        """Give what a request means, and what stands in the placeholders' places.

        Raises:
            NotFound: no pattern fits the path.
            MethodNotAllowed: one does, with other methods, which `Allow` names.
        """
        allowed: list[str] = []
        for pattern, methods in self._lines:
            values = pattern.match(request.segments)
            if values is None:
                continue
            if request.verb in methods:
                return methods[request.verb], values
            allowed += [method for method in methods if method not in allowed]
        if not allowed:
            message = f"There is no {request.method} {request.path}."
            raise NotFound(message)
        allow = ", ".join([*allowed, *(["HEAD"] if "GET" in allowed else [])])
        message = f"{request.path} does not take {request.method}; it takes: {allow}."
        raise MethodNotAllowed(message, headers={"Allow": allow})
