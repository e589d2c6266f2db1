"""The port Secrets: the fake and Secrets Manager (moto) keep the same two values."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws

from flowport.adapters.secrets_manager import SecretsManager
from flowport.domain.errors import Unavailable
from flowport.usecases.ports import Secrets
from tests.fakes import FakeClock, FakeSecrets, after


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield botocore.session.get_session().create_client("secretsmanager")


def manager(client: Any) -> SecretsManager:
    return SecretsManager(lambda: client, "flowport/stack/webhooks/", FakeClock())


@pytest.fixture(params=["fake", "aws"])
def secrets(request: pytest.FixtureRequest) -> Secrets:
    return FakeSecrets() if request.param == "fake" else manager(request.getfixturevalue("client"))


def made(secrets: Secrets, *texts: str) -> list[str]:
    ids: list[str] = []
    for text in texts:
        version = secrets.put("acme", text, replaces=ids[-1] if ids else None)
        assert version is not None
        ids.append(version)
    return ids


def test_a_secret_that_was_never_made_has_no_value(secrets: Secrets) -> None:
    assert secrets.values("acme") == ()


def test_a_new_secret_has_one_value(secrets: Secrets) -> None:
    (first,) = made(secrets, "one")
    assert secrets.values("acme") == ("one",)
    assert [(version.id, version.current) for version in secrets.versions("acme")] == [(first, True)]


def test_while_a_secret_is_rotated_both_values_are_valid_the_new_one_first(secrets: Secrets) -> None:
    first, second = made(secrets, "one", "two")
    assert secrets.values("acme") == ("two", "one")
    assert [(version.id, version.current) for version in secrets.versions("acme")] == [(second, True), (first, False)]


def test_a_third_value_ends_the_first(secrets: Secrets) -> None:
    made(secrets, "one", "two", "three")
    assert secrets.values("acme") == ("three", "two")


def test_a_retired_value_is_valid_no_longer(secrets: Secrets) -> None:
    first, _ = made(secrets, "one", "two")
    assert secrets.retire("acme", first)
    assert secrets.values("acme") == ("two",)
    assert len(secrets.versions("acme")) == 1


def test_the_current_value_is_not_retired(secrets: Secrets) -> None:
    _, second = made(secrets, "one", "two")
    assert not secrets.retire("acme", second)
    assert secrets.values("acme") == ("two", "one")


def test_a_secret_of_one_name_is_not_another_names(secrets: Secrets) -> None:
    made(secrets, "one")
    assert secrets.values("other") == ()


def test_of_two_first_values_at_once_one_is_kept(secrets: Secrets) -> None:
    made(secrets, "one")
    assert secrets.put("acme", "other", replaces=None) is None
    assert secrets.values("acme") == ("one",)


def test_a_rotation_from_what_is_no_longer_current_is_not_made(secrets: Secrets) -> None:
    first, _ = made(secrets, "one", "two")
    assert secrets.put("acme", "three", replaces=first) is None
    assert secrets.values("acme") == ("two", "one")


def test_of_two_rotations_at_once_one_is_made(client: Any) -> None:
    secrets = manager(client)
    (first,) = made(secrets, "one")
    others: list[str | None] = []

    def meanwhile() -> None:
        if not others:
            others.append(None)
            others[0] = secrets.put("acme", "theirs", replaces=first)

    after(client, "list_secret_version_ids", meanwhile)
    assert secrets.put("acme", "ours", replaces=first) is None
    assert others != [None]
    assert secrets.values("acme") == ("theirs", "one")


def test_a_rotation_whose_answer_was_lost_is_made_once_and_known(client: Any) -> None:
    secrets = manager(client)
    (first,) = made(secrets, "one")
    lost = [ReadTimeoutError(endpoint_url="secretsmanager")]

    def lose() -> None:
        if lost:
            raise lost.pop()

    after(client, "put_secret_value", lose)
    assert secrets.put("acme", "two", replaces=first) is not None
    assert secrets.values("acme") == ("two", "one")


class Broken:
    """Secrets Manager that answers every call with one error."""

    def __init__(self, code: str) -> None:
        self.error = ClientError({"Error": {"Code": code}}, "Any")

    def __getattr__(self, name: str) -> Any:
        def call(**_: object) -> None:
            raise self.error

        return call


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "InvalidRequestException"])
def test_a_secret_that_is_gone_or_marked_for_deletion_has_no_value(code: str) -> None:
    secrets = manager(Broken(code))
    assert secrets.values("acme") == ()
    assert secrets.versions("acme") == ()
    assert not secrets.retire("acme", "v1")


def test_a_throttled_read_is_given_up_as_unavailable() -> None:
    with pytest.raises(Unavailable, match="Secrets Manager"):
        manager(Broken("ThrottlingException")).values("acme")


def test_an_error_that_is_none_of_these_goes_through() -> None:
    with pytest.raises(ClientError):
        manager(Broken("AccessDeniedException")).values("acme")


def test_a_deleted_secret_is_gone_with_both_values_and_its_name_can_be_used_again(secrets: Secrets) -> None:
    made(secrets, "one", "two")
    secrets.delete("acme")
    assert secrets.values("acme") == ()
    made(secrets, "three")
    assert secrets.values("acme") == ("three",)


def test_a_deletion_takes_no_other_secret_with_it(secrets: Secrets) -> None:
    made(secrets, "one")
    secrets.put("acme/other", "theirs", replaces=None)
    secrets.delete("acme")
    assert secrets.values("acme/other") == ("theirs",)


def test_a_secret_that_was_never_made_can_be_deleted(secrets: Secrets) -> None:
    secrets.delete("acme")
    assert secrets.values("acme") == ()
