"""One load: make the calls from many clients at once, let what they started come to its end, count."""

import statistics
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

from dev.workers import workers
from load import plan
from load.audit import Audit, audit
from load.client import Client
from load.observed import Seen
from load.plan import Call
from load.target import Target

BARE_CALLS: Final = 10
LOOK_EVERY_SECONDS: Final = 3.0
SWEEP_EVERY_SECONDS: Final = 15.0
TELL_EVERY: Final = 200
# A claimed Express run that nobody ended is given up after 7 minutes; whatever is open later than that is stuck.
DRAIN_SECONDS: Final = 8 * 60.0


@dataclass
class Session:
    """What there is to report."""

    seed: int
    clients: int
    calls: list[Call]
    label: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    seen: list[Seen] = field(default_factory=list)
    calling_seconds: float = 0.0
    draining_seconds: float = 0.0
    bare_seconds: float = 0.0
    bare_under_load_seconds: float = 0.0
    most_workers: int = 0
    audit: Audit | None = None


def run(target: Target, *, seed: int, calls: int, clients: int, say: Callable[[str], None]) -> Session:
    """Make the calls and audit them."""
    session = Session(seed, clients, plan.make(seed, calls))
    before = target.effects().keys() | target.executions().keys()
    session.bare_seconds = statistics.median(target.bare_call_seconds() for _ in range(BARE_CALLS))
    with target.endpoints() as tokens:
        began = time.monotonic()
        with _watch(target, session):
            session.seen = _make_all(target, session, tokens, say)
        session.calling_seconds = time.monotonic() - began
        _drain(target, session, say)
        rows = target.rows(session.label)
        executions = {job_id: status for job_id, status in target.executions().items() if job_id not in before}
        # The table counts the runs of another sample, too: the engine's list says which are this load's machines'.
        effects = {job_id: effect for job_id, effect in target.effects().items() if job_id in executions}
    session.audit = audit(session.calls, session.seen, rows, effects, executions)
    return session


def _make_all(
    target: Target, session: Session, tokens: dict[str, str | None], say: Callable[[str], None]
) -> list[Seen]:
    """Let each client take the next call when it is done with its last."""
    todo: SimpleQueue[Call] = SimpleQueue()
    for call in session.calls:
        todo.put(call)

    def work(_number: int) -> list[Seen]:
        done: list[Seen] = []
        with target.http() as http:
            client = Client(http, tokens, session.label)
            while True:
                try:
                    call = todo.get_nowait()
                except Empty:
                    return done
                done.append(client.make(call))
                if (left := todo.qsize()) and left % TELL_EVERY == 0:
                    say(f"{left} calls left")

    with ThreadPoolExecutor(session.clients) as pool:
        return [seen for done in pool.map(work, range(session.clients)) for seen in done]


def _drain(target: Target, session: Session, say: Callable[[str], None]) -> None:
    """Wait until every job has ended; the sweep runs as by its schedule, a little more often."""
    began = swept = time.monotonic()
    while time.monotonic() - began < DRAIN_SECONDS:
        left = sum(not row.ended for row in target.rows(session.label))
        if not left and time.monotonic() - began > LOOK_EVERY_SECONDS:
            break  # looked at twice: a call that was hung up on may have arrived last
        if time.monotonic() - swept > SWEEP_EVERY_SECONDS:
            target.sweep()
            swept = time.monotonic()
            say(f"{left} jobs have not ended yet")
        time.sleep(LOOK_EVERY_SECONDS)
    session.draining_seconds = time.monotonic() - began


@contextmanager
def _watch(target: Target, session: Session) -> Iterator[None]:
    """Count the engine's workers while the load goes on, and time a bare call now and then."""
    over = threading.Event()
    bare: list[float] = []

    def look() -> None:
        while not over.wait(LOOK_EVERY_SECONDS):
            session.most_workers = max(session.most_workers, len(workers(target.engine)))
            bare.append(target.bare_call_seconds())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        session.bare_under_load_seconds = statistics.median(bare) if bare else 0.0
