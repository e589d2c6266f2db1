"""What one state of a run gave out, read from the execution's history."""

from typing import Any

import pytest

from flowport.domain import errors
from flowport.domain.job import Job
from flowport.domain.numbers import JobNumber
from flowport.domain.steps import HistoryEvent
from flowport.usecases.read_task_output import ReadTaskOutput, TaskOutputReader
from tests.fakes import JOB_ID, NOW, a_job, an_endpoint, an_express_job
from tests.unit.usecases.stack import Stack

EXPRESS_RUN = "arn:aws:states:eu-central-1:123456789012:express:quick:fp-1:run"


@pytest.fixture
def stack() -> Stack:
    return Stack()


def exited(name: str, kind: str = "Task", **details: Any) -> HistoryEvent:
    return HistoryEvent(1, 0, f"{kind}StateExited", NOW, {"name": name, **details})


def read(stack: Stack, task: str = "query_1", job: Job | None = None) -> str:
    stack.jobs.create(job or a_job(status="RUNNING"))
    use = TaskOutputReader(stack.access, stack.reader)
    return use(stack.caller(), ReadTaskOutput(JOB_ID, task)).output


def test_a_state_that_was_left_gives_its_output_while_the_run_goes_on(stack: Stack) -> None:
    stack.executions.events = [exited("query_1", output="[1.50]"), exited("other", output="2")]
    assert read(stack) == "[1.50]"


def test_of_a_state_that_was_left_twice_the_latest_output_counts(stack: Stack) -> None:
    stack.executions.events = [exited("query_1", output="1"), exited("query_1", kind="Map", output="2")]
    assert read(stack) == "2"


def test_a_state_that_was_entered_only_has_no_output(stack: Stack) -> None:
    stack.executions.events = [HistoryEvent(1, 0, "TaskStateEntered", NOW, {"name": "query_1", "input": "{}"})]
    with pytest.raises(errors.NotFound, match="has not finished a task 'query_1'"):
        read(stack)


def test_what_a_redriven_execution_went_on_to_is_not_the_earlier_jobs(stack: Stack) -> None:
    again = HistoryEvent(2, 1, "ExecutionRedriven", NOW, {})
    stack.executions.events = [exited("query_1", output="1"), again, exited("query_1", output="2")]
    assert read(stack) == "1"


@pytest.mark.parametrize("details", [{}, {"output": "[1", "outputDetails": {"truncated": True}}])
def test_a_log_without_its_data_says_so(stack: Stack, details: dict[str, Any]) -> None:
    stack.directory.add(an_endpoint(log_group="/aws/vendedlogs/states/quick"))
    stack.logs.events = [exited("query_1", **details)]
    with pytest.raises(errors.NotFound, match="leaves the data of its executions out, or cuts it"):
        read(stack, job=an_express_job(status="SUCCEEDED", execution_arn=EXPRESS_RUN))


def test_an_express_run_gives_what_its_machine_logged(stack: Stack) -> None:
    stack.directory.add(an_endpoint(log_group="/aws/vendedlogs/states/quick"))
    stack.logs.events = [exited("query_1", output="[]", outputDetails={"truncated": False})]
    assert read(stack, job=an_express_job(status="SUCCEEDED", execution_arn=EXPRESS_RUN)) == "[]"


@pytest.mark.parametrize("arn", [None, EXPRESS_RUN])
def test_an_express_run_without_a_log_group_has_no_outputs_to_show(stack: Stack, arn: str | None) -> None:
    with pytest.raises(errors.NotFound, match="AWS keeps no history of Express executions"):
        read(stack, job=an_express_job(status="SUCCEEDED", execution_arn=arn))


@pytest.mark.parametrize("members", [{"keep_payloads_ms": 0}, {"keep_payloads_ms": 1, "payloads_expired": True}])
def test_payloads_that_are_not_kept_are_not_shown_from_aws_either(stack: Stack, members: dict[str, Any]) -> None:
    stack.executions.events = [exited("query_1", output="secret")]
    with pytest.raises(errors.PayloadNotKept):
        read(stack, job=a_job(status="SUCCEEDED", **members))


def test_nobody_reads_the_output_of_a_foreign_job(stack: Stack) -> None:
    stack.executions.events = [exited("query_1", output="secret")]
    with pytest.raises(errors.NotFound, match="There is no job"):
        read(stack, job=a_job(workspace="other"))


def test_a_number_leads_nobody_without_a_credential_to_a_job_as_its_id_does(stack: Stack) -> None:
    number = JobNumber("nebulagraph", 1)
    stack.jobs.create(a_job(principal="anonymous", number=number))
    nobody = stack.caller(presented=None)
    assert stack.access.to_read_job(nobody, JOB_ID)[1].id == JOB_ID
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(nobody, number)
    assert stack.access.to_read_job(stack.caller(), number)[1].id == JOB_ID
