"""Runs as dialects ask for them: stopped as their caller's patience ends, waited for by milliseconds, anonymous."""

from typing import Any

import pytest

from flowport.domain.job import Outcome
from flowport.usecases.read_jobs import ReadJob
from flowport.usecases.run_endpoint import Ran, Run
from tests.fakes import NOW, STANDARD_ARN, an_endpoint
from tests.unit.usecases.stack import Stack

STANDARD = an_endpoint(express_arn=None)


def run(stack: Stack, **fields: Any) -> Ran:
    """Call the endpoint with these fields of a command."""
    caller = fields.pop("caller", None) or stack.caller()
    return stack.run_endpoint(caller, Run("billing/quote", "POST", lambda: "{}", **fields))


def finish_meanwhile(stack: Stack, after: float) -> None:
    """Let the run end `after` seconds from now, as its completion event would record it."""
    sleep = stack.clock.sleep

    def sleeping(seconds: float) -> None:
        sleep(seconds)
        if stack.clock.monotonic() >= after and not stack.row().ended:
            stack.jobs.end(stack.row(), Outcome("SUCCEEDED", stack.clock.now(), output='{"total":42}'))

    stack.clock.sleep = sleeping  # type: ignore[method-assign]


def test_a_run_is_aborted_when_its_callers_timeout_is_reached(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    job = run(stack, abort_after_ms=700).job
    assert (job.status, job.error, job.mode) == ("TIMED_OUT", "Flowport.DeadlinePassed", "sync")
    assert (job.finished_at or 0) - NOW in range(700, 720)
    assert stack.executions.stopped == [job.execution_arn]
    assert stack.row().status == "TIMED_OUT"


def test_a_run_that_ends_before_its_callers_timeout_is_not_aborted(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    finish_meanwhile(stack, after=0.4)
    job = run(stack, abort_after_ms=700).job
    assert (job.status, job.output) == ("SUCCEEDED", '{"total":42}')
    assert stack.executions.stopped == []


@pytest.mark.parametrize("timeout", [60_000, 24_500, 25_000, 10**12])
def test_a_timeout_beyond_the_answers_time_is_cut_so_that_its_caller_still_sees_the_abort(
    stack: Stack, timeout: int
) -> None:
    stack.directory.add(STANDARD)
    job = run(stack, abort_after_ms=timeout).job
    assert job.status == "TIMED_OUT"
    assert stack.clock.monotonic() < 25


def test_a_timeout_that_has_passed_before_the_run_began_aborts_it_all_the_same(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    assert run(stack, abort_after_ms=0).job.status == "TIMED_OUT"


def test_a_process_that_dies_before_it_aborts_leaves_that_to_the_sweep(stack: Stack) -> None:
    stack.directory.add(STANDARD)

    class Died(BaseException):
        pass

    def die(seconds: float) -> None:
        raise Died

    sleep, stack.clock.sleep = stack.clock.sleep, die  # type: ignore[method-assign]
    with pytest.raises(Died):
        run(stack, abort_after_ms=700)
    stack.clock.sleep = sleep  # type: ignore[method-assign]
    assert stack.row().status == "RUNNING"
    stack.sweep_after(1)
    assert stack.row().status == "TIMED_OUT"
    assert stack.executions.stopped == [stack.row().execution_arn]


def test_a_run_that_may_be_aborted_is_a_standard_one_where_there_is_the_choice(stack: Stack) -> None:
    assert run(stack, abort_after_ms=100).job.state_machine_arn == STANDARD_ARN
    assert stack.executions.express.total() == 0


def test_the_endpoints_own_limit_still_holds_where_it_is_the_shorter(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, time_limit=1))
    assert (run(stack, abort_after_ms=9000).job.finished_at or 0) - NOW in range(1000, 1020)


def test_a_call_may_wait_for_milliseconds_and_the_run_then_goes_on(stack: Stack) -> None:
    stack.directory.add(STANDARD)
    job = run(stack, wait_ms=500).job
    assert (job.status, job.mode, job.deadline_at) == ("RUNNING", "async", None)
    assert stack.clock.now() - NOW in range(500, 520)


def test_a_caller_without_a_credential_is_recorded_by_the_dialects_name_for_one(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("none",)))
    nobody = stack.caller(presented=None, workspace="acme")
    assert run(stack, anonymous="the system", caller=nobody).job.principal == "the system"
    assert stack.reader.read(nobody, ReadJob(stack.row().id)).id == stack.row().id


def test_a_caller_with_a_credential_is_recorded_by_it_whatever_the_dialect_calls_nobody(stack: Stack) -> None:
    assert run(stack, anonymous="the system").job.principal == "token:tok_1"


def test_a_stoppable_run_takes_the_machine_whose_runs_can_be_stopped(stack: Stack) -> None:
    stack.directory.add(an_endpoint(standard_arn=STANDARD_ARN, time_limit=2))
    job = run(stack, stoppable=True).job
    assert (job.machine_type, job.status) == ("STANDARD", "TIMED_OUT")
    assert stack.executions.stopped == [job.execution_arn]
    assert (job.finished_at or 0) - NOW in range(2000, 2050)
