"""Show the workflow behind an endpoint or a job as a graph."""

from dataclasses import dataclass
from typing import Final, Literal

from flowport.domain.access import check_scope
from flowport.domain.errors import NotFound
from flowport.domain.numbers import JobNumber
from flowport.domain.records import Endpoint
from flowport.domain.workflow import Workflow, workflow_of
from flowport.usecases.access import Access, Caller
from flowport.usecases.ports import Definition, Definitions

SHOWN_TO: Final = frozenset({"run", "jobs:read", "admin"})


@dataclass(frozen=True, slots=True)
class ReadEndpointWorkflow:
    """A request for the workflow behind an endpoint; None is the machine that a call without a preference runs."""

    endpoint: str
    machine: Literal["express", "standard"] | None = None


@dataclass(frozen=True, slots=True)
class ReadJobWorkflow:
    """A request for the workflow that a job ran."""

    reference: str | JobNumber


@dataclass(frozen=True, slots=True)
class WorkflowRead:
    """A workflow and the machine that it is of. `exact` is False where it may have changed since the job ran."""

    definition: Definition
    workflow: Workflow
    exact: bool


@dataclass(frozen=True, slots=True)
class WorkflowReader:
    """The use cases that show workflows."""

    access: Access
    definitions: Definitions

    def of_endpoint(self, caller: Caller, command: ReadEndpointWorkflow) -> WorkflowRead:
        """Give the present workflow of an endpoint, disabled or not, to a credential that reaches it."""
        principal, endpoint = self.access.to_see_endpoint(caller, command.endpoint)
        check_scope(principal, SHOWN_TO)
        arn = _machine_of(endpoint, command.machine)
        if arn is None:
            message = f"The endpoint {endpoint.path!r} has no {command.machine} state machine."
            raise NotFound(message)
        return self._present(arn, caller.answer_by, exact=True)

    def of_job(self, caller: Caller, command: ReadJobWorkflow) -> WorkflowRead:
        """Give the workflow as it was when the job started, where AWS still knows (Standard runs), else as it is."""
        _, job = self.access.to_read_job(caller, command.reference)
        if job.machine_type == "STANDARD" and job.execution_arn is not None:
            started_with = self.definitions.of_execution(job.execution_arn, deadline=caller.answer_by)
            if started_with is not None:
                return WorkflowRead(started_with, workflow_of(started_with.text), exact=True)
        return self._present(job.state_machine_arn, caller.answer_by, exact=False)

    def _present(self, arn: str, deadline: float, *, exact: bool) -> WorkflowRead:
        found = self.definitions.of_machine(arn, deadline=deadline)
        if found is None:
            message = (
                f"The state machine {arn} cannot be shown: it is no longer there, or has lost its tag flowport:publish."
            )
            raise NotFound(message)
        return WorkflowRead(found, workflow_of(found.text), exact and found.machine_arn == arn)


def _machine_of(endpoint: Endpoint, wanted: str | None) -> str | None:
    if wanted is not None:
        return endpoint.express_arn if wanted == "express" else endpoint.standard_arn
    if endpoint.mode == "async":
        return endpoint.standard_arn or endpoint.express_arn
    return endpoint.express_arn or endpoint.standard_arn
