"""The ports JobNumbers and KeptSteps: counting, finding by number, listing a series, and steps that are kept."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from flowport.adapters.job_numbers import DynamoJobNumbers
from flowport.adapters.jobs_table import DynamoJobStore, job_key
from flowport.adapters.kept_steps import DynamoKeptSteps
from flowport.domain.job import Job, Outcome
from flowport.domain.numbers import JobNumber, NumberEntry
from flowport.domain.steps import Step
from flowport.usecases.ports import JobNumbers, JobStore, KeptSteps
from tests.fakes import JOB_ID, NOW, FakeClock, FakeJobNumbers, FakeJobStore, FakeKeptSteps, a_job

OTHER = "0199b6f2-0000-8000-8000-000000000002"
DONE = Outcome("SUCCEEDED", NOW + 900, output='{"total":42}')
SEVEN = JobNumber("nebulagraph", 7)


@dataclass
class Stores:
    jobs: JobStore
    numbers: JobNumbers
    kept: KeptSteps


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    """Give empty stores of each kind."""
    if request.param == "fake":
        jobs = FakeJobStore()
        return Stores(jobs, FakeJobNumbers(jobs), FakeKeptSteps(jobs))
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    clock = FakeClock()
    return Stores(
        DynamoJobStore(client, table, clock),
        DynamoJobNumbers(client, table, clock),
        DynamoKeptSteps(client, table, clock),
    )


def numbered(value: int, job_id: str = JOB_ID, **changes: Any) -> Job:
    return a_job(job_id, **{"number": JobNumber("nebulagraph", value), "attempt": f"a{job_id[-1]}", **changes})


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_a_workspace_counts_from_one(stores: Stores) -> None:
    drawn = [stores.numbers.draw("acme", "nebulagraph") for _ in range(3)]
    assert drawn == [JobNumber("nebulagraph", value) for value in (1, 2, 3)]


def test_workspaces_count_apart(stores: Stores) -> None:
    stores.numbers.draw("acme", "nebulagraph")
    assert stores.numbers.draw("other", "nebulagraph").value == 1


# -- a job and its number ----------------------------------------------------------------------------------------------


def test_a_numbered_job_reads_back_with_its_number_and_the_alias_that_it_was_called_by(stores: Stores) -> None:
    job = numbered(7, alias="nebulagraph:4216617528")
    assert stores.jobs.create(job) is None
    assert stores.jobs.get(JOB_ID) == job


def test_a_job_is_found_by_its_number_in_its_own_workspace_only(stores: Stores) -> None:
    stores.jobs.create(numbered(7))
    assert stores.numbers.find("acme", SEVEN) == JOB_ID
    assert stores.numbers.find("other", SEVEN) is None
    assert stores.numbers.find("acme", JobNumber("nebulagraph", 8)) is None


def test_a_job_without_a_number_is_in_no_series(stores: Stores) -> None:
    stores.jobs.create(a_job())
    assert stores.numbers.entries("acme", "nebulagraph", ascending=True, limit=10) == []


def test_a_job_whose_number_another_job_has_is_not_written(stores: Stores) -> None:
    stores.jobs.create(numbered(7))
    assert stores.jobs.create(numbered(7, OTHER)) == SEVEN
    assert stores.jobs.get(OTHER) is None
    assert stores.numbers.find("acme", SEVEN) == JOB_ID


def test_a_numbered_create_that_meets_its_own_first_try_has_succeeded(stores: Stores) -> None:
    stores.jobs.create(numbered(7))
    assert stores.jobs.create(numbered(7)) is None


def test_a_request_that_is_delivered_again_keeps_its_jobs_first_number(stores: Stores) -> None:
    stores.jobs.create(numbered(7))
    assert stores.jobs.create(numbered(8, attempt="again")) == numbered(7)
    assert stores.numbers.find("acme", JobNumber("nebulagraph", 8)) is None


def test_a_series_is_told_of_the_end_of_a_job_with_the_row(stores: Stores) -> None:
    job = numbered(7)
    stores.jobs.create(job)
    before = NumberEntry(SEVEN, JOB_ID, "billing/quote", "token:tok_1", NOW)
    assert stores.numbers.entries("acme", "nebulagraph", ascending=True, limit=10) == [before]
    stores.jobs.end(job, DONE)
    (entry,) = stores.numbers.entries("acme", "nebulagraph", ascending=True, limit=10)
    assert entry.status == "SUCCEEDED"
    assert entry.expires_at is not None


def test_a_refused_end_changes_nothing_in_the_series(stores: Stores) -> None:
    job = numbered(7)
    stores.jobs.create(job)
    assert not stores.jobs.end(job, DONE, attempt="another")
    (entry,) = stores.numbers.entries("acme", "nebulagraph", ascending=True, limit=10)
    assert entry.status is None


def test_a_deleted_job_leaves_its_series(stores: Stores) -> None:
    job = numbered(7)
    stores.jobs.create(job)
    assert not stores.jobs.delete(JOB_ID, numbered=job)
    assert stores.numbers.find("acme", SEVEN) == JOB_ID
    stores.jobs.end(job, DONE)
    assert stores.jobs.delete(JOB_ID, numbered=job)
    assert stores.numbers.find("acme", SEVEN) is None


def test_the_end_of_a_job_whose_number_is_gone_is_recorded_all_the_same(stores: Stores) -> None:
    job = numbered(7)
    stores.jobs.create(job)
    if isinstance(stores.numbers, DynamoJobNumbers):
        key = {"job_id": {"S": "number#acme#nebulagraph"}, "item": {"S": "n#000000000000007"}}
        stores.numbers._client.delete_item(TableName=stores.numbers._table, Key=key)
    elif isinstance(stores.jobs, FakeJobStore):
        stores.jobs.numbers.clear()
    assert stores.jobs.end(job, DONE)
    assert stores.numbers.entries("acme", "nebulagraph", ascending=True, limit=10) == []
    assert stores.numbers.find("acme", SEVEN) is None


# -- lists -------------------------------------------------------------------------------------------------------------


def _ids(stores: Stores, **asked: Any) -> list[int]:
    return [entry.number.value for entry in stores.numbers.entries("acme", "nebulagraph", **asked)]


def test_a_series_is_listed_by_its_numbers_either_way(stores: Stores) -> None:
    for value in (9, 10, 100, 2):
        stores.jobs.create(numbered(value, f"0199b6f2-0000-8000-8000-{value:012x}"))
    assert _ids(stores, ascending=True, limit=10) == [2, 9, 10, 100]
    assert _ids(stores, ascending=False, limit=10) == [100, 10, 9, 2]
    assert _ids(stores, ascending=False, limit=3) == [100, 10, 9]


def test_a_series_of_several_megabytes_is_listed_whole(stores: Stores) -> None:
    for value in range(1, 41):
        job_id = f"0199b6f2-0000-8000-8000-{value:012x}"
        stores.jobs.create(numbered(value, job_id, principal="x" * 60_000, attempt=str(value)))
    assert _ids(stores, ascending=True, limit=100) == list(range(1, 41))


def test_several_jobs_are_read_at_once_and_those_that_are_not_there_left_out(stores: Stores) -> None:
    made = [numbered(value, f"0199b6f2-0000-8000-8000-{value:012x}") for value in range(1, 131)]
    for job in made:
        stores.jobs.create(job)
    found = stores.jobs.get_many([*(job.id for job in made), OTHER.replace("8000", "8001", 1), made[0].id])
    assert found == {job.id: job for job in made}
    assert stores.jobs.get_many([]) == {}


# -- steps that are kept -----------------------------------------------------------------------------------------------

STEPS = [
    Step("First", "Pass", NOW, NOW + 1, "SUCCEEDED", 1),
    Step("Second", "Task", NOW + 1, NOW + 2, "CAUGHT", 3, "Oops", "it broke: ü"),
]


def test_steps_are_read_back_as_they_were_kept(stores: Stores) -> None:
    stores.jobs.create(a_job())
    assert stores.kept.load(a_job()) is None
    stores.kept.keep(a_job(), STEPS)
    stores.kept.keep(a_job(), STEPS)
    assert stores.kept.load(a_job()) == STEPS


def test_nothing_is_kept_below_a_job_that_is_gone(stores: Stores) -> None:
    stores.kept.keep(a_job(), STEPS)
    assert stores.kept.load(a_job()) is None


def test_steps_that_are_too_long_are_not_kept(stores: Stores) -> None:
    stores.jobs.create(a_job())
    stores.kept.keep(a_job(), [replace(STEPS[1], cause="x" * 32_768)] * 10)
    assert stores.kept.load(a_job()) is None


def test_kept_steps_expire_with_their_job(dynamodb: Any, jobs_table: str) -> None:
    job = a_job(status="SUCCEEDED", finished_at=NOW + 5000)
    DynamoJobStore(dynamodb, jobs_table, FakeClock()).create(job)
    DynamoKeptSteps(dynamodb, jobs_table, FakeClock()).keep(job, STEPS)
    item = dynamodb.get_item(TableName=jobs_table, Key=job_key(job.id, "steps"))["Item"]
    assert item["expires_at"] == {"N": str((NOW + 5000 + 30 * 86_400_000) // 1000)}
