"""The port DocumentStore, on the fake and on moto: the current document, snapshots, and what is written with them."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from flowport.adapters.callbacks_table import DynamoCallbackStore
from flowport.adapters.documents_table import DynamoDocumentStore
from flowport.adapters.items import decode_item
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.callbacks import answered_by_name, early_answer, key_of_name
from flowport.domain.documents import Change, Snapshot, Stored, digest
from flowport.domain.job import Outcome
from flowport.domain.keys import document_key
from flowport.usecases.documents.ports import DocumentStore
from flowport.usecases.parked.ports import CallbackStore
from flowport.usecases.ports import JobStore
from tests.fakes import JOB_ID, NOW, FakeCallbackStore, FakeClock, FakeDocumentStore, FakeJobStore, a_job

DAY = 86_400_000
FIRST, SECOND, THIRD = ('{"n":1}', '{"n":2}', '{"n":3}')
JOB = a_job(input=FIRST, documented=True, keep_ms=30 * DAY)
SEEN = Stored(FIRST, NOW, digest(FIRST))
ONE = Change(JOB_ID, SEEN, Stored(SECOND, NOW + 1, digest(SECOND), 1), "w1")
TWO = Change(JOB_ID, ONE.new, Stored(THIRD, NOW + 2, digest(THIRD), 2), "w2")
ABORTED = Outcome("ABORTED", NOW + 5, error="Flowport.Cancelled")
Stores = tuple[JobStore, DocumentStore, CallbackStore]


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    """Give a job whose document is its input."""
    if request.param == "fake":
        jobs = FakeJobStore()
        jobs.callbacks = FakeCallbackStore()
        made: Stores = jobs, FakeDocumentStore(jobs), jobs.callbacks
    else:
        client, table, clock = (
            request.getfixturevalue("dynamodb"),
            request.getfixturevalue("jobs_table"),
            FakeClock(),
        )
        made = (
            DynamoJobStore(client, table, clock),
            DynamoDocumentStore(client, table, clock),
            DynamoCallbackStore(client, table, clock),
        )
    made[0].create(JOB)
    return made


def test_a_job_says_that_it_has_documents(stores: Stores) -> None:
    job = stores[0].get(JOB_ID)
    assert job is not None
    assert job.documented


def test_the_input_is_the_document_until_the_first_change(stores: Stores) -> None:
    assert stores[1].load([JOB_ID]) == {}
    assert stores[1].snapshots(JOB_ID) == []


def test_a_change_is_current_and_what_it_replaced_is_a_snapshot_unless_it_is_the_input(stores: Stores) -> None:
    assert stores[1].save(JOB, ONE)
    assert stores[1].load([JOB_ID]) == {JOB_ID: ONE.new}
    assert stores[1].snapshots(JOB_ID) == []
    assert stores[1].save(JOB, TWO)
    assert stores[1].load([JOB_ID, "0199b6f2-0000-8000-8000-000000000009"]) == {JOB_ID: TWO.new}
    assert stores[1].snapshots(JOB_ID) == [Snapshot(SECOND, NOW + 1)]


def test_of_two_changes_of_one_document_the_second_is_refused_whole(stores: Stores) -> None:
    rival = replace(ONE, new=replace(ONE.new, text=THIRD), written_by="w3")
    assert stores[1].save(JOB, ONE)
    assert not stores[1].save(JOB, rival)
    assert stores[1].save(JOB, TWO)
    assert not stores[1].save(JOB, replace(TWO, written_by="w4"))
    assert stores[1].load([JOB_ID]) == {JOB_ID: TWO.new}
    assert stores[1].snapshots(JOB_ID) == [Snapshot(SECOND, NOW + 1)]


def test_a_change_written_again_knows_itself(stores: Stores) -> None:
    assert stores[1].save(JOB, ONE)
    assert stores[1].save(JOB, ONE)


def test_no_document_is_written_below_a_job_that_is_gone_or_has_ended_meanwhile(stores: Stores) -> None:
    gone = a_job("0199b6f2-0000-8000-8000-000000000002")
    assert not stores[1].save(gone, replace(ONE, job_id=gone.id))
    stores[1].keep(gone, Snapshot(SECOND, NOW))
    assert stores[1].snapshots(gone.id) == []
    assert stores[0].end(JOB, ABORTED)
    assert not stores[1].save(JOB, ONE)
    ended = stores[0].get(JOB_ID)
    assert ended is not None
    assert stores[1].save(ended, ONE)


def test_an_answer_is_written_with_the_document_or_neither_is(stores: Stores) -> None:
    key = key_of_name(JOB_ID, "completion")
    answer = answered_by_name(None, key, SECOND, "a1", NOW)
    assert stores[1].save(JOB, ONE, answer=answer)
    stored = stores[2].get(key)
    assert stored is not None
    assert (stored.status, stored.body) == ("ANSWERED", SECOND)
    assert not stores[1].save(JOB, TWO, answer=answer)
    assert stores[1].load([JOB_ID]) == {JOB_ID: ONE.new}


def test_a_snapshot_is_kept_once(stores: Stores) -> None:
    stores[1].keep(JOB, Snapshot(SECOND, NOW + 7))
    stores[1].keep(JOB, Snapshot('{ "n": 2 }', NOW + 9))
    stores[1].keep(JOB, Snapshot(THIRD, NOW + 3))
    assert stores[1].snapshots(JOB_ID) == [Snapshot(THIRD, NOW + 3), Snapshot(SECOND, NOW + 7)]


def test_a_job_ends_together_with_its_document_or_neither_changes(stores: Stores) -> None:
    assert stores[1].save(JOB, ONE)
    assert not stores[0].end(JOB, ABORTED, document=replace(ONE, written_by="w5"))
    job = stores[0].get(JOB_ID)
    assert job is not None
    assert job.status == "ACCEPTED"
    assert stores[0].end(JOB, ABORTED, document=TWO)
    assert stores[0].end(JOB, ABORTED, document=TWO), "a repeated write knows itself"
    assert not stores[0].end(JOB, ABORTED, document=replace(TWO, written_by="w6"))
    assert stores[1].load([JOB_ID]) == {JOB_ID: TWO.new}
    assert stores[1].snapshots(JOB_ID) == [Snapshot(SECOND, NOW + 1)]


def test_a_job_is_created_with_the_answer_to_what_it_will_park(stores: Stores) -> None:
    job = a_job("0199b6f2-0000-8000-8000-000000000003", input=FIRST)
    answer = early_answer(job, "completion", FIRST)
    assert stores[0].create(job, answer=answer) is None
    stored = stores[2].get(key_of_name(job.id, "completion"))
    assert stored is not None
    assert stored.body == FIRST


def test_a_job_that_had_ended_when_it_was_created_is_one_that_the_sweep_settles(stores: Stores) -> None:
    job = replace(a_job("0199b6f2-0000-8000-8000-000000000004", input=FIRST).ended_with(ABORTED), check_at=NOW + 9)
    key = document_key(workspace="acme", client_job_id="c-1", now=NOW, keep_ms=30 * DAY)
    assert stores[0].create(job, [key], now=NOW) is None
    row = stores[0].get(job.id)
    assert row is not None
    assert (row.status, row.finished_at, row.error) == ("ABORTED", NOW + 5, "Flowport.Cancelled")
    assert row.expires_at == job.expires_at
    assert (job.id, NOW + 9) in stores[0].due(NOW + 9, 10)
    stores[0].settle(job, seen=NOW + 9)
    assert (job.id, NOW + 9) not in stores[0].due(NOW + 9, 10)
    assert stores[0].find_key(key.id, 0) == job.id


def test_documents_go_with_their_job(stores: Stores) -> None:
    assert stores[1].save(JOB, ONE)
    assert stores[1].save(JOB, TWO)
    assert stores[0].end(JOB, ABORTED)
    assert stores[0].delete(JOB_ID)
    assert stores[1].load([JOB_ID]) == {}
    assert stores[1].snapshots(JOB_ID) == []


# -- DynamoDB alone ----------------------------------------------------------------------------------------------------


def test_documents_expire_with_the_payloads_of_their_job(dynamodb: Any, jobs_table: str) -> None:
    jobs = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    documents = DynamoDocumentStore(dynamodb, jobs_table, FakeClock())
    job = replace(JOB, keep_payloads_ms=2 * DAY)
    jobs.create(job)
    assert documents.save(job, ONE)
    assert documents.save(job, TWO)
    assert {NOW + 368 * DAY} == expiries(dynamodb, jobs_table)
    assert jobs.end(job, ABORTED)
    assert {NOW + 5 + 2 * DAY} == {at + 5 for at in expiries(dynamodb, jobs_table)}
    ended = jobs.get(JOB_ID)
    assert ended is not None
    documents.keep(ended, Snapshot('{"n":4}', NOW + 20))
    assert len(expiries(dynamodb, jobs_table)) == 1


def expiries(dynamodb: Any, table: str) -> set[int]:
    """Give when documents expire, in milliseconds."""
    items = [decode_item(item) for item in dynamodb.scan(TableName=table)["Items"]]
    found = [item for item in items if item["item"] == "document" or item["item"].startswith("snapshot#")]
    assert len(found) >= 2
    return {item["expires_at"] * 1000 for item in found}


def test_an_end_stands_also_where_its_documents_cannot_be_told_of_it(
    dynamodb: Any, jobs_table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = DynamoJobStore(dynamodb, jobs_table, FakeClock())
    jobs.create(JOB)

    def denied(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "Query")

    monkeypatch.setattr(dynamodb, "query", denied)
    assert jobs.end(JOB, ABORTED)
