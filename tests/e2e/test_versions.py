"""Versions and aliases of state machines as what an endpoint runs."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import Local


@pytest.fixture
def alias(local: Local) -> Iterator[str]:
    """The ARN of an alias of the Standard sample, whose tag is the machine's."""
    client, arn = local.aws("stepfunctions"), local.machines["HelloStandardArn"]
    version = client.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    routing = [{"stateMachineVersionArn": version, "weight": 100}]
    name = f"PROD-{secrets.token_hex(3)}"
    made = client.create_state_machine_alias(name=name, routingConfiguration=routing)["stateMachineAliasArn"]
    yield made
    client.delete_state_machine_alias(stateMachineAliasArn=made)
    client.delete_state_machine_version(stateMachineVersionArn=version)


def test_a_run_of_an_alias_ends_and_its_end_is_recorded(
    local: Local, caller: httpx.Client, endpoint: Callable[..., str], alias: str
) -> None:
    path = endpoint(express_arn=None, standard_arn=alias)
    answer = caller.post(f"/v1/run/{path}", json={"name": "Ada"}, headers={"Prefer": "wait=25"})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    assert job["status"] == "SUCCEEDED"
    machine = local.machines["HelloStandardArn"].rpartition(":")[2]
    assert job["execution_arn"].endswith(f":execution:{machine}:fp-{job['id']}")
    assert caller.get(f"/v1/jobs/{job['id']}/steps").json()["steps"]


def test_the_machines_that_may_be_published_name_their_versions_and_aliases(
    local: Local, admin: httpx.Client, alias: str
) -> None:
    items = admin.get("/v1/admin/machines", params={"limit": 100}).json()["items"]
    (machine,) = [one for one in items if one["arn"] == local.machines["HelloStandardArn"]]
    assert alias in machine["aliases"]
    assert machine["versions"]


def test_an_alias_that_there_is_not_is_refused(local: Local, admin: httpx.Client) -> None:
    body = {"standard_arn": local.machines["HelloStandardArn"] + ":NONE"}
    answer = admin.put("/v1/admin/endpoints/tests/none", json=body)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:flowport:problem:state-machine-missing")
