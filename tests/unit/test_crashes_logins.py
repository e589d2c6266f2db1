"""What is true of wrong passwords whatever breaks: none is looked at uncounted, and nobody is locked out for longer.

Each walk plays a story once for each of its calls to AWS, with that call broken in each way.
"""

from collections.abc import Callable
from itertools import chain, repeat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowport.domain.guard import (
    ADDRESS,
    ANYWHERE,
    AT_ADDRESS,
    Attempts,
    GuardKey,
    Policy,
    address_key,
    anywhere_key,
    at_address_key,
    partition_of,
)
from flowport.domain.records import user_key
from tests.world import FAULTS, DirectDynamoDB, Fault, World
from tests.world.logins import HOME, RIGHT, Logins
from tests.world.turns import Turns

PARTITION = partition_of(user_key("acme", "ann"))
OWN, EVERYWHERE, HERE = at_address_key(PARTITION, HOME), anywhere_key(PARTITION), address_key("acme", HOME)
QUARTER_OF_AN_HOUR = 15 * 60
Story = Callable[[Logins], object]


def right_at_last(it: Logins) -> None:
    it.fail(5)
    it.world.clock.sleep(QUARTER_OF_AN_HOUR)
    it(RIGHT)


def from_a_known_address(it: Logins) -> None:
    it(RIGHT)
    it.fail(2)
    it(RIGHT)


STORIES: dict[str, Story] = {
    "one guess": lambda it: it(),
    "the right password at last": right_at_last,
    "the right password from a known address": from_a_known_address,
}


@pytest.fixture
def new_logins(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Callable[[], Logins]:
    """Give a function that makes worlds in which nobody has tried anything."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)
    return lambda: Logins(World(direct, new_jobs_table(direct)))


def _failures(remembered: Attempts, policy: Policy, now: int) -> int:
    return max(0, -(-(remembered.forgiven_at - now) // policy.forgiven_after))


def _counted(it: Logins, key: GuardKey, policy: Policy) -> int:
    return _failures(it.remembered(key), policy, it.world.clock.now())


def _walk(new_logins: Callable[[], Logins], story: Story, fault: Fault) -> Any:
    number = 0
    while True:
        it = new_logins()
        it.world.wire.faults[number] = fault
        story(it)
        if len(it.world.wire.calls) <= number:
            assert number > 0
            return
        yield number, it
        number += 1


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_no_wrong_password_is_looked_at_that_is_not_counted(
    fault: Fault, new_logins: Callable[[], Logins]
) -> None:
    for number, it in _walk(new_logins, lambda it: it.fail(6), fault):
        counted = _counted(it, OWN, AT_ADDRESS)
        looked_at = it.looked_at
        assert counted >= looked_at, f"call {number}: {looked_at} guesses were looked at, and {counted} are counted"
        assert counted <= len(it.tried), f"call {number}: a guess is counted twice"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", STORIES)
def test_whatever_breaks_the_right_password_is_taken_within_a_quarter_of_an_hour(
    name: str, fault: Fault, new_logins: Callable[[], Logins]
) -> None:
    for number, it in _walk(new_logins, STORIES[name], fault):
        it.world.wire.faults.clear()
        it.world.clock.sleep(QUARTER_OF_AN_HOUR)
        assert it(RIGHT).said == "in", f"call {number} broken, and the user is locked out"
        assert it.remembered(OWN).clean(it.world.clock.now())
        assert it(RIGHT).said == "in"


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_breaks_the_right_password_is_never_called_wrong_nor_a_wrong_one_right(
    fault: Fault, new_logins: Callable[[], Logins]
) -> None:
    def story(it: Logins) -> None:
        assert it(RIGHT).said in {"in", "failed", "died"}
        assert it().said in {"wrong", "failed", "died"}

    for _ in _walk(new_logins, story, fault):
        pass


def test_an_outage_of_the_table_lets_nobody_in_and_locks_nobody_out(new_logins: Callable[[], Logins]) -> None:
    it = new_logins()
    now = it.world.clock.monotonic()
    it.world.wire.outage = ("dynamodb", now, now + 60)
    assert [it().said, it(RIGHT).said] == ["failed", "failed"]
    assert it.looked_at == 0
    it.world.clock.sleep(60)
    assert it(RIGHT).said == "in"


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 11), max_size=80))
def test_of_guesses_at_one_time_in_any_order_of_their_steps_as_few_are_looked_at_as_one_after_the_other(
    new_logins: Callable[[], Logins], order: list[int]
) -> None:
    it, steps = new_logins(), chain(order, repeat(0))
    Turns(it.world, lambda count: next(steps) % count).play([it] * 12)
    assert it.looked_at == AT_ADDRESS.free + 1
    assert {one.said for one in it.tried} == {"wrong", "locked"}


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 11), max_size=80))
def test_of_guesses_at_one_time_on_many_users_or_from_many_addresses_each_is_counted(
    new_logins: Callable[[], Logins], order: list[int]
) -> None:
    it, steps = new_logins(), chain(order, repeat(0))
    users: list[Callable[[], object]] = [lambda n=n: it(name=f"user{n}") for n in range(6)]  # type: ignore[misc]
    addresses: list[Callable[[], object]] = [
        lambda n=n: it(source_ip=f"203.0.113.{n}")  # type: ignore[misc]
        for n in range(6)
    ]
    Turns(it.world, lambda count: next(steps) % count).play([*users, *addresses])
    assert it.looked_at == 12
    assert (_counted(it, HERE, ADDRESS), _counted(it, EVERYWHERE, ANYWHERE)) == (6, 6)


def test_a_clock_an_hour_off_locks_nobody_out_for_longer_than_it_is_off(new_logins: Callable[[], Logins]) -> None:
    it = new_logins()
    it.world.ahead["gateway"] = 3600
    it.fail(6)
    it.world.ahead["gateway"] = 0
    assert it(RIGHT).said == "locked"
    it.world.clock.sleep(3600 + QUARTER_OF_AN_HOUR)
    assert it(RIGHT).said == "in"
