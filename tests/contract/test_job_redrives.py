"""The port JobStore: a redrive's row and its origin's mark are written together, and one redrive wins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import Any

import pytest

from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.job import Job, Outcome, RedriveOf
from flowport.domain.keys import JobKey
from flowport.usecases.ports import JobStore
from tests.fakes import JOB_ID, NOW, FakeClock, FakeJobStore, a_job

FAILED = Outcome("FAILED", NOW + 5, error="Oops")
KEY = JobKey("key#1", "idempotency", JOB_ID, NOW + 86_400_000)
LARGE = '"' + "x" * 5000 + '"'


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    """Give a store of each kind that holds one failed job."""
    store: JobStore = FakeJobStore()
    if request.param == "dynamodb":
        client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
        store = DynamoJobStore(client, table, FakeClock())
    store.create(a_job())
    store.end(a_job(), FAILED)
    return store


def newer(number: int = 2, **changes: Any) -> Job:
    job_id = f"0199b6f2-0000-8000-8000-{number:012x}"
    given = {"origin": JOB_ID, "redrive_count": 1, "attempt": f"attempt {number}"} | changes
    return a_job(job_id, **given)


def mark_of(store: JobStore, job_id: str = JOB_ID) -> str | None:
    job = store.get(job_id)
    return job.redriven_as if job else None


def test_a_redrive_reads_back_as_it_was_written_and_its_origin_names_it(store: JobStore) -> None:
    job = newer()
    assert store.create_redrive(job, RedriveOf(JOB_ID)) is True
    assert store.get(job.id) == job
    origin = store.get(JOB_ID)
    assert origin is not None
    assert (origin.status, origin.redriven_as, origin.check_at) == ("FAILED", job.id, None)


def test_a_second_redrive_is_refused_and_leaves_nothing_behind(store: JobStore) -> None:
    store.create_redrive(newer(2), RedriveOf(JOB_ID))
    assert store.create_redrive(newer(3, input=LARGE), RedriveOf(JOB_ID), [KEY], now=NOW) is False
    assert mark_of(store) == newer(2).id
    assert store.get(newer(3).id) is None
    assert store.find_key(KEY.id, NOW) is None
    assert store.with_input(newer(3, input=None)).input is None


def test_a_redrive_that_came_to_nothing_is_replaced_only_where_it_still_stands(store: JobStore) -> None:
    store.create_redrive(newer(2), RedriveOf(JOB_ID))
    assert store.create_redrive(newer(3), RedriveOf(JOB_ID, replaces=newer(4).id)) is False
    assert store.create_redrive(newer(3), RedriveOf(JOB_ID, replaces=newer(2).id)) is True
    assert mark_of(store) == newer(3).id


def test_a_first_redrive_may_say_that_it_would_replace_one(store: JobStore) -> None:
    assert store.create_redrive(newer(), RedriveOf(JOB_ID, replaces="gone")) is True


def test_a_job_that_has_not_ended_is_not_marked(store: JobStore) -> None:
    store.create(newer(2))
    assert store.create_redrive(newer(3), RedriveOf(newer(2).id)) is False
    assert mark_of(store, newer(2).id) is None


def test_a_job_that_is_gone_is_not_made_by_its_redrive(store: JobStore) -> None:
    store.delete(JOB_ID)
    assert store.create_redrive(newer(), RedriveOf(JOB_ID)) is False
    assert store.get(JOB_ID) is None


def test_a_job_with_something_left_to_stop_is_redriven_by_a_new_start_only(store: JobStore) -> None:
    job = a_job(newer(9).id)
    store.create(job)
    store.end(job, FAILED, look_again=NOW + 60_000)
    assert store.create_redrive(newer(2), RedriveOf(job.id, settled=True)) is False
    assert store.create_redrive(newer(2), RedriveOf(job.id)) is True
    left = store.get(job.id)
    assert left is not None
    assert left.check_at == NOW + 60_000


def test_a_redrive_whose_key_leads_elsewhere_is_not_written(store: JobStore) -> None:
    store.create(newer(5), [KEY], now=NOW)
    assert store.create_redrive(newer(2), RedriveOf(JOB_ID), [replace(KEY)], now=NOW) is False
    assert (mark_of(store), store.get(newer(2).id)) == (None, None)


def test_a_redrive_that_meets_its_own_first_try_has_succeeded(store: JobStore) -> None:
    assert store.create_redrive(newer(), RedriveOf(JOB_ID), [KEY], now=NOW) is True
    assert store.create_redrive(newer(), RedriveOf(JOB_ID), [KEY], now=NOW) is True


def test_another_delivery_of_the_same_request_gets_the_job_that_the_first_made(store: JobStore) -> None:
    store.create_redrive(newer(attempt="first"), RedriveOf(JOB_ID))
    assert store.create_redrive(newer(attempt="second"), RedriveOf(JOB_ID)) == newer(attempt="first")


def test_of_many_redrives_at_once_one_is_written(store: JobStore) -> None:
    lock = Lock()

    def redrive(number: int) -> bool:
        with lock:  # moto's tables are not made for threads
            return store.create_redrive(newer(number), RedriveOf(JOB_ID)) is True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(redrive, range(2, 18))) == 1


def test_a_marked_job_is_still_deleted(store: JobStore) -> None:
    store.create_redrive(newer(), RedriveOf(JOB_ID))
    assert store.delete(JOB_ID)
