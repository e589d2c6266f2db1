"""Redriving: one newer job for an ended one, on the same execution where Step Functions lets it go on."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome, not_started
from flowport.domain.preferences import Preference
from flowport.domain.steps import HistoryEvent
from flowport.usecases.read_jobs import EARLIER_ATTEMPTS, ReadSteps
from flowport.usecases.record_completion import Completion
from flowport.usecases.redrive_job import Redrive, RedriveJob, Redriven
from flowport.usecases.run_endpoint import Run
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete
from tests.fakes import NOW, STANDARD_ARN, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

FAILED = Outcome("FAILED", NOW + 5, error="Oops")
DONE = Outcome("SUCCEEDED", NOW + 9, output="1")
BUSY = errors.Unavailable("busy")


@pytest.fixture(autouse=True)
def _standard(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None), a_credential(stack.token, scopes=("run", "jobs:write")))


@pytest.fixture
def changes(stack: Stack) -> ChangeJobs:
    return ChangeJobs(stack.access, stack.jobs, stack.stop)


def start(stack: Stack, **more: Any) -> Job:
    command = Run("billing/quote", "POST", lambda: '{"n":1}', Preference(respond_async=True), **more)
    return stack.run_endpoint(stack.caller(), command).job


def end(stack: Stack, job: Job, outcome: Outcome = FAILED) -> Job:
    """End the job's attempt, and record it."""
    stack.executions.finish(job.execution_arn or "", outcome)
    assert stack.jobs.end(job, outcome)
    return stack.jobs.rows[job.id]


def failed(stack: Stack, **more: Any) -> Job:
    return end(stack, start(stack, **more))


def redrive(stack: Stack, job: Job, key: str | None = None, **caller: Any) -> Redriven:
    use_case = RedriveJob(stack.access, stack.jobs, stack.executions, stack.clock, stack.run_endpoint)
    return use_case(stack.caller(**caller), Redrive(job.id, key))


def state_of(stack: Stack, job: Job) -> tuple[str, int]:
    state = stack.executions.standard[job.execution_arn or ""]
    return state.status, state.redrives


# -- what goes on, and what is started anew ----------------------------------------------------------------------------


def test_a_failed_standard_run_goes_on_in_the_same_execution_as_a_new_job(stack: Stack) -> None:
    origin = failed(stack, labels={"team": "blue"}, client_job_id="order-1")
    made = redrive(stack, origin)
    job = made.job
    assert made.resumed
    assert (job.status, job.origin, job.redrive_count) == ("RUNNING", origin.id, 1)
    assert (job.execution_arn, job.labels, job.client_job_id) == (origin.execution_arn, {"team": "blue"}, None)
    assert stack.jobs.rows[job.id].input == '{"n":1}'
    assert state_of(stack, origin) == ("RUNNING", 1)
    assert stack.jobs.rows[origin.id] == replace(origin, redriven_as=job.id)


def test_a_succeeded_run_is_started_anew_with_the_same_input(stack: Stack) -> None:
    origin = end(stack, start(stack), DONE)
    made = redrive(stack, origin)
    assert not made.resumed
    assert made.job.execution_arn != origin.execution_arn
    assert stack.executions.inputs[f"fp-{made.job.id}"] == '{"n":1}'
    assert state_of(stack, origin) == ("SUCCEEDED", 0)


def test_a_run_that_step_functions_does_not_let_go_on_is_started_anew(stack: Stack) -> None:
    origin = failed(stack)
    arn = origin.execution_arn or ""
    stack.executions.standard[arn] = replace(stack.executions.standard[arn], redrivable=False)
    assert not redrive(stack, origin).resumed


def test_a_run_that_step_functions_has_forgotten_is_started_anew(stack: Stack) -> None:
    origin = failed(stack)
    stack.executions.standard.clear()
    assert not redrive(stack, origin).resumed


def test_an_express_run_is_started_anew_and_linked_to_its_origin(stack: Stack) -> None:
    stack.directory.add(an_endpoint(standard_arn=None))
    origin = end(stack, start(stack))
    made = redrive(stack, origin)
    assert (made.resumed, made.job.origin) == (False, origin.id)
    assert stack.detached.started[-1] == made.job.id


def test_a_run_of_a_machine_that_the_endpoint_no_longer_names_is_started_anew_on_the_new_one(stack: Stack) -> None:
    origin = failed(stack)
    stack.directory.add(an_endpoint(express_arn=None, standard_arn=f"{STANDARD_ARN}-2"))
    made = redrive(stack, origin)
    assert (made.resumed, made.job.state_machine_arn) == (False, f"{STANDARD_ARN}-2")


def test_the_endpoints_time_limit_counts_anew(stack: Stack) -> None:
    origin = failed(stack)
    stack.directory.add(an_endpoint(express_arn=None, time_limit=60))
    stack.clock.sleep(1000)
    assert redrive(stack, origin).job.deadline_at == stack.clock.now() + 60_000


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_a_job_that_has_not_ended_is_not_redriven(stack: Stack) -> None:
    with pytest.raises(errors.JobEnded):
        redrive(stack, start(stack))
    assert len(stack.jobs.rows) == 1


def test_a_job_whose_execution_is_still_to_be_stopped_is_not_redriven(stack: Stack, changes: ChangeJobs) -> None:
    job = start(stack)
    fail(stack.executions, "stop", BUSY)
    changes.cancel(stack.caller(), Cancel(job.id))
    with pytest.raises(errors.JobEnded) as refused:
        redrive(stack, job)
    assert refused.value.headers == {"Retry-After": "60"}


def test_a_job_whose_execution_still_runs_is_neither_redriven_nor_started_anew(stack: Stack) -> None:
    job = start(stack)
    stack.jobs.end(job, FAILED)
    with pytest.raises(errors.JobEnded):
        redrive(stack, job)
    assert len(stack.jobs.rows) == 1


def test_a_machine_without_its_owners_consent_does_not_go_on(stack: Stack) -> None:
    origin = failed(stack)
    stack.executions.tagged = False
    with pytest.raises(errors.ConsentWithdrawn):
        redrive(stack, origin)
    assert state_of(stack, origin) == ("FAILED", 0)


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [({"enabled": False}, errors.EndpointDisabled), ({"auth": ("password",)}, errors.Forbidden)],
)
def test_who_may_not_run_the_endpoint_does_not_redrive(
    stack: Stack, changed: dict[str, Any], refusal: type[Exception]
) -> None:
    origin = failed(stack)
    stack.directory.add(an_endpoint(express_arn=None, **changed))
    with pytest.raises(refusal):
        redrive(stack, origin)
    assert state_of(stack, origin) == ("FAILED", 0)


def test_an_endpoint_that_takes_get_only_is_redriven_by_post(stack: Stack) -> None:
    origin = failed(stack)
    stack.directory.add(an_endpoint(express_arn=None, methods=("GET",)))
    assert redrive(stack, origin).resumed


def test_another_callers_job_is_redriven_with_jobs_write_only(stack: Stack) -> None:
    origin = failed(stack)
    stack.directory.add(a_credential(stack.token, credential_id="tok_2", scopes=("run", "jobs:read")))
    with pytest.raises(errors.Forbidden):
        redrive(stack, origin)


# -- one redrive -------------------------------------------------------------------------------------------------------


def test_a_second_redrive_is_told_the_newest_job_of_the_chain(stack: Stack) -> None:
    origin = failed(stack)
    second = redrive(stack, origin).job
    third = redrive(stack, end(stack, second)).job
    with pytest.raises(errors.AlreadyRedriven) as refused:
        redrive(stack, origin)
    assert refused.value.members == {"id": origin.id, "redriven_as": third.id, "job_status": "RUNNING"}
    assert (third.redrive_count, state_of(stack, origin)) == (2, ("RUNNING", 2))


def test_a_redrive_with_the_same_key_is_the_same_job(stack: Stack) -> None:
    origin = failed(stack)
    first = redrive(stack, origin, "k")
    assert redrive(stack, origin, "k").job.id == first.job.id
    end(stack, first.job, DONE)
    again = redrive(stack, origin, "k")
    assert (again.job.id, again.replayed, again.resumed) == (first.job.id, True, True)
    assert state_of(stack, origin)[1] == 1


def test_a_key_of_another_redrive_is_refused(stack: Stack) -> None:
    redrive(stack, failed(stack), "k")
    with pytest.raises(errors.KeyReused):
        redrive(stack, failed(stack), "k")


def test_a_redrive_that_was_refused_ends_as_not_started_and_leaves_its_origin_free(stack: Stack) -> None:
    origin = failed(stack)
    fail(stack.executions, "redrive", BUSY)
    with pytest.raises(errors.Unavailable):
        redrive(stack, origin)
    (given_up,) = [job for job in stack.jobs.rows.values() if job.origin]
    assert given_up.error == "Flowport.NotStarted"
    made = redrive(stack, origin)
    assert (made.job.redrive_count, stack.jobs.rows[origin.id].redriven_as) == (1, made.job.id)


def test_a_redrive_with_a_key_that_was_refused_is_begun_by_the_sweep(stack: Stack) -> None:
    origin = failed(stack)
    fail(stack.executions, "redrive", BUSY)
    made = redrive(stack, origin, "k")  # another call may have been led to it
    assert made.job.status == "ACCEPTED"
    stack.sweep_after(61)
    assert state_of(stack, origin) == ("RUNNING", 1)
    assert redrive(stack, origin, "k").job.id == made.job.id


def test_a_redrive_that_was_deleted_leaves_its_origin_free(stack: Stack, changes: ChangeJobs) -> None:
    origin = failed(stack)
    changes.delete(stack.caller(), Delete(end(stack, redrive(stack, origin).job).id))
    assert redrive(stack, origin).job.redrive_count == 2


def test_a_redrive_of_one_that_was_cancelled_before_it_began_is_numbered_by_step_functions(
    stack: Stack, changes: ChangeJobs
) -> None:
    origin = failed(stack)
    fail(stack.executions, "redrive", errors.UnknownOutcome("lost"))
    cancelled = redrive(stack, origin).job
    changes.cancel(stack.caller(), Cancel(cancelled.id))
    stack.sweep_after(61)
    assert redrive(stack, cancelled).job.redrive_count == 1


def test_a_count_that_lags_behind_does_not_number_two_attempts_alike(stack: Stack) -> None:
    origin = failed(stack)
    second = end(stack, redrive(stack, origin).job)
    arn = origin.execution_arn or ""
    stack.executions.standard[arn] = replace(stack.executions.standard[arn], redrives=0)
    assert redrive(stack, second).job.redrive_count == 2


# -- ends belong to attempts -------------------------------------------------------------------------------------------


def event(job: Job, outcome: Outcome | None, redrives: int | None) -> Completion:
    return Completion(job.execution_arn or "", (job.execution_arn or "").rpartition(":")[2], outcome, redrives)


def test_an_event_ends_the_job_of_its_own_attempt(stack: Stack) -> None:
    origin = failed(stack)
    job = redrive(stack, origin).job
    assert stack.record_completion(event(origin, FAILED, 0)) == "known"
    assert stack.jobs.rows[job.id].status == "RUNNING"
    assert stack.record_completion(event(origin, DONE, 1)) == "recorded"
    assert (stack.jobs.rows[job.id].status, stack.jobs.rows[origin.id].status) == ("SUCCEEDED", "FAILED")


def test_an_event_that_does_not_number_its_attempt_is_looked_up(stack: Stack) -> None:
    origin = failed(stack)
    job = redrive(stack, origin).job
    assert stack.record_completion(event(origin, FAILED, None)) == "running"
    stack.executions.finish(origin.execution_arn or "", DONE)
    assert stack.record_completion(event(origin, FAILED, None)) == "recorded"
    assert stack.jobs.rows[job.id].status == "SUCCEEDED"


def test_an_attempt_begun_outside_of_flowport_ends_the_job_that_waits(stack: Stack) -> None:
    job = start(stack)
    assert stack.record_completion(event(job, DONE, 1)) == "recorded"
    assert stack.jobs.rows[job.id].status == "SUCCEEDED"


def test_the_end_of_an_earlier_attempt_is_not_taken_for_that_of_a_running_redrive(
    stack: Stack, changes: ChangeJobs
) -> None:
    origin = failed(stack)
    arn = origin.execution_arn or ""
    before = stack.executions.standard[arn]
    job = redrive(stack, origin).job
    stack.executions.standard[arn] = before  # Step Functions' answer lags behind
    stack.sweep_after(61)
    assert stack.jobs.rows[job.id].status == "RUNNING"
    assert changes.cancel(stack.caller(), Cancel(job.id)).status == "ABORTED"


def test_a_restarted_run_is_not_in_its_origins_chain(stack: Stack) -> None:
    origin = end(stack, start(stack), DONE)
    restarted = redrive(stack, origin).job
    assert stack.record_completion(event(origin, DONE, None)) == "known"
    assert stack.jobs.rows[restarted.id].status == "RUNNING"


# -- the sweep, cancelling, deleting -----------------------------------------------------------------------------------


def accepted(stack: Stack, origin: Job) -> Job:
    """Redrive by a call whose answer was lost before it did anything."""
    fail(stack.executions, "redrive", errors.UnknownOutcome("lost"))
    job = redrive(stack, origin).job
    assert job.status == "ACCEPTED"
    return job


def test_a_redrive_that_was_not_begun_is_begun_by_the_sweep(stack: Stack) -> None:
    origin = failed(stack)
    job = accepted(stack, origin)
    stack.sweep_after(46)
    assert (stack.jobs.rows[job.id].status, state_of(stack, origin)) == ("RUNNING", ("RUNNING", 1))
    assert stack.executions.tokens == [job.attempt]


def test_a_redrive_that_was_begun_unseen_is_not_begun_again(stack: Stack) -> None:
    origin = failed(stack)
    job = accepted(stack, origin)
    stack.executions.redrive(origin.execution_arn or "", job.attempt)
    stack.executions.finish(origin.execution_arn or "", DONE)
    stack.sweep_after(46)
    assert (stack.jobs.rows[job.id].status, state_of(stack, origin)[1]) == ("SUCCEEDED", 1)


def test_a_redrive_that_step_functions_refuses_for_good_ends_as_not_started(stack: Stack) -> None:
    origin = failed(stack)
    job = accepted(stack, origin)
    stack.executions.standard.clear()
    stack.sweep_after(46)
    assert stack.jobs.rows[job.id].error == "Flowport.NotStarted"


def test_a_refusal_of_what_was_begun_unseen_is_no_refusal(stack: Stack) -> None:
    origin = failed(stack)
    job = accepted(stack, origin)
    stack.executions.redrive(origin.execution_arn or "", "another token")
    before = stack.executions.standard[origin.execution_arn or ""]
    lagging = [replace(before, status="FAILED", outcome=FAILED, redrives=0), before]
    stack.executions.describe = lambda _arn, **_: lagging.pop(0)  # type: ignore[method-assign]
    stack.sweep_after(46)
    assert stack.jobs.rows[job.id].status == "RUNNING"


def test_cancelling_a_redrive_stops_the_execution_of_its_origin(stack: Stack, changes: ChangeJobs) -> None:
    origin = failed(stack)
    job = redrive(stack, origin).job
    changes.cancel(stack.caller(), Cancel(job.id))
    assert stack.executions.stopped == [origin.execution_arn]


def test_a_deadline_of_a_redrive_stops_the_execution_of_its_origin(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, time_limit=90))
    origin = failed(stack)
    job = redrive(stack, origin).job
    stack.sweep_after(91)
    assert stack.jobs.rows[job.id].status == "TIMED_OUT"
    assert stack.executions.stopped == [origin.execution_arn]


def test_what_is_left_to_stop_of_a_job_is_never_a_later_attempt(stack: Stack) -> None:
    origin = failed(stack)
    redrive(stack, origin)
    stack.stop.finish_stopping(origin)  # a sweep that read the row long ago
    assert stack.executions.stopped == []


def test_a_job_whose_redrive_runs_is_not_deleted(stack: Stack, changes: ChangeJobs) -> None:
    origin = failed(stack)
    job = redrive(stack, origin).job
    with pytest.raises(errors.JobEnded) as refused:
        changes.delete(stack.caller(), Delete(origin.id))
    assert refused.value.members["redriven_as"] == job.id
    end(stack, job, DONE)
    changes.delete(stack.caller(), Delete(origin.id))
    assert list(stack.jobs.rows) == [job.id]


def test_a_redrive_whose_chain_was_deleted_is_still_recorded_by_the_sweep(stack: Stack, changes: ChangeJobs) -> None:
    origin = failed(stack)
    second = end(stack, redrive(stack, origin).job)
    changes.delete(stack.caller(), Delete(origin.id))
    third = redrive(stack, second).job
    stack.executions.finish(origin.execution_arn or "", DONE)
    assert stack.record_completion(event(origin, DONE, 2)) == "foreign"
    stack.sweep_after(61)
    assert stack.jobs.rows[third.id].status == "SUCCEEDED"


def test_a_job_that_was_never_started_is_redriven_by_a_start(stack: Stack) -> None:
    job = start(stack)
    stack.executions.standard.clear()
    stack.jobs.end(job, not_started(NOW, "busy"))
    assert not redrive(stack, job).resumed


# -- steps -------------------------------------------------------------------------------------------------------------


def test_the_steps_of_an_attempt_leave_out_those_of_later_ones(stack: Stack) -> None:
    origin = failed(stack)
    job = redrive(stack, origin).job
    stack.executions.events = [
        HistoryEvent(1, 0, "ExecutionStarted", NOW, {}),
        HistoryEvent(2, 1, "TaskStateEntered", NOW + 1, {"name": "Charge"}),
        HistoryEvent(3, 2, "TaskScheduled", NOW + 1, {}),
        HistoryEvent(4, 3, "TaskFailed", NOW + 2, {"error": "Oops", "cause": "c"}),
        HistoryEvent(5, 4, "ExecutionFailed", NOW + 3, {"error": "Oops"}),
        HistoryEvent(6, 5, "ExecutionRedriven", NOW + 10, {"redriveCount": 1}),
        HistoryEvent(7, 6, "TaskScheduled", NOW + 11, {}),
        HistoryEvent(8, 7, "TaskSucceeded", NOW + 12, {}),
        HistoryEvent(9, 8, "TaskStateExited", NOW + 13, {"name": "Charge"}),
        HistoryEvent(10, 9, "ExecutionSucceeded", NOW + 14, {}),
    ]
    (before,) = stack.reader.read_steps(stack.caller(), ReadSteps(origin.id)).steps or []
    assert (before.status, before.attempts, before.error, before.finished_at) == ("FAILED", 1, "Oops", NOW + 3)
    read = stack.reader.read_steps(stack.caller(), ReadSteps(job.id))
    (after,) = read.steps or []
    assert (after.status, after.attempts, after.error, after.finished_at) == ("SUCCEEDED", 2, None, NOW + 13)
    assert read.reason == EARLIER_ATTEMPTS
