"""The port AttemptStore, on the fake and on DynamoDB: each write stands on what was seen."""

from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.attempts_table import DynamoAttemptStore
from flowport.adapters.directory import DynamoDirectory, Tables
from flowport.domain.guard import NOTHING, Attempts, GuardKey
from flowport.usecases.ports import AttemptStore, Directory, Wanted
from tests.fakes import NOW, FakeClock, FakeDirectory, FakeJobStore

KEY = GuardKey("guard#user#acme#ann", "from#192.0.2.1")
OTHER = GuardKey("guard#user#acme#ann", "anywhere")
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


def test_of_many_who_count_at_once_each_is_counted(stores: Stores) -> None:
    store, directory = stores
    for _ in range(10):
        seen = NOTHING  # as all of them read it
        while (found := store.save(KEY, Attempts(max(seen.forgiven_at, NOW) + 1000), seen=seen)) is not None:
            seen = found
    assert _read(directory, KEY) == {KEY: Attempts(NOW + 10_000)}
