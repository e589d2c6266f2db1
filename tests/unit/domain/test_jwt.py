"""What a signed token says before and after its signature was checked."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.jwt import Claims, claims_of, unverified


def a_jwt(payload: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"e30.{middle}.c2ln"


@pytest.mark.parametrize(
    ("subject", "key"),
    [
        ("user:ann", "user#acme#ann"),
        ("ann", "user#acme#ann"),
        ("client:fpc_acme_x", "client#acme#fpc_acme_x"),
        ("api_key:key_1", "api_key#acme#key_1"),
        ("token:tok_1", None),
        ("ref:x", None),
        ("user:", None),
        ("", None),
    ],
)
def test_the_subject_says_whose_row_is_read(subject: str, key: str | None) -> None:
    assert Claims(subject, "acme").key == key


def test_claims_read_back_as_they_were_written() -> None:
    claims = Claims("user:ann", "acme", ("run", "jobs:read"), 1_795_310_400, 1_795_569_600, "5f5f")
    assert claims.document() == {
        "iss": "flowport",
        "sub": "user:ann",
        "ws": "acme",
        "scope": "run jobs:read",
        "iat": 1_795_310_400,
        "exp": 1_795_569_600,
        "gen": "5f5f",
    }
    assert unverified(a_jwt(claims.document())) == claims


def test_an_audience_reads_back_as_it_was_written() -> None:
    claims = Claims("user:ann", "acme", audience="workfloplus")
    assert claims.document() == {"iss": "flowport", "aud": "workfloplus", "sub": "user:ann", "ws": "acme"}
    assert unverified(a_jwt(claims.document())) == claims


@pytest.mark.parametrize(
    ("audience", "meant"),
    [
        (None, True),
        ("a", True),
        (["b", "a"], True),
        ("b", False),
        ("ab", False),
        ([], False),
        (["b"], False),
        (1, False),
    ],
)
def test_a_token_is_meant_for_the_family_that_it_names_or_for_all(audience: Any, meant: bool) -> None:
    claims = unverified(a_jwt({"sub": "ann", "ws": "acme"} | ({} if audience is None else {"aud": audience})))
    assert claims is not None
    assert claims.meant_for("a") is meant


def test_the_address_says_the_workspace_of_a_token_that_does_not() -> None:
    assert unverified(a_jwt({"sub": "ann"}), "acme") == Claims("ann", "acme")
    assert unverified(a_jwt({"sub": "ann", "ws": "blue"}), "acme") == Claims("ann", "blue")
    assert unverified(a_jwt({"sub": "ann"})) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"sub": 1},
        {"sub": "a", "ws": "A/B"},
        {"sub": "a", "ws": 1},
        {"sub": "a", "scope": ["run"]},
        {"sub": "a", "exp": "soon"},
        {"sub": "a", "iat": True},
        {"sub": "a", "gen": 5},
    ],
)
def test_a_claim_of_the_wrong_form_makes_it_no_token_of_ours(document: dict[str, Any]) -> None:
    assert claims_of(document, "acme") is None


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c.d", "e30.bm8.x", "e30.W10.x", "e30.!.x", "e30.é.x", "x" * 9000])
def test_what_is_no_jwt_says_nothing(text: str) -> None:
    assert unverified(text, "acme") is None


def test_a_time_beyond_all_numbers_is_no_claim() -> None:
    middle = base64.urlsafe_b64encode(b'{"sub":"a","exp":1e999}').decode().rstrip("=")
    assert unverified(f"e30.{middle}.x", "acme") is None


@given(st.text(max_size=100))
def test_no_text_makes_reading_fail(text: str) -> None:
    unverified(text, "acme")
    unverified(f"e30.{text}.x", "acme")
