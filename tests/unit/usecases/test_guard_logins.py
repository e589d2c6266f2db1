"""Wrong passwords: who is slowed down, for how long, and who is not."""

import itertools
from typing import Any

import pytest

from flowport.domain.access import Presented
from flowport.domain.errors import CredentialInvalid, TooManyAttempts, Unavailable
from flowport.domain.guard import ADDRESS, ANYWHERE, AT_ADDRESS, NOTHING, Attempts, Policy, failed, whole_address
from flowport.domain.records import Credential, brought_token_key
from tests.fakes import NOW, a_client, a_user, an_endpoint, fail, presented_user
from tests.unit.usecases.stack import Stack

HOME, OFFICE = "192.0.2.1", "198.51.100.7"
MINUTE = 60


@pytest.fixture
def stack() -> Stack:
    made = Stack()
    made.directory.add(an_endpoint(auth=("password", "token")))
    return made


def _try(stack: Stack, password: str = "wrong", *, source_ip: str = HOME, name: str = "ann", **caller: Any) -> str:
    presented = caller.pop("presented", None) or presented_user(name, password)
    try:
        stack.access.to_run(stack.caller(presented=presented, source_ip=source_ip, **caller), "billing/quote", "POST")
    except CredentialInvalid:
        return "wrong"
    except TooManyAttempts as refused:
        return f"locked {refused.headers['Retry-After']}"
    return "in"


def _fail(stack: Stack, times: int, **attempt: Any) -> None:
    """Fail as often, waiting whenever that is asked for."""
    done = 0
    while done < times:
        said = _try(stack, **attempt)
        done += said == "wrong"
        if said.startswith("locked"):
            stack.clock.sleep(int(said.split()[1]))


def test_four_mistakes_are_free_and_each_one_more_locks_for_twice_as_long(stack: Stack) -> None:
    assert [_try(stack) for _ in range(5)] == ["wrong"] * 5
    waits = []
    for _ in range(12):
        said = _try(stack)
        waits.append(said)
        stack.clock.sleep(int(said.split()[1]))
        assert _try(stack) == "wrong"
    assert waits == [f"locked {seconds}" for seconds in (2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900)]


def test_while_it_is_locked_no_hash_is_computed_and_the_right_password_is_refused_too(stack: Stack) -> None:
    _fail(stack, 5)
    hashed = len(stack.passwords.verified)
    assert _try(stack, "correct horse") == "locked 2"
    stack.passwords.known.add("correct horse")
    assert _try(stack, "correct horse") == "locked 2"
    assert len(stack.passwords.verified) == hashed


def test_the_right_password_is_taken_when_the_lock_is_over_and_all_is_forgotten(stack: Stack) -> None:
    _fail(stack, 6)
    assert _try(stack, "correct horse") == "locked 4"
    stack.clock.sleep(4)
    assert _try(stack, "correct horse") == "in"
    assert [_try(stack) for _ in range(5)] == ["wrong"] * 5


def test_a_user_that_does_not_exist_is_treated_like_one_that_does(stack: Stack) -> None:
    there = [_try(stack, name="ann") for _ in range(7)]
    saved, hashed = stack.directory.attempts.saved, len(stack.passwords.verified)
    assert [_try(stack, name="nobody") for _ in range(7)] == there
    assert (stack.directory.attempts.saved, len(stack.passwords.verified)) == (2 * saved, 2 * hashed)


def test_an_attacker_does_not_lock_the_user_out_elsewhere(stack: Stack) -> None:
    _fail(stack, 20, source_ip=OFFICE)
    assert _try(stack, source_ip=OFFICE).startswith("locked 9")
    assert _try(stack, "correct horse", source_ip=HOME) == "in"


def test_guesses_from_a_thousand_addresses_are_slowed_down_and_known_addresses_are_not(stack: Stack) -> None:
    assert _try(stack, "correct horse", source_ip=HOME) == "in"
    addresses = [f"203.0.113.{number}" for number in range(26)]
    said = [_try(stack, source_ip=address) for address in addresses for _ in range(4)]
    assert said[:101] == ["wrong"] * 101
    assert {one.split()[0] for one in said[101:]} == {"locked"}
    assert _try(stack, source_ip="203.0.113.99") == "locked 60"
    assert _try(stack, "correct horse", source_ip=HOME) == "in"


def test_one_address_that_tries_many_users_is_locked_for_all_but_those_who_are_known_there(stack: Stack) -> None:
    stack.directory.add(a_user("bob"))
    assert _try(stack, "correct horse", name="bob") == "in"
    said = [_try(stack, name=f"user{number}") for number in range(40)]
    assert said[:31] == ["wrong"] * 31
    assert {one.split()[0] for one in said[31:]} == {"locked"}
    assert _try(stack, "correct horse", name="ann").startswith("locked")
    assert _try(stack, "correct horse", name="bob") == "in"
    assert _try(stack, "correct horse", name="ann", source_ip=OFFICE) == "in"


def test_no_lock_lasts_longer_than_a_quarter_of_an_hour(stack: Stack) -> None:
    for number in range(200):
        _try(stack, source_ip=f"203.0.113.{number % 50}")
    locks = [one.locked_until - stack.clock.now() for one in stack.directory.attempts.items.values()]
    assert max(locks) <= 15 * MINUTE * 1000


def test_mistakes_are_forgiven_one_an_hour(stack: Stack) -> None:
    _fail(stack, 4)
    stack.clock.sleep(2 * 60 * MINUTE)
    assert [_try(stack) for _ in range(4)] == ["wrong"] * 3 + ["locked 2"]


def test_of_many_guesses_at_one_time_few_are_looked_at(stack: Stack) -> None:
    attempts = [
        stack.access.guard.begin(presented_user(password="wrong"), HOME, {}, 5.0)  # type: ignore[union-attr]
        for _ in range(40)
    ]
    said = []
    for attempt in attempts:
        assert attempt is not None
        try:
            attempt.verify("hashed correct horse", "wrong")
            said.append("looked at")
        except TooManyAttempts:
            said.append("locked")
    assert said == ["looked at"] * 5 + ["locked"] * 35
    assert len(stack.passwords.verified) == 5


def test_a_password_that_a_process_knows_costs_no_write_from_a_known_address(stack: Stack) -> None:
    assert _try(stack, "correct horse") == "in"
    stack.passwords.known.add("correct horse")
    saved = stack.directory.attempts.saved
    assert [_try(stack, "correct horse") for _ in range(3)] == ["in"] * 3
    assert stack.directory.attempts.saved == saved
    stack.clock.sleep(2 * 86_400)
    assert _try(stack, "correct horse") == "in"
    assert stack.directory.attempts.saved == saved + 1


def test_tokens_that_cannot_be_guessed_read_and_write_nothing(stack: Stack) -> None:
    stack.access.to_run(stack.caller(source_ip=HOME), "billing/quote", "POST")
    assert stack.directory.asked[-1].guards == ()
    assert stack.directory.attempts.saved == 0


def test_wrong_client_secrets_are_slowed_down_and_right_ones_cost_no_write_again(stack: Stack) -> None:
    client = a_client()
    stack.directory.add(client)

    def connect(secret: str) -> str:
        presented = Presented.of_client(client.credential_id, secret)
        try:
            stack.access.identified(stack.caller(presented=presented, source_ip=HOME))
        except CredentialInvalid:
            return "wrong"
        except TooManyAttempts as refused:
            return f"locked {refused.headers['Retry-After']}"
        return "in"

    assert [connect("fps_secret") for _ in range(3)] == ["in"] * 3
    assert stack.directory.attempts.saved == 1
    assert [connect("fps_wrong") for _ in range(6)] == ["wrong"] * 5 + ["locked 2"]
    assert connect("fps_secret") == "locked 2"
    stack.clock.sleep(2)
    assert connect("fps_secret") == "in"


def test_wrong_brought_tokens_lock_their_sender_and_a_right_one_forgives_nothing(stack: Stack) -> None:
    key = brought_token_key("acme", "123456")
    stack.directory.add(Credential(key, "token", "acme", "tok_9", "old", ("run",), brought=True))

    def send(value: str, source_ip: str = HOME) -> str:
        return _try(stack, presented=Presented.of_any_token(value, "acme"), source_ip=source_ip)

    assert send("123456") == "in"
    assert stack.directory.attempts.saved == 0
    assert [send(f"00000{number}") for number in range(4)] == ["wrong"] * 4
    assert send("123456") == "in"
    assert [send("999999"), send("999998"), send("123456")] == ["wrong", "locked 2", "locked 2"]
    assert send("123456", OFFICE) == "in"


def test_a_credential_that_is_not_needed_does_no_harm_where_it_is_locked(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("none",)))
    assert [_try(stack, optional=True) for _ in range(8)] == ["in"] * 8


def test_nothing_is_remembered_for_a_workspace_that_is_not_there(stack: Stack) -> None:
    for _ in range(10):
        assert _try(stack, presented=presented_user(workspace="no-such")) == "wrong"
    assert stack.directory.attempts.items == {}


def test_where_an_attempt_cannot_be_counted_no_hash_is_computed(stack: Stack) -> None:
    fail(stack.directory.attempts, "save", Unavailable("throttled"))
    with pytest.raises(Unavailable):
        _try(stack, "correct horse")
    assert stack.passwords.verified == []


def test_of_ipv6_a_whole_network_is_counted() -> None:
    addresses = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "::ffff:192.0.2.1", "192.0.2.1", "nonsense"]
    assert [whole_address(one) for one in addresses] == [
        "2001:db8:1:2::/64",
        "2001:db8:1:2::/64",
        "192.0.2.1",
        "192.0.2.1",
        "nonsense",
    ]


def test_a_failure_never_shortens_a_lock() -> None:
    seen = Attempts(forgiven_at=NOW, locked_until=NOW + 900_000)
    after = list(itertools.accumulate(range(20), lambda one, _: failed(one, AT_ADDRESS, NOW), initial=seen))
    assert all(b.locked_until >= a.locked_until for a, b in itertools.pairwise(after))
    assert failed(NOTHING, AT_ADDRESS, NOW).locked_until == 0


@pytest.mark.parametrize("policy", [AT_ADDRESS, ADDRESS, ANYWHERE])
def test_however_many_failures_there_were_nothing_is_left_of_them_a_day_later(policy: Policy) -> None:
    seen = NOTHING
    for _ in range(10_000):
        seen = failed(seen, policy, NOW)
    assert seen.forgiven_at == NOW + 24 * 60 * MINUTE * 1000
    assert seen.locked_until == NOW + 15 * MINUTE * 1000
    once = failed(seen, policy, NOW + 15 * MINUTE * 1000)
    assert once.locked_until == NOW + 30 * MINUTE * 1000, "each one more locks as long again"
