"""Signing keys: who makes one at the same moment as somebody else, and what is left when a process dies."""

import pytest

from flowport.domain.errors import Conflict, NotFound
from flowport.usecases.admin.keys import ManageKeys
from flowport.usecases.admin.ports import Actor
from tests.fakes import FakeSecrets, after, an_audit

ACTOR = Actor("acme", 15.0, "token:tok_example")
NAME = "acme/flowport"


def test_of_two_who_make_the_first_key_at_once_one_does() -> None:
    secrets = FakeSecrets()
    after(secrets, "versions", lambda: secrets.kept.setdefault(NAME, [("v1", "theirs")]))
    ManageKeys(secrets, an_audit()).ensure(ACTOR, "flowport")
    assert secrets.kept[NAME] == [("v1", "theirs")]


def test_of_two_who_rotate_a_key_at_once_one_is_told() -> None:
    secrets = FakeSecrets()
    keys = ManageKeys(secrets, an_audit())
    keys.put(ACTOR, "flowport", None)
    theirs = [("v9", "theirs")]
    after(secrets, "versions", lambda: secrets.kept.update({NAME: theirs}))
    with pytest.raises(Conflict, match="'flowport' is being changed by somebody else"):
        keys.put(ACTOR, "flowport", None)
    assert secrets.kept[NAME] == theirs


def test_a_key_that_is_there_is_not_made_again() -> None:
    secrets = FakeSecrets()
    keys = ManageKeys(secrets, an_audit())
    keys.ensure(ACTOR, "flowport")
    before = list(secrets.kept[NAME])
    keys.ensure(ACTOR, "flowport")
    assert secrets.kept[NAME] == before


def test_every_made_key_is_another_and_long_enough() -> None:
    secrets = FakeSecrets()
    keys = ManageKeys(secrets, an_audit())
    for _ in range(2):
        keys.put(ACTOR, "flowport", None)
    made = [text for _, text in secrets.kept[NAME]]
    assert len(set(made)) == 2
    assert all(len(text.encode()) >= 32 for text in made)


def test_a_first_key_has_no_previous_one_to_retire() -> None:
    keys = ManageKeys(FakeSecrets(), an_audit())
    for _ in range(2):
        with pytest.raises(NotFound):
            keys.retire(ACTOR, "flowport")
        keys.ensure(ACTOR, "flowport")
