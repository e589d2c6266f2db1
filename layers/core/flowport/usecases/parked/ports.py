"""What parked runs need of the outside world."""

from collections.abc import Callable
from typing import Final, Protocol

from flowport.domain.callbacks import Callback, Sent
from flowport.domain.errors import Unavailable


class CallbackStore(Protocol):
    """The callbacks' items: read strongly, written only on top of what was read."""

    def get(self, key: str, *, deadline: float | None = None) -> Callback | None:
        """Read a callback."""
        ...

    def save(self, callback: Callback, *, deadline: float | None = None) -> Callback | None:
        """Write a callback if it is still at the revision that it was read at (0: not there).

        Gives it as it was written, with its new revision, also when this very write was made before and its answer
        lost; None when somebody else wrote in between.
        """
        ...


class TaskTokens(Protocol):
    """Step Functions' side of a parked run. Both raise `Unavailable`, and may be repeated."""

    def succeed(self, task_token: str, output: str) -> Sent:
        """SendTaskSuccess; `refused` when Step Functions has given the token up, or had its answer before."""
        ...

    def fail(self, task_token: str, *, error: str, cause: str) -> Sent:
        """SendTaskFailure; `refused` as above."""
        ...


class Sender(Protocol):
    """The function that tells Step Functions."""

    def start(self, key: str) -> None:
        """Invoke it for a callback; at least once, and any number of times."""
        ...


TURNS: Final = 8


def change[T: Callback | None](
    store: CallbackStore,
    key: str,
    transition: Callable[[Callback | None], T],
    *,
    deadline: float | None = None,
) -> T:
    """Take a callback from one state to the next, whoever else writes meanwhile; give it as it then stands.

    `transition` gives what it was given when there is nothing to change.
    """
    for _ in range(TURNS):
        old = store.get(key, deadline=deadline)
        new = transition(old)
        if new is None or new is old:
            return new
        if (saved := store.save(new, deadline=deadline)) is not None:
            return saved  # type: ignore[return-value]  # a transition that gives a callback has it saved
    message = "The callback is being changed by many at once; send the request again in a few seconds."
    raise Unavailable(message)
