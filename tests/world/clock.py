"""Time that passes only when somebody sleeps or a call takes it, and clocks that are off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from itertools import count
from threading import RLock

from tests.fakes import FakeClock


class WorldClock(FakeClock):
    """The true time. What was planned happens while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = RLock()
        self.holders = 0
        self._plan: list[tuple[float, int, Callable[[], None], bool]] = []
        self._number = count()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else do anything meanwhile; `holders` says how deep this is."""
        with self._lock:
            self.holders += 1
            try:
                yield
            finally:
                self.holders -= 1

    def later(self, seconds: float, action: Callable[[], None], *, awaited: bool = True) -> None:
        """Plan something; with `awaited`, the world is not idle before it has happened."""
        with self.held():
            heappush(self._plan, (self.at + seconds * 1000, next(self._number), action, awaited))

    def sleep(self, seconds: float) -> None:
        with self.held():
            until = self.at + seconds * 1000
            while self._plan and self._plan[0][0] <= until:
                at, _, action, _ = heappop(self._plan)
                self.at = max(self.at, at)
                action()
            self.at = max(self.at, until)

    @property
    def idle(self) -> bool:
        return not any(awaited for *_, awaited in self._plan)


class OffClock:
    """A process's own clock, `seconds` ahead of the true time."""

    def __init__(self, true: WorldClock, seconds: float) -> None:
        self._true, self._ahead = true, round(seconds * 1000)

    def now(self) -> int:
        return self._true.now() + self._ahead

    def monotonic(self) -> float:
        return self._true.monotonic()

    def sleep(self, seconds: float) -> None:
        self._true.sleep(seconds)
