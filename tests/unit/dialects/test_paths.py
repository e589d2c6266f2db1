"""Whose a path is, what could mean two things, and how a dialect finds its routes."""

from itertools import combinations, zip_longest

import pytest

from flowport.dialects import REGISTRY, dialect_of
from flowport.dialects.paths import NATIVE, TERRITORIES, Pattern, Routes, by_first_word, territory_of
from flowport.dialects.wire import HttpRequest
from flowport.domain.errors import MethodNotAllowed, NotFound
from flowport.domain.records import RESERVED_WORKSPACES


def _request(path: str, method: str = "GET") -> HttpRequest:
    segments = tuple(path.split("/")[1:]) if path != "/" else ()
    return HttpRequest(method, path, segments, {}, {}, b"", "192.0.2.1", "https://h/prod")


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/", "native"),
        ("/v1/run/billing/quote", "native"),
        ("/v1/run/api/x", "native"),
        ("/v1/jobs", "native"),
        ("/v1/callbacks/cb_1", "native"),
        ("/v1/nothing", "native"),
        ("/v1", "native"),
        ("/nothing", "native"),
        ("/console", "native"),
        ("/ping", "native"),
        ("/sping", "native"),
        # iolinker lies below /v1 too.
        ("/v1/api/iolinker/test/sync", "iolinker"),
        ("/v1/api/iolinker/test", "iolinker"),
        ("/v1/api", "iolinker"),
        ("/v1/api/1/action", "iolinker"),
        ("/v1/api/1/action/app/flow/trigger", "iolinker"),
        ("/v1/webhook/callback/1", "iolinker"),
        # A workspace before, which none of the words that begin a route can be.
        ("/phixflow/api/1/action/MyApp/My API/trigger", "phixflow"),
        ("/phixflow/api/1/action/My API/trigger", "phixflow"),
        ("/phixflow/api/1/action", "phixflow"),
        ("/phixflow/api/2/action/x/trigger", "native"),
        ("/phixflow/api/1/other", "native"),
        ("/jobs/api/1/action/x/trigger", "workfloplus"),
        ("/api/api/1/action/x/trigger", "native"),
        ("//api/1/action/x/trigger", "native"),
        ("/connect/token", "workfloplus"),
        ("/connect", "workfloplus"),
        ("/jobs/v1/basicSync", "workfloplus"),
        ("/jobs", "workfloplus"),
        ("/jobs/task/1/job", "workfloplus"),
        ("/jobs/job/1", "workfloplus"),
        ("/acme/task/1/job", "theeye"),
        ("/acme/task", "theeye"),
        ("/acme/job/1/result", "theeye"),
        ("/acme/jobs/1", "native"),
        ("/v1/task/1/job", "native"),
        ("/v1/job/1", "native"),
        ("/api/status", "theeye"),
        ("/api/status/x", "native"),
        ("/api/task/1/job", "native"),
        ("/api", "native"),
        ("/api-open/v1/jobs", "nebulagraph"),
        ("/api-open", "nebulagraph"),
        ("/api-open/task/1/job", "nebulagraph"),
        ("/console/task/1/job", "native"),
    ],
)
def test_each_path_means_one_thing(path: str, owner: str) -> None:
    assert territory_of(_request(path).segments) == owner
    assert dialect_of(_request(path)).name == (owner if owner in REGISTRY else NATIVE)


def _meet(one: Pattern, other: Pattern) -> bool:
    """Whether some path fits both."""
    shorter, longer = sorted((one, other), key=lambda pattern: len(pattern.parts))
    if len(shorter.parts) < len(longer.parts) and not shorter.open:
        return False
    for index, (left, right) in enumerate(zip_longest(shorter.parts, longer.parts, fillvalue=None)):
        if index >= len(shorter.parts):
            break
        if left is not None and right is not None and left != right:
            return False
        word = left or right
        if index == 0 and None in {left, right} and word in RESERVED_WORKSPACES:
            return False
    return True


def test_no_path_belongs_to_two_dialects() -> None:
    patterns = [(name, Pattern.of(text)) for name, texts in TERRITORIES.items() for text in texts]
    meeting = [
        (name, other) for (name, one), (other, two) in combinations(patterns, 2) if name != other and _meet(one, two)
    ]
    assert meeting == []


def test_every_word_that_begins_a_territory_can_be_no_workspace() -> None:
    first = {Pattern.of(text).parts[0] for texts in TERRITORIES.values() for text in texts}
    assert first - {None} <= RESERVED_WORKSPACES
    assert {"v1", "console", "ping", "sping"} <= RESERVED_WORKSPACES  # the native ones, and API Gateway's own


def test_a_registered_dialects_name_is_in_the_table() -> None:
    assert set(REGISTRY) <= {*TERRITORIES, NATIVE}
    assert all(dialect.name == name for name, dialect in REGISTRY.items())


ROUTES = Routes(
    {
        "/jobs/v1/my": {"GET": "my"},
        "/jobs/v1/{id}": {"GET": "read", "POST": "update"},
        "/jobs/v1/{id}/assign/{user}": {"POST": "assign"},
    }
)


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("GET", "/jobs/v1/my", ("my", ())),
        ("HEAD", "/jobs/v1/my", ("my", ())),
        ("POST", "/jobs/v1/my", ("update", ("my",))),
        ("GET", "/jobs/v1/7", ("read", ("7",))),
        ("POST", "/jobs/v1/7/assign/ann", ("assign", ("7", "ann"))),
    ],
)
def test_a_route_is_the_first_line_that_fits_path_and_method(method: str, path: str, found: object) -> None:
    assert ROUTES.find(_request(path, method)) == found


@pytest.mark.parametrize("path", ["/jobs/v1", "/jobs/v1/", "/jobs/v1/7/assign", "/jobs/v1/7/assign/", "/jobs/v1/7/x/y"])
def test_a_path_without_a_route_is_not_found(path: str) -> None:
    with pytest.raises(NotFound, match="There is no GET /jobs/v1"):
        ROUTES.find(_request(path))


def test_a_method_that_no_line_takes_is_told_all_that_are_taken() -> None:
    with pytest.raises(MethodNotAllowed) as refusal:
        ROUTES.find(_request("/jobs/v1/my", "DELETE"))
    assert refusal.value.headers["Allow"] == "GET, POST, HEAD"


def test_a_path_is_compared_with_the_patterns_of_its_first_word_and_of_workspaces_unless_the_word_is_reserved() -> None:
    texts = {"v1": "/v1/api/*", "relay": "/relay/{name}", "theeye": "/{customer}/task/*"}
    assert "relay" not in RESERVED_WORKSPACES
    sorted_lines = by_first_word(tuple((name, Pattern.of(text)) for name, text in texts.items()))
    names = {word: [name for name, _ in lines] for word, lines in sorted_lines.items()}
    assert names == {"v1": ["v1"], "relay": ["theeye", "relay"], None: ["theeye"]}
