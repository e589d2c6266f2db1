"""Syncs of documents: what makes a job, what replaces what, and what comes too late."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.adapters.json_schemas import JsonSchemas
from flowport.dialects.workfloplus.documents import aborted, assigned, document_of, read_document
from flowport.domain.callbacks import Parking, key_of_name, parked
from flowport.domain.documents import COMPLETION
from flowport.domain.errors import (
    Conflict,
    EndpointDisabled,
    InputInvalid,
    JobEnded,
    NotFound,
    NotSupported,
    OtherWorkspace,
    PayloadNotKept,
    Unauthenticated,
    Unavailable,
)
from flowport.domain.ids import execution_name, standard_execution_arn
from flowport.domain.job import Job, Outcome
from flowport.domain.keys import document_key_id
from flowport.usecases.documents.change import ChangeDocument, ChangeOpen, DeleteDocument
from flowport.usecases.documents.ports import Told
from flowport.usecases.documents.read import ListDocuments, ReadDocument, ReadHistory
from flowport.usecases.documents.sync import Sync
from tests.fakes import STANDARD_ARN, FakeDocumentStore, a_credential, an_endpoint, before, fail
from tests.unit.usecases.stack import Stack

SCOPES = frozenset({"run"})
WORKFLOW = an_endpoint(express_arn=None, aliases=("workfloplus:w1",), callback_url="https://a.example/")


@pytest.fixture
def stack() -> Stack:
    made = Stack()
    made.directory.add(WORKFLOW)
    return made


def document(updated: int | str | None = 1, status: str = "InProgress", **metadata: Any) -> str:
    time = f"2021-10-01T12:00:{updated:02}Z" if isinstance(updated, int) else updated
    named = {"clientJobId": "c-1", "workflowId": "w1", "updated": time, "status": status}
    return json.dumps({"metadata": named | metadata, "completedSteps": [{"singleStep": {"n": updated}}]})


def sync(stack: Stack, text: str, **changes: Any) -> Told:
    create = changes.pop("create", False)
    caller = stack.caller(any_of=SCOPES, **changes)
    return stack.sync(caller, Sync(lambda: document_of(text), read_document, create))


def history(stack: Stack) -> list[str]:
    return [one.text for one in stack.document_reader.history(stack.caller(any_of=SCOPES), ReadHistory("c-1"))]


def current(stack: Stack) -> str:
    text = stack.document_reader.read(stack.caller(any_of=SCOPES), ReadDocument("c-1")).text
    assert text is not None
    return text


def only(stack: Stack) -> Job:
    return stack.row()


def test_a_first_document_makes_a_job_and_starts_its_workflow_with_it(stack: Stack) -> None:
    told = sync(stack, document(1), request_id="r1=")
    assert (told.job.id, told.text) == (only(stack).id, document(1))
    assert (only(stack).input, only(stack).client_job_id, only(stack).documented) == (document(1), "c-1", True)
    assert only(stack).machine_type == "STANDARD"
    assert [arn.rpartition(":")[2] for arn in stack.executions.standard] == [execution_name(told.job.id)]


def test_a_document_is_checked_and_stays_as_its_client_has_it(stack: Stack) -> None:
    schema = {"required": ["metadata"], "properties": {"more": {"default": 1}}}
    stack.directory.add(replace(WORKFLOW, input_schema=json.dumps(schema)))
    stack.sync = replace(stack.sync, run=replace(stack.run_endpoint, schemas=JsonSchemas()))
    for _ in range(2):
        stack.clock.sleep(1)
        sync(stack, document(1))
    assert (current(stack), history(stack)) == (document(1), [document(1)])
    refused = {"required": ["completedBy"]}
    stack.directory.add(replace(WORKFLOW, input_schema=json.dumps(refused)))
    with pytest.raises(InputInvalid):
        sync(stack, document(1, clientJobId="c-2"))


def test_later_documents_replace_it_and_every_one_is_kept(stack: Stack) -> None:
    for number in (1, 2, 4, 3):
        stack.clock.sleep(1)
        sync(stack, document(number))
    assert current(stack) == document(4)
    assert history(stack) == [document(1), document(2), document(4), document(3)]
    assert len(stack.executions.standard) == 1


def test_the_same_document_again_changes_nothing(stack: Stack) -> None:
    for text in (document(1), document(1), document(2), document(2), document(1)):
        stack.clock.sleep(1)
        sync(stack, text)
    assert current(stack) == document(2)
    assert history(stack) == [document(1), document(2), document(1)]


def test_of_documents_with_one_time_or_none_the_later_arrival_counts(stack: Stack) -> None:
    sync(stack, document(1))
    sync(stack, document(1, jobTitle="again"))
    assert "again" in current(stack)
    sync(stack, document(None, jobTitle="none"))
    assert "none" in current(stack)
    sync(stack, document(0, jobTitle="anything after none"))
    assert "anything" in current(stack)


def test_times_are_compared_to_the_microsecond_and_across_offsets(stack: Stack) -> None:
    sync(stack, document("2021-10-01T14:48:13.000002+02:00"))
    sync(stack, document("2021-10-01T12:48:13.000001Z", jobTitle="older"))
    assert "older" not in current(stack)


def test_a_completion_answers_what_the_run_has_parked_and_is_sent_at_once(stack: Stack) -> None:
    job = sync(stack, document(1)).job
    key = key_of_name(job.id, COMPLETION)
    parking = Parking(key, "token-1", standard_execution_arn(STANDARD_ARN, job.id))
    stack.callbacks.save(parked(None, parking, stack.clock.now()))
    sync(stack, document(2, "Completed"))
    callback = stack.callbacks.get(key)
    assert callback is not None
    assert (callback.status, callback.body) == ("ANSWERED", document(2, "Completed"))
    assert stack.sender.started == [key]


def test_a_completion_before_the_run_has_parked_is_there_when_it_does(stack: Stack) -> None:
    job = sync(stack, document(1, "Completed")).job
    callback = stack.callbacks.get(key_of_name(job.id, COMPLETION))
    assert callback is not None
    assert (callback.status, callback.body, callback.task_token) == ("ANSWERED", document(1, "Completed"), None)
    assert len(stack.executions.standard) == 1


def test_a_completion_of_a_run_that_does_not_wait_any_more_is_kept_all_the_same(stack: Stack) -> None:
    job = sync(stack, document(1)).job
    stack.jobs.end(only(stack), Outcome("SUCCEEDED", stack.clock.now(), output="{}"))
    sync(stack, document(2, "Completed"))
    assert current(stack) == document(2, "Completed")
    assert stack.callbacks.get(key_of_name(job.id, COMPLETION)) is None


def test_a_completion_whose_callback_has_expired_is_kept_all_the_same(stack: Stack) -> None:
    job = sync(stack, document(1)).job
    key = key_of_name(job.id, COMPLETION)
    parking = Parking(key, "token-1", standard_execution_arn(STANDARD_ARN, job.id), expires_in=1)
    stack.callbacks.save(parked(None, parking, stack.clock.now()))
    stack.clock.sleep(2)
    assert sync(stack, document(2, "Completed")).text == document(2, "Completed")


def test_an_abort_stops_the_run_and_ends_the_job_with_its_reason(stack: Stack) -> None:
    sync(stack, document(1))
    sync(stack, document(2, "Aborted", abandonReason="No access"))
    row = only(stack)
    assert (row.status, row.error, row.cause, row.check_at) == ("ABORTED", "Flowport.Cancelled", "No access", None)
    assert len(stack.executions.stopped) == 1
    assert stack.deliveries.started != []
    assert history(stack) == [document(1), document(2, "Aborted", abandonReason="No access")]


def test_an_abort_that_arrives_after_a_newer_document_stops_the_run_all_the_same(stack: Stack) -> None:
    sync(stack, document(1))
    sync(stack, document(5))
    sync(stack, document(2, "Aborted"))
    assert (only(stack).status, len(stack.executions.stopped)) == ("ABORTED", 1)
    assert history(stack) == [document(1), document(5), document(2, "Aborted")]


def test_a_first_document_that_says_aborted_starts_nothing_and_is_told_to_callbacks(stack: Stack) -> None:
    told = sync(stack, document(1, "Aborted"), request_id="r1=")
    assert (told.job.status, told.job.cause) == ("ABORTED", "Aborted by its client.")
    assert stack.executions.standard == {}
    assert only(stack).check_at is None
    assert stack.deliveries.started != []


def test_what_died_after_it_wrote_an_aborted_job_is_settled_by_the_sweep(stack: Stack) -> None:
    fail(stack.jobs, "settle", Unavailable("no answer"))
    sync(stack, document(1, "Aborted"))
    assert only(stack).check_at is not None
    stack.sweep_after(60)
    assert only(stack).check_at is None
    assert stack.executions.standard == {}


@pytest.mark.parametrize("closing", ["Completed", "Aborted"])
def test_a_closed_job_takes_no_other_document_but_keeps_it(stack: Stack, closing: str) -> None:
    sync(stack, document(1))
    sync(stack, document(2, closing))
    assert sync(stack, document(2, closing)).text == document(2, closing)
    stack.clock.sleep(1)
    for text in (document(3), document(1, jobTitle="late"), document(3)):
        with pytest.raises(JobEnded, match="is not changed any more"):
            sync(stack, text)
    assert current(stack) == document(2, closing)
    assert history(stack) == [document(1), document(2, closing), document(3), document(1, jobTitle="late")]


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED"])
def test_a_job_that_ended_badly_takes_no_document_but_keeps_it(stack: Stack, status: Any) -> None:
    sync(stack, document(1))
    stack.jobs.end(only(stack), Outcome(status, stack.clock.now()))
    with pytest.raises(JobEnded):
        sync(stack, document(2))
    assert document(2) in history(stack)


def test_a_job_that_was_never_started_is_made_anew(stack: Stack) -> None:
    first = sync(stack, document(1)).job
    stack.jobs.end(only(stack), Outcome("FAILED", stack.clock.now(), error="Flowport.NotStarted"))
    second = sync(stack, document(2)).job
    assert second.id != first.id
    assert stack.jobs.find_key(document_key_id("acme", "c-1"), 0) == second.id


def _first(action: Callable[[], object]) -> Callable[[], object]:
    left = [action]
    return lambda: left.pop()() if left else None


def test_of_two_first_documents_one_makes_the_job_and_the_other_syncs_with_it(stack: Stack) -> None:
    before(stack.jobs, "create", _first(lambda: sync(stack, document(2))))
    told = sync(stack, document(1))
    assert told.text == document(2)
    assert len(stack.jobs.rows) == 1
    assert len(stack.executions.standard) == 1
    assert sorted(history(stack)) == [document(1), document(2)]


def test_who_loses_a_change_decides_anew(stack: Stack) -> None:
    sync(stack, document(1))
    before(stack.documents, "save", _first(lambda: sync(stack, document(3))))
    assert sync(stack, document(2)).text == document(3)
    assert sorted(history(stack)) == [document(1), document(2), document(3)]


def test_who_always_loses_is_told_to_come_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(stack, document(1))
    monkeypatch.setattr(FakeDocumentStore, "save", lambda *_, **__: False)
    with pytest.raises(Unavailable, match="keep coming first"):
        sync(stack, document(2))


def test_a_new_job_only_is_not_made_of_one_that_is_there(stack: Stack) -> None:
    sync(stack, document(1), create=True)
    assert sync(stack, document(1), create=True).text == document(1)
    with pytest.raises(Conflict, match="already"):
        sync(stack, document(2), create=True)


def test_a_job_belongs_to_one_workflow(stack: Stack) -> None:
    stack.directory.add(an_endpoint(name="other", aliases=("workfloplus:w2",)))
    sync(stack, document(1))
    with pytest.raises(Conflict, match="another workflow"):
        sync(stack, document(2, workflowId="w2"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"standard_arn": None, "express_arn": STANDARD_ARN}, NotSupported),
        ({"keep_payloads_days": 0}, NotSupported),
        ({"enabled": False}, EndpointDisabled),
        ({"aliases": ()}, NotFound),
    ],
)
def test_a_workflow_that_cannot_take_documents_is_refused(stack: Stack, changes: Any, error: Any) -> None:
    stack.directory.add(replace(WORKFLOW, **changes))
    with pytest.raises(error):
        sync(stack, document(1))
    assert stack.jobs.rows == {}


def test_a_document_of_another_team_is_refused(stack: Stack) -> None:
    with pytest.raises(OtherWorkspace):
        sync(stack, document(1)[:-1] + ',"team":"other"}')
    assert sync(stack, document(1)[:-1] + ',"team":"acme"}').text is not None


def test_who_is_not_let_in_learns_nothing_of_what_is_wrong_with_the_document(stack: Stack) -> None:
    with pytest.raises(Unauthenticated):
        sync(stack, "{}", presented=None)


# -- changes -----------------------------------------------------------------------------------------------------------


def change(stack: Stack, **options: Any) -> Told:
    edit = options.pop("edit", lambda old, now: assigned(old, now, "u2"))
    return stack.document_changes.change(
        stack.caller(any_of=SCOPES), ChangeDocument("c-1", edit, read_document, **options)
    )


def test_a_change_here_leaves_the_clients_own_time_so_that_its_next_document_counts(stack: Stack) -> None:
    sync(stack, document(1))
    assert '"userId":"u2"' in (change(stack).text or "")
    assert sync(stack, document(1)).text == current(stack), "the same document again"
    sync(stack, document(2))
    assert current(stack) == document(2)


def test_a_change_that_changes_nothing_is_not_written(stack: Stack) -> None:
    sync(stack, document(1, userId="u2"))
    change(stack)
    assert history(stack) == [document(1, userId="u2")]


def test_a_change_that_aborts_stops_the_run(stack: Stack) -> None:
    sync(stack, document(1))
    change(stack, edit=lambda old, now: aborted(old, now, "Rain"))
    assert (only(stack).status, only(stack).cause) == ("ABORTED", "Rain")
    with pytest.raises(JobEnded):
        change(stack, edit=lambda old, now: aborted(old, now, "again"))
    with pytest.raises(JobEnded):
        change(stack)


def test_who_always_loses_a_change_is_told_to_come_again(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(stack, document(1))
    monkeypatch.setattr(FakeDocumentStore, "save", lambda *_, **__: False)
    with pytest.raises(Unavailable, match="keep coming first"):
        change(stack)


def abort_open(stack: Stack, user: str | None = None) -> list[str]:
    command = ChangeOpen(lambda old, now: aborted(old, now, None), read_document, user)
    told = stack.document_changes.open(stack.caller(any_of=SCOPES), command)
    return sorted(read_document(one.text or "").client_job_id for one in told)


def test_all_open_jobs_or_those_of_a_user_are_aborted_and_no_others(stack: Stack) -> None:
    for number, user in enumerate(["u1", "u2", "u1", None]):
        sync(stack, document(1, clientJobId=f"c-{number}", userId=user))
    sync(stack, document(2, "Completed", clientJobId="c-0", userId="u1"))
    stack.run()  # another family's
    assert abort_open(stack, "u1") == ["c-2"]
    assert abort_open(stack) == ["c-1", "c-3"]
    assert abort_open(stack) == []
    assert sorted(row.status for row in stack.jobs.rows.values()).count("ABORTED") == 3


def test_more_jobs_than_one_call_can_change_are_said_to_be_left(stack: Stack) -> None:
    for number in range(3):
        sync(stack, document(1, clientJobId=f"c-{number}"))
    caller = stack.caller(any_of=SCOPES, answer_at=stack.clock.monotonic() + 4.5)
    with pytest.raises(Unavailable, match="send the request again for the rest"):
        stack.document_changes.open(caller, ChangeOpen(lambda old, now: aborted(old, now, None), read_document))


def test_a_deleted_job_frees_its_id(stack: Stack) -> None:
    sync(stack, document(1, "Aborted"))
    stack.document_changes.delete(stack.caller(any_of=SCOPES), DeleteDocument("c-1"))
    with pytest.raises(NotFound, match="'c-1'"):
        current(stack)
    assert sync(stack, document(1)).job.status == "RUNNING"


# -- reads -------------------------------------------------------------------------------------------------------------


def test_documents_are_not_shown_when_the_payloads_of_their_job_are_over(stack: Stack) -> None:
    stack.directory.add(replace(WORKFLOW, keep_payloads_days=1))
    sync(stack, document(1))
    sync(stack, document(2, "Aborted"))
    stack.clock.sleep(2 * 86_400)
    for read in (lambda: current(stack), lambda: history(stack), lambda: change(stack)):
        with pytest.raises(PayloadNotKept):
            read()
    (told,) = stack.document_reader.page(stack.caller(any_of=SCOPES), ListDocuments(0, 10))
    assert told.text is None
    assert abort_open(stack) == []


def test_lists_are_of_the_caller_the_workflow_or_all_and_skip_what_they_are_told_to(stack: Stack) -> None:
    for number in range(3):
        stack.clock.sleep(1)
        sync(stack, document(1, clientJobId=f"c-{number}"))
    stack.directory.add(a_credential(stack.token, scopes=("run",), credential_id="tok_2"))
    sync(stack, document(1, clientJobId="mine"))

    def names(**query: Any) -> list[str]:
        page = stack.document_reader.page(stack.caller(any_of=SCOPES), ListDocuments(**query))
        return [read_document(told.text or "").client_job_id for told in page]

    assert sorted(names(skip=0, limit=10)) == ["c-0", "c-1", "c-2", "mine"]
    assert len(names(skip=1, limit=2)) == 2
    assert names(skip=0, limit=10, own=True) == ["mine"]
    assert names(skip=4, limit=10, alias="workfloplus:w1") == []
    with pytest.raises(NotFound):
        names(skip=0, limit=10, alias="workfloplus:nothing")


def test_a_list_that_takes_too_long_says_so(stack: Stack) -> None:
    for number in range(101):
        sync(stack, document(1, clientJobId=f"c-{number}"))
    caller = stack.caller(any_of=SCOPES, answer_at=stack.clock.monotonic())
    with pytest.raises(Unavailable, match="ask for fewer"):
        stack.document_reader.page(caller, ListDocuments(100, 1))
