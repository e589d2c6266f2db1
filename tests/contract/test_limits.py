"""The port LimitStore, on the fake and on DynamoDB: what it counts, and who holds its slots."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.limits_table import DynamoLimitStore, item_key
from flowport.domain.limits import Rate
from flowport.usecases.ports import LimitStore
from tests.fakes import NOW, FakeClock, FakeLimitStore

SUBJECT = "limit#acme#endpoint#billing/quote"
RATE = Rate(3, 60)
MARKS = ("1:a:x", "2:b:y", "3:c:z")


class Counting:
    """A client that counts UpdateItem; `lose` of its answers never arrive, although it was done."""

    def __init__(self, client: Any, lose: int = 0) -> None:
        self._client, self._lose, self.calls = client, lose, 0

    def update_item(self, **request: Any) -> Any:
        self.calls += 1
        answer = self._client.update_item(**request)
        if self._lose:
            self._lose -= 1
            raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
        return answer


@pytest.fixture(params=["fake", "dynamodb", "dynamodb, another process each time"])
def new_store(request: pytest.FixtureRequest) -> Callable[[], LimitStore]:
    """Give a function that gives the store of a process."""
    if request.param == "fake":
        fake = FakeLimitStore()
        return lambda: fake
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    if "another" in request.param:
        return lambda: DynamoLimitStore(client, table, FakeClock())
    store = DynamoLimitStore(client, table, FakeClock())
    return lambda: store


def test_processes_share_what_is_counted(new_store: Callable[[], LimitStore]) -> None:
    counted = [new_store().count(SUBJECT, RATE, NOW) for _ in range(5)]
    assert [one.accepted for one in counted] == [True, True, True, False, False]
    assert counted[-1].full == NOW * 1000 + RATE.window


def test_what_is_regained_can_be_used_again(new_store: Callable[[], LimitStore]) -> None:
    for _ in range(3):
        new_store().count(SUBJECT, RATE, NOW)
    assert not new_store().count(SUBJECT, RATE, NOW + 19_999).accepted
    assert new_store().count(SUBJECT, RATE, NOW + 20_000).accepted
    assert not new_store().count(SUBJECT, RATE, NOW + 20_000).accepted
    assert [new_store().count(SUBJECT, RATE, NOW + 600_000).accepted for _ in range(4)] == [True] * 3 + [False]


def test_subjects_and_rates_are_counted_apart(new_store: Callable[[], LimitStore]) -> None:
    for _ in range(4):
        new_store().count(SUBJECT, RATE, NOW)
    assert new_store().count(SUBJECT + "2", RATE, NOW).accepted
    assert new_store().count(SUBJECT, Rate(4, 60), NOW).accepted


def test_slots_are_taken_up_to_the_limit(new_store: Callable[[], LimitStore]) -> None:
    taken = [new_store().take(SUBJECT, 2, mark, now=NOW) for mark in MARKS]
    assert taken == [
        (True, frozenset(MARKS[:1])),
        (True, frozenset(MARKS[:2])),
        (False, frozenset(MARKS[:2])),
    ]


def test_a_mark_that_holds_a_slot_has_it(new_store: Callable[[], LimitStore]) -> None:
    for _ in range(2):
        assert new_store().take(SUBJECT, 1, MARKS[0], now=NOW) == (True, frozenset(MARKS[:1]))


def test_a_slot_is_given_back_once_however_often_that_is_said(new_store: Callable[[], LimitStore]) -> None:
    for mark in MARKS:
        new_store().take(SUBJECT, 3, mark, now=NOW)
    for _ in range(2):
        new_store().release(SUBJECT, MARKS[:1])
    assert new_store().take(SUBJECT, 3, "4:d:w", now=NOW)[0]
    assert not new_store().take(SUBJECT, 3, "5:e:v", now=NOW)[0]


def test_all_slots_given_back_are_all_there_again(new_store: Callable[[], LimitStore]) -> None:
    new_store().take(SUBJECT, 1, MARKS[0], now=NOW)
    new_store().release(SUBJECT, MARKS)
    assert new_store().take(SUBJECT, 1, MARKS[1], now=NOW) == (True, frozenset(MARKS[1:2]))


def test_what_holds_nothing_is_given_back_without_a_trace(
    dynamodb: Any, jobs_table: str, new_store: Callable[[], LimitStore]
) -> None:
    new_store().release(SUBJECT, MARKS)
    assert dynamodb.scan(TableName=jobs_table)["Items"] == []


# -- on DynamoDB alone -------------------------------------------------------------------------------------------------


def test_a_request_is_counted_by_one_write_once_the_process_knows_the_limit(dynamodb: Any, jobs_table: str) -> None:
    client = Counting(dynamodb)
    store = DynamoLimitStore(client, jobs_table, FakeClock())
    costs = []
    for _ in range(3):
        before = client.calls
        store.count(SUBJECT, RATE, NOW)
        costs.append(client.calls - before)
    assert costs == [1, 1, 1]


def test_a_refusal_that_a_process_knows_of_costs_nothing(dynamodb: Any, jobs_table: str) -> None:
    client = Counting(dynamodb)
    store = DynamoLimitStore(client, jobs_table, FakeClock())
    for _ in range(3):
        store.count(SUBJECT, RATE, NOW)
    assert [store.count(SUBJECT, RATE, NOW + 1).accepted for _ in range(10)] == [False] * 10
    assert client.calls == 3
    assert store.count(SUBJECT, RATE, NOW + 20_000).accepted


def test_a_process_that_last_saw_room_finds_what_others_have_used_meanwhile(dynamodb: Any, jobs_table: str) -> None:
    mine, others = (DynamoLimitStore(dynamodb, jobs_table, FakeClock()) for _ in range(2))
    assert mine.count(SUBJECT, RATE, NOW).accepted
    assert [others.count(SUBJECT, RATE, NOW).accepted for _ in range(2)] == [True, True]
    assert not mine.count(SUBJECT, RATE, NOW).accepted


def test_a_count_whose_answer_was_lost_counts_twice_at_most(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoLimitStore(Counting(dynamodb, lose=1), jobs_table, FakeClock())
    assert store.count(SUBJECT, RATE, NOW).full == NOW * 1000 + 2 * RATE.interval


def test_a_slot_whose_answer_was_lost_is_taken_once(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoLimitStore(Counting(dynamodb, lose=1), jobs_table, FakeClock())
    assert store.take(SUBJECT, 1, MARKS[0], now=NOW) == (True, frozenset(MARKS[:1]))


def test_the_state_of_a_limit_is_removed_when_it_says_nothing_any_more(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoLimitStore(dynamodb, jobs_table, FakeClock())
    store.count(SUBJECT, RATE, NOW)
    store.take(SUBJECT, 1, MARKS[0], now=NOW)
    items = {
        item: dynamodb.get_item(TableName=jobs_table, Key=item_key(SUBJECT, item))["Item"]
        for item in ("rate#3/60", "slots")
    }
    assert {item: int(row["expires_at"]["N"]) - NOW // 1000 for item, row in items.items()} == {
        "rate#3/60": 60 + 3600,
        "slots": 400 * 86_400,  # longer than a Standard execution can run
    }
