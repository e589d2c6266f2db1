"""Callbacks of parked runs: their names, and the only ways from one state to the next."""

from dataclasses import replace

import pytest

from flowport.domain.callbacks import (
    Callback,
    Parking,
    answered,
    answered_by_name,
    expired,
    key_of_id,
    key_of_name,
    key_of_parking,
    new_callback_id,
    next_look,
    parked,
    reserved,
    told,
)
from flowport.domain.errors import CallbackExpired, CallbackRepeated, CallbackTaken, InvalidRequest, NotFound
from tests.fakes import ACCOUNT, JOB_ID, NOW

KEY = "callback#k"
RUN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
OTHER = f"{ACCOUNT}:execution:durable:other"
PARKED = Callback(KEY, "PARKED", NOW + 60_000, 3, execution=RUN, task_token="t1", check_at=NOW + 60_000)
ANSWERED = replace(
    PARKED,
    status="ANSWERED",
    body='{"ok":1}',
    answer_id="a1",
    digest="ff588455321cf24727e274e6990b15fa05c937f530918599ea61fff6823d5c3a",
    answered_at=NOW + 5,
    check_at=NOW + 20_005,
)
DONE = replace(ANSWERED, status="DONE", body=None, check_at=None, sent="delivered")
REFUSED = replace(DONE, body='{"ok":1}', sent="refused")
EXPIRED = replace(PARKED, status="EXPIRED", check_at=NOW + 80_000)


def parking(token: str = "t1", execution: str = RUN, expires_in: int | None = 60) -> Parking:
    return Parking(KEY, token, execution, expires_in)


# -- names -----------------------------------------------------------------------------------------------------------


def test_a_new_callback_id_is_recognised_and_no_two_are_alike() -> None:
    ids = {new_callback_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(one) == 39 and one.startswith("cb_") and key_of_id(one) for one in ids)


def test_an_id_is_stored_as_its_sha_256_alone() -> None:
    key = key_of_id("3f1c9a52-7c1e-4a7f-9d67-0c8f2f7f3b11")
    assert key == "callback#b281998a6a23ee4db8c6cbebe8cc2e21273b1408b618e105526f0e33e458125d"


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text[:5] + "~" + text[6:], lambda _: "cb_"])
def test_a_reserved_id_with_a_typo_is_none(change: object) -> None:
    assert key_of_id(change(new_callback_id())) is None  # type: ignore[operator]


def test_every_other_character_in_a_reserved_id_is_noticed() -> None:
    callback_id = new_callback_id()
    for place in range(3, len(callback_id)):
        other = "a" if callback_id[place] != "a" else "b"
        assert key_of_id(callback_id[:place] + other + callback_id[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "short", "x" * 31, "x" * 129, "x" * 31 + "/", "x" * 31 + "\n", 'x"' * 16])
def test_what_could_be_guessed_is_no_callback_id(text: str) -> None:
    assert key_of_id(text) is None


def test_a_name_lies_under_its_own_job_and_leads_to_no_other() -> None:
    assert key_of_parking(RUN, None, "done") == key_of_name(JOB_ID, "done")
    assert key_of_parking(f"fp-{JOB_ID}", None, "done") == key_of_name(JOB_ID, "done")
    other = JOB_ID[:-1] + "2"
    assert len({key_of_name(JOB_ID, "done"), key_of_name(other, "done"), key_of_name(JOB_ID, "other")}) == 3


def test_no_callback_id_reaches_a_name() -> None:
    assert key_of_id(f'["{JOB_ID}", "done"]') is None


def test_a_run_that_flowport_did_not_start_has_no_names() -> None:
    with pytest.raises(InvalidRequest, match="only when Flowport started it"):
        key_of_parking(OTHER, None, "done")


@pytest.mark.parametrize(("callback_id", "name"), [(None, None), ("x" * 32, "done")])
def test_a_run_is_parked_under_an_id_or_a_name_and_not_both(callback_id: str | None, name: str | None) -> None:
    with pytest.raises(InvalidRequest, match="one of both"):
        key_of_parking(RUN, callback_id, name)


def test_a_run_is_not_parked_under_an_id_that_could_be_guessed() -> None:
    with pytest.raises(InvalidRequest, match="32 to 128 characters"):
        key_of_parking(RUN, "order-17", None)


# -- parking ---------------------------------------------------------------------------------------------------------


def test_a_run_parks_on_an_id_of_its_own() -> None:
    assert parked(None, parking(), NOW) == replace(PARKED, revision=0)


def test_a_run_parks_on_a_reserved_id_until_the_reservation_ends_unless_it_says_otherwise() -> None:
    old = replace(reserved(KEY, NOW, 600), revision=1)
    assert parked(old, parking(expires_in=None), NOW + 1).lapses_at == NOW + 600_000
    assert parked(old, parking(expires_in=60), NOW + 1).lapses_at == NOW + 60_001


def test_a_run_does_not_park_on_a_reservation_that_has_ended() -> None:
    with pytest.raises(CallbackExpired, match="reserve it for longer"):
        parked(reserved(KEY, NOW, 60), parking(), NOW + 60_000)


@pytest.mark.parametrize("old", [PARKED, ANSWERED, DONE, REFUSED, EXPIRED], ids=lambda old: f"{old.status} {old.sent}")
def test_the_same_token_parked_again_changes_nothing(old: Callback) -> None:
    assert parked(old, parking("t1"), NOW + 70_000) is old


def test_a_repeated_attempt_of_the_same_state_takes_the_place_of_the_last() -> None:
    again = parked(PARKED, parking("t2"), NOW + 1000)
    assert (again.status, again.task_token, again.lapses_at, again.revision) == ("PARKED", "t2", NOW + 61_000, 3)


@pytest.mark.parametrize("old", [PARKED, ANSWERED, DONE, REFUSED, EXPIRED], ids=lambda old: f"{old.status} {old.sent}")
def test_another_run_does_not_park_on_a_callback_that_has_a_run(old: Callback) -> None:
    with pytest.raises(CallbackTaken, match="belongs to another run"):
        parked(old, parking("t2", OTHER), NOW + 1000)


def test_an_answer_that_came_early_is_the_parked_runs() -> None:
    early = answered(replace(reserved(KEY, NOW, 60), revision=1), '{"ok":1}', "a1", NOW)
    assert early.check_at is None
    late = parked(early, parking(), NOW + 90_000)
    assert (late.status, late.task_token, late.body, late.check_at) == ("ANSWERED", "t1", '{"ok":1}', NOW + 110_000)


@pytest.mark.parametrize("old", [ANSWERED, REFUSED], ids=["not sent", "refused"])
def test_an_answer_that_no_token_took_is_the_next_attempts(old: Callback) -> None:
    again = parked(old, parking("t2"), NOW + 1000)
    assert (again.status, again.task_token, again.body, again.sent) == ("ANSWERED", "t2", '{"ok":1}', None)
    assert again.pending


def test_a_run_does_not_park_again_on_a_callback_that_has_resumed_it() -> None:
    with pytest.raises(CallbackTaken, match="resumed by this callback before"):
        parked(DONE, parking("t2"), NOW + 1000)


def test_a_redriven_run_parks_again_on_a_callback_that_had_expired() -> None:
    again = parked(EXPIRED, parking("t2", expires_in=None), NOW + 90_000)
    assert (again.status, again.task_token) == ("PARKED", "t2")
    assert again.lapses_at == again.check_at == NOW + 90_000 + 7 * 86_400_000


# -- answering -------------------------------------------------------------------------------------------------------


def test_a_parked_run_is_answered_and_pending_until_it_is_sent() -> None:
    assert answered(PARKED, '{"ok":1}', "a1", NOW + 5) == ANSWERED
    assert ANSWERED.pending


@pytest.mark.parametrize("old", [ANSWERED, DONE, REFUSED], ids=lambda old: f"{old.status} {old.sent}")
def test_a_callback_is_answered_once(old: Callback) -> None:
    with pytest.raises(CallbackRepeated) as other:
        answered(old, "{}", "a2", NOW + 10)
    assert other.value.members == {"same_body": False}
    with pytest.raises(CallbackRepeated) as same:
        answered(old, '{"ok":1}', "a2", NOW + 10)
    assert same.value.members == {"same_body": True}


def test_an_answer_recognises_itself() -> None:
    assert answered(DONE, "{}", "a1", NOW + 10) is DONE


@pytest.mark.parametrize("old", [PARKED, reserved(KEY, NOW, 60), EXPIRED], ids=lambda old: old.status)
def test_a_callback_is_not_answered_from_its_expiry_on(old: Callback) -> None:
    with pytest.raises(CallbackExpired):
        answered(old, "{}", "a1", NOW + 60_000)


def test_a_callback_is_answered_until_its_expiry() -> None:
    assert answered(PARKED, "{}", "a1", NOW + 59_999).status == "ANSWERED"


def test_an_id_that_nobody_reserved_or_parked_is_not_found() -> None:
    with pytest.raises(NotFound):
        answered(None, "{}", "a1", NOW)


def test_a_name_is_answered_before_anybody_parked_under_it() -> None:
    early = answered_by_name(None, KEY, '{"ok":1}', "a1", NOW)
    assert (early.status, early.body, early.check_at, early.revision) == ("ANSWERED", '{"ok":1}', None, 0)


# -- the end ---------------------------------------------------------------------------------------------------------


def test_a_parked_run_expires_and_nothing_else_does() -> None:
    assert expired(PARKED, NOW + 60_000) == EXPIRED
    assert EXPIRED.pending
    assert expired(PARKED, NOW + 59_999) is PARKED
    for other in (None, ANSWERED, DONE, EXPIRED, reserved(KEY, NOW, 60)):
        assert expired(other, NOW + 90_000) is other


def test_a_delivered_answer_is_not_kept_and_a_refused_one_is() -> None:
    assert told(ANSWERED, "t1", "delivered") == DONE
    assert told(ANSWERED, "t1", "refused") == REFUSED


def test_of_two_that_send_at_once_the_one_that_delivered_is_believed() -> None:
    assert told(REFUSED, "t1", "delivered") == DONE
    assert told(DONE, "t1", "refused") is DONE


def test_what_an_old_token_says_does_not_count_for_the_new_one() -> None:
    newer = replace(ANSWERED, task_token="t2")
    assert told(newer, "t1", "refused") is newer


def test_an_expiry_that_was_told_is_not_pending_any_more() -> None:
    done = told(EXPIRED, "t1", "delivered")
    assert done is not None
    assert (done.status, done.check_at, done.pending) == ("EXPIRED", None, False)


@pytest.mark.parametrize(("age", "pause"), [(0, 20_000), (300_000, 300_000), (86_400_000, 600_000)])
def test_the_sweep_looks_ever_later_and_at_most_ten_minutes_later(age: int, pause: int) -> None:
    now = NOW + 5 + age
    assert next_look(ANSWERED, now) == now + pause
