"""The port CredentialUses on DynamoDB, and who notes a use."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.credential_uses import DynamoCredentialUses
from flowport.adapters.directory_items import credential_key, credential_of, credential_row
from flowport.adapters.items import decode_item, encode_item
from flowport.domain.records import Credential
from flowport.domain.tokens import new_token
from tests.fakes import NOW, a_credential

HOUR = 3_600_000


class Place:
    """A table with one credential, and the work that was put aside."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.table = f"Credentials-{uuid.uuid4()}"
        self.aside: list[Callable[[], None]] = []
        self.uses = DynamoCredentialUses(client, self.table, self.aside.append)
        self.credential = a_credential(new_token("acme"))
        client.create_table(
            TableName=self.table,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def write(self, **members: Any) -> None:
        row = encode_item(credential_row(replace(self.credential, **members)))
        self.client.put_item(TableName=self.table, Item=row)

    def read(self) -> Credential | None:
        item = self.client.get_item(TableName=self.table, Key=credential_key(self.credential.key)).get("Item")
        return None if item is None else credential_of(decode_item(item))

    def note(self, at: int) -> None:
        self.uses.note(self.credential.key, at)
        while self.aside:
            self.aside.pop()()


@pytest.fixture
def place(dynamodb: Any) -> Place:
    return Place(dynamodb)


def test_a_first_use_is_noted_and_changes_nothing_else(place: Place) -> None:
    place.write()
    place.note(NOW)
    assert place.read() == replace(place.credential, last_used_at=NOW)


def test_a_later_use_is_noted(place: Place) -> None:
    place.write(last_used_at=NOW)
    place.note(NOW + HOUR)
    assert place.read() == replace(place.credential, last_used_at=NOW + HOUR)


def test_of_two_processes_that_see_the_same_old_use_one_writes(place: Place) -> None:
    place.write()
    place.note(NOW + 5)
    place.note(NOW)
    place.note(NOW + 1000)
    assert place.read() == replace(place.credential, last_used_at=NOW + 5)


def test_a_credential_that_was_removed_does_not_come_back(place: Place) -> None:
    place.note(NOW)
    assert place.read() is None


def test_calls_at_one_time_make_one_write(place: Place) -> None:
    place.write()
    for _ in range(5):
        place.uses.note(place.credential.key, NOW)
    assert len(place.aside) == 1


class Lost:
    """DynamoDB that never answers."""

    def update_item(self, **_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")


def test_a_use_that_cannot_be_noted_harms_nobody_and_is_tried_at_the_next_call() -> None:
    aside: list[Callable[[], None]] = []
    uses = DynamoCredentialUses(Lost(), "Credentials", aside.append)
    for _ in range(2):
        uses.note("key", NOW)
        aside.pop()()


def test_where_no_thread_can_be_started_the_call_goes_on() -> None:
    def no_thread(_: Callable[[], None]) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    DynamoCredentialUses(Lost(), "Credentials", no_thread).note("key", NOW)
