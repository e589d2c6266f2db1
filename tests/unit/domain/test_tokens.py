"""Opaque tokens: their form, their checksum, and what is stored of them."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.tokens import (
    new_client_id,
    new_secret,
    new_token,
    parse_token,
    secret_hash,
    weakness,
    workspace_of_client,
)

SECRET = "0123456789abcdefghijABCDEFGHIJ"
# CRC-32 over all before it, in base 62 of digits, capitals, small letters: worked out apart from the code under test.
KNOWN = {
    f"fp_default_{SECRET}": "21Gpoj",
    f"fp_acme_{SECRET}": "2M1uZv",
    f"fp_my_team-2_{SECRET}": "14fkhx",
}


@pytest.mark.parametrize(("head", "checksum"), KNOWN.items())
def test_a_token_ends_in_the_crc_of_all_before(head: str, checksum: str) -> None:
    token = parse_token(head + checksum)
    assert token is not None
    assert token.workspace == head.removeprefix("fp_").removesuffix(f"_{SECRET}")


def test_a_token_is_stored_as_its_sha256() -> None:
    token = parse_token(f"fp_acme_{SECRET}2M1uZv")
    assert token is not None
    assert token.key == "3d33e24fff30c0a5011d15a7a5cccb804045d950e22439e93697a9df9b2925c7"


@pytest.mark.parametrize("workspace", ["default", "a", "my_team-2", "a_b_c", "_operator", "0" * 63])
def test_a_new_token_names_its_workspace(workspace: str) -> None:
    token = new_token(workspace)
    assert parse_token(token.text) == token
    assert token.workspace == workspace


def test_new_tokens_are_never_the_same() -> None:
    assert len({new_token("acme").text for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fp_",
        f"fp_acme_{SECRET}",
        f"fp_acme_{SECRET}000000",
        f"fp_acme_{SECRET}2M1uZv ",
        f"FP_acme_{SECRET}2M1uZv",
        f"fp_Acme_{SECRET}2M1uZv",
        f"fp_other_{SECRET}2M1uZv",
        f"fp__{SECRET}2M1uZv",
        "Bearer",
    ],
)
def test_what_is_no_token_is_refused_without_a_look_at_the_table(text: str) -> None:
    assert parse_token(text) is None


@given(st.data())
def test_any_one_wrong_character_is_noticed(data: st.DataObject) -> None:
    text = f"fp_acme_{SECRET}2M1uZv"
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(
        st.sampled_from(string.digits + string.ascii_letters + "_").filter(lambda one: one != text[place])
    )
    assert parse_token(text[:place] + other + text[place + 1 :]) is None


@given(st.text())
def test_no_text_upsets_the_parser(text: str) -> None:
    assert parse_token(text) is None
    assert parse_token("fp_" + text) is None


# -- clients and brought values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("workspace", ["acme", "a_b", "a-b_c", "0"])
def test_a_clients_id_names_its_workspace(workspace: str) -> None:
    assert workspace_of_client(new_client_id(workspace)) == workspace


@pytest.mark.parametrize("text", ["", "fpc_acme", "fpc_ACME_00000000000000000001", "fpc_acme_0000000000000000000 "])
def test_what_is_no_clients_id_names_none(text: str) -> None:
    assert workspace_of_client(text) is None


def test_no_two_secrets_are_the_same_and_each_is_recognised_by_scanners() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 48 and one.startswith("fps_") for one in made)
    assert len({secret_hash(one) for one in made}) == 100


@pytest.mark.parametrize(("value", "weak"), [("123456", True), ("a" * 64, True), (new_secret(), False)])
def test_a_value_that_can_be_guessed_is_called_weak_with_its_numbers(value: str, weak: bool) -> None:
    said = weakness(value)
    assert (said is not None) is weak
    assert said is None or str(len(value)) in said
