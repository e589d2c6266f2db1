"""The port AttemptStore, on the fake and on DynamoDB: each write stands on what was seen."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.attempts_table import DynamoAttemptStore
from flowport.adapters.directory import DynamoDirectory, Tables
from flowport.domain.guard import NOTHING, Attempts, GuardKey, Policy
from flowport.usecases.ports import AttemptStore, Directory, Wanted
from tests.fakes import NOW, FakeClock, FakeDirectory, FakeJobStore

KEY = GuardKey("guard#user#acme#ann", "from#192.0.2.1")
OTHER = GuardKey("guard#user#acme#ann", "anywhere")
# Two are free, the longest lock comes with the fourth.
POLICY = Policy(free=2, first=500, longest=1000, forgiven_after=1000, most=4)
ONE, TWO = Attempts(NOW + 1000), Attempts(NOW + 2000, NOW + 500)
Stores = tuple[AttemptStore, Directory]


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    """Give the store, and the directory that reads what it wrote."""
    if request.param == "fake":
        directory = FakeDirectory(FakeJobStore())
        return directory.attempts, directory
    client = request.getfixturevalue("dynamodb")
    tables = Tables(*map(request.getfixturevalue, ("endpoints_table", "credentials_table", "jobs_table")))
    return DynamoAttemptStore(client, tables.jobs, FakeClock()), DynamoDirectory(client, tables, FakeClock())


def _read(directory: Directory, *keys: GuardKey) -> dict[GuardKey, Attempts]:
    return dict(directory.look_up(Wanted("acme", guards=keys)).guards)


def test_what_was_written_is_read_with_everything_else_that_a_request_needs(stores: Stores) -> None:
    store, directory = stores
    assert _read(directory, KEY, OTHER) == {}
    assert store.save(KEY, TWO, seen=NOTHING) is None
    assert _read(directory, KEY, OTHER) == {KEY: TWO}


def test_a_write_on_top_of_something_else_is_refused_with_what_is_there(stores: Stores) -> None:
    store, directory = stores
    store.save(KEY, ONE, seen=NOTHING)
    assert store.save(KEY, TWO, seen=NOTHING) == ONE
    assert store.save(KEY, TWO, seen=Attempts(NOW + 1)) == ONE
    assert store.save(KEY, TWO, seen=ONE) is None
    assert _read(directory, KEY) == {KEY: TWO}


def test_what_was_forgiven_can_be_counted_again(stores: Stores) -> None:
    store, _ = stores
    store.save(KEY, ONE, seen=NOTHING)
    forgiven = Attempts(known_until=NOW + 9000)
    assert store.save(KEY, forgiven, seen=ONE) is None
    assert store.save(KEY, TWO, seen=forgiven) is None


def test_what_is_gone_meanwhile_is_told(stores: Stores) -> None:
    store, _ = stores
    store.save(KEY, ONE, seen=NOTHING)
    store.forget(KEY.partition)
    assert store.save(KEY, TWO, seen=ONE) == NOTHING


def test_a_user_is_forgotten_whole_and_no_other_is(stores: Stores) -> None:
    store, directory = stores
    others = GuardKey("guard#user#acme#anna", "anywhere")
    for key in (KEY, OTHER, others):
        store.save(key, ONE, seen=NOTHING)
    assert store.forget(KEY.partition) == {"anywhere": ONE, "from#192.0.2.1": ONE}
    assert store.forget(KEY.partition) == {}
    assert _read(directory, KEY, OTHER, others) == {others: ONE}


def test_failures_are_counted_on_top_of_whatever_is_there(stores: Stores) -> None:
    store, directory = stores
    for number in range(1, 7):
        store.count(OTHER, POLICY, NOW, seen=NOTHING)  # as all of them read it
        locked = {1: 0, 2: 0, 3: NOW + 500}.get(number, NOW + 1000)
        assert _read(directory, OTHER) == {OTHER: Attempts(NOW + min(number, 4) * 1000, locked)}
    store.count(OTHER, POLICY, NOW + 3500, seen=Attempts(NOW + 4000))
    assert _read(directory, OTHER) == {OTHER: Attempts(NOW + 5000, NOW + 1000)}
    store.count(OTHER, POLICY, NOW + 6000, seen=Attempts(NOW + 4000))
    assert _read(directory, OTHER) == {OTHER: Attempts(NOW + 7000, NOW + 1000)}


def test_a_count_forgets_nobody_who_was_known(stores: Stores) -> None:
    store, directory = stores
    store.save(KEY, Attempts(known_until=NOW + 9000), seen=NOTHING)
    store.count(KEY, POLICY, NOW, seen=NOTHING)
    assert _read(directory, KEY) == {KEY: Attempts(NOW + 1000, 0, NOW + 9000)}


def test_a_failure_that_did_not_see_who_is_known_does_not_forget_it(stores: Stores) -> None:
    store, directory = stores
    known = Attempts(known_until=NOW + 9000)
    store.save(KEY, ONE, seen=NOTHING)
    store.save(KEY, known, seen=ONE)
    assert store.save(KEY, ONE, seen=NOTHING) == known
    assert _read(directory, KEY) == {KEY: known}


def test_more_failures_than_are_remembered_by_now_are_cut(stores: Stores) -> None:
    store, directory = stores
    store.save(KEY, Attempts(NOW + 99_000), seen=NOTHING)
    store.count(KEY, POLICY, NOW, seen=NOTHING)
    assert _read(directory, KEY) == {KEY: Attempts(NOW + 4000, NOW + 1000)}


# -- on DynamoDB alone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers_lost", [1, 2])
def test_a_failure_whose_answer_was_lost_is_counted_once(dynamodb: Any, jobs_table: str, answers_lost: int) -> None:
    class Deaf:
        left = answers_lost

        def update_item(self, **request: Any) -> Any:
            answer = dynamodb.update_item(**request)
            if self.left:
                self.left -= 1
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
            return answer

    assert DynamoAttemptStore(Deaf(), jobs_table, FakeClock()).save(KEY, ONE, seen=NOTHING) is None
    other = DynamoAttemptStore(dynamodb, jobs_table, FakeClock())
    assert other.save(KEY, ONE, seen=NOTHING) == ONE, "another attempt of the same millisecond takes it for its own"


def test_the_record_is_removed_an_hour_after_it_says_nothing(dynamodb: Any, jobs_table: str) -> None:
    DynamoAttemptStore(dynamodb, jobs_table, FakeClock()).save(KEY, Attempts(1, 2, NOW + 5000), seen=NOTHING)
    (item,) = dynamodb.scan(TableName=jobs_table)["Items"]
    assert int(item["expires_at"]["N"]) == (NOW + 5000) // 1000 + 3600


def test_a_count_and_its_lock_whose_answers_were_lost_are_there(dynamodb: Any, jobs_table: str) -> None:
    class Deaf:
        lost = 0

        def update_item(self, **request: Any) -> Any:
            answer = dynamodb.update_item(**request)
            self.lost += 1
            if self.lost == 3:  # the lock, which comes after the count
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
            return answer

    strict = Policy(free=1, first=500, longest=1000, forgiven_after=1000, most=4)
    store = DynamoAttemptStore(Deaf(), jobs_table, FakeClock())
    for _ in range(2):
        store.count(OTHER, strict, NOW, seen=NOTHING)
    (item,) = dynamodb.scan(TableName=jobs_table)["Items"]
    assert (item["forgiven_at"]["N"], item["locked_until"]["N"]) == (str(NOW + 2000), str(NOW + 500))


def test_a_lock_that_comes_too_late_brings_nothing_back_that_was_unlocked(dynamodb: Any, jobs_table: str) -> None:
    class Unlocked:
        def update_item(self, **request: Any) -> Any:
            if "locked_until" in request["UpdateExpression"]:
                DynamoAttemptStore(dynamodb, jobs_table, FakeClock()).forget(OTHER.partition)
            return dynamodb.update_item(**request)

    DynamoAttemptStore(Unlocked(), jobs_table, FakeClock()).count(
        OTHER, Policy(free=0, first=500, longest=1000, forgiven_after=1000, most=4), NOW, seen=NOTHING
    )
    assert dynamodb.scan(TableName=jobs_table)["Items"] == []


def test_of_many_who_count_at_once_each_is_counted(stores: Stores) -> None:
    store, directory = stores
    for _ in range(10):
        seen = NOTHING  # as all of them read it
        while (found := store.save(KEY, Attempts(max(seen.forgiven_at, NOW) + 1000), seen=seen)) is not None:
            seen = found
    assert _read(directory, KEY) == {KEY: Attempts(NOW + 10_000)}
