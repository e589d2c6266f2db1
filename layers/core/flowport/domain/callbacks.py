"""Parked runs: the callback on which a run waits, its states, and the only ways from one to the next.

    RESERVED ──park──> PARKED ──answer──> ANSWERED ──sent──> DONE
        └──answer──> ANSWERED (early) ──park──^                │ Step Functions had given the token up, and the
                       PARKED ──expiry──> EXPIRED              │ same execution parks again: back to ANSWERED
                                             └──park again (a redrive)──> PARKED

A callback is answered once. The answer belongs to the execution that parked: where Step Functions repeats the parking
state (each attempt has a task token of its own), the new token takes the place of the old one, and an answer that the
old one could not deliver is delivered by the new one.
"""

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, replace
from typing import Final, Literal

from flowport.domain.errors import CallbackExpired, CallbackRepeated, CallbackTaken, InvalidRequest, NotFound
from flowport.domain.ids import job_id_of_execution
from flowport.domain.job import Job
from flowport.domain.tokens import BASE62, checksum

CallbackStatus = Literal["RESERVED", "PARKED", "ANSWERED", "DONE", "EXPIRED"]
Sent = Literal["delivered", "refused"]

DAY_SECONDS: Final = 86_400
EXPIRES_IN: Final = 7 * DAY_SECONDS
# The longest that a Standard execution can live.
EXPIRES_IN_AT_MOST: Final = 365 * DAY_SECONDS
# How long after a write the sweep sees to it that what is pending is sent, in milliseconds.
CHECK_PENDING_AFTER: Final = 20_000
CHECK_PENDING_AT_MOST: Final = 10 * 60_000
EXPIRED_CAUSE: Final = "Nobody resumed the run before its callback expired."
PARTITION: Final = "callback#"
_OURS: Final = re.compile(r"(cb_[0-9A-Za-z]{30})([0-9A-Za-z]{6})")
# A workflow's own id: a UUID has 36 characters.
_CHOSEN: Final = re.compile(r"[A-Za-z0-9_-]{32,128}")
_NAME_AT_MOST: Final = 256


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback as it is stored; times are epoch milliseconds.

    `lapses_at` is when it expires. `revision` counts its writes, 0 for one that was never written; `answer_id` is the
    call that answered it, by which that call recognises itself; `digest` tells whether a later answer says the same,
    also when the body is not kept any more. `check_at` is when the sweep looks at it, None where
    nothing is pending. `sent` says what Step Functions made of the answer.
    """

    key: str
    status: CallbackStatus
    lapses_at: int
    revision: int = 0
    execution: str | None = None
    task_token: str | None = None
    body: str | None = None
    answer_id: str | None = None
    digest: str | None = None
    answered_at: int | None = None
    check_at: int | None = None
    sent: Sent | None = None

    def lapsed(self, now: int) -> bool:
        """Whether nobody answered in time."""
        return self.status == "EXPIRED" or (self.status in {"RESERVED", "PARKED"} and self.lapses_at <= now)

    @property
    def pending(self) -> bool:
        """Whether Step Functions is still to be told of the answer, or of the expiry."""
        return self.task_token is not None and (
            self.status == "ANSWERED" or (self.status == "EXPIRED" and self.check_at is not None)
        )


@dataclass(frozen=True, slots=True)
class Parking:
    """What a parking state sends: its task token, the execution that it belongs to, and how long it waits."""

    key: str
    task_token: str
    execution: str
    expires_in: int | None = None


# -- names -----------------------------------------------------------------------------------------------------------


def new_callback_id() -> str:
    """Make a callback id of 178 random bits; a typo in it is recognised without a read."""
    head = "cb_" + "".join(secrets.choice(BASE62) for _ in range(30))
    return head + checksum(head)


def _partition(text: str) -> str:
    return PARTITION + hashlib.sha256(text.encode()).hexdigest()


def key_of_id(callback_id: str) -> str | None:
    """Give the partition of a callback id, which only its SHA-256 is stored of; None when it cannot be one."""
    if callback_id.startswith("cb_"):
        match = _OURS.fullmatch(callback_id)
        return _partition(callback_id) if match and checksum(match[1]) == match[2] else None
    return _partition(callback_id) if _CHOSEN.fullmatch(callback_id) else None


def key_of_name(job_id: str, name: str) -> str:
    """Give the partition of a name under a job. No callback id leads there: none has a bracket."""
    if not 0 < len(name) <= _NAME_AT_MOST:
        message = f"The name of a callback must have 1 to {_NAME_AT_MOST} characters."
        raise InvalidRequest(message)
    return _partition(json.dumps([job_id, name]))


def key_of_job(job: Job, name: str) -> str:
    """Give the partition of a name under a job.

    A redriven job goes on in the execution of the one before it, under whose id the run parks.
    """
    execution = (job.execution_arn or "").rpartition(":")[2]
    return key_of_name(job_id_of_execution(execution) or job.id, name)


def key_of_parking(execution: str, callback_id: str | None, name: str | None) -> str:
    """Give the partition that a parking state names: by a callback id, or by a name under its own job.

    `execution` is the execution's name or ARN.
    """
    if (callback_id is None) == (name is None):
        message = "Park under a callback_id or under a name, one of both."
        raise InvalidRequest(message)
    if name is not None:
        job_id = job_id_of_execution(execution.rpartition(":")[2])
        if job_id is None:
            message = f"A run is parked under a name only when Flowport started it; {execution[:200]!r} it did not."
            raise InvalidRequest(message)
        return key_of_name(job_id, name)
    key = key_of_id(callback_id or "")
    if key is None:
        message = (
            "The callback_id is neither one that was reserved (it has a typo, or was cut off) nor an unguessable one "
            "of the workflow's own: 32 to 128 characters of A-Z, a-z, 0-9, _ and -, as a UUID has."
        )
        raise InvalidRequest(message)
    return key


# -- from state to state ---------------------------------------------------------------------------------------------


def reserved(key: str, now: int, expires_in: int | None) -> Callback:
    """Give a callback whose id is handed out before any run is parked on it."""
    return Callback(key, "RESERVED", now + (expires_in or EXPIRES_IN) * 1000)


def parked(old: Callback | None, parking: Parking, now: int) -> Callback:
    """Park a run: it waits from now on, or gets the answer that came before it.

    Gives `old` itself where there is nothing to change: this token was parked before. Raises `CallbackTaken` and
    `CallbackExpired`.
    """
    waiting = Callback(
        parking.key,
        "PARKED",
        _lapses_at(old, parking, now),
        execution=parking.execution,
        task_token=parking.task_token,
    )
    if old is None:
        return replace(waiting, check_at=waiting.lapses_at)
    if old.task_token == parking.task_token:
        return old
    if old.execution not in {None, parking.execution}:
        message = f"The callback belongs to another run, {old.execution}; give each run an id of its own."
        raise CallbackTaken(message)
    if old.status == "RESERVED" and old.lapsed(now):
        message = "The callback was reserved for a time that has passed; reserve it for longer (expires_in)."
        raise CallbackExpired(message)
    if old.status == "ANSWERED" or (old.status == "DONE" and old.sent == "refused"):
        return replace(
            old,
            status="ANSWERED",
            execution=parking.execution,
            task_token=parking.task_token,
            check_at=now + CHECK_PENDING_AFTER,
            sent=None,
        )
    if old.status == "DONE":
        message = "The run was resumed by this callback before; park it under another one."
        raise CallbackTaken(message)
    return replace(waiting, revision=old.revision, check_at=waiting.lapses_at)


def _lapses_at(old: Callback | None, parking: Parking, now: int) -> int:
    if parking.expires_in is None and old is not None and not old.lapsed(now):
        return old.lapses_at
    return now + (parking.expires_in or EXPIRES_IN) * 1000


def answered(old: Callback | None, body: str, answer_id: str, now: int) -> Callback:
    """Answer a callback; gives `old` itself when this very call did it before.

    Raises `NotFound`, `CallbackRepeated` and `CallbackExpired`.
    """
    if old is None:
        message = "There is no such callback."
        raise NotFound(message)
    if old.answer_id is not None:
        if old.answer_id == answer_id:
            return old
        message = "The callback was used before; it can be used once. same_body says whether with this very body."
        raise CallbackRepeated(message, members={"same_body": old.digest == _digest(old.key, body)})
    if old.lapsed(now):
        message = "The callback has expired; its run is not waiting any more."
        raise CallbackExpired(message)
    return replace(
        old,
        status="ANSWERED",
        body=body,
        answer_id=answer_id,
        digest=_digest(old.key, body),
        answered_at=now,
        # Without a token there is nothing to send yet: parking sends it.
        check_at=None if old.task_token is None else now + CHECK_PENDING_AFTER,
    )


def _digest(key: str, body: str) -> str:
    return hashlib.sha256(f"{key}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def answered_by_name(old: Callback | None, key: str, body: str, answer_id: str, now: int) -> Callback:
    """Answer a name under a job, also before any run was parked on it."""
    return answered(old or reserved(key, now, None), body, answer_id, now)


def early_answer(job: Job, name: str, body: str) -> Callback:
    """Give the answer that a new job's run finds when it parks under a name."""
    return answered_by_name(None, key_of_job(job, name), body, job.attempt, job.created_at)


def expired(old: Callback | None, now: int) -> Callback | None:
    """Expire a parked run whose time has passed; gives `old` itself otherwise."""
    if old is None or old.status != "PARKED" or not old.lapsed(now):
        return old
    return replace(old, status="EXPIRED", check_at=now + CHECK_PENDING_AFTER)


def told(old: Callback | None, task_token: str, sent: Sent) -> Callback | None:
    """Note what Step Functions made of the answer or the expiry that this token was sent.

    A delivered body is not kept. Of two that send at once the second is refused, whatever order they note it in.
    """
    if old is None or old.task_token != task_token:
        return old
    if old.status == "EXPIRED" and old.check_at is not None:
        return replace(old, check_at=None, sent=sent)
    if old.status == "ANSWERED" or (old.status == "DONE" and old.sent == "refused" and sent == "delivered"):
        body = None if sent == "delivered" else old.body
        return replace(old, status="DONE", check_at=None, sent=sent, body=body)
    return old


def next_look(callback: Callback, now: int) -> int:
    """When the sweep looks again at what it has had sent: ever later."""
    since = now - (callback.answered_at or callback.lapses_at)
    return now + min(max(since, CHECK_PENDING_AFTER), CHECK_PENDING_AT_MOST)
