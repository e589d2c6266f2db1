"""MiniStack, made to behave like AWS in two places: run by `dev/engine.py`, as the engine's own process.

**Paths.** A REST API on AWS gives a function the path as the client sent it. The engine gives it decoded, so that `%2F`
has become a separator and `%2525` could be decoded twice. Its server knows the path as it was sent, and so does the one
function that every call of an API goes through: here it is given that path instead of the decoded one. What is no call
of an API still sees the decoded path.

**Events.** EventBridge on AWS hands an event to a function's queue, and Lambda takes it from there as it has room. The
engine starts a thread and a new worker process for each event at once, so that a hundred runs that end together start a
hundred interpreters, and none of them gets anywhere for minutes. Here a function's events wait in a queue of its own.
"""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ministack.app as engine  # type: ignore[import-untyped]
from ministack.services import eventbridge, lambda_svc  # type: ignore[import-untyped]

EVENTS_AT_ONCE = 4
"""How many events one function works on at the same time: enough to overlap their waiting, on any machine."""

_serve_api = engine._handle_execute_api_request  # noqa: SLF001 - the engine has no setting for it


async def _serve_api_exactly(host: str, path: str, *rest: Any, raw_path: str | None = None, **more: Any) -> Any:  # noqa: ANN401
    return await _serve_api(host, raw_path or path, *rest, raw_path=raw_path, **more)


class Queues:
    """One queue of events for each function, a few of which are worked on at once."""

    def __init__(self, find: Callable[[str], Any], execute: Callable[[Any, Any], object]) -> None:
        self._find = find
        self._execute = execute
        self._queues: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()

    def dispatch(self, arn: str, payload: str) -> None:
        """Queue an event for a function; forget it where there is no such function, as the engine does."""
        found = self._find(arn)
        if found is None:
            return
        with self._lock:
            queue = self._queues.setdefault(arn, ThreadPoolExecutor(EVENTS_AT_ONCE, thread_name_prefix="events"))
        queue.submit(self._execute, found, json.loads(payload))


def _record_of(arn: str) -> Any:  # noqa: ANN401 - the engine's own record
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)  # noqa: SLF001
    return lambda_svc._execution_record_for_config(function, config) if function and config else None  # noqa: SLF001


def install() -> None:
    """Let every call of an API through its path as it was sent, and every event through its function's queue."""
    engine._handle_execute_api_request = _serve_api_exactly  # noqa: SLF001
    queues = Queues(_record_of, lambda_svc._execute_function_with_config_scope)  # noqa: SLF001
    eventbridge._dispatch_to_lambda = queues.dispatch  # noqa: SLF001


if __name__ == "__main__":
    install()
    engine.main()
