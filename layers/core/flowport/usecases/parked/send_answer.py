"""Tell Step Functions what became of a parked run: its answer, or that nobody gave one in time.

    read item ── SendTaskSuccess or SendTaskFailure ── item DONE, or no longer pending

Any number of deliveries do no harm: Step Functions takes one answer a token and refuses the rest.
"""

from dataclasses import dataclass

from flowport.domain.callbacks import EXPIRED_CAUSE, told
from flowport.domain.job import CALLBACK_EXPIRED
from flowport.usecases.parked.ports import CallbackStore, TaskTokens, change


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """The use case."""

    callbacks: CallbackStore
    tokens: TaskTokens

    def __call__(self, key: str) -> str:
        """Send what is pending; give what Step Functions said, or `skipped`."""
        callback = self.callbacks.get(key)
        if callback is None or not callback.pending or callback.task_token is None:
            return "skipped"
        token = callback.task_token
        if callback.status == "EXPIRED":
            sent = self.tokens.fail(token, error=CALLBACK_EXPIRED, cause=EXPIRED_CAUSE)
        else:
            sent = self.tokens.succeed(token, callback.body or "{}")
        change(self.callbacks, key, lambda old: told(old, token, sent))
        return sent
