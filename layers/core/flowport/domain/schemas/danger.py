"""What makes a schema dangerous to check inputs by: references out of it, and work without bounds.

A validator looks at one value of an input once for each subschema that applies to it. That number must have a bound
that no input can move, or a few hundred bytes of JSON keep a function busy for hours:

    {"allOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]}

looks at a value that is nested n deep 2^n times. `looks` computes the bound for values at every depth that an input can
have; a schema in which it grows beyond `LOOKS_AT_MOST` is refused when it is published. (The Rust validator evaluates
in-place applicators again to find out what is unevaluated, which `_AGAIN` counts.)
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flowport.domain.payload import MAX_DEPTH
from flowport.domain.schemas.graph import ANCHORS, DIALECT, Graph

SCHEMA_BYTES: Final = 32_768
SUBSCHEMAS_AT_MOST: Final = 2_000
NESTED_AT_MOST: Final = 50
# A reference to a reference to …: each is a frame on the validator's stack, at each of an input's levels.
IN_PLACE_AT_MOST: Final = 32
LOOKS_AT_MOST: Final = 500
_AGAIN: Final = 4
_UNEVALUATED: Final = ("unevaluatedProperties", "unevaluatedItems")

_TOO_MANY_LOOKS: Final = (
    f"lets one value of an input be looked at more than {LOOKS_AT_MOST} times, perhaps without any bound: let each "
    "part of a value be described in one place, and put only what differs into anyOf, oneOf and allOf"
)

Found = tuple[str, str]  # a JSON Pointer and a sentence


def size_problem(text: str) -> str | None:
    """Say what is wrong with a schema's size, or None; its text is compact JSON."""
    if (size := len(text.encode("utf-8", "surrogatepass"))) > SCHEMA_BYTES:
        return f"has {size} bytes as JSON; a schema has at most {SCHEMA_BYTES}"
    depth = deepest = 0
    inside = False
    for character in _without_escapes(text):
        if character == '"':
            inside = not inside
        elif not inside and character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif not inside and character in "]}":
            depth -= 1
    return (
        f"is nested {deepest} levels deep; a schema has at most {NESTED_AT_MOST}" if deepest > NESTED_AT_MOST else None
    )


def _without_escapes(text: str) -> str:
    return text.replace("\\\\", "").replace('\\"', "")


def dangers(graph: Graph) -> list[Found]:
    """Give everything that is dangerous, each with a pointer into the schema."""
    if (count := len(graph.nodes)) > SUBSCHEMAS_AT_MOST:
        return [("", f"has {count} subschemas; a schema has at most {SUBSCHEMAS_AT_MOST}")]
    found = [*_identities(graph), *_references(graph), *_anchors(graph)]
    return found or list(_work(graph))


def _identities(graph: Graph) -> Iterator[Found]:
    for pointer, node in graph.nodes.items():
        if not isinstance(node, dict):
            continue
        if pointer and "$id" in node:
            yield f"{pointer}/$id", "a subschema must have no $id of its own, which would change what references mean"
        if "$schema" in node and str(node["$schema"]).removesuffix("#") != DIALECT:
            yield f"{pointer}/$schema", f"is another dialect; leave it out or write {DIALECT}"


def _references(graph: Graph) -> Iterator[Found]:
    for pointer in graph.nodes:
        for keyword, reference in graph.references(pointer):
            if not reference.startswith("#"):
                message = f"{reference[:100]!r} leads out of the schema; only references that begin with # are followed"
                yield f"{pointer}/{keyword}", message
            elif graph.target(reference) is None:
                yield f"{pointer}/{keyword}", f"{reference[:100]!r} leads to no subschema of this schema"


def _anchors(graph: Graph) -> Iterator[Found]:
    seen = Counter(
        node[keyword]
        for node in graph.nodes.values()
        if isinstance(node, dict)
        for keyword in ANCHORS
        if keyword in node
    )
    for name, count in seen.items():
        if count > 1:
            yield "", f"has the anchor {name!r} {count} times; name each once"


# -- work --------------------------------------------------------------------------------------------------------------


class _InPlaceError(Exception):
    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.found = (pointer, message)


def _work(graph: Graph) -> Iterator[Found]:
    try:
        most, pointer = looks(graph)
    except _InPlaceError as error:
        yield error.found
        return
    if most > LOOKS_AT_MOST:
        yield pointer, _TOO_MANY_LOOKS


def looks(graph: Graph) -> tuple[int, str]:
    """Give the most subschemas that any one value of an input is looked at by, and a subschema that leads there.

    It stops counting beyond `LOOKS_AT_MOST`.
    """
    groups = _Groups(graph)
    at = {pointer: groups.weight(pointer) for pointer in groups.starts}
    most, worst = 0, ""
    for _ in range(MAX_DEPTH + 1):
        top = max(at, key=lambda pointer: at[pointer])
        if at[top] > most:
            most, worst = at[top], top
        if most > LOOKS_AT_MOST:
            break
        deeper = {pointer: groups.deeper(pointer, at) for pointer in groups.starts}
        if deeper == at or not any(deeper.values()):
            break
        at = deeper
    return most, worst


@dataclass(frozen=True, slots=True)
class _Steps:
    """Where one subschema leads one level down."""

    properties: Mapping[str, str]
    patterns: tuple[str, ...]
    additional: tuple[str, ...]
    unevaluated: tuple[str, ...]
    names: tuple[str, ...]
    prefix: tuple[str, ...]
    items: tuple[str, ...]
    every_item: tuple[str, ...]

    def children(self) -> Iterable[str]:
        yield from self.properties.values()
        yield from (*self.patterns, *self.additional, *self.unevaluated, *self.names)
        yield from (*self.prefix, *self.items, *self.every_item)

    def any_key(self, at: Mapping[str, int]) -> int:
        """Looks at the value of a key that is not named; what a pattern matches is not additional."""
        beside = _sum(at, self.unevaluated) + _sum(at, self.names)
        return max(_sum(at, self.patterns), _sum(at, self.additional)) + beside

    def key(self, name: str, at: Mapping[str, int]) -> int:
        if name not in self.properties:
            return self.any_key(at)
        return at[self.properties[name]] + _sum(at, self.patterns) + _sum(at, self.names)

    def any_item(self, at: Mapping[str, int]) -> int:
        return _sum(at, self.items) + _sum(at, self.every_item)

    def item(self, place: int, at: Mapping[str, int]) -> int:
        if place >= len(self.prefix):
            return self.any_item(at)
        return at[self.prefix[place]] + _sum(at, self.every_item)


def _sum(at: Mapping[str, int], pointers: Iterable[str]) -> int:
    return sum(at[pointer] for pointer in pointers)


class _Groups:
    """For each subschema that a value can come to: all that then apply to that value, and how often each."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._applied: dict[str, Counter[str]] = {}
        self._depths: dict[str, int] = {}
        self._steps = {pointer: _steps(graph, pointer) for pointer in graph.nodes}
        for pointer in graph.nodes:
            self._apply(pointer, ())
        self.starts = {"", *(child for steps in self._steps.values() for child in steps.children())}

    def _apply(self, pointer: str, path: tuple[str, ...]) -> Counter[str]:
        if pointer in path:
            raise _InPlaceError(pointer, "applies itself to the same value again and again")
        if (known := self._applied.get(pointer)) is not None:
            return known
        if len(path) > IN_PLACE_AT_MOST:
            raise _InPlaceError(pointer, _TOO_LONG)
        node = self._graph.nodes[pointer]
        again = _AGAIN if isinstance(node, dict) and any(word in node for word in _UNEVALUATED) else 1
        applied: Counter[str] = Counter({pointer: 1})
        depth = 0
        for other in self._graph.in_place(pointer):
            for inner, times in self._apply(other, (*path, pointer)).items():
                applied[inner] += min(times * again, LOOKS_AT_MOST + 1)
            depth = max(depth, self._depths[other] + 1)
        if depth > IN_PLACE_AT_MOST:
            raise _InPlaceError(pointer, _TOO_LONG)
        self._applied[pointer], self._depths[pointer] = applied, depth
        return applied

    def weight(self, pointer: str) -> int:
        """Looks at a value that comes to this subschema."""
        return sum(times * _own_weight(self._graph.nodes[one]) for one, times in self._applied[pointer].items())

    def deeper(self, pointer: str, at: Mapping[str, int]) -> int:
        """Looks at one value below it, of the key or the place in an array at which there are most."""
        keys, places = 0, 0
        at_key: Counter[str] = Counter()
        at_place: Counter[int] = Counter()
        for one, times in self._applied[pointer].items():
            steps = self._steps[one]
            any_key, any_item = steps.any_key(at), steps.any_item(at)
            keys, places = keys + times * any_key, places + times * any_item
            for name in steps.properties:
                at_key[name] += times * (steps.key(name, at) - any_key)
            for place in range(len(steps.prefix)):
                at_place[place] += times * (steps.item(place, at) - any_item)
        most = max(keys + max([0, *at_key.values()]), places + max([0, *at_place.values()]))
        return min(most, LOOKS_AT_MOST + 1)


_TOO_LONG: Final = (
    f"applies more than {IN_PLACE_AT_MOST} subschemas to one value, each through another ($ref, allOf, …); shorten it"
)


def _steps(graph: Graph, pointer: str) -> _Steps:
    def below(keyword: str) -> tuple[str, ...]:
        return tuple(graph.below(pointer, keyword))

    return _Steps(
        properties=graph.named(pointer, "properties"),
        patterns=below("patternProperties"),
        additional=below("additionalProperties"),
        unevaluated=below("unevaluatedProperties"),
        names=below("propertyNames"),
        prefix=below("prefixItems"),
        items=below("items"),
        every_item=(*below("contains"), *below("unevaluatedItems")),
    )


def _own_weight(node: Any) -> int:  # noqa: ANN401  # a schema
    """An `enum` of objects is compared one by one, and each pattern is tried on each name."""
    if not isinstance(node, dict):
        return 1
    values = node.get("enum")
    compared = sum(isinstance(value, dict | list) for value in values) if isinstance(values, list) else 0
    return 1 + compared + len(node.get("patternProperties", ()))
