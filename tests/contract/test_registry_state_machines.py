"""State machines as publishing reads them."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from flowport.adapters.state_machines import StepFunctionsMachines
from flowport.domain.errors import Unavailable
from flowport.usecases.admin.ports import MachineState
from tests.fakes import FakeClock

DEFINITION = '{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}'
ROLE = "arn:aws:iam::123456789012:role/workflow"
SOON = 10.0


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield botocore.session.get_session().create_client("stepfunctions")


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Any")


class Stub:
    """Step Functions that answers what a test says; an exception is raised."""

    def __init__(self, machine: dict[str, str] | Exception, tags: Exception | None = None) -> None:
        self.machine = machine
        self.tags = tags

    def describe_state_machine(self, **_: object) -> dict[str, str]:
        if isinstance(self.machine, Exception):
            raise self.machine
        return self.machine

    def list_tags_for_resource(self, **_: object) -> dict[str, list[dict[str, str]]]:
        if self.tags is not None:
            raise self.tags
        return {"tags": []}


@pytest.mark.parametrize("kind", ["EXPRESS", "STANDARD"])
def test_a_machine_is_read_with_its_type_and_tags(client: Any, kind: str) -> None:
    tags = [{"key": "flowport:publish", "value": "a b"}]
    made = client.create_state_machine(name=kind, type=kind, roleArn=ROLE, definition=DEFINITION, tags=tags)
    found = StepFunctionsMachines(lambda: client, FakeClock()).describe(made["stateMachineArn"], deadline=SOON)
    assert found == MachineState(kind, "ACTIVE", {"flowport:publish": "a b"})


def test_a_machine_that_is_not_there_is_none(client: Any) -> None:
    arn = "arn:aws:states:eu-central-1:123456789012:stateMachine:none"
    assert StepFunctionsMachines(lambda: client, FakeClock()).describe(arn, deadline=SOON) is None


@pytest.mark.parametrize("code", ["StateMachineDoesNotExist", "InvalidArn", "AccessDeniedException"])
def test_a_machine_that_aws_will_not_show_is_none(code: str) -> None:
    machines = StepFunctionsMachines(lambda: Stub(refused(code)), FakeClock())
    assert machines.describe("arn", deadline=SOON) is None


def test_a_machine_that_goes_before_its_tags_are_read_is_none() -> None:
    stub = Stub({"type": "EXPRESS", "status": "ACTIVE"}, refused("ResourceNotFound"))
    assert StepFunctionsMachines(lambda: stub, FakeClock()).describe("arn", deadline=SOON) is None


def test_tags_that_may_not_be_read_are_not_taken_for_none() -> None:
    stub = Stub({"type": "EXPRESS", "status": "ACTIVE"}, refused("AccessDeniedException"))
    with pytest.raises(ClientError):
        StepFunctionsMachines(lambda: stub, FakeClock()).describe("arn", deadline=SOON)


def test_step_functions_that_throttles_to_the_end_is_unavailable() -> None:
    machines = StepFunctionsMachines(lambda: Stub(refused("ThrottlingException")), FakeClock())
    with pytest.raises(Unavailable):
        machines.describe("arn", deadline=SOON)


class Versioned:
    """Step Functions with one machine and its alias PROD; `asked` holds what was asked for."""

    OWN = "arn:aws:states:eu-central-1:123456789012:stateMachine:durable"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def describe_state_machine(self, **request: str) -> dict[str, str]:
        self.asked.append(request["stateMachineArn"])
        if self.asked[-1] not in {self.OWN, f"{self.OWN}:PROD"}:
            raise refused("StateMachineDoesNotExist")
        return {"type": "STANDARD", "status": "ACTIVE"}

    def list_tags_for_resource(self, **request: str) -> dict[str, list[dict[str, str]]]:
        self.asked.append(request["resourceArn"])
        return {"tags": [{"key": "flowport:publish", "value": "acme"}]}


def test_an_alias_has_the_type_and_the_tags_of_its_machine() -> None:
    client = Versioned()
    machines = StepFunctionsMachines(lambda: client, FakeClock())
    found = machines.describe(f"{client.OWN}:PROD", deadline=SOON)
    assert found == MachineState("STANDARD", "ACTIVE", {"flowport:publish": "acme"})
    assert client.asked == [client.OWN, f"{client.OWN}:PROD", client.OWN]


def test_an_alias_that_its_machine_does_not_have_is_none() -> None:
    client = Versioned()
    assert StepFunctionsMachines(lambda: client, FakeClock()).describe(f"{client.OWN}:TEST", deadline=SOON) is None
