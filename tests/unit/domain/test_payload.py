"""What a workflow can take as its input."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.errors import InvalidJson, PayloadTooLarge
from flowport.domain.payload import MAX_BYTES, checked_input, compact, dumps, members_of

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_any_json_value_passes_and_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(checked_input(dumps(value))) == value


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[]",
        "1",
        '"a"',
        "null",
        " {} \n",
        "1.0",
        "1e400",
        "-0",
        "12345678901234567890.10",
        '{"a":{"a":1}}',
        '"\\ud800"',
    ],
)
def test_a_text_passes_unchanged(text: str) -> None:
    assert checked_input(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1, column 1"),
        ("{", "line 1, column 2"),
        ('{"a":1,}', "line 1, column 7"),
        ("{}\n{}", "line 2, column 1"),
        ("{'a':1}", "line 1, column 2"),
        ("\ufeff{}", "line 1, column 1"),
        ('{"a":\x00}', "line 1, column 6"),
        ('"a\nb"', "line 1, column 3"),
        ("NaN", "NaN is not JSON"),
        ('{"a":[-Infinity]}', "-Infinity is not JSON"),
        ('{"a":1,"b":2,"a":3}', 'the key "a" appears twice'),
        ('{"a":{"b":1,"\\u0062":1}}', 'the key "b" appears twice'),
        ("1" * 5000, "too many digits"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidJson, match=says):
        checked_input(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_nesting_is_bounded_at_100_levels(opening: str, closing: str) -> None:
    times = 100 // (opening.count("[") + opening.count("{"))
    assert checked_input(opening * times + "1" + closing * times)
    with pytest.raises(InvalidJson, match="deeper than 100"):
        checked_input(opening * (times + 1) + "1" + closing * (times + 1))


def test_brackets_inside_strings_are_no_nesting() -> None:
    assert checked_input('["' + "[{" * 1000 + '\\"[[[\\\\"]')


def test_a_wide_document_is_no_deep_one() -> None:
    assert checked_input("[" + "{},[]," * 5000 + "1]")


def test_an_unclosed_tower_is_refused_and_not_a_crash() -> None:
    with pytest.raises(InvalidJson):
        checked_input("[" * 100_000)


@pytest.mark.parametrize("tail", ['"' + '\\"' * 100_000, '"' + "\\" * 200_001, '"' * 100_001, "]" * 100_000])
def test_no_text_costs_more_than_a_moment(tail: str) -> None:
    begun = time.process_time()
    with pytest.raises(InvalidJson):
        checked_input("[" * 101 + tail)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("character", ["x", "ü", "€", "😀"])
def test_the_size_is_counted_in_bytes_of_utf8(character: str) -> None:
    width = len(character.encode())
    fits = '"' + character * ((MAX_BYTES - 2) // width) + '"'
    assert checked_input(fits) == fits
    with pytest.raises(PayloadTooLarge) as refused:
        checked_input(fits + " " * width)
    size = len(fits.encode()) + width
    assert refused.value.members == {"size": size, "limit": 262_144}
    assert f"{size} bytes" in refused.value.detail
    assert "262144 bytes" in refused.value.detail


@given(st.text())
def test_no_text_upsets_the_check(text: str) -> None:
    try:
        assert checked_input(text) == text
    except InvalidJson:
        with pytest.raises((ValueError, AssertionError)):
            _strict(text)


def _strict(text: str) -> None:
    """Take what the standard library calls JSON; it also takes NaN and duplicates."""
    json.loads(text)
    assert text.strip() not in {"NaN", "Infinity", "-Infinity"}


def test_an_objects_members_are_given_as_they_were_sent() -> None:
    text = ' { "a" : 1.50 , "b\\u00e9":{"c" : [ 1,"}" ]},"":null } '
    assert members_of(text) == {"a": "1.50", "b\u00e9": '{"c" : [ 1,"}" ]}', "": "null"}
    assert members_of("{}") == members_of(" { } ") == {}


def test_compact_json_has_no_space_but_in_its_strings() -> None:
    assert compact('[ 1.50,\n {"a b" : "c\\" d" }\t]') == '[1.50,{"a b":"c\\" d"}]'
