"""Many inputs in one call: each its own job, in order, and none harmed by another."""

from functools import partial
from itertools import count

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.domain.payload import checked_input, split_array
from flowport.domain.preferences import Preference
from flowport.usecases.run_batch import BatchRan, RunBatch, RunEndpointBatch
from flowport.usecases.run_endpoint import Run
from tests.fakes import EXPRESS_ARN, NOW, after, an_endpoint, before, fail
from tests.unit.usecases.stack import Stack

LARGE = '"' + "x" * 262_144 + '"'


def batch(stack: Stack, *inputs: str, key: str | None = None, preference: Preference | None = None) -> BatchRan:
    run = Run("billing/quote", "POST", lambda: "", preference or Preference(), idempotency_key=key)
    use_case = RunEndpointBatch(stack.run_endpoint, stack.jobs, stack.clock)
    command = RunBatch(run, lambda: [partial(checked_input, text) for text in inputs])
    return use_case(stack.caller(request_id="request"), command)


def finish_at_once(stack: Stack) -> None:
    def finish() -> None:
        for arn in list(stack.executions.standard):
            stack.executions.finish(arn, Outcome("SUCCEEDED", NOW + 1, output=stack.executions.inputs[arn[-39:]]))
        for job in list(stack.jobs.rows.values()):
            if state := stack.executions.describe(job.execution_arn or ""):
                stack.jobs.end(job, state.outcome or Outcome("FAILED", NOW))

    after(stack.jobs, "mark_running", finish)


def test_each_input_is_a_job_of_its_own_in_order(stack: Stack) -> None:
    finish_at_once(stack)
    ran = batch(stack, "1", "2", "3")
    assert [job.output for job in ran.outcomes if isinstance(job, Job)] == ["1", "2", "3"]
    assert ran.complete
    assert len(stack.jobs.rows) == 3


def test_one_bad_input_harms_no_other(stack: Stack) -> None:
    finish_at_once(stack)
    good, bad, last = batch(stack, "1", LARGE, "3").outcomes
    assert isinstance(bad, errors.PayloadTooLarge)
    assert [job.status for job in (good, last) if isinstance(job, Job)] == ["SUCCEEDED", "SUCCEEDED"]


def test_an_asynchronous_batch_waits_for_nothing(stack: Stack) -> None:
    ran = batch(stack, "1", "2", preference=Preference(respond_async=True))
    assert not ran.complete
    assert stack.clock.now() == NOW


def test_a_synchronous_batch_is_answered_within_25_seconds_whatever_still_runs(stack: Stack) -> None:
    ran = batch(stack, "1", "2")
    assert not ran.complete
    assert stack.clock.now() - NOW == pytest.approx(25_000, abs=10)


def test_a_batch_is_never_run_by_the_process_that_accepts_it(stack: Stack) -> None:
    stack.directory.add(an_endpoint(standard_arn=None))
    batch(stack, "1", preference=Preference(wait=0))
    assert len(stack.detached.started) == 1
    assert stack.executions.express.total() == 0
    assert stack.row().state_machine_arn == EXPRESS_ARN


def test_a_repeated_batch_with_the_same_key_repeats_nothing(stack: Stack) -> None:
    finish_at_once(stack)
    first = batch(stack, "1", "2", key="k")
    again = batch(stack, "1", "2", key="k")
    assert again.outcomes == first.outcomes
    assert len(stack.jobs.rows) == 2


def test_an_input_that_cannot_be_started_says_so_alone(stack: Stack) -> None:
    fail(stack.executions, "start_standard", errors.MachineMissing("gone"))
    outcomes = batch(stack, "1", "2", preference=Preference(wait=0)).outcomes
    assert [type(outcome) for outcome in outcomes].count(Job) == 1
    assert [type(outcome) for outcome in outcomes].count(errors.MachineMissing) == 1


def test_the_elements_of_an_array_keep_their_exact_text() -> None:
    assert split_array(' [ 1.50 ,{"a" : [1, 2]}, "x,]" ,null]') == ["1.50", '{"a" : [1, 2]}', '"x,]"', "null"]
    assert split_array("[]") == []


def test_what_is_no_array_is_no_batch() -> None:
    with pytest.raises(errors.InvalidJson):
        split_array('{"a":[1]}')


def test_a_hundred_inputs_come_back_in_their_order(stack: Stack) -> None:
    finish_at_once(stack)
    inputs = [str(number) for number in range(100)]
    ran = batch(stack, *inputs)
    assert [job.output for job in ran.outcomes if isinstance(job, Job)] == inputs
    assert len(stack.jobs.rows) == 100


class ProcessDied(BaseException):
    """The function is gone in the middle of a batch: no handler runs."""


def dies_at(stack: Stack, number: int) -> None:
    """Let the process die right before its start of that number."""
    starts = count()

    def start() -> None:
        if next(starts) == number:
            raise ProcessDied

    before(stack.executions, "start_standard", start)


@pytest.mark.parametrize("started", [0, 3, 7])
def test_a_batch_whose_process_died_half_way_is_completed_by_its_repetition_and_repeats_nothing(
    stack: Stack, started: int
) -> None:
    inputs = [str(number) for number in range(8)]
    dies_at(stack, started)
    with pytest.raises(ProcessDied):
        batch(stack, *inputs, key="k", preference=Preference(respond_async=True))
    again = batch(stack, *inputs, key="k", preference=Preference(respond_async=True))
    stack.sweep_after(120)  # a row whose process died before its start
    assert len({job.id for job in again.outcomes if isinstance(job, Job)}) == len(stack.jobs.rows) == len(inputs)
    assert sorted(stack.executions.inputs.values()) == inputs
    assert len(stack.executions.standard) == len(inputs)
