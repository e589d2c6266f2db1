"""Endpoints as YAML: what is read, what is wrong and where, and that what is written is read again."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport_cli.endpoint_file import Place, read_endpoint_file, write_endpoint_file
from flowport_cli.errors import Violation, WrongUse

FILE = """\
version: 1
workspace: default
endpoints:
  billing/quote: &quote
    express_arn: arn:aws:states:eu-central-1:123456789012:stateMachine:quote
    title: no
    keep_jobs_days: 30
    sample: {day: 2026-11-22, price: 1.5, nothing: ~, on: true}
    ip_allow:
      - 192.0.2.0/24
      - 2001:db8::/32
  billing/a%2Fb:
    <<: *quote
    title: Other
"""


def test_scalars_are_read_as_json_has_them() -> None:
    file = read_endpoint_file(FILE, "endpoints.yaml")
    quote, other = file.endpoints
    assert (file.workspace, quote.address, quote.module, quote.name) == ("default", "billing/quote", "billing", "quote")
    assert quote.document == {
        "express_arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:quote",
        "title": "no",
        "keep_jobs_days": 30,
        "sample": {"day": "2026-11-22", "price": 1.5, "nothing": None, "on": True},
        "ip_allow": ["192.0.2.0/24", "2001:db8::/32"],
    }
    assert (other.name, other.document) == ("a/b", {**quote.document, "title": "Other"})


def test_a_violation_is_told_at_the_line_of_what_it_points_at() -> None:
    file = read_endpoint_file(FILE, "endpoints.yaml")
    quote, _ = file.endpoints
    assert quote.place("/ip_allow/1") == Place(11, 9)
    found = [
        (quote, Violation("/ip_allow/1", "is not a network")),
        (quote, Violation("/standard_arn", "is missing")),  # of what is not there: where its endpoint begins
        (quote, Violation("/sample/price/x", "is odd")),
    ]
    assert file.refusal(found).message.splitlines() == [
        "3 errors; nothing was changed.",
        "  endpoints.yaml:4:18: billing/quote/standard_arn: is missing",
        "  endpoints.yaml:8:38: billing/quote/sample/price/x: is odd",
        "  endpoints.yaml:11:9: billing/quote/ip_allow/1: is not a network",
    ]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", ["is empty"]),
        ("a: [", [":1:5: is not YAML"]),
        ("a:\n\tb: 1", [":2:1: is not YAML"]),
        ("- 1", [":1:1: the file must be a mapping", ":1:1: version must be 1", ":1:1: endpoints is missing"]),
        ("version: 2\nendpoints: {}", [":1:10: version must be 1"]),
        ("version: 1\nendpoint: {}", [":2:11: 'endpoint' is not known here", ":1:1: endpoints is missing"]),
        ("version: 1\nworkspace: [a]\nendpoints:", [":2:12: workspace must be the name of one"]),
        ("version: 1\nendpoints:\n  quote: {}", [":3:10: 'quote' is not an endpoint's address"]),
        ("version: 1\nendpoints:\n  a/b: 5", [":3:8: a/b must be a mapping of settings"]),
        ("version: 1\nendpoints:\n  a/b: {}\n  a/b: {}", [":4:3: 'a/b' is there twice"]),
        ("version: 1\nendpoints:\n  a/b: {}\n  a/%62: {}", [":4:10: 'a/%62' is the same endpoint as 'a/b'"]),
        ("version: 1\nendpoints:\n  a/b:\n    title: x\n    title: y", [":5:5: 'title' is there twice"]),
        ("version: 1\nendpoints:\n  a/b: {version: 3}", [":3:18: a/b: 'version' is not a setting"]),
        ("version: 1\nendpoints:\n  a/b: {sample: 1e999}", [":3:17: '1e999' is not a value that JSON has"]),
        ("version: 1\nendpoints:\n  a/b: {sample: !!python/name:os.system x}", [":3:17: 'x' is not a value"]),
        ("version: 1\nendpoints:\n  a/b: &me {sample: *me}", ["is nested too deeply, or contains itself"]),
    ],
)
def test_every_error_is_told_with_its_line(text: str, errors: list[str]) -> None:
    with pytest.raises(WrongUse) as caught:
        read_endpoint_file(text, "f.yaml")
    for error in errors:
        assert error in caught.value.message
    assert caught.value.message.startswith(f"{len(errors)} error") or ":" not in errors[0]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_json_is_written_is_read_again(value: Any) -> None:
    document = {"endpoint": "a/b", "module": "a", "name": "b", "version": 7, "title": "t", "sample": value}
    text = write_endpoint_file("default", [document])
    (read,) = read_endpoint_file(text, "f.yaml").endpoints
    wanted = {"title": "t", **({} if value is None else {"sample": value})}
    assert json.dumps(read.document) == json.dumps(wanted)  # to Python, 1 is the same as true


@pytest.mark.parametrize(
    "text",
    [
        *(
            "yes",
            "1",
            "1.0",
            "null",
            "~",
            "",
            "2026-11-22",
            "0x1f",
            "a: b",
            "- a",
            "# x",
            "on\n",
            "1e3",
            "-1E5",
            "1.5e3",
        ),
        *(
            "0o7",
            "=",
            "<<",
            ".5",
            "+1",
            "1_000",
            "190:20:30",
            "true",
            "*a",
            "&a",
            "!a",
            "%",
            "@",
            "`",
            "? a",
            "\u0085",
            "\ufeff",
        ),
    ],
)
def test_texts_that_look_like_something_else_stay_texts(text: str) -> None:
    document = {"endpoint": "a/b", "module": "a", "name": "b", "sample": text}
    (read,) = read_endpoint_file(write_endpoint_file(None, [document]), "f.yaml").endpoints
    assert read.document["sample"] == text


def test_a_file_without_endpoints_is_one() -> None:
    assert read_endpoint_file(write_endpoint_file("default", []), "f.yaml").endpoints == ()
