"""Whether a change gives a credential more than it had."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.grants import widened
from flowport.domain.limits import Limits, Rate
from flowport.domain.records import Credential

HELD = Credential(
    "k",
    "user",
    "acme",
    "ann",
    "ann",
    ("admin",),
    ("a/b", "a/c"),
    expires_at=1000,
    roles=("supervisor",),
    limits=Limits(Rate(100, 60), 5),
)
FREE = replace(HELD, endpoints=None, expires_at=None, limits=Limits())


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"scopes": ()},
        {"scopes": ("run", "jobs:read")},  # its role has them
        {"roles": ("runner",)},
        {"endpoints": ("a/c",)},
        {"expires_at": 999},
        {"limits": Limits(Rate(100, 61), 5)},
        {"limits": Limits(Rate(1, 1), 4)},
        {"name": "another"},
    ],
)
def test_what_gives_less_or_the_same_widens_nothing(change: dict[str, Any]) -> None:
    assert widened(HELD, replace(HELD, **change)) == ()
    assert widened(FREE, replace(FREE, **change)) == ()


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"scopes": ("admin", "job.read")}, "scopes"),
        ({"roles": ("supervisor", "administrator"), "scopes": ()}, None),
        ({"endpoints": None}, "endpoints"),
        ({"endpoints": ("a/b", "a/d")}, "endpoints"),
        ({"expires_at": None}, "expires_at"),
        ({"expires_at": 1001}, "expires_at"),
        ({"limits": Limits(None, 5)}, "limits"),
        ({"limits": Limits(Rate(100, 60))}, "limits"),
        ({"limits": Limits(Rate(100, 59), 5)}, "limits"),
        ({"limits": Limits(Rate(101, 6000), 5)}, "limits"),
        ({"limits": Limits(Rate(2, 1), 5)}, "limits"),
        ({"limits": Limits(Rate(100, 60), 6)}, "limits"),
    ],
)
def test_what_gives_more_is_named(change: dict[str, Any], member: str | None) -> None:
    assert widened(HELD, replace(HELD, **change)) == (() if member is None else (member,))


def test_a_role_that_gives_more_is_named() -> None:
    runner = replace(HELD, scopes=("run",), roles=("runner",))
    assert widened(runner, replace(runner, roles=("administrator",))) == ("roles",)
    assert widened(runner, replace(runner, scopes=("admin",), roles=("reader",))) == ("scopes", "roles")
