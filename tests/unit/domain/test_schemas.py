"""Schemas as graphs: what is refused as dangerous, what is not, and which defaults are filled in."""

import json
from typing import Any

import pytest

from flowport.domain.errors import PayloadTooLarge
from flowport.domain.payload import dumps
from flowport.domain.schemas.danger import dangers, looks, size_problem
from flowport.domain.schemas.defaults import Defaults, Endless
from flowport.domain.schemas.graph import Graph

SELF = {"$ref": "#"}


def pointers(schema: Any) -> list[str]:
    return [pointer for pointer, _ in dangers(Graph.of(schema))]


# -- dangers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "where"),
    [
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "/properties/a/$ref"),
        ({"items": {"$dynamicRef": "https://example.com/a.json#node"}}, "/items/$dynamicRef"),
        ({"allOf": [{"$ref": "other.json"}]}, "/allOf/0/$ref"),
        ({"$ref": "#/$defs/missing"}, "/$ref"),
        ({"$ref": "#anchor"}, "/$ref"),
        ({"$ref": "word", "$defs": {"w": {"$anchor": "word"}}}, "/$ref"),
        ({"$ref": "#/const", "const": {"type": "string"}}, "/$ref"),
        ({"properties": {"a/b": {"$id": "https://example.com/b"}}}, "/properties/a~1b/$id"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "/$schema"),
        ({"$defs": {"a": {"$anchor": "x"}, "b": {"$dynamicAnchor": "x"}}}, ""),
    ],
)
def test_a_reference_that_leads_out_or_nowhere_is_refused_at_its_place(schema: Any, where: str) -> None:
    assert pointers(schema) == [where]


def test_references_within_a_schema_are_taken() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/order",
        "properties": {"a": {"$ref": "#/$defs/a%20b~1c"}, "b": {"$ref": "#word"}, "c": {"$dynamicRef": "#node"}},
        "$defs": {"a b/c": {"type": "string"}, "w": {"$anchor": "word"}, "n": {"$dynamicAnchor": "node"}},
    }
    assert dangers(Graph.of(schema)) == []


def test_what_looks_like_a_reference_in_a_value_is_none() -> None:
    assert dangers(Graph.of({"const": {"$ref": "https://example.com"}, "examples": [{"$id": "x"}]})) == []


@pytest.mark.parametrize(
    "schema",
    [
        SELF,
        {"allOf": [SELF]},
        {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}},
    ],
)
def test_a_schema_that_applies_itself_to_the_same_value_is_refused(schema: Any) -> None:
    assert len(dangers(Graph.of(schema))) == 1


def doubling(times: int) -> dict[str, Any]:
    steps = {f"a{n}": {"allOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(times)}
    return {"$ref": "#/$defs/a0", "$defs": {**steps, f"a{times}": {"type": "integer"}}}


def unevaluated(times: int) -> Any:
    schema: Any = {"type": "object"}
    for _ in range(times):
        schema = {"oneOf": [schema, False], "unevaluatedProperties": {"type": "integer"}}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"properties": {"x": SELF}}, {"properties": {"x": SELF}}]},
        {"anyOf": [{"items": SELF}, {"items": SELF}]},
        {"items": SELF, "contains": SELF},
        {"properties": {"x": SELF}, "patternProperties": {"^x": SELF}},
        {"properties": {"x": SELF}, "unevaluatedProperties": False, "allOf": [{"properties": {"x": SELF}}]},
        {"properties": {"x": {"oneOf": [{"properties": {"y": SELF}}, {"properties": {"y": SELF}}]}}},
        doubling(9),
        unevaluated(5),
        {"enum": [{"n": n} for n in range(600)]},
    ],
)
def test_work_that_grows_with_the_depth_or_without_sense_is_refused(schema: Any) -> None:
    assert len(dangers(Graph.of(schema))) == 1


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        ({"type": "object"}, 1),
        ({"properties": {"left": SELF, "right": SELF}, "additionalProperties": SELF, "items": SELF}, 2),
        ({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": SELF}, 3),
        ({"prefixItems": [SELF, SELF], "items": SELF}, 2),
        ({"anyOf": [{"properties": {"and": {"items": SELF}}}, {"properties": {"or": {"items": SELF}}}]}, 4),
        ({"properties": {"a": {"allOf": [{"type": "string"}, {"minLength": 1}]}}}, 3),
        ({"enum": [{"n": 1}, {"n": 2}, "x"]}, 3),
    ],
)
def test_what_is_looked_at_once_is_counted_once(schema: Any, most: int) -> None:
    assert looks(Graph.of(schema))[0] == most
    assert dangers(Graph.of(schema)) == []


def test_a_long_chain_of_references_is_refused_before_it_overflows_a_stack() -> None:
    chain = {f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(900)}
    found = dangers(Graph.of({"$ref": "#/$defs/a0", "$defs": {**chain, "a900": {}}}))
    assert len(found) == 1
    assert "more than 32 subschemas to one value" in found[0][1]


def test_size_depth_and_number_of_subschemas_have_limits() -> None:
    deep: Any = {}
    for _ in range(51):
        deep = {"items": deep}
    assert size_problem(dumps(deep)) == "is nested 52 levels deep; a schema has at most 50"
    assert size_problem(dumps({"description": "[" * 40_000})) == ("has 40018 bytes as JSON; a schema has at most 32768")
    assert size_problem(dumps({"description": '["\\' * 100})) is None
    assert pointers({"properties": {f"p{n}": True for n in range(2_000)}}) == [""]
    assert pointers({"properties": {f"p{n}": True for n in range(1_999)}}) == []


# -- defaults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "text", "filled"),
    [
        ({"properties": {"a": {"default": 1}}}, "{}", '{"a":1}'),
        ({"properties": {"a": {"default": 1}}}, '{"a": 1.50}', '{"a": 1.50}'),
        ({"properties": {"a": {"default": None}}}, '{"b": 1e2}', '{"b":1e2,"a":null}'),
        ({"properties": {"a": {"default": 1}}}, "[]", "[]"),
        ({"default": {"a": 1}}, "{}", "{}"),
        ({"properties": {"o": {"properties": {"a": {"default": 1}}}}}, "{}", "{}"),
        ({"properties": {"o": {"default": {}, "properties": {"a": {"default": 1}}}}}, "{}", '{"o":{"a":1}}'),
        ({"items": {"properties": {"a": {"default": "\u00e9"}}}}, "[{}, 2.0]", '[{"a":"\u00e9"},2.0]'),
        ({"prefixItems": [{}, {"properties": {"a": {"default": 1}}}]}, "[{}, {}, {}]", '[{},{"a":1},{}]'),
        ({"additionalProperties": {"properties": {"a": {"default": 1}}}}, '{"x":{}}', '{"x":{"a":1}}'),
        ({"allOf": [{"properties": {"a": {"default": 1}}}]}, "{}", '{"a":1}'),
        ({"anyOf": [{"properties": {"a": {"default": 1}}}]}, "{}", "{}"),
        ({"if": {"properties": {"a": {"default": 1}}}}, "{}", "{}"),
        ({"properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"default": 1}}}, "{}", '{"a":1}'),
        ({"properties": {"child": SELF, "a": {"default": 1}}}, '{"child":{}}', '{"child":{"a":1},"a":1}'),
        ({"properties": {"a": {"default": 1}}}, '{"\\ud800": 1}', '{"\\ud800":1,"a":1}'),
    ],
)
def test_defaults_are_filled_in_and_all_else_stays_as_it_was_sent(schema: Any, text: str, filled: str) -> None:
    assert Defaults(Graph.of(schema)).filled(text) == filled


def test_a_default_that_has_itself_in_it_never_ends() -> None:
    endless = Defaults(Graph.of({"properties": {"child": {"$ref": "#", "default": {}}}}))
    with pytest.raises(Endless):
        endless.filled_default("/properties/child")


def test_defaults_that_double_have_an_end_too() -> None:
    steps = {
        f"a{n}": {"properties": {side: {"$ref": f"#/$defs/a{n + 1}", "default": {}} for side in ("l", "r")}}
        for n in range(40)
    }
    doubled = Defaults(Graph.of({"$ref": "#/$defs/a0", "$defs": {**steps, "a40": {}}}))
    with pytest.raises(Endless):
        doubled.filled_default("/$defs/a0/properties/l")


def test_defaults_in_many_places_do_not_make_an_input_larger_than_memory() -> None:
    many = Defaults(Graph.of({"items": {"properties": {"a": {"default": "x" * 8_000}}}}))
    with pytest.raises(PayloadTooLarge):
        many.filled(json.dumps([{}] * 60_000))


# -- inside another document -------------------------------------------------------------------------------------------


def test_a_schema_inside_another_document_refers_to_itself_there() -> None:
    schema = {
        "$id": "https://example.com/order",
        "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$dynamicRef": "#n"}, "$ref": {"const": {"$ref": "#"}}},
        "anyOf": [SELF, True],
        "$defs": {"x": {"$dynamicAnchor": "n", "not": {"$ref": "#"}}},
    }
    assert Graph.of(schema).rewritten("/components/schemas/order") == {
        "properties": {
            "a": {"$ref": "#/components/schemas/order/$defs/x"},
            "b": {"$ref": "#/components/schemas/order/$defs/x"},
            "$ref": {"const": {"$ref": "#"}},
        },
        "anyOf": [{"$ref": "#/components/schemas/order"}, True],
        "$defs": {"x": {"not": {"$ref": "#/components/schemas/order"}}},
    }
