"""The port Definitions: on the fake and on moto."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from flowport.adapters.definitions import StepFunctionsDefinitions
from flowport.domain.errors import Unavailable
from flowport.usecases.ports import Definition, Definitions
from tests.fakes import ACCOUNT, FakeClock, FakeDefinitions

TEXT = '{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}'
LATER = '{"StartAt":"Other","States":{"Other":{"Type":"Pass","End":true}}}'
GONE = f"{ACCOUNT}:stateMachine:gone"


class Place:
    """Where machines are: the fake, or moto's Step Functions."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.fake = FakeDefinitions()
        self.port: Definitions = self.fake if client is None else StepFunctionsDefinitions(lambda: client, FakeClock())

    def make(self) -> str:
        if self.client is None:
            self.fake.machines[f"{ACCOUNT}:stateMachine:m"] = Definition(f"{ACCOUNT}:stateMachine:m", "STANDARD", TEXT)
            return f"{ACCOUNT}:stateMachine:m"
        made = self.client.create_state_machine(name="m", roleArn="arn:aws:iam::123456789012:role/x", definition=TEXT)
        return str(made["stateMachineArn"])

    def run(self, machine: str) -> str:
        if self.client is None:
            self.fake.executions["execution"] = self.fake.machines[machine]
            return "execution"
        return str(self.client.start_execution(stateMachineArn=machine)["executionArn"])


@pytest.fixture(params=["fake", "moto"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "fake":
        yield Place(None)
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        import botocore.session

        yield Place(botocore.session.get_session().create_client("stepfunctions"))


def test_a_machines_definition_is_given_with_its_type(place: Place) -> None:
    arn = place.make()
    assert place.port.of_machine(arn) == Definition(arn, "STANDARD", TEXT)


def test_an_executions_definition_is_that_of_its_machine(place: Place) -> None:
    arn = place.make()
    assert place.port.of_execution(place.run(arn)) == Definition(arn, "STANDARD", TEXT)


@pytest.mark.parametrize("suffix", [":live", ":7"])
def test_a_version_or_alias_that_is_not_shown_has_its_machines_definition(place: Place, suffix: str) -> None:
    arn = place.make()
    assert place.port.of_machine(arn + suffix) == Definition(arn, "STANDARD", TEXT)


def test_what_is_not_there_has_no_definition(place: Place) -> None:
    assert place.port.of_machine(GONE) is None
    assert place.port.of_execution(f"{ACCOUNT}:execution:m:gone") is None


class Refusing:
    """Step Functions that refuses everything in one way."""

    def __init__(self, code: str) -> None:
        self.error = ClientError({"Error": {"Code": code}}, "DescribeStateMachine")

    def describe_state_machine(self, **_: object) -> None:
        raise self.error


def test_a_machine_that_has_lost_its_consent_is_not_shown() -> None:
    refusing = Refusing("AccessDeniedException")
    assert StepFunctionsDefinitions(lambda: refusing, FakeClock()).of_machine("arn") is None


def test_a_throttle_to_the_end_is_not_taken_for_a_machine_that_is_gone() -> None:
    refusing = Refusing("ThrottlingException")
    with pytest.raises(Unavailable):
        StepFunctionsDefinitions(lambda: refusing, FakeClock()).of_machine("arn")
