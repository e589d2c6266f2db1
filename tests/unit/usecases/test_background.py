"""Detached runs, completion records and the sweep: each row of their tables."""

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.usecases.ports import ExecutionState
from flowport.usecases.record_completion import Completion
from tests.fakes import ACCOUNT, JOB_ID, NOW, a_job, an_express_job, before, fail
from tests.unit.usecases.stack import Stack

ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
DONE = Outcome("SUCCEEDED", NOW + 900, output='{"total":42}')
LATER = Outcome("FAILED", NOW + 999, error="Oops")
BUSY = errors.Unavailable("busy")
LOST = errors.UnknownOutcome("no answer")
DENIED = errors.ConsentWithdrawn("no tag")
LARGE = '"' + "x" * 5000 + '"'


# -- detached runs -----------------------------------------------------------------------------------------------------


def test_a_detached_run_records_its_end(stack: Stack) -> None:
    stack.jobs.create(an_express_job(input=LARGE))
    assert stack.run_detached(JOB_ID) == "SUCCEEDED"
    row = stack.row()
    assert (row.status, row.output, row.started_at) == ("SUCCEEDED", '{"total":42}', NOW)
    assert row.execution_arn is not None
    assert stack.executions.inputs == {f"fp-{JOB_ID}": LARGE}


def test_a_hand_over_that_is_delivered_twice_runs_once(stack: Stack) -> None:
    stack.jobs.create(an_express_job())
    assert [stack.run_detached(JOB_ID), stack.run_detached(JOB_ID)] == ["SUCCEEDED", "skipped"]
    assert stack.executions.express[f"fp-{JOB_ID}"] == 1


def test_who_loses_the_claim_starts_nothing(stack: Stack) -> None:
    stack.jobs.create(an_express_job())
    before(stack.jobs, "claim", lambda: stack.jobs.rows.update({JOB_ID: an_express_job(status="RUNNING", attempt="b")}))
    assert stack.run_detached(JOB_ID) == "skipped"
    assert not stack.executions.express


@pytest.mark.parametrize("status", ["RUNNING", "SUCCEEDED", "FAILED", "ABORTED"])
def test_a_job_that_moved_on_is_not_run(stack: Stack, status: str) -> None:
    stack.jobs.create(an_express_job(status=status))
    assert stack.run_detached(JOB_ID) == "skipped"
    assert not stack.executions.express


def test_a_job_that_is_not_there_is_skipped(stack: Stack) -> None:
    assert stack.run_detached(JOB_ID) == "skipped"


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(LOST, "Flowport.OutcomeUnknown"), (BUSY, "Flowport.NotStarted"), (DENIED, "Flowport.NotStarted")],
)
def test_a_detached_run_that_gives_no_result_is_recorded_by_what_is_known(
    stack: Stack, refusal: errors.FlowportError, error: str
) -> None:
    stack.jobs.create(an_express_job())
    stack.executions.result = refusal
    assert stack.run_detached(JOB_ID) == "FAILED"
    assert (stack.row().error, stack.row().cause) == (error, refusal.detail)


def test_a_late_result_of_a_run_that_was_given_up_changes_nothing(stack: Stack) -> None:
    stack.jobs.create(an_express_job())
    before(stack.executions, "run_express", lambda: stack.sweep_after(8 * 60))
    stack.run_detached(JOB_ID)
    assert stack.row().error == "Flowport.OutcomeUnknown"


def test_a_run_records_its_end_only_while_it_holds_the_claim(stack: Stack) -> None:
    stack.jobs.create(an_express_job())
    taken = an_express_job(status="RUNNING", attempt="another")
    before(stack.executions, "run_express", lambda: stack.jobs.rows.update({JOB_ID: taken}))
    stack.run_detached(JOB_ID)
    assert stack.row() == taken


# -- completion events -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["ACCEPTED", "RUNNING"])
def test_an_event_ends_the_job_whether_its_start_was_marked_or_not(stack: Stack, status: str) -> None:
    stack.jobs.create(a_job(status=status))
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", DONE)) == "recorded"
    assert (stack.row().status, stack.row().output) == ("SUCCEEDED", '{"total":42}')


def test_an_event_that_comes_again_or_late_changes_nothing(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", DONE))
    before = stack.row()
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", DONE)) == "known"
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", LATER)) == "known"
    assert stack.row() == before


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (ARN, "hello"),
        (ARN, "fp-hello"),
        (f"{ACCOUNT}:execution:other:fp-{JOB_ID}", f"fp-{JOB_ID}"),
        (ARN, "fp-0199b6f2-0000-8000-8000-00000000dead"),
    ],
)
def test_an_event_of_a_foreign_execution_touches_no_job(stack: Stack, arn: str, name: str) -> None:
    stack.jobs.create(a_job())
    assert stack.record_completion(Completion(arn, name, DONE)) == "foreign"
    assert stack.row() == a_job()


def test_an_event_without_its_output_is_completed_by_step_functions(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.executions.finish(ARN, Outcome("SUCCEEDED", NOW, output=LARGE))
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", None)) == "recorded"
    assert stack.row().output == LARGE


def test_an_event_of_an_execution_that_runs_again_ends_nothing(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.executions.standard[ARN] = ExecutionState("RUNNING", NOW, None)
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", None)) == "running"
    assert stack.row() == a_job()


def test_an_event_of_an_execution_that_is_gone_ends_nothing(stack: Stack) -> None:
    stack.jobs.create(a_job())
    assert stack.record_completion(Completion(ARN, f"fp-{JOB_ID}", None)) == "foreign"


# -- the sweep ---------------------------------------------------------------------------------------------------------


def _sweep(stack: Stack, job: Job) -> dict[str, int]:
    stack.jobs.create(job)
    stack.clock.at = float(job.check_at or 0)
    return stack.sweep().repairs


def test_a_sweep_with_nothing_due_does_nothing(stack: Stack) -> None:
    stack.jobs.create(a_job())
    swept = stack.sweep()
    assert (swept.repairs, swept.lag_ms) == ({}, 0)
    assert stack.row() == a_job()


def test_an_accepted_async_standard_job_is_started_under_its_name(stack: Stack) -> None:
    assert _sweep(stack, a_job(input=LARGE)) == {"started": 1}
    assert stack.row().status == "RUNNING"
    assert list(stack.executions.standard) == [ARN]
    assert stack.executions.inputs == {f"fp-{JOB_ID}": LARGE}


def test_an_accepted_async_express_job_is_handed_over_again_ever_later(stack: Stack) -> None:
    assert _sweep(stack, an_express_job()) == {"handed over": 1}
    first = stack.row().check_at or 0
    assert stack.detached.started == [JOB_ID]
    assert stack.row().status == "ACCEPTED"
    stack.clock.at = float(first)
    stack.sweep()
    assert stack.detached.started == [JOB_ID] * 2
    assert (stack.row().check_at or 0) - first >= first - (NOW + 45_000)


def test_an_express_job_that_nobody_takes_for_six_hours_is_given_up(stack: Stack) -> None:
    assert _sweep(stack, an_express_job(created_at=NOW - 7 * 3_600_000)) == {"not started": 1}
    assert stack.row().error == "Flowport.NotStarted"
    assert stack.detached.started == []


def test_an_accepted_sync_standard_job_that_was_never_started_ends_so(stack: Stack) -> None:
    assert _sweep(stack, a_job(mode="sync")) == {"not started": 1}
    assert stack.row().error == "Flowport.NotStarted"
    assert stack.executions.standard == {}


def test_an_accepted_sync_standard_job_that_runs_is_marked(stack: Stack) -> None:
    stack.executions.standard[ARN] = ExecutionState("RUNNING", NOW + 1, None)
    assert _sweep(stack, a_job(mode="sync")) == {"found running": 1}
    assert (stack.row().status, stack.row().started_at) == ("RUNNING", NOW + 1)


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("outcome", [DONE, LATER])
def test_a_standard_run_whose_event_never_came_is_recorded(stack: Stack, mode: str, outcome: Outcome) -> None:
    stack.executions.finish(ARN, outcome)
    assert _sweep(stack, a_job(status="RUNNING", mode=mode)) == {"recorded": 1}
    assert (stack.row().status, stack.row().finished_at) == (outcome.status, outcome.finished_at)


def test_a_standard_run_that_goes_on_is_looked_at_again_later(stack: Stack) -> None:
    stack.executions.standard[ARN] = ExecutionState("RUNNING", NOW, None)
    assert _sweep(stack, a_job(status="RUNNING")) == {"still running": 1}
    assert stack.row().status == "RUNNING"
    assert (stack.row().check_at or 0) >= stack.clock.now() + 60_000


def test_a_running_standard_job_whose_execution_is_gone_ends_as_unknown(stack: Stack) -> None:
    assert _sweep(stack, a_job(status="RUNNING")) == {"outcome unknown": 1}
    assert stack.row().error == "Flowport.OutcomeUnknown"


@pytest.mark.parametrize("direct", [True, False])
def test_a_claimed_express_run_that_nobody_recorded_ends_as_unknown_and_is_not_run_again(
    stack: Stack, direct: bool
) -> None:
    assert _sweep(stack, an_express_job(status="RUNNING", direct=direct)) == {"outcome unknown": 1}
    assert stack.row().error == "Flowport.OutcomeUnknown"
    assert not stack.executions.express
    assert stack.detached.started == []


def test_a_run_that_was_claimed_anew_while_the_sweep_looked_is_left_alone(stack: Stack) -> None:
    taken = an_express_job(status="RUNNING", attempt="another")
    before(stack.jobs, "end", lambda: stack.jobs.rows.update({JOB_ID: taken}))
    _sweep(stack, an_express_job(status="RUNNING"))
    assert stack.row() == taken


@pytest.mark.parametrize("job", [a_job(mode="sync"), an_express_job(created_at=NOW - 7 * 3_600_000)])
def test_a_job_that_was_started_while_the_sweep_looked_is_not_called_not_started(stack: Stack, job: Job) -> None:
    before(stack.jobs, "end", lambda: stack.jobs.mark_running(JOB_ID, execution_arn=ARN, at=NOW, check_at=NOW))
    _sweep(stack, job)
    assert stack.row().status == "RUNNING"


@pytest.mark.parametrize("refusal", [DENIED, errors.MachineMissing("gone"), errors.Unprocessable("bad")])
def test_a_start_that_is_refused_for_good_ends_the_job(stack: Stack, refusal: errors.FlowportError) -> None:
    fail(stack.executions, "start_standard", refusal)
    assert _sweep(stack, a_job()) == {"not started": 1}
    assert (stack.row().error, stack.row().cause) == ("Flowport.NotStarted", refusal.detail)


@pytest.mark.parametrize("method", ["get", "with_input", "mark_running"])
def test_a_busy_database_leaves_the_job_for_a_later_sweep(stack: Stack, method: str) -> None:
    fail(stack.jobs, method, BUSY)
    assert _sweep(stack, a_job()) == {"refused": 1}
    assert stack.row().check_at == stack.clock.now() + 30_000
    stack.clock.sleep(31)
    stack.sweep()
    assert stack.row().status == "RUNNING"
    assert len(stack.executions.standard) == 1


@pytest.mark.parametrize("trouble", [BUSY, LOST])
def test_a_start_without_result_is_tried_again_later(stack: Stack, trouble: errors.FlowportError) -> None:
    fail(stack.executions, "start_standard", trouble)
    assert _sweep(stack, a_job()) == {"refused": 1}
    assert stack.row().status == "ACCEPTED"


def test_a_job_that_cannot_even_be_postponed_stays_due(stack: Stack) -> None:
    fail(stack.executions, "start_standard", BUSY)
    fail(stack.jobs, "postpone", BUSY)
    assert _sweep(stack, a_job()) == {"refused": 1}
    assert stack.jobs.due(stack.clock.now(), 10) == [(JOB_ID, NOW + 45_000)]


def test_an_unforeseen_error_of_one_job_keeps_no_other_waiting(stack: Stack) -> None:
    other = "0199b6f2-0000-8000-8000-000000000002"
    stack.jobs.create(a_job(check_at=NOW))
    stack.jobs.create(a_job(other, check_at=NOW + 1, execution_arn=ARN.replace(JOB_ID, other)))
    fail(stack.jobs, "with_input", RuntimeError("nobody foresaw this"))
    stack.clock.sleep(60)
    swept = stack.sweep()
    assert swept.repairs == {"failed": 1, "started": 1}
    assert [JOB_ID in failure for failure in swept.failures] == [True]
    assert stack.jobs.rows[other].status == "RUNNING"
    assert (stack.jobs.rows[JOB_ID].check_at or 0) > stack.clock.now()


def test_a_row_that_moved_on_since_the_index_was_read_is_left_alone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.jobs.create(a_job(status="RUNNING"))
    due = stack.jobs.due

    def stale(now: int, limit: int) -> list[tuple[str, int]]:
        found = due(now + 3_600_000, limit)
        return [*found, ("0199b6f2-0000-8000-8000-00000000dead", NOW)]

    monkeypatch.setattr(stack.jobs, "due", stale)
    assert stack.sweep().repairs == {"moved on": 2}
    assert stack.row() == a_job(status="RUNNING")


def test_the_sweep_tells_how_far_behind_it_is(stack: Stack) -> None:
    stack.jobs.create(a_job(check_at=NOW))
    stack.clock.sleep(90)
    assert stack.sweep().lag_ms == 90_000


def test_a_sweep_ends_in_time_and_leaves_the_rest_due(stack: Stack) -> None:
    for number in range(10):
        stack.jobs.create(a_job(f"0199b6f2-0000-8000-8000-{number:012x}", check_at=NOW))
    before(stack.executions, "start_standard", lambda: stack.clock.sleep(15))
    assert stack.sweep().repairs == {"started": 2, "left": 8}
    assert stack.clock.now() <= NOW + 55_000
