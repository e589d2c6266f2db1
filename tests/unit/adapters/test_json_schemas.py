"""JSON Schema by the validator that the functions use: what is refused at publishing, what a caller is told."""

import subprocess
import sys
import time
from typing import Any

import pytest

from flowport.adapters.json_schemas import JsonSchemas
from flowport.domain.errors import InputInvalid, PayloadTooLarge
from flowport.domain.payload import dumps

SCHEMAS = JsonSchemas()
ORDER = {
    "type": "object",
    "required": ["items"],
    "properties": {
        "items": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/item"}},
        "currency": {"enum": ["EUR", "CHF"], "default": "EUR"},
        "mail": {"format": "email"},
    },
    "additionalProperties": False,
    "$defs": {
        "item": {
            "required": ["sku"],
            "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1, "default": 1}},
        }
    },
}


def problems(schema: Any) -> list[tuple[str, str]]:
    return SCHEMAS.problems(schema, dumps(schema))


def refusal(schema: Any, text: str) -> InputInvalid:
    with pytest.raises(InputInvalid) as raised:
        SCHEMAS.fit("billing/quote", dumps(schema), text)
    return raised.value


# -- publishing --------------------------------------------------------------------------------------------------------


def test_a_schema_is_held_against_the_meta_schema_and_every_fault_is_named() -> None:
    found = problems({"type": "integre", "properties": {"a": {"required": "b"}, "c": 3}, "minLength": -1})
    assert {pointer for pointer, _ in found} == {"/type", "/properties/a/required", "/properties/c", "/minLength"}


@pytest.mark.parametrize("pattern", ["(?=a)b", "(a)\\1", "(", "(?:a{999}){999}", "(?<!x)y"])
def test_a_pattern_that_the_linear_engine_cannot_take_is_refused_at_its_place(pattern: str) -> None:
    (found,) = problems({"properties": {"a/b": {"pattern": pattern}}})
    assert found[0] == "/properties/a~1b/pattern"
    (found,) = problems({"patternProperties": {pattern: {}}})
    assert found[0].startswith("/patternProperties/")


@pytest.mark.parametrize("pattern", ["[ab]{1,5000}x", "a[ab]{3600}c", "(?:[ab]{1,9}a){250}x"])
def test_a_pattern_that_takes_long_although_it_is_linear_is_refused(pattern: str) -> None:
    ((pointer, message),) = SCHEMAS.problems({"pattern": pattern}, dumps({"pattern": pattern}))
    assert (pointer, "bound a long text by maxLength" in message) == ("/pattern", True)


@pytest.mark.parametrize(
    "pattern", [r"^[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,255}\.[a-z]{2,}$", r"^\w{1,64}$", "^[a-z]{1,900}$"]
)
def test_patterns_that_people_write_are_taken(pattern: str) -> None:
    assert SCHEMAS.problems({"pattern": pattern}, dumps({"pattern": pattern})) == []


def test_the_largest_patterns_that_are_taken_cost_seconds_and_no_more() -> None:
    schema = dumps({"pattern": "(?:a[ab]{900}|b[ab]{900})cc"})
    assert SCHEMAS.problems({"pattern": "(?:a[ab]{900}|b[ab]{900})cc"}, schema) == []
    began = time.process_time()
    with pytest.raises(InputInvalid):
        SCHEMAS.fit("a/b", schema, '"' + "aab" * 30_000 + '"')
    assert time.process_time() - began < 10


def test_a_larger_pattern_that_was_published_by_an_earlier_release_still_checks_inputs() -> None:
    with pytest.raises(InputInvalid):
        SCHEMAS.fit("a/b", '{"pattern":"^[a-z]{1,2000}$"}', '"0"')


def test_a_pattern_that_would_be_catastrophic_elsewhere_is_matched_in_linear_time() -> None:
    schema = {"pattern": "^(a+)+$"}
    assert problems(schema) == []
    began = time.monotonic()
    refusal(schema, dumps("a" * 100_000 + "!"))
    assert time.monotonic() - began < 5


def test_a_default_that_does_not_fit_its_own_schema_is_refused() -> None:
    schema = {
        "properties": {
            "a": {"type": "integer", "default": "one"},
            "b": {"default": {}, "required": ["c"], "properties": {"c": {"default": 1}}},
            "d": {"default": {}, "required": ["e"]},
        },
        "anyOf": [{"properties": {"f": {"$ref": "#/$defs/f", "default": 0}}}, True],
        "$defs": {"f": {"minimum": 1}},
    }
    assert problems(schema) == [
        ("/properties/a/default", 'does not fit its own schema: "one" is not of type "integer"'),
        ("/properties/d/default", 'does not fit its own schema: "e" is a required property'),
        ("/anyOf/0/properties/f/default", "does not fit its own schema: 0 is less than the minimum of 1"),
    ]


def test_a_default_without_an_end_is_refused() -> None:
    ((pointer, message),) = problems({"properties": {"child": {"$ref": "#", "default": {}}}})
    assert pointer == "/properties/child/default"
    assert "would not end" in message


def test_dangers_are_found_before_anything_is_compiled() -> None:
    twice = [{"properties": {"x": {"$ref": "#"}}}] * 2
    assert [pointer for pointer, _ in problems({"allOf": twice})] == [""]
    assert [pointer for pointer, _ in problems({"$ref": "file:///etc/passwd"})] == ["/$ref"]


def test_a_sound_schema_has_no_problems() -> None:
    assert problems(ORDER) == []


# -- calls -------------------------------------------------------------------------------------------------------------


def test_every_violation_is_listed_with_its_pointer_and_keyword() -> None:
    error = refusal(ORDER, '{"items":[{"sku":1},{"quantity":0}],"currency":"USD","mail":"nobody","a/b":1}')
    assert error.status == 422
    assert error.kind == "input-invalid"
    assert sorted(error.members["errors"], key=lambda one: (one["pointer"], one["keyword"])) == [
        {
            "pointer": "",
            "detail": "Additional properties are not allowed ('a/b' was unexpected)",
            "keyword": "additionalProperties",
        },
        {"pointer": "/currency", "detail": '"USD" is not one of "EUR" or "CHF"', "keyword": "enum"},
        {"pointer": "/items/0/sku", "detail": '1 is not of type "string"', "keyword": "type"},
        {"pointer": "/items/1", "detail": '"sku" is a required property', "keyword": "required"},
        {"pointer": "/items/1/quantity", "detail": "0 is less than the minimum of 1", "keyword": "minimum"},
        {"pointer": "/mail", "detail": '"nobody" is not a "email"', "keyword": "format"},
    ]
    assert error.detail.startswith("The input does not fit the schema of 'billing/quote': ")
    assert error.detail.endswith("; and 3 more.")


def test_a_violation_of_an_alternative_says_so() -> None:
    error = refusal({"anyOf": [{"type": "string"}, {"minimum": 5}]}, "3")
    assert [one["detail"] for one in error.members["errors"]] == [
        '3 is not of type "string" (alternative 1 of anyOf)',
        "3 is less than the minimum of 5 (alternative 2 of anyOf)",
    ]


def test_defaults_are_filled_in_before_the_input_is_checked() -> None:
    schema = {"required": ["a"], "properties": {"a": {"default": 1}}}
    assert SCHEMAS.fit("x/y", dumps(schema), '{"n": 1.50}') == '{"n":1.50,"a":1}'
    text = '{ "items": [ {"sku": "tea", "quantity": 2} ], "currency": "CHF" }'
    assert SCHEMAS.fit("x/y", dumps(ORDER), text) is text


def test_an_input_that_its_defaults_make_too_large_is_refused() -> None:
    schema = {"items": {"properties": {"a": {"default": "x" * 300}}}}
    with pytest.raises(PayloadTooLarge):
        SCHEMAS.fit("x/y", dumps(schema), dumps([{}] * 2_000))


def test_half_of_a_surrogate_pair_is_refused_and_not_stumbled_over() -> None:
    (error,) = refusal({"type": "string"}, '"\\ud800"').members["errors"]
    assert error["pointer"] == ""


def test_numbers_beyond_any_range_do_no_harm() -> None:
    assert SCHEMAS.fit("x/y", '{"type":"integer"}', "9" * 400) == "9" * 400
    refusal({"type": "number", "maximum": 5}, "1e999")


def test_a_list_of_violations_has_an_end_and_says_so() -> None:
    error = refusal({"items": {"type": "string"}}, dumps([1] * 5_000))
    assert len(error.members["errors"]) == 1_000
    assert error.members["complete"] is False


def test_of_a_huge_input_the_first_violation_is_told_and_that_there_may_be_more() -> None:
    began = time.monotonic()
    error = refusal({"items": {"type": "string"}}, dumps([1] * 100_000))
    assert time.monotonic() - began < 5
    assert error.members["errors"] == [{"pointer": "/0", "detail": '1 is not of type "string"', "keyword": "type"}]
    assert error.members["complete"] is False


def test_a_violation_does_not_repeat_the_whole_input() -> None:
    (error,) = refusal({"minProperties": 2}, dumps({"a": "x" * 10_000})).members["errors"]
    assert len(error["detail"]) <= 301


def test_the_gateway_starts_without_a_validator_or_jmespath() -> None:
    code = (
        "import sys, flowport.wiring\n"
        "late = {'jsonschema_rs', 'flowport.openapi', 'flowport.admin', 'pydantic'} & set(sys.modules)\n"
        "sys.exit(', '.join(late) or 0)"
    )
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=_path(), check=False)
    assert started.returncode == 0, started.stderr


def _path() -> dict[str, str]:
    return {"PYTHONPATH": ":".join(sys.path)}
