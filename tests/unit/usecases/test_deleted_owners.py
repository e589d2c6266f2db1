"""What becomes of jobs whose endpoint, credential or workspace is gone: the row alone decides, so nothing hangs."""

from dataclasses import replace

import pytest

from flowport.domain import errors
from flowport.domain.job import Job, Outcome
from flowport.domain.preferences import Preference
from flowport.usecases.read_jobs import ListJobs, ReadJob, ReadSteps
from flowport.usecases.record_completion import Completion
from flowport.usecases.stop_job import Cancel, ChangeJobs
from tests.fakes import ACME, NOW, a_credential, an_endpoint, fail
from tests.unit.usecases.stack import Stack

ASYNC = Preference(respond_async=True)
DONE = Outcome("SUCCEEDED", NOW + 5, output="1")
MACHINES = [{"express_arn": None}, {"standard_arn": None}]


def accepted(stack: Stack, **endpoint: None) -> Job:
    """Let a job be accepted whose process died before it started anything."""
    stack.directory.add(an_endpoint(**endpoint))
    fail(stack.executions, "start_standard", errors.UnknownOutcome("lost"))
    fail(stack.detached, "start", errors.Unavailable("busy"))
    job = stack.run(ASYNC).job
    assert job.status == "ACCEPTED"
    return job


def settle(stack: Stack, job: Job) -> None:
    """Let the sweep start the job, and its run end."""
    stack.sweep_after(60)
    stack.run_detached(job.id)
    for arn in stack.executions.standard:
        stack.executions.finish(arn, DONE)
        stack.record_completion(Completion(arn, f"fp-{job.id}", DONE))


@pytest.mark.parametrize("machine", MACHINES)
def test_an_accepted_job_runs_although_its_endpoint_is_deleted(stack: Stack, machine: dict[str, None]) -> None:
    job = accepted(stack, **machine)
    stack.directory.endpoints.clear()
    settle(stack, job)
    assert stack.reader.read(stack.caller(), ReadJob(job.id)).status == "SUCCEEDED"
    assert [listed.id for listed in stack.reader.list(stack.caller(), ListJobs(endpoint=job.endpoint)).jobs] == [job.id]


@pytest.mark.parametrize("machine", MACHINES)
def test_an_accepted_job_runs_although_its_endpoint_is_switched_off(stack: Stack, machine: dict[str, None]) -> None:
    job = accepted(stack, **machine)
    stack.directory.add(an_endpoint(enabled=False))
    settle(stack, job)
    assert stack.row().status == "SUCCEEDED"


def test_the_job_of_a_deleted_endpoint_can_be_cancelled(stack: Stack) -> None:
    stack.directory.add(an_endpoint(express_arn=None))
    job = stack.run(ASYNC).job
    stack.directory.endpoints.clear()
    changes = ChangeJobs(stack.access, stack.jobs, stack.stop)
    assert changes.cancel(stack.caller(), Cancel(job.id)).status == "ABORTED"
    assert stack.executions.stopped == [job.execution_arn]


def test_the_steps_of_an_express_run_need_the_endpoint_that_names_the_log(stack: Stack) -> None:
    stack.directory.add(an_endpoint(log_group="/aws/vendedlogs/states/quick"))
    job = stack.run().job
    stack.directory.endpoints.clear()
    read = stack.reader.read_steps(stack.caller(), ReadSteps(job.id))
    assert (read.steps, stack.logs.asked) == (None, [])
    assert read.reason is not None


@pytest.mark.parametrize("machine", MACHINES)
def test_a_job_runs_to_its_end_although_its_credential_is_revoked(stack: Stack, machine: dict[str, None]) -> None:
    job = accepted(stack, **machine)
    mine = a_credential(stack.token)
    stack.directory.add(replace(mine, revoked_at=NOW))
    settle(stack, job)
    with pytest.raises(errors.Unauthenticated):
        stack.reader.read(stack.caller(), ReadJob(job.id))
    stack.directory.add(replace(mine, credential_id="tok_2"))
    assert stack.reader.read(stack.caller(), ReadJob(job.id)).status == "SUCCEEDED"


def test_the_job_of_a_revoked_credential_is_not_shown_to_who_may_only_run(stack: Stack) -> None:
    job = stack.run().job
    stack.directory.add(a_credential(stack.token, credential_id="tok_2", scopes=("run",)))
    with pytest.raises(errors.NotFound):
        stack.reader.read(stack.caller(), ReadJob(job.id))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_run_of_a_deleted_workspace_is_recorded_and_read_by_nobody(stack: Stack, machine: dict[str, None]) -> None:
    job = accepted(stack, **machine)
    stack.directory.add(replace(ACME, status="deleted", reserved_until=NOW + 1))
    settle(stack, job)
    assert (stack.row().status, stack.row().check_at) == ("SUCCEEDED", None)
    assert stack.row().expires_at is not None
    with pytest.raises(errors.NotFound):
        stack.reader.read(stack.caller(), ReadJob(job.id))
    with pytest.raises(errors.NotFound):
        stack.reader.list(stack.caller(), ListJobs())


def test_the_anonymous_job_of_a_deleted_workspace_is_read_by_nobody(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("none",)))
    job = stack.run(caller=stack.caller(presented=None)).job
    assert stack.reader.read(stack.caller(presented=None), ReadJob(job.id)).status == "SUCCEEDED"
    stack.directory.add(replace(ACME, status="deleted", reserved_until=NOW + 1))
    with pytest.raises(errors.NotFound):
        stack.reader.read(stack.caller(presented=None), ReadJob(job.id))
