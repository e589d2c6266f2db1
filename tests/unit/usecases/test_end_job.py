"""Ending jobs that have callbacks: they are handed over by whoever ends the job, else by the sweep."""

from dataclasses import replace

import pytest

from flowport.domain.errors import CallbackRefused, InvalidRequest, JobEnded, Unavailable
from flowport.domain.job import Job, Outcome
from flowport.domain.preferences import Preference
from flowport.usecases.callback_urls import callbacks_again, callbacks_of
from flowport.usecases.end_job import handing_over
from flowport.usecases.record_completion import Completion
from flowport.usecases.run_endpoint import Run
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete
from tests.fakes import EXPRESS_ARN, NOW, a_job, an_endpoint, fail
from tests.unit.usecases.stack import Stack

HOOK = "https://hooks.example.com/done"
OWN = "https://own.example.com/"
DONE = Outcome("SUCCEEDED", NOW + 200, output="{}")
ASYNC = Preference(respond_async=True)


@pytest.fixture
def stack() -> Stack:
    made = Stack()
    made.directory.add(an_endpoint(callback_url=OWN, callback_hosts=("hooks.example.com",)))
    return made


def call(stack: Stack, preference: Preference | None = None, url: str | None = HOOK) -> Job:
    command = Run("billing/quote", "POST", lambda: "{}", preference or Preference(), callback_url=url)
    return stack.run_endpoint(stack.caller(base_url="https://api.example.com/v1"), command).job


def test_a_direct_run_is_handed_over_and_its_row_leaves_the_sweeps_list(stack: Stack) -> None:
    job = call(stack)
    assert stack.deliveries.started == [(job.id, 1, 0), (job.id, 2, 0)]
    row = stack.row()
    assert (row.callbacks, row.base_url, row.check_at) == ((HOOK, OWN), "https://api.example.com/v1", None)


def test_a_job_without_callbacks_starts_no_delivery_and_keeps_no_base_url(stack: Stack) -> None:
    stack.directory.add(an_endpoint())
    call(stack, url=None)
    assert stack.deliveries.started == []
    assert (stack.row().callbacks, stack.row().base_url, stack.row().check_at) == ((), None, None)


def test_a_url_that_call_and_endpoint_name_is_called_once(stack: Stack) -> None:
    stack.directory.add(an_endpoint(callback_url=HOOK, callback_hosts=("hooks.example.com",)))
    call(stack)
    assert stack.row().callbacks == (HOOK,)


def test_a_completion_event_hands_over(stack: Stack) -> None:
    job = call(stack, ASYNC)
    stack.record_completion(Completion(job.execution_arn or "", f"fp-{job.id}", DONE))
    assert [number for _, number, _ in stack.deliveries.started] == [1, 2]
    assert stack.row().check_at is None


def test_an_end_that_somebody_else_wrote_is_not_handed_over_by_who_lost(stack: Stack) -> None:
    job = call(stack)
    del stack.deliveries.started[:]
    jobs = handing_over(stack.jobs, stack.deliveries, stack.clock, stack.limits)
    assert not jobs.end(stack.row(), Outcome("ABORTED", NOW + 900))
    assert stack.deliveries.started == []
    assert job.status == "SUCCEEDED"


@pytest.mark.parametrize("error", [Unavailable("busy"), RuntimeError("denied")])
def test_a_hand_over_that_fails_leaves_the_result_and_the_row_on_the_sweeps_list(
    stack: Stack, error: Exception
) -> None:
    fail(stack.deliveries, "start", error)
    assert call(stack).status == "SUCCEEDED"
    assert stack.row().check_at == NOW + 30_000
    stack.sweep_after(31)
    assert [number for _, number, _ in stack.deliveries.started] == [1, 2]
    assert stack.row().check_at is None


def test_a_hand_over_that_fails_halfway_is_made_whole_by_the_sweep(stack: Stack) -> None:
    fail(stack.deliveries, "start", None, Unavailable("busy"))
    job = call(stack)
    assert stack.deliveries.started == [(job.id, 1, 0)]
    stack.sweep_after(31)
    assert {number for _, number, _ in stack.deliveries.started} == {1, 2}


def test_a_row_stays_on_the_list_while_the_sweep_cannot_hand_over_either(stack: Stack) -> None:
    fail(stack.deliveries, "start", *[Unavailable("busy")] * 2)
    call(stack)
    stack.sweep_after(31)
    assert stack.row().check_at is not None
    stack.sweep_after(61)
    assert stack.row().check_at is None


def test_an_express_job_is_handed_over_by_the_sweep_without_asking_step_functions(stack: Stack) -> None:
    stack.directory.add(an_endpoint(callback_url=OWN, standard_arn=None))
    fail(stack.deliveries, "start", Unavailable("busy"))
    fail(stack.executions, "describe", AssertionError("an Express execution cannot be described"))
    call(stack, url=None)
    stack.sweep_after(31)
    assert stack.row().check_at is None


def test_a_cancelled_job_is_handed_over_at_once_and_its_execution_still_looked_at(stack: Stack) -> None:
    job = call(stack, ASYNC)
    stack.stop.cancel(stack.row(), "ann")
    assert {number for _, number, _ in stack.deliveries.started} == {1, 2}
    assert stack.executions.stopped == [job.execution_arn]


def test_a_cancelled_job_whose_hand_over_failed_stays_on_the_list(stack: Stack) -> None:
    call(stack, ASYNC)
    fail(stack.deliveries, "start", *[Unavailable("busy")] * 2)
    stack.stop.cancel(stack.row(), "ann")
    assert stack.row().check_at is not None
    stack.sweep_after(61)
    assert {number for _, number, _ in stack.deliveries.started} == {1, 2}


def test_a_job_that_is_not_handed_over_yet_is_not_deleted(stack: Stack) -> None:
    fail(stack.deliveries, "start", Unavailable("busy"))
    job = call(stack)
    changes = ChangeJobs(stack.access, stack.jobs, stack.stop)
    with pytest.raises(JobEnded):
        changes.delete(stack.caller(), Delete(job.id))
    stack.sweep_after(31)
    changes.delete(stack.caller(), Delete(job.id))
    assert stack.jobs.rows == {}


def test_cancelling_what_has_ended_sends_nothing_again(stack: Stack) -> None:
    job = call(stack, ASYNC)
    stack.record_completion(Completion(job.execution_arn or "", f"fp-{job.id}", DONE))
    sent = list(stack.deliveries.started)
    with pytest.raises(JobEnded):
        ChangeJobs(stack.access, stack.jobs, stack.stop).cancel(stack.caller(), Cancel(job.id))
    assert stack.deliveries.started == sent


# -- which URLs ------------------------------------------------------------------------------------------------------

ENDPOINT = an_endpoint(callback_url=OWN, callback_hosts=("hooks.example.com", "127.0.0.1"))


def test_a_host_that_the_endpoint_does_not_name_is_refused_before_the_row_is_written(stack: Stack) -> None:
    with pytest.raises(CallbackRefused, match=r"evil\.example"):
        call(stack, url="https://evil.example/")
    assert stack.jobs.rows == {}


def test_the_endpoints_own_host_is_not_thereby_a_callers() -> None:
    with pytest.raises(CallbackRefused):
        callbacks_of(ENDPOINT, f"{OWN}other", plain=False)


def test_http_is_refused_where_no_private_network_is_named() -> None:
    with pytest.raises(InvalidRequest, match="https"):
        callbacks_of(ENDPOINT, "http://127.0.0.1/x", plain=False)
    assert callbacks_of(ENDPOINT, "http://127.0.0.1/x", plain=True) == ("http://127.0.0.1/x", OWN)


def test_a_job_that_is_run_again_keeps_its_callback_as_far_as_it_is_still_allowed() -> None:
    assert callbacks_again(ENDPOINT, (HOOK, OWN), plain=False) == (HOOK, OWN)
    assert callbacks_again(replace(ENDPOINT, callback_hosts=()), (HOOK, OWN), plain=False) == (OWN,)
    assert callbacks_again(replace(ENDPOINT, callback_url=None), (HOOK, OWN), plain=False) == (HOOK,)
    assert callbacks_again(an_endpoint(express_arn=EXPRESS_ARN), (HOOK, OWN), plain=False) == ()


def test_the_other_methods_of_a_store_go_through(stack: Stack) -> None:
    jobs = handing_over(stack.jobs, stack.deliveries, stack.clock, stack.limits)
    assert jobs.create(a_job()) is None
    assert jobs.get(a_job().id) == a_job()
