"""Many inputs in one call: each its own job, in order, and none harmed by another."""

from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.domain.payload import checked_input, split_array
from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from flowport.usecases.run_batch import BatchRan, RunBatch, RunEndpointBatch, RunOrBatch
from flowport.usecases.run_endpoint import Ran, Run
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


# -- as the endpoint has it --------------------------------------------------------------------------------------------

RUN = Run("billing/quote", "POST", lambda: "{}")


def divided(stack: Stack, *inputs: str, **fields: Any) -> Ran | BatchRan:
    """Call as a dialect does whose endpoints say what is a batch: with no inputs it is one run."""
    run = replace(RUN, **fields)

    def divide(endpoint: Endpoint) -> Run | RunBatch:
        readers = [partial(checked_input, text) for text in inputs]
        return RunBatch(run, lambda: list(readers)) if readers else run

    use_case = RunEndpointBatch(stack.run_endpoint, stack.jobs, stack.clock)
    return use_case.divided(stack.caller(request_id="request"), RunOrBatch(RUN, divide))


def test_one_call_is_one_run_or_a_batch_as_its_endpoint_has_it(stack: Stack) -> None:
    finish_at_once(stack)
    one = divided(stack, wait_ms=100)
    assert isinstance(one, Ran)
    several = divided(stack, "1", "2")
    assert isinstance(several, BatchRan)
    assert (several.endpoint, len(several.outcomes)) == (one.endpoint, 2)


def test_nobody_is_let_in_to_divide_who_may_not_run(stack: Stack) -> None:
    stack.directory.add(replace(an_endpoint(), enabled=False))
    with pytest.raises(errors.EndpointDisabled):
        divided(stack, LARGE)


def test_one_run_of_an_endpoint_reads_its_callers_and_endpoints_rows_once(stack: Stack) -> None:
    divided(stack, wait_ms=1)
    assert len(stack.directory.asked) == 1


def test_a_batch_waits_for_milliseconds_in_all(stack: Stack) -> None:
    ran = divided(stack, "1", "2", wait_ms=700)
    assert isinstance(ran, BatchRan)
    assert not ran.complete
    assert stack.clock.now() - NOW == pytest.approx(700, abs=10)


def test_each_input_of_a_batch_is_aborted_when_its_callers_timeout_is_reached(stack: Stack) -> None:
    ran = divided(stack, *map(str, range(20)), abort_after_ms=3000)
    assert isinstance(ran, BatchRan)
    assert {job.status for job in ran.outcomes if isinstance(job, Job)} == {"TIMED_OUT"}
    assert len(set(stack.executions.stopped)) == 20
    assert 3000 <= stack.clock.now() - NOW < 4100


def test_inputs_that_cannot_be_aborted_now_are_left_to_the_sweep(stack: Stack) -> None:
    fail(stack.jobs, "end", *[errors.Unavailable("throttled")] * 100)
    ran = divided(stack, "1", abort_after_ms=3000)
    assert isinstance(ran, BatchRan)
    assert not ran.complete
