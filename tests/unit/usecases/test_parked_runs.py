"""Parked runs over the fakes: who may answer, what a lost write is called, and what the sweep repairs."""

from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.access import Presented
from flowport.domain.callbacks import Parking, key_of_id, key_of_name
from flowport.domain.errors import (
    CallbackRepeated,
    Forbidden,
    InvalidRequest,
    NotFound,
    Unauthenticated,
    Unavailable,
    UnknownOutcome,
)
from flowport.domain.tokens import new_token
from flowport.usecases.access import Caller
from flowport.usecases.parked.park_run import ParkRun, Reserve
from flowport.usecases.parked.resume_run import Resume, ResumeByName, Resumed, ResumeRun
from flowport.usecases.parked.send_answer import SendAnswer
from tests.fakes import ACCOUNT, JOB_ID, FakeTaskTokens, a_credential, a_job, fail
from tests.unit.usecases.stack import Stack

OWN = "3f1c9a52-7c1e-4a7f-9d67-0c8f2f7f3b11"
KEY = key_of_id(OWN) or ""
RUN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
STRANGER = Caller(None, None, "acme", "192.0.2.1", 5.0)


class Parked:
    """The use cases of parked runs put together."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.tokens = FakeTaskTokens()
        self.park_run = ParkRun(stack.callbacks, stack.sender, stack.clock)
        self.resume = ResumeRun(stack.access, stack.callbacks, stack.sender, stack.clock)
        self.send = SendAnswer(stack.callbacks, self.tokens)
        stack.jobs.due = self._due  # type: ignore[method-assign]  # one index lists both

    def _due(self, now: int, limit: int) -> list[tuple[str, int]]:
        records = [(job.id, job.check_at) for job in self.stack.jobs.rows.values()]
        records += [(callback.key, callback.check_at) for callback in self.stack.callbacks.items.values()]
        return [(key, at) for key, at in records if at is not None and at <= now][:limit]

    def park(self, key: str = KEY, token: str = "t1", expires_in: int = 60) -> None:
        self.park_run.park(Parking(key, token, RUN, expires_in))

    def answer(self, body: str = '{"ok":1}', callback_id: str = OWN) -> Resumed:
        return self.resume.by_id(STRANGER, Resume(callback_id, lambda: body))


@pytest.fixture
def parked() -> Parked:
    return Parked(Stack())


def test_an_answer_counts_from_the_moment_it_is_written_whatever_becomes_of_the_sending(parked: Parked) -> None:
    parked.park()
    fail(parked.stack.sender, "start", Unavailable("throttled"))
    assert parked.answer() == Resumed(waiting=True)
    with pytest.raises(CallbackRepeated):
        parked.answer()
    parked.stack.sweep_after(30)
    assert parked.stack.sender.started == [KEY]


def test_an_answer_whose_write_got_no_answer_is_called_unknown(parked: Parked) -> None:
    parked.park()
    fail(parked.stack.callbacks, "save", Unavailable("no answer"))
    with pytest.raises(UnknownOutcome, match="same_body"):
        parked.answer()


def test_an_answer_that_could_not_even_be_looked_up_did_nothing(parked: Parked) -> None:
    fail(parked.stack.callbacks, "get", Unavailable("throttled"))
    with pytest.raises(Unavailable):
        parked.answer()


def test_a_body_that_is_refused_uses_nothing_up(parked: Parked) -> None:
    def refuse() -> str:
        raise InvalidRequest("no")

    parked.park()
    with pytest.raises(InvalidRequest):
        parked.resume.by_id(STRANGER, Resume(OWN, refuse))
    assert parked.answer() == Resumed(waiting=True)


def test_a_reserved_id_is_parked_on_and_answered(parked: Parked) -> None:
    callback_id = parked.park_run.reserve(Reserve())
    parked.park(key_of_id(callback_id) or "")
    parked.answer("[1]", callback_id)
    (key,) = parked.stack.sender.started
    assert parked.send(key) == "delivered"
    assert parked.tokens.answers == {"t1": "[1]"}


# -- names -----------------------------------------------------------------------------------------------------------


def by_name(parked: Parked, **changes: Any) -> Resumed:
    caller = parked.stack.caller(**changes)
    return parked.resume.by_name(caller, ResumeByName(JOB_ID, "done", lambda: '{"ok":1}'))


def test_a_name_is_answered_early_by_whoever_may_change_the_job(parked: Parked) -> None:
    parked.stack.jobs.create(a_job())
    assert by_name(parked) == Resumed(waiting=False)
    parked.park(key_of_name(JOB_ID, "done"))
    (key,) = parked.stack.sender.started
    parked.send(key)
    assert parked.tokens.answers == {"t1": '{"ok":1}'}


def test_a_redriven_job_is_answered_under_the_execution_in_which_it_goes_on(parked: Parked) -> None:
    newer = a_job("0199b6f2-0000-8000-8000-000000000002", execution_arn=RUN)
    parked.park(key_of_name(JOB_ID, "done"))
    assert parked.resume.of_job(newer, "done", "{}") == Resumed(waiting=True)


def test_a_name_is_not_answered_by_somebody_else(parked: Parked) -> None:
    parked.stack.jobs.create(a_job())
    other = new_token("acme")
    parked.stack.directory.add(replace(a_credential(other), credential_id="tok_2"))
    with pytest.raises(Forbidden):
        by_name(parked, presented=Presented.of_token(other))
    with pytest.raises((NotFound, Unauthenticated)):
        by_name(parked, presented=None)
    assert parked.stack.callbacks.items == {}


# -- sending, and the sweep ------------------------------------------------------------------------------------------


def test_nothing_is_sent_where_nothing_is_pending(parked: Parked) -> None:
    assert parked.send(KEY) == "skipped"
    parked.park()
    assert parked.send(KEY) == "skipped"
    assert parked.tokens.answers == {}


def test_an_answer_that_an_ended_attempt_could_not_deliver_is_delivered_by_the_next(parked: Parked) -> None:
    parked.park()
    parked.answer()
    parked.tokens.gone.add("t1")
    assert parked.send(KEY) == "refused"
    parked.park(token="t2")
    assert parked.send(KEY) == "delivered"
    assert parked.tokens.answers == {"t2": '{"ok":1}'}


def test_a_run_whose_callback_expired_is_failed_once(parked: Parked) -> None:
    parked.park(expires_in=60)
    parked.stack.sweep_after(61)
    assert parked.send(KEY) == "delivered"
    parked.stack.sweep_after(3600)
    assert parked.stack.sender.started == [KEY]
    assert parked.tokens.answers == {"t1": "Flowport.CallbackExpired"}


def test_what_cannot_be_sent_is_sent_again_ever_later(parked: Parked) -> None:
    parked.park()
    parked.answer()
    times = []
    for minute in range(60):
        before = len(parked.stack.sender.started)
        parked.stack.sweep_after(60)
        if len(parked.stack.sender.started) > before:
            times.append(minute)
    assert times[:3] == [0, 1, 3]
    assert 6 <= len(times) <= 12


@pytest.mark.parametrize("error", [Unavailable("throttled"), RuntimeError("broken")])
def test_a_callback_that_cannot_be_repaired_now_is_left_for_later_and_keeps_no_other(
    parked: Parked, error: Exception
) -> None:
    parked.park()
    parked.answer()
    parked.stack.jobs.create(a_job(check_at=parked.stack.clock.now() + 25_000))
    fail(parked.stack.sender, "start", error)
    parked.stack.clock.sleep(30)
    repairs = parked.stack.sweep().repairs
    assert sum(repairs.values()) == 2
    assert repairs["started"] == 1
    check_at = parked.stack.callbacks.items[KEY].check_at
    assert check_at is not None
    assert check_at >= parked.stack.clock.now() + 30_000
