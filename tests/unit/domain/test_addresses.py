"""An endpoint's address: one text for one endpoint."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.domain.addresses import endpoint_address, endpoint_parts
from flowport.domain.records import Endpoint


@pytest.mark.parametrize(
    ("module", "name", "address"),
    [
        ("billing", "quote", "billing/quote"),
        ("MyApp", "My API", "MyApp/My API"),
        ("a", "a+b", "a/a+b"),
        ("a", "50%", "a/50%25"),
        ("x/y", "z", "x%2Fy/z"),
        ("x", "y/z", "x/y%2Fz"),
        ("a", "%2F", "a/%252F"),
        ("a", "C# export", "a/C%23 export"),
        ("Küche", "Käse", "Küche/Käse"),
    ],
)
def test_only_what_would_be_ambiguous_is_escaped(module: str, name: str, address: str) -> None:
    assert endpoint_address(module, name) == address
    assert endpoint_parts(address) == (module, name)
    assert Endpoint("acme", module, name).path == address


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_two_endpoints_never_share_an_address(module: str, name: str, other_module: str, other_name: str) -> None:
    same = endpoint_address(module, name) == endpoint_address(other_module, other_name)
    assert same == ((module, name) == (other_module, other_name))


@pytest.mark.parametrize("text", ["MyApp/My%20API", "MyApp/My API", "%4DyApp/My API"])
def test_an_address_that_is_escaped_more_than_needed_means_the_same(text: str) -> None:
    assert endpoint_parts(text) == ("MyApp", "My API")


@pytest.mark.parametrize("text", ["", "a", "a/", "/a", "a/b/c", "a%2Fb", "a/%FF", "/"])
def test_what_has_not_two_parts_is_no_address(text: str) -> None:
    assert endpoint_parts(text) is None


def test_a_percent_sign_that_escapes_nothing_stands_for_itself() -> None:
    assert endpoint_parts("a/50%") == ("a", "50%")
