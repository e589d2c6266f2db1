"""What the sweep does about callbacks.

| item | repair |
|---|---|
| PARKED, its time has passed | EXPIRED, and the run is failed |
| ANSWERED and not sent, EXPIRED and not told | have it sent again |
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from flowport.domain.callbacks import PARTITION, Callback, expired, next_look
from flowport.domain.errors import Unavailable
from flowport.usecases.parked.ports import CallbackStore, Sender, change
from flowport.usecases.ports import Clock


@dataclass(frozen=True, slots=True)
class SweepCallbacks:
    """The repairs; keys are what the `open` index gives."""

    callbacks: CallbackStore
    sender: Sender
    clock: Clock

    @staticmethod
    def owns(key: str) -> bool:
        """Whether what is due is a callback."""
        return key.startswith(PARTITION)

    def repair(self, key: str) -> str:
        """Repair one; give what was done."""
        now = self.clock.now()
        callback = self.callbacks.get(key)
        if callback is None or callback.check_at is None or callback.check_at > now:
            return "moved on"  # the index lags behind the item
        if callback.pending:
            self.sender.start(key)
            self._look_later(callback, next_look(callback, now))
            return "answer sent"
        callback = change(self.callbacks, key, lambda old: expired(old, now))
        if callback is None or callback.status != "EXPIRED":
            return "moved on"  # it was answered at this very moment
        self.sender.start(key)
        return "callback expired"

    def postpone(self, key: str, *, seen: int, check_at: int) -> None:
        """Look at one that could not be repaired later."""
        with suppress(Unavailable):
            callback = self.callbacks.get(key)
            if callback is not None and callback.check_at == seen:
                self._look_later(callback, check_at)

    def _look_later(self, callback: Callback, check_at: int) -> None:
        self.callbacks.save(replace(callback, check_at=check_at))
