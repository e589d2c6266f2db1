"""Declared parameters: filled, converted, refused by name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.parameters import (
    Parameter,
    ParameterRefused,
    ParameterType,
    from_text,
    of_texts,
    of_values,
    parameters_of,
    plain,
)

DECLARED = (
    Parameter("field", "string"),
    Parameter("limit", "integer", default=10),
    Parameter("note", default=None),
    Parameter("name", "string", required=True, task="query_1"),
)


def test_what_is_not_sent_takes_its_default_and_is_absent_without_one() -> None:
    assert of_values(DECLARED, {}) == {"limit": 10, "note": None}
    assert of_texts(DECLARED, {"field": "abc", "unknown": "x"}) == {"field": "abc", "limit": 10, "note": None}


@pytest.mark.parametrize(
    ("values", "task", "named", "said"),
    [
        ({"fields": "a"}, None, "fields", "The parameter 'fields' is not declared; declared are: field, limit, note."),
        ({"limit": "10"}, None, "limit", "The parameter 'limit' must be of the type integer."),
        ({"limit": True}, None, "limit", "The parameter 'limit' must be of the type integer."),
        ({}, "query_1", "name", "The parameter 'name' of 'query_1' is required."),
        ({"name": 1}, "query_1", "name", "The parameter 'name' of 'query_1' must be of the type string."),
        ({"x": 1}, "query_2", "x", "The parameter 'x' of 'query_2' is not declared; declared are: none."),
    ],
)
def test_a_wrong_parameter_is_refused_by_its_name(
    values: dict[str, Any], task: str | None, named: str, said: str
) -> None:
    with pytest.raises(ParameterRefused) as refused:
        of_values(DECLARED, values, task=task)
    assert (refused.value.parameter, refused.value.detail) == (named, said)
    assert refused.value.status == 400


def test_an_open_list_passes_on_what_it_does_not_know() -> None:
    assert of_values(DECLARED, {"x": 1}, closed=False) == {"x": 1, "limit": 10, "note": None}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "12", "12"),
        (None, "12", "12"),
        ("integer", "12", 12),
        ("number", "1.5", 1.5),
        ("boolean", "true", True),
        ("object", '{"a":1}', {"a": 1}),
        ("array", "[1]", [1]),
    ],
)
def test_a_text_becomes_a_value_of_the_declared_type(kind: ParameterType | None, text: str, value: Any) -> None:
    converted = from_text(Parameter("p", kind), text)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1.5"),
        ("integer", "true"),
        ("number", "1e999"),
        ("number", "NaN"),
        ("number", ""),
        ("boolean", "1"),
        ("object", "null"),
        ("array", "[1"),
    ],
)
def test_a_text_that_is_none_of_its_type_is_refused(kind: ParameterType, text: str) -> None:
    with pytest.raises(ParameterRefused, match="'p' must be of the type"):
        from_text(Parameter("p", kind), text)


@given(st.text(max_size=40))
def test_any_text_is_a_string(text: str) -> None:
    assert from_text(Parameter("p", "string"), text) == text


def test_what_is_stored_of_a_parameter_is_what_it_says() -> None:
    assert [plain(one) for one in DECLARED] == [
        {"name": "field", "type": "string"},
        {"name": "limit", "type": "integer", "default": 10},
        {"name": "note", "default": None},
        {"name": "name", "task": "query_1", "type": "string", "required": True},
    ]
    assert parameters_of(plain(one) for one in DECLARED) == DECLARED
