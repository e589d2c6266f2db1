"""Answer a callback, once: the body becomes the output of the state that is parked on it.

    one conditional write: ANSWERED ── answer 200 ── the function that sends ── SendTaskSuccess

The write decides which of many callers resumes the run, and keeps the answer whatever dies afterwards: the sweep sees
to it that it is sent.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from flowport.domain import ids
from flowport.domain.callbacks import Callback, answered, answered_by_name, key_of_id, key_of_job
from flowport.domain.errors import FlowportError, NotFound, Unavailable, UnknownOutcome
from flowport.domain.job import Job
from flowport.usecases.access import Access, Caller
from flowport.usecases.parked.ports import CallbackStore, Sender, change
from flowport.usecases.ports import Clock

# All reads and writes together; the call that asks the sending function to start comes on top.
ANSWER_WITHIN_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Resume:
    """A request to resume the run that is parked on a callback id. `read_body` gives its JSON text, or refuses it."""

    callback_id: str
    read_body: Callable[[], str]


@dataclass(frozen=True, slots=True)
class ResumeByName:
    """A request to resume what a job parked, or will park, under a name."""

    reference: str
    name: str
    read_body: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Resumed:
    """An answer that was taken; `waiting` says whether a run was parked by then, or will find it when it parks."""

    waiting: bool


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """The use cases."""

    access: Access
    callbacks: CallbackStore
    sender: Sender
    clock: Clock

    def by_id(self, _caller: Caller, command: Resume) -> Resumed:
        """Resume by callback id, which is itself the credential.

        Raises `NotFound`, `CallbackRepeated`, `CallbackExpired`, and `UnknownOutcome` where the write got no answer.
        """
        body = command.read_body()
        key = key_of_id(command.callback_id)
        if key is None:
            message = "There is no such callback."
            raise NotFound(message)
        return self._answer(key, lambda old, answer: answered(old, body, answer, self.clock.now()))

    def by_name(self, caller: Caller, command: ResumeByName) -> Resumed:
        """Resume by job and name, as somebody who may change the job."""
        _, job = self.access.to_change_job(caller, command.reference)
        return self.of_job(job, command.name, command.read_body())

    def of_job(self, job: Job, name: str, body: str) -> Resumed:
        """Resume by job and name, for code that has decided who may; the answer may come before the run parks."""
        key = key_of_job(job, name)
        return self._answer(key, lambda old, answer: answered_by_name(old, key, body, answer, self.clock.now()))

    def _answer(self, key: str, transition: Callable[[Callback | None, str], Callback]) -> Resumed:
        answer = ids.new_attempt_id()
        tried = False

        def once(old: Callback | None) -> Callback:
            nonlocal tried
            new = transition(old, answer)
            tried = True
            return new

        deadline = self.clock.monotonic() + ANSWER_WITHIN_SECONDS
        try:
            callback = change(self.callbacks, key, once, deadline=deadline)
        except Unavailable as error:
            if not tried:
                raise
            message = (
                "Whether the answer was kept is not known. Send it again: 409 callback-repeated says in same_body "
                "whether it was."
            )
            raise UnknownOutcome(message) from error
        if callback.pending:
            with suppress(FlowportError):  # the sweep does it then
                self.sender.start(callback.key)
        return Resumed(callback.task_token is not None)
