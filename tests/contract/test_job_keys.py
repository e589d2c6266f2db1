"""The port JobStore: keys that lead to jobs, jobs that are ended before their time, and deleted ones."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest

from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.job import Job, Outcome
from flowport.domain.keys import JobKey, Taken
from flowport.usecases.ports import JobStore
from tests.fakes import JOB_ID, NOW, FakeClock, FakeJobStore, a_job

DAY = 86_400_000
OTHER = "0199b6f2-0000-8000-8000-000000000002"
KEY = JobKey("key#1", "idempotency", "print", NOW + DAY)
NAME = JobKey("key#2", "client", None, NOW + DAY)
ABORTED = Outcome("ABORTED", NOW + 5, error="Flowport.Cancelled")


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    """Give an empty store of each kind."""
    if request.param == "fake":
        return FakeJobStore()
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    return DynamoJobStore(client, table, FakeClock())


def another(job_id: str = OTHER) -> Job:
    return a_job(job_id, attempt="another")


def test_a_key_leads_to_the_job_that_it_was_written_with(store: JobStore) -> None:
    assert store.create(a_job(), [KEY], now=NOW) is None
    assert store.find_key(KEY.id, NOW) == JOB_ID


def test_a_taken_key_writes_no_second_job_and_says_where_it_leads(store: JobStore) -> None:
    store.create(a_job(), [KEY], now=NOW)
    asked = replace(KEY, fingerprint="another")
    assert store.create(another(), [asked], now=NOW) == Taken(asked, JOB_ID, "print")
    assert store.get(OTHER) is None


def test_of_two_keys_the_one_that_is_free_stays_free_when_the_other_is_taken(store: JobStore) -> None:
    store.create(a_job(), [NAME], now=NOW)
    assert store.create(another(), [KEY, NAME], now=NOW) == Taken(NAME, JOB_ID, None)
    assert store.find_key(KEY.id, NOW) is None


def test_a_large_input_is_written_with_its_key_or_not_at_all(store: JobStore) -> None:
    large = '"' + "x" * 5000 + '"'
    store.create(a_job(), [KEY], now=NOW)
    store.create(replace(another(), input=large), [KEY], now=NOW)
    assert store.with_input(replace(another(), input=None)).input is None


def test_an_expired_key_is_free_although_its_item_is_still_there(store: JobStore) -> None:
    store.create(a_job(), [KEY], now=NOW)
    assert store.find_key(KEY.id, NOW + DAY) is None
    assert store.create(another(), [KEY], now=NOW + DAY) is None
    assert store.find_key(KEY.id, NOW) == OTHER


def test_a_key_is_replaced_only_where_it_still_leads_to_the_job_that_it_was_seen_with(store: JobStore) -> None:
    store.create(a_job(), [KEY], now=NOW)
    assert isinstance(store.create(another(), [replace(KEY, replaces="somebody else")], now=NOW), Taken)
    assert store.create(another(), [replace(KEY, replaces=JOB_ID)], now=NOW) is None
    assert store.find_key(KEY.id, NOW) == OTHER


def test_a_keyed_create_that_meets_its_own_first_try_has_succeeded(store: JobStore) -> None:
    store.create(a_job(), [KEY], now=NOW)
    assert store.create(a_job(), [KEY], now=NOW) is None


def test_of_many_creates_with_one_key_in_any_order_one_is_written(store: JobStore) -> None:
    moto_is_not_thread_safe = Lock()

    def create(number: int) -> object:
        with moto_is_not_thread_safe:
            return store.create(a_job(f"0199b6f2-0000-8000-8000-{number:012x}", attempt=str(number)), [KEY], now=NOW)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(1, 25)))
    (winner,) = [number for number, result in enumerate(results, 1) if result is None]
    leads_to = {result.job_id for result in results if isinstance(result, Taken)}
    assert leads_to == {f"0199b6f2-0000-8000-8000-{winner:012x}"}


def test_a_job_ended_before_its_time_is_looked_at_once_more_and_then_settled(store: JobStore) -> None:
    store.create(a_job(check_at=NOW + 1))
    assert store.end(a_job(), ABORTED, look_again=NOW + 60)
    assert store.due(NOW + 59, 10) == []
    assert store.due(NOW + 60, 10) == [(JOB_ID, NOW + 60)]
    store.settle(a_job(), seen=NOW + 1)
    assert store.due(NOW + 60, 10) == [(JOB_ID, NOW + 60)]
    store.settle(a_job(), seen=NOW + 60)
    assert store.due(NOW + 60, 10) == []


def test_a_job_that_has_not_ended_is_not_deleted(store: JobStore) -> None:
    store.create(a_job())
    assert not store.delete(JOB_ID)
    assert store.get(JOB_ID) is not None


def test_an_ended_job_is_deleted_with_its_payloads(store: JobStore) -> None:
    large = '"' + "x" * 5000 + '"'
    store.create(a_job(input=large))
    store.end(a_job(), Outcome("SUCCEEDED", NOW, output=large))
    assert store.delete(JOB_ID)
    assert store.get(JOB_ID) is None
    assert store.with_input(a_job(input=None)).input is None
    assert store.with_output(a_job(status="SUCCEEDED", output=None)).output is None


def below(job_id: str, count: int, dynamodb: Any, table: str) -> None:
    """Write items below a job, as deliveries and snapshots lie there."""
    for number in range(count):
        item = {"job_id": {"S": job_id}, "item": {"S": f"delivery#{number:04d}"}, "text": {"S": "x"}}
        dynamodb.put_item(TableName=table, Item=item)


def items_of(job_id: str, dynamodb: Any, table: str) -> list[str]:
    found = dynamodb.scan(TableName=table)["Items"]
    return sorted(item["item"]["S"] for item in found if item["job_id"]["S"] == job_id)


@pytest.mark.parametrize("count", [1, 98, 99, 100, 250])
def test_a_deletion_leaves_nothing_below_the_job_and_nothing_of_others_away(
    dynamodb: Any, jobs_table: str, count: int
) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    for job_id in (JOB_ID, OTHER):
        store.create(a_job(job_id))
        store.end(a_job(job_id), ABORTED)
    below(JOB_ID, count, dynamodb, jobs_table)
    below(OTHER, 1, dynamodb, jobs_table)
    assert store.delete(JOB_ID)
    assert items_of(JOB_ID, dynamodb, jobs_table) == []
    assert items_of(OTHER, dynamodb, jobs_table) == ["delivery#0000", "job"]


@pytest.mark.parametrize("count", [1, 250])
def test_a_refused_deletion_takes_nothing(dynamodb: Any, jobs_table: str, count: int) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    store.create(a_job())
    below(JOB_ID, count, dynamodb, jobs_table)
    assert not store.delete(JOB_ID)
    assert len(items_of(JOB_ID, dynamodb, jobs_table)) == count + 1


class _Dying:
    """A client whose process dies right before its n-th write."""

    def __init__(self, client: Any, number: int) -> None:
        self._client, self._left = client, number

    def __getattr__(self, name: str) -> Any:
        if name in {"transact_write_items", "delete_item"}:
            if self._left == 0:
                raise KeyboardInterrupt
            self._left -= 1
        return getattr(self._client, name)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_deletion_that_was_broken_off_finds_its_job_again_when_it_is_repeated(
    dynamodb: Any, jobs_table: str, number: int
) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    store.create(a_job())
    store.end(a_job(), ABORTED)
    below(JOB_ID, 250, dynamodb, jobs_table)
    with pytest.raises(KeyboardInterrupt):
        DynamoJobStore(_Dying(dynamodb, number), jobs_table, FakeClock()).delete(JOB_ID)
    assert store.get(JOB_ID) is not None
    assert store.delete(JOB_ID)
    assert items_of(JOB_ID, dynamodb, jobs_table) == []


def test_what_is_written_below_a_job_while_it_is_deleted_goes_too(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    store.create(a_job())
    store.end(a_job(), ABORTED)
    meanwhile = _Meanwhile(dynamodb, lambda: below(JOB_ID, 1, dynamodb, jobs_table))
    assert DynamoJobStore(meanwhile, jobs_table, FakeClock()).delete(JOB_ID)
    assert items_of(JOB_ID, dynamodb, jobs_table) == []


class _Meanwhile:
    """A client before whose first deletion something happens."""

    def __init__(self, client: Any, action: Callable[[], None]) -> None:
        self._client, self._action = client, action

    def __getattr__(self, name: str) -> Any:
        if name == "delete_item":
            self._action()
        return getattr(self._client, name)


def test_deleting_a_deleted_job_again_changes_nothing(store: JobStore) -> None:
    assert store.delete(JOB_ID)


def test_a_deadline_reads_back_and_marks_the_job_as_keyed(store: JobStore) -> None:
    job = a_job(deadline_at=NOW + 5000, keyed=True)
    store.create(job)
    assert store.get(JOB_ID) == job


def test_a_job_whose_execution_is_still_to_be_stopped_is_not_deleted(store: JobStore) -> None:
    store.create(a_job())
    store.end(a_job(), ABORTED, look_again=NOW + 60)
    assert not store.delete(JOB_ID)
    store.settle(a_job(), seen=NOW + 60)
    assert store.delete(JOB_ID)
