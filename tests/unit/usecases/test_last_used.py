"""When a use of a credential is noted."""

from dataclasses import replace

import pytest

from flowport.domain import errors
from flowport.usecases.access import Access
from tests.fakes import NOW, a_credential, presented_user
from tests.functional.harness import template
from tests.unit.usecases.stack import Stack

HOUR = 3_600_000


class Uses:
    """Remembers what was noted."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, int]] = []

    def note(self, key: str, at: int) -> None:
        self.noted.append((key, at))


@pytest.fixture
def uses() -> Uses:
    return Uses()


@pytest.fixture
def access(stack: Stack, uses: Uses) -> Access:
    return replace(stack.access, uses=uses)


@pytest.mark.parametrize(
    ("last", "noted"), [(None, 1), (NOW - HOUR, 1), (NOW - HOUR + 1, 0), (NOW, 0), (NOW + HOUR, 0)]
)
def test_a_use_is_noted_once_an_hour(stack: Stack, access: Access, uses: Uses, last: int | None, noted: int) -> None:
    stack.directory.add(a_credential(stack.token, last_used_at=last))
    access.to_list_jobs(stack.caller())
    assert uses.noted == [(stack.token.key, NOW)] * noted


def test_a_refused_credential_was_not_used(stack: Stack, access: Access, uses: Uses) -> None:
    stack.directory.add(a_credential(stack.token, revoked_at=NOW))
    with pytest.raises(errors.Unauthenticated):
        access.to_list_jobs(stack.caller())
    with pytest.raises(errors.Unauthenticated):
        access.to_list_jobs(stack.caller(presented=presented_user(password="wrong")))
    assert uses.noted == []


def test_the_public_function_can_write_nothing_of_a_credential_but_its_last_use() -> None:
    role = template()["Resources"]["GatewayRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    table = {"Fn::GetAtt": ["CredentialsTable", "Arn"]}
    writes = []
    for statement in role:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if any(str(resource) == str(table) or resource == table for resource in resources):
            writes += [(action, statement.get("Condition")) for action in actions if "Get" not in action]
    assert writes == [
        (
            "dynamodb:UpdateItem",
            {
                "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "last_used_at"]},
                "StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_OLD", "UPDATED_NEW"]},
            },
        )
    ]
