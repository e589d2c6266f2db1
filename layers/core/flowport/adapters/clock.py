"""The real clock."""

import time


class SystemClock:
    """Time as the operating system gives it."""

    def now(self) -> int:
        """Give the time of day in epoch milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Give seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
