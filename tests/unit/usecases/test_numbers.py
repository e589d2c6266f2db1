"""Numbered jobs: drawn by those calls alone, found and listed by number; and steps that are read once."""

from typing import Any

import pytest

from flowport.domain import errors, ids
from flowport.domain.job import Job, Outcome
from flowport.domain.numbers import JobNumber, job_number_of
from flowport.domain.preferences import Preference
from flowport.domain.steps import HistoryEvent
from flowport.usecases.list_numbered import ListNumbered, ListNumberedJobs, NumberedPage
from flowport.usecases.read_jobs import ReadJob, ReadSteps
from flowport.usecases.run_endpoint import Run
from flowport.usecases.stop_job import Cancel, ChangeJobs, Delete
from tests.fakes import NOW, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
STANDARD = an_endpoint(express_arn=None, aliases=("nebulagraph:4216617528",))
BUSY = errors.Unavailable("busy")


@pytest.fixture
def stack() -> Stack:
    made = Stack()
    made.directory.add(STANDARD)
    return made


def run(stack: Stack, **fields: Any) -> Job:
    """Call the endpoint as NebulaGraph's dialect does."""
    caller = fields.pop("caller", None) or stack.caller()
    given = {"number_series": "nebulagraph", "preference": ASYNC, **fields}
    return stack.run_endpoint(caller, Run("billing/quote", "POST", lambda: "{}", **given)).job


def listed(stack: Stack, **fields: Any) -> NumberedPage:
    use = ListNumberedJobs(stack.access, stack.directory, stack.numbers, stack.jobs, stack.clock)
    caller = fields.pop("caller", None) or stack.caller()
    return use(caller, ListNumbered("nebulagraph", **fields))


def values(page: NumberedPage) -> list[int]:
    return [job.number.value for job in page.jobs if job.number]


def end(stack: Stack, job: Job, status: Any) -> None:
    stack.jobs.end(job, Outcome(status, stack.clock.now()))


# -- drawing -----------------------------------------------------------------------------------------------------------


def test_the_calls_of_one_family_are_counted_and_others_draw_nothing(stack: Stack) -> None:
    assert [run(stack).number, run(stack, number_series=None).number, run(stack).number] == [
        JobNumber("nebulagraph", 1),
        None,
        JobNumber("nebulagraph", 2),
    ]


@pytest.mark.parametrize("refusal", ["disabled", "method", "input"])
def test_a_refused_call_draws_no_number(stack: Stack, refusal: str) -> None:
    def unreadable() -> str:
        raise errors.InvalidJson("no")

    stack.directory.add(an_endpoint(enabled=refusal != "disabled"))
    command = Run("billing/quote", "GET" if refusal == "method" else "POST", unreadable, number_series="nebulagraph")
    with pytest.raises(errors.FlowportError):
        stack.run_endpoint(stack.caller(), command)
    assert run_after(stack) == 1


def run_after(stack: Stack) -> int:
    stack.directory.add(STANDARD)
    number = run(stack).number
    assert number is not None
    return number.value


def test_a_call_that_cannot_draw_a_number_writes_no_job(stack: Stack) -> None:
    fail(stack.numbers, "draw", BUSY)
    with pytest.raises(errors.Unavailable):
        run(stack)
    assert stack.jobs.rows == {}


def test_a_request_that_is_delivered_twice_is_one_job_with_one_number(stack: Stack) -> None:
    caller = stack.caller(request_id="same")
    assert run(stack, caller=caller).number == run(stack, caller=caller).number == JobNumber("nebulagraph", 1)
    assert listed(stack).total == 1


def test_a_number_that_another_job_has_starts_nothing(stack: Stack) -> None:
    run(stack)
    stack.numbers.last.clear()
    with pytest.raises(errors.Unavailable, match="The number 1 belongs to another job"):
        run(stack)
    assert len(stack.executions.standard) == 1


def test_a_job_remembers_the_alias_that_it_was_called_by(stack: Stack) -> None:
    command = Run(None, "POST", lambda: "{}", ASYNC, alias="nebulagraph:4216617528", number_series="nebulagraph")
    assert stack.run_endpoint(stack.caller(), command).job.alias == "nebulagraph:4216617528"


# -- by number ---------------------------------------------------------------------------------------------------------


def test_a_job_is_read_cancelled_and_deleted_by_its_number(stack: Stack) -> None:
    job, number = run(stack), JobNumber("nebulagraph", 1)
    changes = ChangeJobs(stack.access, stack.jobs, stack.stop)
    assert stack.reader.read(stack.caller(), ReadJob(number)).id == job.id
    assert changes.cancel(stack.caller(), Cancel(number)).status == "ABORTED"
    changes.delete(stack.caller(), Delete(number))
    with pytest.raises(errors.NotFound, match="There is no job '1' for this caller"):
        stack.reader.read(stack.caller(), ReadJob(number))
    assert listed(stack).total == 0


def test_a_number_is_none_of_another_workspaces(stack: Stack) -> None:
    run(stack)
    with pytest.raises(errors.NotFound):
        stack.reader.read(stack.caller(presented=None, workspace="other"), ReadJob(JobNumber("nebulagraph", 1)))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("107", 107), ("9" * 15, 10**15 - 1), ("1" * 16, None), ("0", None), ("07", None), ("-1", None)],
)
def test_a_short_whole_number_is_a_jobs_number(text: str, value: int | None) -> None:
    assert job_number_of(text) == (None if value is None else JobNumber("nebulagraph", value))


@pytest.mark.parametrize("text", ["\u0661", "1.0", "", " 1", "1e3"])
def test_what_is_no_whole_number_is_no_jobs_number(text: str) -> None:
    assert job_number_of(text) is None


def test_a_job_is_found_by_its_id_in_decimal(stack: Stack) -> None:
    job = run(stack)
    assert stack.reader.read(stack.caller(), ReadJob(ids.decimal_of_job_id(job.id))).id == job.id


# -- lists -------------------------------------------------------------------------------------------------------------


def test_a_list_has_the_latest_first_and_counts_all(stack: Stack) -> None:
    for _ in range(5):
        run(stack)
    run(stack, number_series=None)
    assert (values(listed(stack, page_size=2)), listed(stack, page_size=2).total) == ([5, 4], 5)
    assert values(listed(stack, page=3, page_size=2)) == [1]
    assert values(listed(stack, page=4, page_size=2)) == []
    assert values(listed(stack, page_size=2, ascending=True)) == [1, 2]


def test_a_list_is_filtered_by_endpoint_alias_time_and_name(stack: Stack) -> None:
    run(stack)
    stack.clock.sleep(10)
    stack.directory.add(an_endpoint(name="other", express_arn=None, aliases=("nebulagraph:2",)))
    stack.run_endpoint(stack.caller(), Run("billing/other", "POST", lambda: "{}", ASYNC, number_series="nebulagraph"))
    assert values(listed(stack, endpoint="billing/quote")) == [1]
    assert values(listed(stack, alias="nebulagraph:2")) == [2]
    assert values(listed(stack, since=NOW + 1)) == [2]
    assert values(listed(stack, until=NOW + 9_999)) == [1]
    assert values(listed(stack, named=lambda endpoint, at: endpoint.endswith("other") and at > NOW)) == [2]
    with pytest.raises(errors.NotFound):
        listed(stack, alias="nebulagraph:3")


def test_a_list_is_filtered_by_status_whether_or_not_the_jobs_have_ended(stack: Stack) -> None:
    made = [run(stack) for _ in range(4)]
    end(stack, made[0], "FAILED")
    end(stack, made[1], "SUCCEEDED")
    fail(stack.executions, "start_standard", errors.UnknownOutcome("lost"))
    run(stack)
    statuses = {status: values(listed(stack, statuses=frozenset({status}))) for status in ("ACCEPTED", "RUNNING")}
    assert statuses == {"ACCEPTED": [5], "RUNNING": [4, 3]}
    assert values(listed(stack, statuses=frozenset({"FAILED"}))) == [1]
    assert values(listed(stack, statuses=frozenset({"FAILED", "SUCCEEDED"}))) == [2, 1]
    assert values(listed(stack, statuses=frozenset({"ACCEPTED", "RUNNING", "FAILED"}))) == [5, 4, 3, 1]
    assert listed(stack, statuses=frozenset({"TIMED_OUT"})).total == 0


def test_a_list_shows_a_credential_only_what_it_may_see(stack: Stack) -> None:
    run(stack)
    stack.directory.add(a_credential(stack.token, credential_id="tok_2", scopes=("run",)))
    run(stack)
    assert values(listed(stack)) == [2]
    stack.directory.add(a_credential(stack.token, endpoints=("billing/other",)))
    assert listed(stack).total == 0
    with pytest.raises(errors.Unauthenticated):
        listed(stack, caller=stack.caller(presented=None))


def test_a_list_leaves_out_jobs_that_have_expired_although_they_still_lie_there(stack: Stack) -> None:
    end(stack, run(stack), "SUCCEEDED")
    assert listed(stack).total == 1
    stack.clock.sleep(31 * 86_400)
    assert listed(stack).total == 0


# -- steps -------------------------------------------------------------------------------------------------------------


def _history(*types: str) -> list[HistoryEvent]:
    return [HistoryEvent(n, n - 1, kind, NOW + n, {"name": "Query"}) for n, kind in enumerate(types, start=1)]


WHOLE = _history("ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded")


def _steps(stack: Stack, job: Job) -> list[str]:
    steps = stack.reader.read_steps(stack.caller(), ReadSteps(job.id)).steps
    return [f"{step.name} {step.status}" for step in steps or ()]


def test_the_steps_of_an_ended_job_are_read_from_its_history_once(stack: Stack) -> None:
    job = run(stack)
    stack.executions.events = WHOLE
    end(stack, job, "SUCCEEDED")
    assert _steps(stack, job) == ["Query SUCCEEDED"]
    stack.executions.events = []
    assert _steps(stack, job) == ["Query SUCCEEDED"]


def test_the_steps_of_a_job_that_runs_are_read_each_time(stack: Stack) -> None:
    job = run(stack)
    stack.executions.events = WHOLE[:2]
    assert _steps(stack, job) == ["Query RUNNING"]
    assert stack.kept.kept == {}


def test_a_history_that_does_not_reach_the_end_yet_is_not_kept(stack: Stack) -> None:
    job = run(stack)
    stack.executions.events = WHOLE[:3]
    end(stack, job, "SUCCEEDED")
    _steps(stack, job)
    assert stack.kept.kept == {}


def test_steps_that_cannot_be_kept_are_told_all_the_same(stack: Stack) -> None:
    job = run(stack)
    stack.executions.events = WHOLE
    end(stack, job, "SUCCEEDED")
    fail(stack.kept, "keep", BUSY)
    assert _steps(stack, job) == ["Query SUCCEEDED"]
