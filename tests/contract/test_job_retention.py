"""The port JobStore: how long rows and payloads are kept, on the fake and on DynamoDB, and how they lie there."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.job import Job, Outcome
from flowport.domain.keys import JobKey, Taken
from flowport.usecases.ports import JobStore
from tests.fakes import ACCOUNT, EXPRESS_ARN, JOB_ID, NOW, FakeClock, FakeJobStore, a_job, an_express_job

DAY = 86_400_000
OTHER = "0199b6f2-0000-8000-8000-000000000002"
ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
LARGE = '{"text":"' + "x" * 5000 + '"}'
SMALL = '{"a":1}'
DONE = Outcome("SUCCEEDED", NOW + 40 * DAY, output='{"total":42}')
NAME = JobKey("key#2", "client", None, NOW + DAY, removed_at=NOW + 400 * DAY)


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    """Give an empty store of each kind."""
    if request.param == "fake":
        return FakeJobStore()
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    return DynamoJobStore(client, table, FakeClock())


@pytest.fixture
def real(dynamodb: Any, jobs_table: str) -> DynamoJobStore:
    return DynamoJobStore(dynamodb, jobs_table, FakeClock())


@pytest.fixture
def items(dynamodb: Any, jobs_table: str) -> Any:
    """Give a function that reads all items of the table, by their sort keys."""
    return lambda: {item["item"]["S"]: item for item in dynamodb.scan(TableName=jobs_table)["Items"]}


def read(store: JobStore, job_id: str = JOB_ID) -> Job:
    job = store.get(job_id)
    assert job is not None
    return store.with_input(store.with_output(job))


def at(moment: int) -> dict[str, str]:
    return {"N": str(moment // 1000)}


def test_a_job_expires_so_long_after_its_end_however_long_it_ran(store: JobStore) -> None:
    store.create(a_job(keep_ms=2 * DAY))
    assert read(store).expires_at is None
    store.end(a_job(keep_ms=2 * DAY), DONE)
    assert read(store).expires_at == NOW + 42 * DAY


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_nothing_of_a_job_that_has_not_ended_expires_within_a_year(real: DynamoJobStore, items: Any, text: str) -> None:
    real.create(a_job(input=text))
    real.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW)
    assert "expires_at" not in items()["job"]
    if "input" in items():
        assert int(items()["input"]["expires_at"]["N"]) * 1000 > NOW + 365 * DAY


def test_payloads_beside_the_row_expire_with_it_and_lie_in_no_index(real: DynamoJobStore, items: Any) -> None:
    real.create(a_job(input=LARGE))
    running = real.get(JOB_ID)
    assert running is not None
    real.end(running, replace(DONE, output=LARGE))
    found, expires = items(), at(NOW + 70 * DAY)
    assert sorted(found) == ["input", "job", "output"]
    assert found["input"] == {
        "job_id": {"S": JOB_ID},
        "item": {"S": "input"},
        "text": {"S": LARGE},
        "expires_at": expires,
    }
    assert found["output"]["expires_at"] == expires
    assert found["job"]["expires_at"] == expires
    assert not {"input", "output"} & found["job"].keys()


def test_a_large_input_of_an_express_run_costs_its_end_no_further_write(dynamodb: Any, jobs_table: str) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    job = an_express_job(input=LARGE)
    store.create(job)
    store.end(replace(job, input=None), DONE)
    item = dynamodb.get_item(TableName=jobs_table, Key={"job_id": {"S": JOB_ID}, "item": {"S": "input"}})["Item"]
    assert item["expires_at"] == at(NOW + 31 * DAY)


def test_payloads_that_go_before_their_job_lie_in_items_that_expire_before_it(real: DynamoJobStore, items: Any) -> None:
    job = a_job(input=SMALL, keep_payloads_ms=DAY)
    real.create(job)
    real.end(job, DONE)
    found = items()
    assert not {"input", "output"} & found["job"].keys()
    assert found["input"]["expires_at"] == found["output"]["expires_at"] == at(NOW + 41 * DAY)
    assert found["job"]["expires_at"] == at(NOW + 70 * DAY)


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_payloads_that_are_kept_apart_read_back_exactly(store: JobStore, text: str) -> None:
    job = a_job(input=text, keep_payloads_ms=DAY)
    store.create(job)
    light = store.get(JOB_ID)
    assert light is not None
    assert (light.input, light.output) == (None, None)
    store.end(job, replace(DONE, output=text))
    assert (read(store).input, read(store).output) == (text, text)


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_an_input_that_is_not_kept_is_there_until_the_job_is_started(store: JobStore, text: str) -> None:
    job = a_job(input=text, keep_payloads_ms=0)
    store.create(job)
    assert read(store).input == text
    assert store.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW, drop_input=True)
    assert read(store).input is None


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_an_input_that_is_not_kept_goes_with_the_claim(store: JobStore, text: str) -> None:
    store.create(an_express_job(input=text, keep_payloads_ms=0))
    assert store.claim(JOB_ID, attempt="a2", at=NOW, check_at=NOW, drop_input=True)
    assert read(store).input is None


def test_who_loses_the_claim_removes_no_input(store: JobStore) -> None:
    store.create(a_job(keep_payloads_ms=0))
    assert not store.claim(OTHER, attempt="a2", at=NOW, check_at=NOW, drop_input=True)
    assert read(store).input == a_job().input


@pytest.mark.parametrize("text", [SMALL, LARGE])
@pytest.mark.parametrize("job", [a_job(keep_payloads_ms=0), an_express_job(keep_payloads_ms=0)])
def test_a_job_that_ends_before_it_was_started_leaves_no_input_that_is_not_kept(
    store: JobStore, job: Job, text: str
) -> None:
    store.create(replace(job, input=text))
    store.end(replace(job, input=text), DONE)
    assert read(store).input is None


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_no_payload_of_a_direct_run_is_written_where_none_is_kept(real: DynamoJobStore, items: Any, text: str) -> None:
    job = an_express_job(
        mode="sync", status="RUNNING", direct=True, state_machine_arn=EXPRESS_ARN, input=text, keep_payloads_ms=0
    )
    real.create(job)
    assert real.end(job, replace(DONE, output=text), attempt=job.attempt)
    assert list(items()) == ["job"]
    assert not {"input", "output"} & items()["job"].keys()


@pytest.mark.parametrize("text", [SMALL, LARGE])
def test_no_output_is_stored_where_none_is_kept(store: JobStore, text: str) -> None:
    store.create(a_job(keep_payloads_ms=0))
    store.end(a_job(keep_payloads_ms=0), replace(DONE, output=text))
    assert read(store).output is None
    assert read(store).payloads == "not-kept"


def test_a_row_of_the_first_release_is_kept_as_long_from_its_end_as_it_was_from_its_acceptance(
    dynamodb: Any, jobs_table: str
) -> None:
    store = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    store.create(a_job())
    dynamodb.update_item(
        TableName=jobs_table,
        Key={"job_id": {"S": JOB_ID}, "item": {"S": "job"}},
        UpdateExpression="REMOVE keep_ms SET expires_at = :expires",
        ExpressionAttributeValues={":expires": at(NOW + 30 * DAY)},
    )
    old = store.get(JOB_ID)
    assert old is not None
    assert old.keep_ms == 30 * DAY
    store.end(old, DONE)
    assert read(store).expires_at == NOW + 70 * DAY


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_name_whose_time_is_over_still_leads_to_its_job_and_says_that_it_has_expired(store: JobStore) -> None:
    store.create(a_job(), [NAME], now=NOW)
    later = replace(NAME, expires_at=NOW + 3 * DAY)
    assert store.create(a_job(OTHER, attempt="b"), [later], now=NOW + DAY - 1) == Taken(later, JOB_ID, None)
    assert store.create(a_job(OTHER, attempt="b"), [later], now=NOW + DAY) == Taken(later, JOB_ID, None, expired=True)
    assert store.get(OTHER) is None


def test_a_name_is_taken_only_from_the_job_that_it_was_seen_with(store: JobStore) -> None:
    store.create(a_job(), [NAME], now=NOW)
    other = a_job(OTHER, attempt="b")
    wrong = replace(NAME, replaces="another")
    assert store.create(other, [wrong], now=NOW + 9 * DAY) == Taken(wrong, JOB_ID, None, expired=True)
    assert store.create(other, [replace(NAME, replaces=JOB_ID)], now=NOW + 9 * DAY) is None


def test_the_item_of_a_name_outlives_the_longest_run(real: DynamoJobStore, dynamodb: Any, jobs_table: str) -> None:
    real.create(a_job(), [NAME], now=NOW)
    item = dynamodb.get_item(TableName=jobs_table, Key={"job_id": {"S": NAME.id}, "item": {"S": "key"}})["Item"]
    assert item["expires_at"] == at(NOW + 400 * DAY)
