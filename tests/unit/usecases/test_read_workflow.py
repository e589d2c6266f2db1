"""Who is shown the workflow behind an endpoint or a job, and which one."""

from dataclasses import replace

import pytest

from flowport.domain import errors
from flowport.domain.records import Endpoint
from flowport.usecases.ports import Definition
from flowport.usecases.read_workflow import ReadEndpointWorkflow, ReadJobWorkflow, WorkflowReader
from tests.fakes import EXPRESS_ARN, STANDARD_ARN, FakeDefinitions, a_credential, a_job, an_endpoint, an_express_job
from tests.unit.usecases.stack import Stack

QUOTE = ReadEndpointWorkflow("billing/quote")


def text(name: str) -> str:
    return f'{{"StartAt":"{name}","States":{{"{name}":{{"Type":"Pass","End":true}}}}}}'


@pytest.fixture
def definitions() -> FakeDefinitions:
    fake = FakeDefinitions()
    fake.machines[EXPRESS_ARN] = Definition(EXPRESS_ARN, "EXPRESS", text("Quick"))
    fake.machines[STANDARD_ARN] = Definition(STANDARD_ARN, "STANDARD", text("Durable"))
    return fake


@pytest.fixture
def reader(stack: Stack, definitions: FakeDefinitions) -> WorkflowReader:
    return WorkflowReader(stack.access, definitions)


def both(**members: object) -> Endpoint:
    return an_endpoint(express_arn=EXPRESS_ARN, standard_arn=STANDARD_ARN, **members)


@pytest.mark.parametrize(("mode", "start"), [("sync", "Quick"), ("async", "Durable")])
def test_an_endpoints_workflow_is_that_of_the_machine_that_a_call_runs(
    stack: Stack, reader: WorkflowReader, mode: str, start: str
) -> None:
    stack.directory.add(both(mode=mode))
    assert reader.of_endpoint(stack.caller(), QUOTE).workflow.start_at == start


def test_a_machine_can_be_asked_for(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(both())
    wanted = ReadEndpointWorkflow("billing/quote", "standard")
    assert reader.of_endpoint(stack.caller(), wanted).definition.machine_arn == STANDARD_ARN


def test_a_machine_that_the_endpoint_has_not_is_404(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(an_endpoint(express_arn=EXPRESS_ARN, standard_arn=None))
    with pytest.raises(errors.NotFound):
        reader.of_endpoint(stack.caller(), ReadEndpointWorkflow("billing/quote", "standard"))


def test_a_disabled_endpoints_workflow_is_shown(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(both(enabled=False))
    assert reader.of_endpoint(stack.caller(), QUOTE).exact


def test_nobody_sees_a_workflow_without_a_credential(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(both(auth=("none",)))
    with pytest.raises(errors.CredentialMissing):
        reader.of_endpoint(stack.caller(presented=None), QUOTE)


def test_a_credential_of_other_endpoints_is_told_of_none(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(both(), a_credential(stack.token, endpoints=("billing/other",)))
    with pytest.raises(errors.NotFound):
        reader.of_endpoint(stack.caller(), QUOTE)


def test_a_credential_that_may_neither_run_nor_read_is_refused(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(both(), a_credential(stack.token, scopes=("job.read",)))
    with pytest.raises(errors.Forbidden):
        reader.of_endpoint(stack.caller(), QUOTE)


def test_a_standard_job_is_shown_the_workflow_that_it_was_started_with(
    stack: Stack, reader: WorkflowReader, definitions: FakeDefinitions
) -> None:
    job = a_job(execution_arn="arn:execution")
    stack.jobs.create(job)
    definitions.executions["arn:execution"] = Definition(STANDARD_ARN, "STANDARD", text("Before"))
    read = reader.of_job(stack.caller(), ReadJobWorkflow(job.id))
    assert (read.workflow.start_at, read.exact) == ("Before", True)


def test_an_express_job_is_shown_the_present_workflow_and_told_so(stack: Stack, reader: WorkflowReader) -> None:
    job = replace(an_express_job(), state_machine_arn=EXPRESS_ARN)
    stack.jobs.create(job)
    read = reader.of_job(stack.caller(), ReadJobWorkflow(job.id))
    assert (read.workflow.start_at, read.exact) == ("Quick", False)


def test_a_version_that_is_not_shown_is_not_passed_off_as_the_machine(stack: Stack, reader: WorkflowReader) -> None:
    stack.directory.add(an_endpoint(express_arn=f"{EXPRESS_ARN}:7", standard_arn=None))
    read = reader.of_endpoint(stack.caller(), QUOTE)
    assert (read.definition.machine_arn, read.exact) == (EXPRESS_ARN, False)


def test_a_workflow_whose_machine_is_gone_is_404(
    stack: Stack, reader: WorkflowReader, definitions: FakeDefinitions
) -> None:
    stack.directory.add(both())
    definitions.machines.clear()
    with pytest.raises(errors.NotFound):
        reader.of_endpoint(stack.caller(), QUOTE)
