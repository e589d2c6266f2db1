"""How long jobs, payloads and keys are kept, by what an endpoint says, and what callers see of those that are not."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.domain.preferences import Preference
from flowport.domain.retention import LISTED_AT_MOST, keeps
from flowport.usecases.ports import ListingPage, ListingQuery
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob
from flowport.usecases.run_endpoint import Ran, Run, keys_of
from tests.fakes import ACME, JOB_ID, NOW, a_credential, a_job, after, an_endpoint, an_express_job, fail
from tests.unit.usecases.stack import RETENTION, Stack

DAY = 86_400_000
ASYNC = Preference(respond_async=True)
UNKEPT = {"keep_payloads_days": 0}
INPUT = '{"secret":1}'
OUTPUT = '{"total":42}'
BUSY = errors.Unavailable("busy")


def call(stack: Stack, **more: Any) -> Ran:
    return stack.run_endpoint(stack.caller(), Run("billing/quote", "POST", lambda: INPUT, **more))


def read(stack: Stack, job: Job) -> Job:
    return stack.reader.read(stack.caller(), ReadJob(job.id))


# -- how long ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "kept"),
    [
        ({}, (30 * DAY, None)),
        ({"keep_jobs_days": 2}, (2 * DAY, None)),
        ({"keep_jobs_days": 365}, (365 * DAY, None)),
        ({"keep_payloads_days": 0}, (30 * DAY, 0)),
        ({"keep_payloads_days": 7}, (30 * DAY, 7 * DAY)),
        ({"keep_payloads_days": 90}, (30 * DAY, None)),
        ({"keep_jobs_days": 7, "keep_payloads_days": 7}, (7 * DAY, None)),
    ],
)
def test_an_endpoint_says_how_long_its_jobs_and_payloads_are_kept(
    says: dict[str, int], kept: tuple[int, int | None]
) -> None:
    assert keeps(an_endpoint(**says), RETENTION) == kept


def test_a_job_is_kept_from_its_end_and_not_a_second_longer(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, keep_jobs_days=2))
    job = call(stack, preference=ASYNC).job
    stack.clock.sleep(40 * 86_400)
    assert read(stack, job).status == "RUNNING"
    stack.jobs.end(job, Outcome("SUCCEEDED", stack.clock.now(), output="1"))
    stack.clock.sleep(2 * 86_400 - 1)
    assert read(stack, job).output == "1"
    stack.clock.sleep(1)
    with pytest.raises(errors.NotFound):
        read(stack, job)
    assert stack.reader.list(stack.caller(), ListJobs(since=0)).jobs == ()


def test_a_run_that_ended_by_a_clock_behind_is_kept_no_shorter(stack: Stack) -> None:
    assert a_job(keep_ms=2 * DAY).expires_after(NOW - 3_600_000) == NOW + 2 * DAY


@pytest.mark.parametrize("finished_at", [NOW - 3_600_000, NOW])
def test_with_the_shortest_retention_every_key_expires_before_its_job(finished_at: int) -> None:
    job = a_job(keep_ms=2 * DAY, client_job_id="c")
    keys = keys_of(job, Run("billing/quote", "POST", lambda: INPUT, idempotency_key="k", client_job_id="c"))
    assert len(keys) == 2
    assert all(NOW < key.expires_at < job.expires_after(finished_at) for key in keys)


def test_a_list_goes_back_as_far_as_it_is_asked_to(stack: Stack) -> None:
    stack.jobs.create(a_job(created_at=NOW - RETENTION - 1))
    stack.directory.add(replace(ACME, created_at=0))
    assert stack.reader.list(stack.caller(), ListJobs()).jobs == ()
    asked = ListJobs(since=NOW - RETENTION - 2)
    assert [job.id for job in stack.reader.list(stack.caller(), asked).jobs] == [JOB_ID]


def test_no_list_goes_back_further_than_any_job_is_kept(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def page(query: ListingQuery, *, deadline: float | None = None) -> ListingPage:
        asked.append(query.since)
        return ListingPage((), None)

    monkeypatch.setattr(stack.jobs, "page", page)
    stack.directory.add(replace(ACME, created_at=0))
    stack.reader.list(stack.caller(), ListJobs(since=0))
    assert asked == [NOW - LISTED_AT_MOST]


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_callers_name_leads_to_its_job_while_that_runs_however_long(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, keep_jobs_days=2))
    job = call(stack, preference=ASYNC, client_job_id="c").job
    stack.clock.sleep(90 * 86_400)
    assert call(stack, preference=ASYNC, client_job_id="c").job.id == job.id
    assert len(stack.executions.standard) == 1


def test_a_callers_name_is_free_again_once_its_time_is_over_and_its_job_has_ended(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, keep_jobs_days=2))
    job = call(stack, preference=ASYNC, client_job_id="c").job
    stack.jobs.end(job, Outcome("SUCCEEDED", NOW + 1, output="1"))
    stack.clock.sleep(86_400 - 1)
    assert call(stack, preference=ASYNC, client_job_id="c").job.id == job.id
    stack.clock.sleep(1)
    assert call(stack, preference=ASYNC, client_job_id="c").job.id != job.id


# -- payloads that are not kept --------------------------------------------------------------------------------------


def test_a_sync_caller_gets_the_output_that_is_kept_nowhere(stack: Stack) -> None:
    stack.directory.add(an_endpoint(**UNKEPT))
    job = call(stack).job
    assert (job.output, job.payloads) == (OUTPUT, "not-kept")
    assert (stack.row().input, stack.row().output) == (None, None)
    assert (read(stack, job).status, read(stack, job).output, read(stack, job).payloads) == (
        "SUCCEEDED",
        None,
        "not-kept",
    )


def test_the_call_that_ran_a_standard_machine_is_given_its_output_once(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, **UNKEPT))
    done = Outcome("SUCCEEDED", NOW + 1, output=OUTPUT)

    def finish() -> None:
        (arn,) = stack.executions.standard
        stack.executions.finish(arn, done)
        stack.jobs.end(stack.row(), done)

    after(stack.executions, "start_standard", finish)
    first = call(stack, idempotency_key="k")
    assert first.job.output == OUTPUT
    again = call(stack, idempotency_key="k")
    assert (again.replayed, again.job.output, again.job.payloads) == (True, None, "not-kept")


def test_an_output_that_step_functions_cannot_give_at_the_moment_is_said_to_be_not_kept(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None, **UNKEPT))
    done = Outcome("SUCCEEDED", NOW + 1, output=OUTPUT)
    after(stack.executions, "start_standard", lambda: stack.jobs.end(stack.row(), done))
    fail(stack.executions, "describe", BUSY)
    job = call(stack).job
    assert (job.status, job.output, job.payloads) == ("SUCCEEDED", None, "not-kept")


@pytest.mark.parametrize("machine", [{"express_arn": None}, {"standard_arn": None}])
def test_an_input_that_is_not_kept_is_gone_once_its_run_was_started(stack: Stack, machine: dict[str, None]) -> None:
    stack.directory.add(an_endpoint(**machine, **UNKEPT))
    job = call(stack, preference=ASYNC).job
    stack.run_detached(job.id)
    assert list(stack.executions.inputs.values()) == [INPUT]
    assert (stack.row().input, stack.row().output) == (None, None)
    with pytest.raises(errors.PayloadNotKept):
        stack.reader.read_input(stack.caller(), ReadInput(job.id))


@pytest.mark.parametrize("machine", [{"express_arn": None}, {"standard_arn": None}])
def test_the_sweep_starts_a_job_whose_input_is_not_kept_with_that_input(stack: Stack, machine: dict[str, None]) -> None:
    stack.directory.add(an_endpoint(**machine, **UNKEPT))
    fail(stack.executions, "start_standard", errors.UnknownOutcome("lost"))
    fail(stack.detached, "start", BUSY)
    job = call(stack, preference=ASYNC).job
    stack.sweep_after(60)
    stack.run_detached(job.id)
    assert list(stack.executions.inputs.values()) == [INPUT]
    assert stack.row().input is None


def test_no_job_is_started_without_the_input_that_it_was_accepted_with(stack: Stack) -> None:
    for job in (a_job(), an_express_job("0199b6f2-0000-8000-8000-000000000002")):
        stack.jobs.create(replace(job, input=None))
    stack.run_detached("0199b6f2-0000-8000-8000-000000000002")
    stack.sweep_after(60)
    assert [job.error for job in stack.jobs.rows.values()] == ["Flowport.NotStarted"] * 2
    assert not stack.executions.standard
    assert not stack.executions.express


# -- payloads that go before their job -------------------------------------------------------------------------------


@pytest.fixture
def aged(stack: Stack) -> Job:
    """Give a job that has ended, whose payloads are kept a day, just before that is over."""
    stack.directory.add(an_endpoint(keep_payloads_days=1))
    job = call(stack, client_job_id="c").job
    stack.clock.at = float(job.payloads_expire_at(job.finished_at or 0) - 1)
    return job


def test_payloads_are_read_until_their_time_and_not_after(stack: Stack, aged: Job) -> None:
    assert (read(stack, aged).output, read(stack, aged).payloads) == (OUTPUT, "kept")
    assert stack.reader.read_input(stack.caller(), ReadInput(aged.id)) == INPUT
    stack.clock.sleep(0.001)
    assert (read(stack, aged).output, read(stack, aged).payloads) == (None, "expired")
    with pytest.raises(errors.PayloadNotKept) as refused:
        stack.reader.read_input(stack.caller(), ReadInput(aged.id))
    assert refused.value.members == {"id": aged.id, "payloads": "expired"}
    assert [job.payloads for job in stack.reader.list(stack.caller(), ListJobs()).jobs] == ["expired"]


def test_a_repeated_name_says_that_the_payloads_have_expired(stack: Stack, aged: Job) -> None:
    stack.clock.sleep(0.001)
    again = call(stack, client_job_id="c")
    assert (again.job.id, again.job.output, again.job.payloads) == (aged.id, None, "expired")


# -- the past of a name ------------------------------------------------------------------------------------------------


def test_a_new_workspace_sees_no_job_of_a_deleted_one_of_its_name(stack: Stack) -> None:
    stack.directory.add(a_credential(stack.token, scopes=("run", "jobs:read", "jobs:write")))
    job = call(stack, client_job_id="c").job
    stack.clock.sleep(20 * 86_400)
    stack.directory.add(replace(ACME, created_at=stack.clock.now()))
    with pytest.raises(errors.NotFound):
        read(stack, job)
    assert stack.reader.list(stack.caller(), ListJobs(since=0)).jobs == ()
    assert call(stack, client_job_id="c").job.id != job.id


def test_a_new_workspace_sees_its_own_jobs_although_the_clocks_are_hours_apart(stack: Stack) -> None:
    job = call(stack).job
    stack.directory.add(replace(ACME, created_at=NOW + 2 * 3_600_000))
    assert read(stack, job).id == job.id
