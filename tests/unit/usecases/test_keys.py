"""Idempotency keys and the callers' own names for jobs."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Outcome, error_of_workflow
from flowport.domain.preferences import Preference
from flowport.usecases.run_endpoint import Ran, Run
from tests.fakes import NOW, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
FAILED = Outcome("FAILED", NOW + 1, error="Oops")
BUSY = errors.Unavailable("DynamoDB is busy")


def call(stack: Stack, key: str | None = "k", body: str = '{"a":1}', **more: Any) -> Ran:
    command = Run("billing/quote", "POST", lambda: body, idempotency_key=key, **more)
    return stack.run_endpoint(stack.caller(), command)


def test_a_repeated_key_runs_nothing_again_and_replays_the_stored_answer(stack: Stack) -> None:
    first, second = call(stack), call(stack)
    assert (first.replayed, second.replayed) == (False, True)
    assert second.job == first.job
    assert stack.executions.express.total() == 1


def test_a_failure_of_the_workflow_is_replayed_too(stack: Stack) -> None:
    stack.executions.result = FAILED
    call(stack)
    assert call(stack).job.error == "Oops"
    assert stack.executions.express.total() == 1


@pytest.mark.parametrize("body", ['{"a": 1}', ' {"a":1}\n', '{"a":1}'])
def test_the_same_json_in_another_spelling_is_the_same_input(stack: Stack, body: str) -> None:
    call(stack)
    assert call(stack, body=body).replayed


def test_another_input_under_the_same_key_is_refused_and_nothing_is_started(stack: Stack) -> None:
    call(stack)
    with pytest.raises(errors.KeyReused):
        call(stack, body='{"a":2}')
    assert stack.executions.express.total() == 1


def test_a_key_whose_job_still_runs_is_joined_and_waited_for(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None))
    started = call(stack, preference=ASYNC).job
    stack.executions.finish(started.execution_arn or "", Outcome("SUCCEEDED", NOW + 1, output="1"))
    joined = call(stack)
    assert joined.job.id == started.id
    assert joined.replayed is False
    assert len(stack.executions.standard) == 1


def test_an_asynchronous_repeat_gets_the_same_job_at_once(stack: Stack) -> None:
    assert call(stack, preference=ASYNC).job.id == call(stack, preference=ASYNC).job.id
    assert len(stack.jobs.rows) == 1


def test_keys_of_two_callers_are_two_keys(stack: Stack) -> None:
    call(stack)
    stack.directory.add(a_credential(stack.token, credential_id="tok_2"))
    assert not call(stack).replayed


def test_an_expired_key_runs_again(stack: Stack) -> None:
    call(stack)
    stack.clock.sleep(86_400)
    assert not call(stack).replayed


def test_a_key_whose_job_was_never_started_is_free_again(stack: Stack) -> None:
    stack.executions.result = BUSY
    with pytest.raises(errors.Unavailable):
        call(stack)
    stack.executions.result = Outcome("SUCCEEDED", NOW + 1, output="2")
    assert call(stack).job.output == "2"


def test_a_key_whose_job_was_deleted_is_free_again(stack: Stack) -> None:
    stack.jobs.delete(call(stack).job.id)
    assert not call(stack).replayed


def test_a_keyed_sync_job_that_was_never_started_is_started_by_the_sweep(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None))
    fail(stack.executions, "start_standard", errors.UnknownOutcome("lost"))
    call(stack)
    assert len(stack.executions.standard) == 0
    stack.sweep_after(60)
    assert len(stack.executions.standard) == 1
    assert stack.row().status == "RUNNING"


def test_a_client_job_id_gives_the_job_that_has_it(stack: Stack) -> None:
    first = call(stack, None, client_job_id="order-7")
    again = call(stack, None, '{"other":1}', client_job_id="order-7")
    assert (again.job.id, again.job.client_job_id) == (first.job.id, "order-7")
    assert again.replayed


def test_a_client_job_id_can_be_rejected_when_it_is_taken(stack: Stack) -> None:
    first = call(stack, None, client_job_id="order-7")
    with pytest.raises(errors.ClientJobIdTaken) as refused:
        call(stack, None, client_job_id="order-7", on_conflict="reject")
    assert refused.value.members == {"id": first.job.id}


def test_restart_if_failed_restarts_a_failed_job_and_only_that(stack: Stack) -> None:
    stack.executions.result = FAILED
    failed = call(stack, None, client_job_id="order-7").job
    stack.executions.result = Outcome("SUCCEEDED", NOW + 1, output="1")
    restarted = call(stack, None, client_job_id="order-7", on_conflict="restart-if-failed").job
    assert restarted.id != failed.id
    assert call(stack, None, client_job_id="order-7", on_conflict="restart-if-failed").job.id == restarted.id


def test_a_name_that_belongs_to_another_callers_job_does_not_show_it(stack: Stack) -> None:
    call(stack, None, client_job_id="order-7")
    stranger = a_credential(stack.token, credential_id="tok_2", scopes=("run",))
    stack.directory.add(stranger)
    with pytest.raises(errors.ClientJobIdTaken) as refused:
        call(stack, None, client_job_id="order-7")
    assert refused.value.members == {}


def test_a_key_and_a_name_lead_to_one_job_together_or_not_at_all(stack: Stack) -> None:
    call(stack, None, client_job_id="order-7")
    with pytest.raises(errors.ClientJobIdTaken):
        call(stack, "k", client_job_id="order-7", on_conflict="reject")
    assert not call(stack, "k", client_job_id="order-8").replayed


def test_a_key_that_is_always_taken_first_by_others_ends_as_unavailable(stack: Stack) -> None:
    taken = replace(call(stack).job, error="Flowport.NotStarted")
    stack.jobs.rows = {taken.id: taken}
    real = stack.jobs.create
    stack.jobs.create = lambda job, keys=(), **more: real(  # type: ignore[method-assign]
        job, [replace(key, replaces=None) for key in keys], **more
    )
    with pytest.raises(errors.Unavailable):
        call(stack)


def test_a_client_job_id_needs_a_credential_as_it_would_lead_anybody_to_the_job(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("none",)))
    command = Run("billing/quote", "POST", lambda: "{}", client_job_id="order-7")
    with pytest.raises(errors.InvalidRequest):
        stack.run_endpoint(stack.caller(presented=None), command)
    assert stack.jobs.rows == {}


def test_a_workflow_cannot_name_its_error_as_if_flowport_had_never_started_it(stack: Stack) -> None:
    assert error_of_workflow("Flowport.NotStarted") == "Workflow.Flowport.NotStarted"
    assert error_of_workflow("States.Timeout") == "States.Timeout"


def test_a_keyed_run_that_can_neither_be_made_nor_withdrawn_is_not_called_harmless(stack: Stack) -> None:
    stack.executions.result = BUSY
    fail(stack.jobs, "end", BUSY)
    with pytest.raises(errors.UnknownOutcome):
        call(stack)
