"""What crashes and lost events leave behind is laid into the table, and repaired by the deployed functions."""

import time
import uuid
from typing import Any

import httpx
import pytest

from flowport.adapters.jobs_table import row_of
from flowport.domain.ids import execution_name, new_job_id, standard_execution_arn
from flowport.domain.job import Job
from flowport.domain.records import MachineType, Mode
from tests.e2e.conftest import Jobs, Local, ended


def left_behind(local: Local, machine: str, status: str, mode: Mode, *, ago: int = 5000, **more: Any) -> Job:
    """A job as a process that died `ago` milliseconds after its acceptance left it: overdue for the sweep."""
    machine_type: MachineType = "EXPRESS" if machine.endswith("ExpressArn") else "STANDARD"
    now = time.time_ns() // 1_000_000
    job_id = new_job_id()
    arn = local.machines[machine]
    return Job(
        id=job_id,
        workspace="default",
        endpoint="samples/report",
        status=status,  # type: ignore[arg-type]
        mode=mode,
        machine_type=machine_type,
        state_machine_arn=arn,
        principal="token:gone",
        created_at=now - ago,
        attempt=uuid.uuid4().hex[:16],
        execution_arn=standard_execution_arn(arn, job_id) if machine_type == "STANDARD" else None,
        input='{"seconds":0}',
        keep_ms=86_400_000,
        check_at=now - 1000,
        **more,
    )


@pytest.mark.parametrize("machine", ["ReportExpressArn", "ReportStandardArn"])
def test_an_async_job_whose_function_died_before_the_start_is_started_by_the_sweep(
    local: Local, jobs: Jobs, caller: httpx.Client, machine: str
) -> None:
    job = left_behind(local, machine, "ACCEPTED", "async")
    jobs.put(row_of(job))
    jobs.sweep()
    assert ended(caller, job.id)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("machine", "error"),
    [("ReportExpressArn", "Flowport.OutcomeUnknown"), ("ReportStandardArn", "Flowport.NotStarted")],
)
def test_a_job_from_before_its_table_was_made_came_with_a_backup_and_is_not_started(
    local: Local, jobs: Jobs, caller: httpx.Client, machine: str, error: str
) -> None:
    job = left_behind(local, machine, "ACCEPTED", "async", ago=4 * 3_600_000)
    jobs.put(row_of(job))
    jobs.sweep()
    end = ended(caller, job.id)
    assert (end["status"], end["error"], end["execution_arn"]) == ("FAILED", error, job.execution_arn)


def test_a_job_whose_payloads_are_not_kept_leaves_none_and_gives_its_output_once(
    local: Local, jobs: Jobs, caller: httpx.Client
) -> None:
    job = left_behind(local, "ReportStandardArn", "ACCEPTED", "async", keep_payloads_ms=0)
    jobs.put(row_of(job))
    jobs.put({"job_id": job.id, "item": "input", "text": job.input, "expires_at": job.created_at // 1000 + 86_400})
    jobs.sweep()
    end = ended(caller, job.id)
    assert (end["status"], end["output"], end["payloads"]) == ("SUCCEEDED", None, "not-kept")
    assert caller.get(f"/v1/jobs/{job.id}/input").status_code == 410


def test_a_sync_job_whose_function_died_before_the_start_ends_as_not_started(
    local: Local, jobs: Jobs, caller: httpx.Client
) -> None:
    job = left_behind(local, "ReportStandardArn", "ACCEPTED", "sync")
    jobs.put(row_of(job))
    jobs.sweep()
    end = ended(caller, job.id)
    assert (end["status"], end["error"]) == ("FAILED", "Flowport.NotStarted")
    states = local.aws("stepfunctions")
    with pytest.raises(states.exceptions.ExecutionDoesNotExist):
        states.describe_execution(executionArn=job.execution_arn)


def test_an_express_run_whose_end_nobody_recorded_ends_as_outcome_unknown_and_is_not_run_again(
    local: Local, jobs: Jobs, caller: httpx.Client
) -> None:
    job = left_behind(local, "ReportExpressArn", "RUNNING", "sync", direct=True, started_at=1)
    jobs.put(row_of(job))
    jobs.sweep()
    jobs.invoke("RunExpressFunctionName", {"job_id": job.id})
    end = ended(caller, job.id)
    assert (end["status"], end["error"], end["execution_arn"]) == ("FAILED", "Flowport.OutcomeUnknown", None)


def test_a_completion_event_that_never_came_is_repaired_by_the_sweep(
    local: Local, jobs: Jobs, caller: httpx.Client
) -> None:
    job = left_behind(local, "ReportStandardArn", "RUNNING", "async", started_at=1)
    states = local.aws("stepfunctions")
    states.start_execution(stateMachineArn=job.state_machine_arn, name=execution_name(job.id), input=job.input)
    while states.describe_execution(executionArn=job.execution_arn)["status"] == "RUNNING":
        time.sleep(0.1)
    time.sleep(1)  # its event finds no job, and is dropped
    jobs.put(row_of(job))
    jobs.sweep()
    end = ended(caller, job.id)
    assert (end["status"], end["output"]["seconds"]) == ("SUCCEEDED", 0)


def status_event(job: dict[str, Any], status: str, **detail: Any) -> dict[str, Any]:
    return {
        "source": "aws.states",
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": job["execution_arn"],
            "name": job["execution_arn"].rpartition(":")[2],
            "status": status,
            "startDate": 1_700_000_000_000,
            "stopDate": 1_700_000_001_000,
            **detail,
        },
    }


def test_completion_events_twice_late_and_out_of_order_change_nothing_that_has_ended(
    local: Local, jobs: Jobs, caller: httpx.Client
) -> None:
    job = caller.post(f"/v1/run/{local.samples['hello-standard']}", json={}).json()
    before = jobs.row(job["id"])
    for event in (
        status_event(job, "SUCCEEDED", output='{"name":"another"}'),
        status_event(job, "SUCCEEDED", output='{"name":"another"}'),
        status_event(job, "FAILED", error="Late", cause="an older event"),
        status_event(job, "RUNNING"),
    ):
        jobs.invoke("RecordCompletionFunctionName", event)
    assert jobs.row(job["id"]) == before


def test_an_event_of_an_execution_that_is_no_jobs_is_dropped(local: Local, jobs: Jobs) -> None:
    arn = standard_execution_arn(local.machines["HelloStandardArn"], new_job_id())
    jobs.invoke("RecordCompletionFunctionName", status_event({"execution_arn": arn}, "SUCCEEDED", output="{}"))


def test_a_detached_run_delivered_twice_runs_once(local: Local, jobs: Jobs, caller: httpx.Client) -> None:
    job = left_behind(local, "ReportExpressArn", "ACCEPTED", "async")
    jobs.put(row_of(job))
    jobs.invoke("RunExpressFunctionName", {"job_id": job.id})
    first = jobs.row(job.id)
    jobs.invoke("RunExpressFunctionName", {"job_id": job.id})
    assert jobs.row(job.id) == first
    assert ended(caller, job.id)["status"] == "SUCCEEDED"
