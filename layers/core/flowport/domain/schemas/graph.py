"""A schema as a graph: every subschema by its JSON Pointer, and which of them applies where.

Only what JSON Schema 2020-12 calls subschemas is walked: a member of `enum`, `const`, `default` or `examples` is a
value, whatever it looks like.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ONE: Final = frozenset(
    {
        *("not", "if", "then", "else", "items", "contains", "unevaluatedItems", "additionalProperties"),
        *("propertyNames", "unevaluatedProperties", "contentSchema"),
    }
)
LISTS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED: Final = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
REFERENCES: Final = ("$ref", "$dynamicRef")
ANCHORS: Final = ("$anchor", "$dynamicAnchor")
# What applies to the same value as the schema that it stands in.
_IN_PLACE: Final = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"})
_NOT_APPLIED: Final = frozenset({"$defs", "definitions", "contentSchema"})

Schema = Any  # an object or a boolean


def escaped(part: str | int) -> str:
    """Write one step of a JSON Pointer (RFC 6901)."""
    return str(part).replace("~", "~0").replace("/", "~1")


@dataclass(frozen=True, slots=True)
class Graph:
    """The subschemas of a schema that its meta-schema accepts. `nodes` is by JSON Pointer, the schema itself is ``."""

    nodes: Mapping[str, Schema]
    anchors: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Schema) -> "Graph":
        """Walk a schema."""
        nodes = dict(_walk(schema, ""))
        anchors = {
            name: pointer
            for pointer, node in nodes.items()
            if isinstance(node, dict)
            for keyword in ANCHORS
            if isinstance(name := node.get(keyword), str)
        }
        return cls(nodes, anchors)

    def target(self, reference: str) -> str | None:
        """Give the pointer of the subschema that a reference within this schema leads to; None: to none."""
        fragment = unquote(reference.removeprefix("#"))
        pointer = self.anchors.get(fragment, fragment)
        return pointer if pointer in self.nodes else None

    def references(self, pointer: str) -> Iterator[tuple[str, str]]:
        """Give the references of a subschema, as keyword and text."""
        node = self.nodes[pointer]
        if isinstance(node, dict):
            for keyword in REFERENCES:
                if isinstance(reference := node.get(keyword), str):
                    yield keyword, reference

    def referred(self, pointer: str) -> Iterator[str]:
        """Give the subschemas that a subschema's references lead to."""
        for _, reference in self.references(pointer):
            if (target := self.target(reference)) is not None:
                yield target

    def below(self, pointer: str, keyword: str) -> list[str]:
        """Give the pointers of the subschemas of one keyword, in their order."""
        node = self.nodes[pointer]
        if not isinstance(node, dict) or keyword not in node:
            return []
        return [f"{pointer}{path}" for path, _ in _subschemas(keyword, node[keyword])]

    def named(self, pointer: str, keyword: str) -> dict[str, str]:
        """Give the subschemas of `properties` and its like by name."""
        node = self.nodes[pointer]
        if not isinstance(node, dict) or not isinstance(named := node.get(keyword), dict):
            return {}
        return {name: f"{pointer}/{keyword}/{escaped(name)}" for name in named}

    def in_place(self, pointer: str) -> Iterator[str]:
        """Give the subschemas that apply to the same value."""
        for keyword in sorted(_IN_PLACE):
            yield from self.below(pointer, keyword)
        yield from self.referred(pointer)

    def rewritten(self, prefix: str, pointer: str = "") -> Schema:
        """Give the schema as it stands inside a larger document, below the pointer `prefix`.

        Its references become pointers from that document's root, so that it needs no identity of its own.
        """
        node = self.nodes[pointer]
        if not isinstance(node, dict):
            return node
        written: dict[str, Any] = {}
        for keyword, value in node.items():
            if keyword in REFERENCES:
                target = self.target(str(value))
                written["$ref"] = f"#{prefix}{target or ''}"
            elif keyword in NAMED and isinstance(value, dict):
                named = self.named(pointer, keyword)
                written[keyword] = {name: self.rewritten(prefix, at) for name, at in named.items()}
            elif keyword in LISTS and isinstance(value, list):
                written[keyword] = [self.rewritten(prefix, at) for at in self.below(pointer, keyword)]
            elif keyword in ONE:
                written[keyword] = self.rewritten(prefix, f"{pointer}/{keyword}")
            elif keyword not in {"$id", "$schema", *ANCHORS}:
                written[keyword] = value
        return written

    def is_applied(self, pointer: str) -> bool:
        """Whether a subschema stands where it checks something, not only where others can refer to it."""
        return not _NOT_APPLIED.intersection(re.findall(r"[^/]+", pointer))


def _subschemas(keyword: str, value: Any) -> Iterator[tuple[str, Schema]]:  # noqa: ANN401  # any JSON value
    if keyword in ONE:
        yield f"/{keyword}", value
    elif keyword in LISTS and isinstance(value, list):
        for place, one in enumerate(value):
            yield f"/{keyword}/{place}", one
    elif keyword in NAMED and isinstance(value, dict):
        for name, one in value.items():
            yield f"/{keyword}/{escaped(name)}", one


def _walk(schema: Schema, pointer: str) -> Iterator[tuple[str, Schema]]:
    yield pointer, schema
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            for path, one in _subschemas(keyword, value):
                yield from _walk(one, pointer + path)
