"""The port ConsentedMachines on Step Functions and the tagging API."""

from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from flowport.adapters.machine_list import TaggedMachines
from flowport.domain.errors import Unavailable
from flowport.usecases.admin.ports import ConsentedMachine
from tests.fakes import ACCOUNT, FakeClock

QUOTE, REPORT, PLAIN = (f"{ACCOUNT}:stateMachine:{name}" for name in ("quote", "report", "plain"))
SOON = 10.0
AT = datetime(2026, 11, 22, tzinfo=UTC)
ASKED = {
    "TagFilters": [{"Key": "flowport:publish"}],
    "ResourceTypeFilters": ["states:stateMachine"],
    "ResourcesPerPage": 100,
}


class Stubs:
    """Both clients, which check each request against AWS's own model and answer what a test says."""

    def __init__(self) -> None:
        session = botocore.session.get_session()
        self.states = session.create_client("stepfunctions", region_name="us-east-1")
        self.tagging = session.create_client("resourcegroupstaggingapi", region_name="us-east-1")
        self.of_states, self.of_tagging = Stubber(self.states), Stubber(self.tagging)
        self.of_states.activate()
        self.of_tagging.activate()
        self.port = TaggedMachines(lambda: self.states, lambda: self.tagging, FakeClock())

    def machines(self, *found: tuple[str, str], token: str | None = None, asked: str | None = None) -> None:
        listed = [
            {"stateMachineArn": arn, "name": arn.rpartition(":")[2], "type": kind, "creationDate": AT}
            for arn, kind in found
        ]
        answer: dict[str, Any] = {"stateMachines": listed} | ({"nextToken": token} if token else {})
        self.of_states.add_response(
            "list_state_machines", answer, {"maxResults": 1000} | ({"nextToken": asked} if asked else {})
        )

    def tagged(self, *found: tuple[str, str], token: str = "", asked: str | None = None) -> None:
        listed = [
            {"ResourceARN": arn, "Tags": [{"Key": "flowport:publish", "Value": value}, {"Key": "team", "Value": "x"}]}
            for arn, value in found
        ]
        self.of_tagging.add_response(
            "get_resources",
            {"ResourceTagMappingList": listed, "PaginationToken": token},
            ASKED | ({"PaginationToken": asked} if asked else {}),
        )


@pytest.fixture
def stubs() -> Stubs:
    return Stubs()


def test_machines_that_carry_the_tag_are_given_with_its_value(stubs: Stubs) -> None:
    stubs.machines((QUOTE, "EXPRESS"), (PLAIN, "STANDARD"), token="more")
    stubs.machines((REPORT, "STANDARD"), asked="more")
    stubs.tagged((QUOTE, "default"), token="next")
    stubs.tagged((REPORT, "a b"), asked="next")
    assert stubs.port.tagged(deadline=SOON) == [
        ConsentedMachine(QUOTE, "quote", "EXPRESS", "default"),
        ConsentedMachine(REPORT, "report", "STANDARD", "a b"),
    ]


def test_where_the_tagging_api_knows_none_the_machines_are_asked_one_by_one(stubs: Stubs) -> None:
    stubs.machines((QUOTE, "EXPRESS"), (PLAIN, "STANDARD"))
    stubs.tagged()
    stubs.of_states.add_response(
        "list_tags_for_resource", {"tags": [{"key": "flowport:publish", "value": "default"}]}, {"resourceArn": QUOTE}
    )
    stubs.of_states.add_client_error(
        "list_tags_for_resource", "ResourceNotFound", expected_params={"resourceArn": PLAIN}
    )
    assert [machine.arn for machine in stubs.port.tagged(deadline=SOON)] == [QUOTE]


def test_a_tag_of_a_machine_that_is_gone_names_nothing(stubs: Stubs) -> None:
    stubs.machines((QUOTE, "EXPRESS"))
    stubs.tagged((REPORT, "default"))
    assert stubs.port.tagged(deadline=SOON) == []


def test_versions_and_aliases_are_added(stubs: Stubs) -> None:
    asked = {"stateMachineArn": QUOTE, "maxResults": 100}
    versions = [{"stateMachineVersionArn": f"{QUOTE}:2", "creationDate": AT}]
    aliases = [{"stateMachineAliasArn": f"{QUOTE}:live", "creationDate": AT}]
    stubs.of_states.add_response("list_state_machine_versions", {"stateMachineVersions": versions}, asked)
    stubs.of_states.add_response("list_state_machine_aliases", {"stateMachineAliases": aliases}, asked)
    machine = ConsentedMachine(QUOTE, "quote", "EXPRESS", "default")
    assert stubs.port.with_versions(machine, deadline=SOON) == ConsentedMachine(
        QUOTE, "quote", "EXPRESS", "default", (f"{QUOTE}:2",), (f"{QUOTE}:live",)
    )


def test_a_tagging_api_that_throttles_to_the_end_is_not_taken_for_no_machines(stubs: Stubs) -> None:
    stubs.machines((QUOTE, "EXPRESS"))
    for _ in range(20):
        stubs.of_tagging.add_client_error("get_resources", "ThrottledException")
    with pytest.raises(Unavailable):
        stubs.port.tagged(deadline=SOON)
