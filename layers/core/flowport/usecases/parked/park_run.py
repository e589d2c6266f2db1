"""Park a run on a callback; what a workflow's own states ask of the park function.

    item PARKED with the task token ── the run waits ── POST /v1/callbacks/{id} ── the function that sends

Where the answer came before the run was parked, it is sent on at once.
"""

from contextlib import suppress
from dataclasses import dataclass

from flowport.domain.callbacks import Callback, Parking, key_of_id, new_callback_id, parked, reserved
from flowport.domain.errors import FlowportError, Unavailable
from flowport.usecases.parked.ports import CallbackStore, Sender, change
from flowport.usecases.ports import Clock


@dataclass(frozen=True, slots=True)
class Reserve:
    """A wish for a callback id; `expires_in` are the seconds until which it must be parked on or answered."""

    expires_in: int | None = None


@dataclass(frozen=True, slots=True)
class ParkRun:
    """The use case."""

    callbacks: CallbackStore
    sender: Sender
    clock: Clock

    def reserve(self, command: Reserve) -> str:
        """Give a new callback id, which may leave the workflow before its run is parked."""
        callback_id = new_callback_id()
        key = key_of_id(callback_id) or ""
        if self.callbacks.save(reserved(key, self.clock.now(), command.expires_in)) is None:
            message = "The new callback id could not be reserved; try again."
            raise Unavailable(message)
        return callback_id

    def park(self, parking: Parking) -> Callback:
        """Park a run. The same token twice is parked once; raises `CallbackTaken` and `CallbackExpired`."""
        callback = change(self.callbacks, parking.key, lambda old: parked(old, parking, self.clock.now()))
        if callback.pending:
            with suppress(FlowportError):  # the sweep does it then
                self.sender.start(callback.key)
        return callback
