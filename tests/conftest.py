"""What the tests share: no sockets below the functional level, and DynamoDB in process (moto) with the three tables."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_socket import disable_socket, enable_socket

from tests.tables import made_at

# Read when clients are made and when the product's modules are imported, so set before either.
for _name, _value in {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "POWERTOOLS_METRICS_NAMESPACE": "Flowport",
    "POWERTOOLS_SERVICE_NAME": "flowport-tests",
}.items():
    os.environ.setdefault(_name, _value)

OFFLINE = tuple(Path(__file__).parent / level for level in ("unit", "contract"))


@pytest.fixture(autouse=True)
def _offline(request: pytest.FixtureRequest) -> Iterator[None]:
    """Refuse every socket to the unit and contract levels."""
    if not request.path.is_relative_to(OFFLINE[0]) and not request.path.is_relative_to(OFFLINE[1]):
        yield
        return
    disable_socket()
    yield
    enable_socket()


@pytest.fixture(scope="module")
def _aws() -> Iterator[Any]:
    from moto import mock_aws

    with mock_aws():
        import botocore.session

        yield botocore.session.get_session().create_client("dynamodb")


def _key(**names: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in names.items()]


def _index(name: str, projection: str, **keys: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _key(**keys), "Projection": {"ProjectionType": projection}}


def _create(client: Any, name: str, types: str, keys: dict[str, str], indexes: list[dict[str, Any]]) -> str:
    attributes = (attribute.split(":") for attribute in types.split())
    table = f"{name}-{uuid4().hex[:8]}"
    client.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind} for key, kind in attributes],
        KeySchema=_key(**keys),
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    made_at(table, 0)
    return table


@pytest.fixture
def dynamodb(_aws: Any) -> Any:  # a botocore client has no type of its own
    """Give a client of DynamoDB in process."""
    return _aws


def create_jobs_table(client: Any) -> str:
    """Create an empty Jobs table as template.yaml has it, and give its name."""
    types = "job_id:S item:S listing_endpoint:S listing_workspace:S listing_at:S open_shard:S check_at:N"
    return _create(
        client,
        "jobs",
        types,
        {"job_id": "HASH", "item": "RANGE"},
        [
            _index("by_endpoint", "KEYS_ONLY", listing_endpoint="HASH", listing_at="RANGE"),
            _index("by_workspace", "KEYS_ONLY", listing_workspace="HASH", listing_at="RANGE"),
            _index("open", "KEYS_ONLY", open_shard="HASH", check_at="RANGE"),
        ],
    )


@pytest.fixture
def jobs_table(_aws: Any) -> str:
    """Create an empty Jobs table and give its name."""
    return create_jobs_table(_aws)


@pytest.fixture
def new_jobs_table() -> Callable[[Any], str]:
    """Give a function that creates another empty Jobs table through a client each time, and gives its name."""
    return create_jobs_table


@pytest.fixture
def endpoints_table(_aws: Any) -> str:
    """Create an empty Endpoints table and give its name."""
    return _create(_aws, "endpoints", "workspace:S item:S", {"workspace": "HASH", "item": "RANGE"}, [])


@pytest.fixture
def credentials_table(_aws: Any) -> str:
    """Create an empty Credentials table and give its name."""
    by_workspace = _index("by_workspace", "ALL", workspace="HASH", credential_id="RANGE")
    return _create(_aws, "credentials", "id:S workspace:S credential_id:S", {"id": "HASH"}, [by_workspace])
