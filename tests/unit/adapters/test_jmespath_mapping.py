"""Output mappings: what is refused at publishing and at which character, what comes out, and what is too much."""

import time

import pytest

from flowport.adapters.jmespath_mapping import JmesPathMapping
from flowport.domain.errors import OutputMappingFailed

MAPPING = JmesPathMapping()


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("total.[", "is no JMESPath expression: Invalid jmespath expression: Incomplete expression at character 8"),
        ("total other", "is no JMESPath expression: Unexpected token: other at character 7"),
        ("'x", "is no JMESPath expression: Bad jmespath expression: Unclosed ' delimiter at character 1"),
        ("items[?size(@)]", "calls the function 'size', which JMESPath does not have, at character 8"),
        ("map(&nope(@), a)", "calls the function 'nope', which JMESPath does not have, at character 6"),
        ("sum(a, b)", "calls sum with 2 arguments, which takes 1, at character 1"),
        ("merge()", "calls merge with 0 arguments, which takes at least 1, at character 1"),
        ("a" * 2_049, "has 2049 characters; a mapping has at most 2048"),
    ],
)
def test_an_expression_that_cannot_work_is_refused_with_its_place(expression: str, problem: str) -> None:
    assert MAPPING.problem(expression) == problem


@pytest.mark.parametrize(
    ("expression", "output", "mapped"),
    [
        ("total", '{"total":1.50,"internal":true}', "1.5"),
        ("{n: length(items), first: items[0].sku}", '{"items":[{"sku":"tea"}]}', '{"n":1,"first":"tea"}'),
        ("missing", "{}", "null"),
        ("@", '"\\ud800"', '"\\ud800"'),
        ("@", '"\u00e9"', '"\u00e9"'),
    ],
)
def test_a_mapping_gives_what_it_selects(expression: str, output: str, mapped: str) -> None:
    assert MAPPING.problem(expression) is None
    assert MAPPING.apply(expression, output) == mapped


@pytest.mark.parametrize(
    ("expression", "output", "reason"),
    [
        ("sum(prices)", '{"prices":"secret"}', "sum() was given string, and takes array-number"),
        ("sort_by(@, &a)", '[{"a":1},{"a":"x"}]', "sort_by()"),
        ("@", "1e999", "not JSON compliant"),
        ("@", "[" * 5_000 + "]" * 5_000, "nested too deeply"),
        ("|".join(["[@,@]"] * 200), "1", "a value in it has more than 16777216 bytes"),
        ("|".join(["join('',[@,@])"] * 60), '"ab"', "longer than 262144"),
        ("|".join(["[@,@][]"] * 100), "[1]", "more than 500000 steps"),
        ("|".join(["[*]"] * 100), "[" + "1," * 10_000 + "1]", "more than 500000 steps"),
    ],
)
def test_what_cannot_be_mapped_is_a_clear_error_that_shows_nothing_of_the_output(
    expression: str, output: str, reason: str
) -> None:
    began = time.monotonic()
    with pytest.raises(OutputMappingFailed, match="The run succeeded") as raised:
        MAPPING.apply(expression, output)
    assert reason in raised.value.detail
    assert "secret" not in raised.value.detail
    assert time.monotonic() - began < 20


_NUMBERS = "[" + ",".join(["1"] * 100_000) + "]"
_DOUBLED = "|".join(["[@,@]"] * 60)


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param(f"{_DOUBLED}|to_string(@)", id="text of what is doubled without end"),
        pytest.param(f"{{a: {_DOUBLED}, b: {_DOUBLED}}}|a==b", id="comparison of two of those"),
        pytest.param(f"{_DOUBLED}|contains(@, [`1`])", id="search in one"),
        pytest.param("[@,@,@,@,@,@,@,@][*].[@,@,@,@,@,@,@,@][]|[*].[@,@,@,@,@,@,@,@][]|[*].sum(@)", id="many sums"),
        pytest.param("[@,@,@]|[*].[@,@,@][]|[*].[@,@,@][]|[*].[@,@,@][]|[*].sort(@)", id="many times sorted"),
        pytest.param("|".join(["@[0:]"] * 300), id="copied again and again"),
        pytest.param("|".join(["reverse(@)"] * 185), id="turned round again and again"),
    ],
)
def test_a_few_characters_cannot_keep_a_function_busy(expression: str) -> None:
    assert MAPPING.problem(expression) is None
    began = time.monotonic()
    with pytest.raises(OutputMappingFailed, match=r"more than (500000 steps|16777216 bytes)"):
        MAPPING.apply(expression, _NUMBERS)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "expression",
    [
        "[*].{n: @, twice: [@, @]} | [?n == `1`] | [-1]",
        "sort(@)|reverse(@)|[0:10]",
        "{all: @, count: length(@), sum: sum(@)}",
    ],
)
def test_what_looks_at_a_large_output_a_few_times_is_not_too_much(expression: str) -> None:
    numbers = "[" + ",".join(["1"] * 10_000) + "]"
    assert MAPPING.apply(expression, numbers)
