"""Cancelling, deadlines and deletion: the row first, then the execution, and the sweep for what is left."""

from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.domain.preferences import Preference
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete
from tests.fakes import NOW, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
DONE = Outcome("SUCCEEDED", NOW + 5, output="1")
BUSY = errors.Unavailable("busy")
GOES_ON = "AWS cannot stop an Express execution: the run itself goes on, and its result changes nothing."


@pytest.fixture
def changes(stack: Stack) -> ChangeJobs:
    stack.directory.add(a_credential(stack.token, scopes=("run", "jobs:read", "jobs:write")))
    return ChangeJobs(stack.access, stack.jobs, stack.stop)


def start(stack: Stack, *, express: bool = False, **more: Any) -> Job:
    stack.directory.add(an_endpoint(standard_arn=None) if express else an_endpoint(express_arn=None))
    return run(stack, preference=ASYNC, **more).job


def run(stack: Stack, **more: Any) -> Ran:
    return stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", lambda: "{}", **more))


def test_a_running_standard_job_is_cancelled_and_its_execution_stopped(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    cancelled = changes.cancel(stack.caller(), Cancel(job.id))
    assert (cancelled.status, cancelled.error, cancelled.cause) == (
        "ABORTED",
        "Flowport.Cancelled",
        "Cancelled by token:tok_1.",
    )
    assert stack.executions.stopped == [job.execution_arn]
    assert stack.row().check_at is None


def test_a_running_express_job_says_that_the_run_goes_on(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack, express=True)
    stack.jobs.claim(job.id, attempt="other", at=NOW, check_at=NOW)
    cancelled = changes.cancel(stack.caller(), Cancel(job.id))
    assert cancelled.cause == f"Cancelled by token:tok_1. {GOES_ON}"


def test_an_express_job_cancelled_before_it_was_claimed_never_runs(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack, express=True)
    changes.cancel(stack.caller(), Cancel(job.id))
    stack.run_detached(job.id)
    assert stack.executions.express.total() == 0


def test_a_late_result_does_not_overwrite_a_cancelled_job(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack, express=True)
    stack.jobs.claim(job.id, attempt="other", at=NOW, check_at=NOW)
    changes.cancel(stack.caller(), Cancel(job.id))
    assert not stack.jobs.end(job, DONE, attempt="other")
    assert stack.row().status == "ABORTED"


def test_cancelling_a_job_that_has_ended_is_refused(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    stack.jobs.end(job, DONE)
    with pytest.raises(errors.JobEnded):
        changes.cancel(stack.caller(), Cancel(job.id))
    assert stack.row().status == "SUCCEEDED"


def test_cancelling_a_run_whose_end_was_not_yet_recorded_records_that_end(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    stack.executions.finish(job.execution_arn or "", DONE)
    with pytest.raises(errors.JobEnded):
        changes.cancel(stack.caller(), Cancel(job.id))
    assert (stack.row().status, stack.row().output) == ("SUCCEEDED", "1")


def test_a_stop_that_did_not_reach_step_functions_is_made_up_for_by_the_sweep(
    stack: Stack, changes: ChangeJobs
) -> None:
    job = start(stack)
    fail(stack.executions, "stop", BUSY)
    assert changes.cancel(stack.caller(), Cancel(job.id)).status == "ABORTED"
    assert stack.executions.stopped == []
    stack.sweep_after(61)
    assert stack.executions.stopped == [job.execution_arn]
    assert stack.row().check_at is None


def test_a_start_that_was_under_way_when_its_job_was_cancelled_is_stopped_by_the_sweep(
    stack: Stack, changes: ChangeJobs
) -> None:
    fail(stack.jobs, "mark_running", BUSY)
    job = start(stack)
    assert job.status == "ACCEPTED"
    changes.cancel(stack.caller(), Cancel(job.id))
    stack.executions.stopped.clear()
    stack.sweep_after(61)
    assert stack.executions.stopped == [job.execution_arn]


def test_another_callers_job_is_cancelled_with_jobs_write_only(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    stack.directory.add(a_credential(stack.token, credential_id="tok_2"))
    with pytest.raises(errors.Forbidden):
        changes.cancel(stack.caller(), Cancel(job.id))
    stack.directory.add(a_credential(stack.token, credential_id="tok_2", scopes=("run",)))
    with pytest.raises(errors.NotFound):
        changes.cancel(stack.caller(), Cancel(job.id))


def test_a_deadline_ends_the_job_while_the_caller_waits(stack: Stack, changes: ChangeJobs) -> None:
    stack.directory.add(an_endpoint(express_arn=None))
    job = run(stack, deadline=3).job
    assert (job.status, job.error) == ("TIMED_OUT", "Flowport.DeadlinePassed")
    assert (job.finished_at or 0) - job.created_at in range(3000, 3100)
    assert stack.executions.stopped == [job.execution_arn]


def test_a_deadline_that_nobody_waits_for_is_kept_by_the_sweep(stack: Stack, changes: ChangeJobs) -> None:
    start(stack, deadline=90)
    stack.sweep_after(89)
    assert stack.row().status == "RUNNING"
    stack.sweep_after(2)
    assert stack.row().status == "TIMED_OUT"


def test_the_shorter_of_the_endpoints_and_the_callers_limit_holds(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, time_limit=2))
    assert run(stack, deadline=9, preference=ASYNC).job.deadline_at == NOW + 2000


def test_an_express_run_with_a_deadline_is_detached_so_that_somebody_watches_the_clock(stack: Stack) -> None:
    stack.directory.add(an_endpoint(standard_arn=None))
    job = run(stack, deadline=2).job
    assert job.status == "TIMED_OUT"
    assert stack.detached.started == [job.id]
    stack.run_detached(job.id)
    assert stack.executions.express.total() == 0


def test_an_ended_job_is_deleted_and_then_unknown(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    stack.jobs.end(job, DONE)
    changes.delete(stack.caller(), Delete(job.id))
    with pytest.raises(errors.NotFound):
        changes.delete(stack.caller(), Delete(job.id))


def test_a_job_that_runs_is_not_deleted(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    with pytest.raises(errors.JobEnded):
        changes.delete(stack.caller(), Delete(job.id))
    assert stack.row().status == "RUNNING"
