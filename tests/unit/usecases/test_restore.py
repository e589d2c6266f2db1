"""After a restore of the table, jobs come back as they stood when the backup was made: nothing runs again."""

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.usecases.ports import ExecutionState
from tests.fakes import ACCOUNT, JOB_ID, NOW, a_job, an_express_job, before, fail
from tests.unit.usecases.stack import Stack

ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
HOUR = 3_600_000
DAY = 24 * HOUR
DONE = Outcome("SUCCEEDED", NOW + 900, output='{"total":42}')


@pytest.fixture
def restored(stack: Stack) -> Stack:
    """Give a stack whose table was made from a backup after the tests' jobs were accepted."""
    stack.jobs.since = NOW + 1
    return stack


def sweep(stack: Stack, job: Job, seconds: float = 3600) -> dict[str, int]:
    stack.jobs.create(job)
    stack.clock.sleep(seconds)
    return stack.sweep().repairs


def started(stack: Stack) -> bool:
    return bool(stack.executions.standard or stack.executions.express or stack.detached.started)


def test_a_restored_job_that_step_functions_does_not_know_is_not_started(restored: Stack) -> None:
    assert sweep(restored, a_job()) == {"not started": 1}
    assert restored.row().error == "Flowport.NotStarted"
    assert not started(restored)


@pytest.mark.parametrize("status", ["ACCEPTED", "RUNNING"])
def test_a_restored_job_whose_run_is_over_is_recorded(restored: Stack, status: str) -> None:
    restored.executions.finish(ARN, DONE)
    assert sweep(restored, a_job(status=status)) == {"recorded": 1}
    assert (restored.row().status, restored.row().output) == ("SUCCEEDED", DONE.output)


def test_a_restored_job_that_still_runs_is_found_running(restored: Stack) -> None:
    restored.executions.standard[ARN] = ExecutionState("RUNNING", NOW + 1, None)
    assert sweep(restored, a_job()) == {"found running": 1}
    assert restored.row().status == "RUNNING"


def test_of_a_restored_job_older_than_aws_remembers_nothing_is_claimed(restored: Stack) -> None:
    restored.jobs.since = NOW + 1
    assert sweep(restored, a_job(), 90 * 86_400) == {"outcome unknown": 1}
    assert restored.row().error == "Flowport.OutcomeUnknown"
    assert not started(restored)


@pytest.mark.parametrize("status", ["ACCEPTED", "RUNNING"])
def test_a_restored_express_job_may_have_run_and_is_not_handed_over(restored: Stack, status: str) -> None:
    assert sweep(restored, an_express_job(status=status)) == {"outcome unknown": 1}
    assert restored.row().error == "Flowport.OutcomeUnknown"
    assert not started(restored)


def test_a_restored_job_whose_deadline_has_passed_ends_as_its_run_did(restored: Stack) -> None:
    restored.executions.finish(ARN, DONE)
    assert sweep(restored, a_job(status="RUNNING", deadline_at=NOW + 10_000)) == {"recorded": 1}
    assert restored.row().status == "SUCCEEDED"


def test_a_restored_job_that_runs_past_its_deadline_is_stopped(restored: Stack) -> None:
    restored.executions.standard[ARN] = ExecutionState("RUNNING", NOW + 1, None)
    assert sweep(restored, a_job(status="RUNNING", deadline_at=NOW + 10_000)) == {"timed out": 1}
    assert restored.executions.stopped == [ARN]


def test_a_job_that_was_accepted_after_the_restore_is_started(restored: Stack) -> None:
    assert sweep(restored, a_job(created_at=NOW + 1)) == {"started": 1}


def test_where_it_cannot_be_told_whether_a_job_was_restored_it_is_not_started(restored: Stack) -> None:
    fail(restored.jobs, "written_since", errors.Unavailable("busy"))
    assert sweep(restored, a_job()) == {"refused": 1}
    assert restored.row().status == "ACCEPTED"
    assert not started(restored)


def test_the_table_is_asked_for_its_age_once_a_sweep_and_only_before_a_start(stack: Stack) -> None:
    asked: list[int] = []
    before(stack.jobs, "written_since", lambda: asked.append(1))
    sweep(stack, a_job(status="RUNNING"))
    assert asked == []
    for number in range(10, 13):
        job_id = f"0199b6f2-0000-8000-8000-{number:012x}"
        stack.jobs.create(an_express_job(job_id, created_at=stack.clock.now(), check_at=stack.clock.now()))
    assert stack.sweep().repairs == {"handed over": 3}
    assert asked == [1]


def test_an_old_accepted_job_is_started_no_more_but_found_by_its_name(stack: Stack) -> None:
    assert sweep(stack, a_job(), 7 * 3600) == {"not started": 1}
    assert not started(stack)


def test_an_old_accepted_job_whose_run_was_started_is_recorded(stack: Stack) -> None:
    stack.executions.finish(ARN, DONE)
    assert sweep(stack, a_job(), 7 * 3600) == {"recorded": 1}


def test_a_start_that_another_sweep_has_given_up_meanwhile_is_stopped(stack: Stack) -> None:
    given_up = Outcome("FAILED", NOW, error="Flowport.NotStarted")
    before(stack.jobs, "mark_running", lambda: stack.jobs.end(stack.row(), given_up))
    assert sweep(stack, a_job(), 60) == {"started": 1}
    assert stack.executions.stopped == [ARN]


def test_a_hand_over_from_long_ago_starts_nothing(stack: Stack) -> None:
    stack.jobs.create(an_express_job(created_at=NOW - 8 * HOUR - 1))
    assert stack.run_detached(JOB_ID) == "skipped"
    assert not started(stack)


def test_a_restored_redrive_that_never_began_is_not_begun(restored: Stack) -> None:
    failed = ExecutionState("FAILED", NOW, Outcome("FAILED", NOW, error="Oops"))
    restored.executions.standard[ARN] = failed
    assert sweep(restored, a_job(redrive_count=1)) == {"not started": 1}
    assert restored.executions.standard[ARN] == failed
