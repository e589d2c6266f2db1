"""The port CallbackStore: what every store of callbacks must keep, on the fake and on DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.callbacks_table import DynamoCallbackStore
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.callbacks import Callback
from flowport.domain.errors import Unavailable
from flowport.usecases.parked.ports import CallbackStore, change
from tests.fakes import NOW, FakeCallbackStore, FakeClock

KEY = "callback#" + "0f" * 32
FULL = Callback(
    KEY,
    "DONE",
    NOW + 60_000,
    execution="arn:run",
    task_token="token",
    body='{"text":"ü"}',
    answer_id="a1",
    digest="0e" * 32,
    answered_at=NOW,
    check_at=NOW + 20_000,
    sent="refused",
)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> CallbackStore:
    """Give an empty store of each kind."""
    if request.param == "fake":
        return FakeCallbackStore()
    return dynamo(request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table"))


def dynamo(client: Any, table: str) -> DynamoCallbackStore:
    return DynamoCallbackStore(client, table, FakeClock())


@pytest.mark.parametrize("callback", [FULL, Callback(KEY, "RESERVED", NOW)], ids=["full", "empty"])
def test_a_callback_reads_back_as_it_was_written(store: CallbackStore, callback: Callback) -> None:
    assert store.save(callback) == replace(callback, revision=1)
    assert store.get(KEY) == replace(callback, revision=1)


def test_a_callback_that_nobody_wrote_is_not_there(store: CallbackStore) -> None:
    assert store.get(KEY) is None


def test_a_new_callback_does_not_replace_one_that_is_there(store: CallbackStore) -> None:
    store.save(FULL)
    assert store.save(replace(FULL, status="PARKED")) is None
    assert store.get(KEY) == replace(FULL, revision=1)


def test_a_change_on_top_of_what_was_read_is_written_and_what_it_drops_is_gone(store: CallbackStore) -> None:
    read = store.save(FULL)
    assert read is not None
    changed = replace(read, body=None, check_at=None, sent="delivered")
    assert store.save(changed) == replace(changed, revision=2)
    assert store.get(KEY) == replace(changed, revision=2)


def test_a_change_on_top_of_what_is_old_is_refused(store: CallbackStore) -> None:
    read = store.save(FULL)
    assert read is not None
    store.save(replace(read, answer_id="first"))
    assert store.save(replace(read, answer_id="second")) is None
    assert store.get(KEY) == replace(read, revision=2, answer_id="first")


def test_a_change_of_what_has_gone_is_refused(store: CallbackStore) -> None:
    assert store.save(replace(FULL, revision=3)) is None
    assert store.get(KEY) is None


def test_of_many_changes_at_once_exactly_one_is_written(store: CallbackStore) -> None:
    read = store.save(FULL)
    assert read is not None
    with ThreadPoolExecutor(8) as pool:
        saved = list(pool.map(lambda number: store.save(replace(read, answer_id=str(number))), range(50)))
    (winner,) = [one for one in saved if one is not None]
    assert store.get(KEY) == winner


def test_a_change_goes_on_from_what_somebody_else_wrote_meanwhile(store: CallbackStore) -> None:
    store.save(FULL)
    turns: list[str | None] = []

    def transition(old: Callback | None) -> Callback | None:
        assert old is not None
        if not turns:
            store.save(replace(old, execution="meanwhile"))
        turns.append(old.execution)
        return replace(old, answer_id="mine")

    changed = change(store, KEY, transition)
    assert turns == ["arn:run", "meanwhile"]
    assert changed == store.get(KEY) == replace(FULL, revision=3, execution="meanwhile", answer_id="mine")


def test_a_change_that_never_wins_is_given_up(store: CallbackStore) -> None:
    store.save(FULL)

    def transition(old: Callback | None) -> Callback | None:
        assert old is not None
        store.save(replace(old, execution="meanwhile"))
        return replace(old, answer_id="mine")

    with pytest.raises(Unavailable):
        change(store, KEY, transition)


def test_a_write_that_meets_its_own_first_try_has_succeeded(dynamodb: Any, jobs_table: str) -> None:
    class Deaf:
        """DynamoDB, whose first answer is lost after the write was made."""

        def __init__(self) -> None:
            self.calls = 0

        def put_item(self, **request: Any) -> Any:
            self.calls += 1
            answer = dynamodb.put_item(**request)
            if self.calls == 1:
                raise ReadTimeoutError(endpoint_url="dynamodb")
            return answer

    deaf = Deaf()
    assert dynamo(deaf, jobs_table).save(FULL) == replace(FULL, revision=1)
    assert deaf.calls == 2


def test_a_store_that_does_not_answer_is_said_to_be_so(dynamodb: Any, jobs_table: str) -> None:
    class Down:
        def get_item(self, **_: Any) -> Any:
            raise ReadTimeoutError(endpoint_url="dynamodb")

    with pytest.raises(Unavailable):
        dynamo(Down(), jobs_table).get(KEY)


def test_what_is_pending_is_due_beside_the_jobs_and_nothing_else_is(dynamodb: Any, jobs_table: str) -> None:
    store, jobs = dynamo(dynamodb, jobs_table), DynamoJobStore(dynamodb, jobs_table, FakeClock())
    saved = store.save(FULL)
    store.save(replace(FULL, key=KEY[:-1] + "e", check_at=None))
    assert jobs.due(NOW + 20_000, 10) == [(KEY, NOW + 20_000)]
    assert jobs.due(NOW + 19_999, 10) == []
    assert saved is not None
    store.save(replace(saved, check_at=None))
    assert jobs.due(NOW + 90_000, 10) == []


def test_an_item_is_kept_for_thirty_days_after_its_expiry_or_its_answer(dynamodb: Any, jobs_table: str) -> None:
    store = dynamo(dynamodb, jobs_table)
    kept = []
    for number, answered_at in enumerate((None, NOW + 90_000)):
        key = f"callback#{number:064x}"
        store.save(replace(FULL, key=key, answered_at=answered_at))
        item = dynamodb.get_item(TableName=jobs_table, Key={"job_id": {"S": key}, "item": {"S": "callback"}})["Item"]
        kept.append(int(item["expires_at"]["N"]) - NOW // 1000 - 30 * 86_400)
    assert kept == [60, 90]


def test_the_largest_answer_fits_into_its_item(dynamodb: Any, jobs_table: str) -> None:
    store = dynamo(dynamodb, jobs_table)
    large = replace(FULL, body='"' + "x" * 262_142 + '"', task_token="t" * 2048)
    assert store.save(large) is not None
    assert store.get(KEY) == replace(large, revision=1)
