"""Several callers at once, one step at a time: before each AWS call somebody may go on instead.

They are threads of which one runs at any moment, so that whoever goes on is chosen, and the same choices are the same
story again.
"""

from collections.abc import Callable, Sequence
from threading import Condition, Thread, get_ident

from tests.world.stack import World


class Turns:
    """Runs actions at once; `choose` gets how many have not ended, and says which of them, in their order, goes on."""

    def __init__(self, world: World, choose: Callable[[int], int]) -> None:
        self._world, self._choose = world, choose
        self._change = Condition()
        self._waiting: list[int] = []
        self._numbers: dict[int, int] = {}
        self._current: int | None = None
        self._errors: list[Exception] = []

    def play(self, actions: Sequence[Callable[[], object]]) -> None:
        """Return when all are done; raise what the first of them raised."""
        threads = [Thread(target=self._run, args=(action,), daemon=True) for action in actions]
        for number, thread in enumerate(threads, 1):
            thread.start()
            with self._change:  # each waits for its first turn, in the order given
                self._change.wait_for(lambda number=number: len(self._waiting) == number)  # type: ignore[misc]
        self._world.wire.turn = self._pass
        with self._change:
            self._next()
        for thread in threads:
            thread.join()
        self._world.wire.turn = lambda: None
        if self._errors:
            raise self._errors[0]

    def _run(self, action: Callable[[], object]) -> None:
        with self._change:
            self._numbers[get_ident()] = len(self._numbers)
            self._wait()
        try:
            action()
        except Exception as error:  # noqa: BLE001  # told to whoever plays
            self._errors.append(error)
        finally:
            with self._change:
                self._next()

    def _pass(self) -> None:
        if self._world.clock.holders or self._current != get_ident():
            return  # what happens while somebody holds the clock happens at once
        with self._change:
            self._waiting.append(get_ident())
            self._next()
            self._waiting.remove(get_ident())
            self._wait()

    def _wait(self) -> None:
        me = get_ident()
        self._waiting.append(me)
        self._change.notify_all()
        self._change.wait_for(lambda: self._current == me)
        self._waiting.remove(me)

    def _next(self) -> None:
        in_order = sorted(self._waiting, key=self._numbers.__getitem__)
        self._current = in_order[self._choose(len(in_order))] if in_order else None
        self._change.notify_all()
