"""Fill a schema's defaults into an input, whose own numbers and strings keep their exact form.

A default stands in for a member that is not there, of an object that is there: through `properties`, `items`,
`prefixItems`, `additionalProperties`, `allOf` and references. What only may apply (`anyOf`, `oneOf`, `if`, `not`, …)
fills nothing. A default that was filled in is itself filled.
"""

import json
from typing import Any, Final

from flowport.domain.errors import InvalidJson, PayloadTooLarge
from flowport.domain.payload import MAX_BYTES, dumps, elements_of, members_of
from flowport.domain.schemas.graph import Graph

# Of one input. At publishing, of one default.
FILLED_AT_MOST: Final = 50_000
FILLED_IN_A_DEFAULT: Final = 1_000
_TOO_DEEP: Final = "The input is nested too deeply for the endpoint's schema; flatten it."


class Endless(Exception):  # it is told of as a sentence
    """A default that is filled with so many others that it looks as if it never ended."""


class Defaults:
    """The defaults of one schema."""

    def __init__(self, graph: Graph) -> None:
        """Find out which subschemas lead to a default."""
        self._graph = graph
        self._leading = _leading(graph)

    @property
    def any(self) -> bool:
        """Whether there is anything to fill in."""
        return "" in self._leading

    def filled(self, text: str) -> str:
        """Give an input (checked JSON) with the defaults filled in; without any it is the same text."""
        if not self.any:
            return text
        try:
            filled = _Filler(self._graph, self._leading, FILLED_AT_MOST).fill("", text)
        except Endless as error:
            message = f"With the defaults of the endpoint's schema the input has more than {MAX_BYTES} bytes."
            raise PayloadTooLarge(message, members={"limit": MAX_BYTES}) from error
        except RecursionError as error:
            raise InvalidJson(_TOO_DEEP) from error
        return filled

    def filled_default(self, pointer: str) -> str:
        """Give a subschema's own default as it is filled in. Raises `Endless`."""
        try:
            filler = _Filler(self._graph, self._leading, FILLED_IN_A_DEFAULT)
            return filler.fill(pointer, _text(self._graph.nodes[pointer]["default"]))
        except RecursionError as error:
            raise Endless from error


class _Filler:
    def __init__(self, graph: Graph, leading: frozenset[str], left: int) -> None:
        self._graph = graph
        self._leading = leading
        self._left = left

    def fill(self, pointer: str, text: str) -> str:
        if pointer not in self._leading:
            return text
        for other in _same_value(self._graph, pointer):
            text = self.fill(other, text)
        match text.lstrip()[:1]:
            case "{":
                return self._object(pointer, text)
            case "[":
                return self._array(pointer, text)
        return text

    def _object(self, pointer: str, text: str) -> str:
        properties = self._graph.named(pointer, "properties")
        additional = (
            []
            if self._graph.below(pointer, "patternProperties")
            else self._graph.below(pointer, "additionalProperties")
        )
        members = members_of(text)
        filled: dict[str, str] = {}
        for name, value in members.items():
            at = [properties[name]] if name in properties else additional
            filled[name] = self.fill(at[0], value) if at else value
        for name, at_name in properties.items():
            if name not in members and (default := default_of(self._graph, at_name)) is not None:
                self._count(len(default))
                filled[name] = self.fill(at_name, default)
        if filled == members:
            return text
        return "{" + ",".join(f"{_text(name)}:{value}" for name, value in filled.items()) + "}"

    def _array(self, pointer: str, text: str) -> str:
        prefix = self._graph.below(pointer, "prefixItems")
        items = self._graph.below(pointer, "items")
        if self._leading.isdisjoint((*prefix, *items)):
            return text
        elements = elements_of(text)
        filled = [
            self.fill(prefix[place], element)
            if place < len(prefix)
            else self.fill(items[0], element)
            if items
            else element
            for place, element in enumerate(elements)
        ]
        return text if filled == elements else f"[{','.join(filled)}]"

    def _count(self, size: int) -> None:
        self._left -= 1 + size // 64
        if self._left < 0:
            raise Endless


def default_of(graph: Graph, pointer: str) -> str | None:
    """Give the default of a subschema as JSON text: its own, or that of what it refers to."""
    seen = set()
    todo = [pointer]
    while todo:
        here = todo.pop(0)
        node = graph.nodes[here]
        if isinstance(node, dict) and "default" in node:
            return _text(node["default"])
        if here not in seen:
            seen.add(here)
            todo += _same_value(graph, here)
    return None


def _same_value(graph: Graph, pointer: str) -> list[str]:
    """What applies to the same value for certain."""
    return [*graph.below(pointer, "allOf"), *graph.referred(pointer)]


def _leading(graph: Graph) -> frozenset[str]:
    """Find the subschemas from which filling can come to a default below them."""
    leads: dict[str, set[str]] = {}
    found: list[str] = []
    for pointer in graph.nodes:
        properties = graph.named(pointer, "properties").values()
        further = (*graph.below(pointer, "items"), *graph.below(pointer, "prefixItems"))
        others = (*properties, *further, *graph.below(pointer, "additionalProperties"), *_same_value(graph, pointer))
        for other in others:
            leads.setdefault(other, set()).add(pointer)
        if any(default_of(graph, one) is not None for one in properties):
            found.append(pointer)
    leading: set[str] = set()
    while found:
        pointer = found.pop()
        if pointer not in leading:
            leading.add(pointer)
            found += leads.get(pointer, ())
    return frozenset(leading)


def _text(value: Any) -> str:  # noqa: ANN401  # any JSON value
    """Write JSON that can be sent: half a surrogate pair, which no UTF-8 can carry, stays an escape."""
    text = dumps(value)
    return text if text.isascii() or _encodes(text) else json.dumps(value, separators=(",", ":"))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
