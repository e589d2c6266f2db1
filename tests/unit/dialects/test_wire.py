"""What a dialect can read of a request."""

from dataclasses import replace

import pytest

from flowport.dialects.wire import HttpRequest

REQUEST = HttpRequest(
    "POST", "/phixflow/api/1/action/My%20API/trigger", (), {}, {}, b"", "192.0.2.1", "https://h.example/prod"
)


def test_the_url_is_complete_and_its_path_is_as_it_was_sent() -> None:
    assert REQUEST.url == "https://h.example/prod/phixflow/api/1/action/My%20API/trigger"
    query = {"field": ("a b",), "tag": ("1", "ü&"), "parse": ("",)}
    assert replace(REQUEST, query=query).url == f"{REQUEST.url}?field=a+b&tag=1&tag=%C3%BC%26&parse="


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("explorer_token=abc.def", "abc.def"),
        ('a=1; explorer_token="abc=="; b=2', "abc=="),
        ("explorer_token=", ""),
        ("xexplorer_token=1", None),
        ("explorer_token", None),
        ("", None),
    ],
)
def test_a_cookie_is_found_among_others(header: str, value: str | None) -> None:
    assert replace(REQUEST, headers={"cookie": header}).cookie("explorer_token") == value
    assert REQUEST.cookie("explorer_token") is None


@pytest.mark.parametrize(("method", "verb"), [("HEAD", "GET"), ("GET", "GET"), ("PUT", "PUT")])
def test_a_head_is_routed_as_a_get(method: str, verb: str) -> None:
    assert replace(REQUEST, method=method).verb == verb
