"""Reading jobs: one, its input and steps, and lists of what a caller may see."""

from itertools import pairwise

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome, not_started
from flowport.domain.steps import HistoryEvent
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob, ReadSteps
from flowport.usecases.wait import wait_for_end
from tests.fakes import JOB_ID, NOW, a_credential, a_job, after, an_endpoint, an_express_job, fail
from tests.unit.usecases.stack import RETENTION, Stack

DAY = 86_400_000
HISTORY = [
    HistoryEvent(1, 0, "ExecutionStarted", NOW, {}),
    HistoryEvent(2, 0, "PassStateEntered", NOW, {"name": "Hello"}),
    HistoryEvent(3, 2, "PassStateExited", NOW + 5, {"name": "Hello"}),
]
LARGE = '"' + "x" * 5000 + '"'
BUSY = errors.Unavailable("busy")


# -- one ---------------------------------------------------------------------------------------------------------------


def test_a_job_is_read_with_its_large_output(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.jobs.end(a_job(), Outcome("SUCCEEDED", NOW + 1, output=LARGE))
    assert stack.reader.read(stack.caller(), ReadJob(JOB_ID)).output == LARGE


def test_a_running_job_is_given_at_once_unless_a_wait_was_asked_for(stack: Stack) -> None:
    stack.jobs.create(a_job())
    assert stack.reader.read(stack.caller(), ReadJob(JOB_ID)).status == "ACCEPTED"
    assert stack.clock.now() == NOW


def test_a_wait_ends_when_the_job_does(stack: Stack) -> None:
    stack.jobs.create(a_job())

    def end_after_a_second() -> None:
        if stack.clock.now() >= NOW + 1000:
            stack.jobs.end(a_job(), Outcome("SUCCEEDED", NOW + 1000, output="1"))

    after(stack.clock, "sleep", end_after_a_second)
    assert stack.reader.read(stack.caller(), ReadJob(JOB_ID, wait=20)).status == "SUCCEEDED"
    assert stack.clock.now() <= NOW + 2000


def test_a_wait_is_over_25_seconds_after_the_request_arrived(stack: Stack) -> None:
    stack.jobs.create(a_job())
    caller = stack.caller()
    stack.clock.sleep(3)
    assert stack.reader.read(caller, ReadJob(JOB_ID, wait=25)).status == "ACCEPTED"
    assert NOW + 24_900 <= stack.clock.now() <= NOW + 25_100


@pytest.mark.parametrize("seconds", [0, 1, 25])
def test_a_wait_takes_no_longer_than_asked_and_reads_ever_less_often(
    stack: Stack, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.jobs.create(a_job())
    reads: list[int] = []
    get = stack.jobs.get

    def count(job_id: str, *, deadline: float | None = None) -> Job | None:
        reads.append(stack.clock.now())
        assert deadline is None or deadline >= stack.clock.monotonic() + 1.5, "no attempt fits before this deadline"
        return get(job_id)

    monkeypatch.setattr(stack.jobs, "get", count)
    wait_for_end(stack.jobs, stack.clock, a_job(), seconds)
    assert stack.clock.now() == pytest.approx(NOW + seconds * 1000, abs=50)
    pauses = [later - earlier for earlier, later in pairwise(reads)]
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses, default=0) <= 1000
    assert len(reads) <= 2 + 10 + seconds
    assert bool(reads) is (seconds > 0)


def test_a_read_that_fails_during_a_wait_is_made_again(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.jobs.end(a_job(), Outcome("SUCCEEDED", NOW, output="1"))
    fail(stack.jobs, "get", BUSY, BUSY)
    assert wait_for_end(stack.jobs, stack.clock, a_job(), 5).status == "SUCCEEDED"


# -- input and steps ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"a":1}', LARGE])
def test_the_input_is_given_as_it_was_sent(stack: Stack, text: str) -> None:
    stack.jobs.create(a_job(input=text))
    assert stack.reader.read_input(stack.caller(), ReadInput(JOB_ID)) == text


def test_nobody_reads_the_input_or_steps_of_a_foreign_job(stack: Stack) -> None:
    stack.jobs.create(a_job(workspace="other"))
    with pytest.raises(errors.NotFound):
        stack.reader.read_input(stack.caller(), ReadInput(JOB_ID))
    with pytest.raises(errors.NotFound):
        stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))


def test_a_standard_run_tells_its_steps(stack: Stack) -> None:
    stack.jobs.create(a_job(status="RUNNING"))
    stack.executions.events = HISTORY
    read = stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))
    assert read.steps is not None
    assert [step.name for step in read.steps] == ["Hello"]
    assert read.reason is None


@pytest.mark.parametrize("job", [a_job(), an_express_job()])
def test_a_job_that_was_not_started_yet_has_no_steps_so_far(stack: Stack, job: Job) -> None:
    stack.jobs.create(job)
    read = stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))
    assert (read.steps, read.reason) == ([], "The execution has not been started.")


def test_a_job_that_was_never_started_has_no_steps_and_says_so(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.jobs.end(a_job(), not_started(NOW, "too busy"))
    read = stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))
    assert not read.steps
    assert read.reason


@pytest.mark.parametrize("arn", [None, "arn:aws:states:eu-central-1:123456789012:express:quick:fp-1:run"])
def test_an_express_run_without_a_log_group_says_why_there_are_no_steps(stack: Stack, arn: str | None) -> None:
    stack.jobs.create(an_express_job(status="SUCCEEDED", execution_arn=arn))
    read = stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))
    assert read.steps is None
    assert read.reason is not None
    assert "log_group" in read.reason


def test_an_express_run_with_a_log_group_tells_its_steps(stack: Stack) -> None:
    arn = "arn:aws:states:eu-central-1:123456789012:express:quick:fp-1:run"
    stack.directory.add(an_endpoint(log_group="/aws/vendedlogs/states/quick"))
    stack.jobs.create(an_express_job(status="SUCCEEDED", execution_arn=arn))
    stack.logs.events = HISTORY
    read = stack.reader.read_steps(stack.caller(), ReadSteps(JOB_ID))
    assert read.steps is not None
    assert [step.name for step in read.steps] == ["Hello"]
    assert stack.logs.asked == [("/aws/vendedlogs/states/quick", arn, NOW)]


# -- lists -------------------------------------------------------------------------------------------------------------


def _listed(stack: Stack, command: ListJobs | None = None) -> list[str]:
    return [job.id[-1] for job in stack.reader.list(stack.caller(), command or ListJobs()).jobs]


@pytest.fixture
def filled(stack: Stack) -> Stack:
    """Give a workspace with its own jobs, somebody else's, another endpoint's and another workspace's."""
    for number, changes in enumerate(
        [{}, {"principal": "user:bob"}, {"endpoint": "billing/refund"}, {"workspace": "other"}], 1
    ):
        job_id = f"0199b6f2-0000-8000-8000-00000000000{number}"
        stack.jobs.create(a_job(job_id, **{"created_at": NOW - number, **changes}))
    return stack


def test_a_reader_lists_the_whole_workspace_and_nothing_else(filled: Stack) -> None:
    assert _listed(filled) == ["1", "2", "3"]


def test_who_may_only_run_lists_its_own_jobs(filled: Stack) -> None:
    filled.directory.add(a_credential(filled.token, scopes=("run",)))
    assert _listed(filled) == ["1", "3"]


def test_a_credential_limited_to_endpoints_lists_only_theirs(filled: Stack) -> None:
    filled.directory.add(a_credential(filled.token, endpoints=("billing/refund",)))
    assert _listed(filled) == ["3"]
    assert _listed(filled, ListJobs(endpoint="billing/quote")) == []


def test_a_list_goes_no_further_back_than_jobs_are_kept(filled: Stack) -> None:
    filled.jobs.create(a_job(created_at=NOW - RETENTION - 1))
    assert JOB_ID[-1] in _listed(filled, ListJobs(since=0))
    assert len(_listed(filled, ListJobs(since=0))) == 3


def test_a_list_is_cut_into_pages(filled: Stack) -> None:
    page = filled.reader.list(filled.caller(), ListJobs(limit=2))
    assert [job.id[-1] for job in page.jobs] == ["1", "2"]
    rest = filled.reader.list(filled.caller(), ListJobs(limit=2, after=page.after))
    assert [job.id[-1] for job in rest.jobs] == ["3"]
