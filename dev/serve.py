"""MiniStack, made to behave like AWS in four places: run by `dev/engine.py`, as the engine's own process.

**Paths.** A REST API on AWS gives a function the path as the client sent it. The engine gives it decoded, so that `%2F`
has become a separator and `%2525` could be decoded twice. Its server knows the path as it was sent, and so does the one
function that every call of an API goes through: here it is given that path instead of the decoded one. What is no call
of an API still sees the decoded path.

**Events.** EventBridge on AWS hands an event to a function's queue, and Lambda takes it from there as it has room. The
engine starts a thread and a new worker process for each event at once, so that a hundred runs that end together start a
hundred interpreters, and none of them gets anywhere for minutes. Here a function's events wait in a queue of its own.

**Versions.** An execution environment on AWS finishes what it runs when its function is updated or its alias has moved,
and is used no more. The engine ends those of an updated function at once, with the calls in them, and keeps one of each
version for ever. Here those that run something end after it, the others at once. And an asynchronous invocation through
an alias is repeated, and given up, as the alias has it; the engine knows that of functions alone.

**Errors.** What a function raises reaches a state machine on AWS under the exception's name, by which a `Retry` knows
it. The engine calls all of them `Runtime.HandlerError`. Here they have the name that is in their trace.
"""

import contextvars
import json
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ministack.app as engine  # type: ignore[import-untyped]
from ministack.core import lambda_runtime  # type: ignore[import-untyped]
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
        if self._find(arn) is None:
            return
        with self._lock:
            queue = self._queues.setdefault(arn, ThreadPoolExecutor(EVENTS_AT_ONCE, thread_name_prefix="events"))
        # In the caller's account and region, which the engine keeps in context variables.
        queue.submit(contextvars.copy_context().run, self._work_on, arn, json.loads(payload))

    def _work_on(self, arn: str, event: object) -> None:
        found = self._find(arn)  # only now: an alias may have moved while the event waited
        if found is not None:
            self._execute(found, event)


# The line after a trace's frames, which are indented: the exception's class with its modules, and its words.
_RAISED = re.compile(r"^Traceback \(most recent call last\):\n(?:[ \t].*\n)+(?:\w+\.)*(\w+)(?::|$)", re.MULTILINE)


def named_error(result: dict[str, Any]) -> dict[str, Any]:
    """Give an invocation's result with the name of what the function raised."""
    body = result.get("body")
    if not (result.get("error") and isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError"):
        return result
    raised = _RAISED.findall(result.get("log", ""))
    return {**result, "body": {**body, "errorType": raised[-1]}} if raised else result


class Environments:
    """The processes in which functions run, of which one that is in use is ended after its invocation."""

    def __init__(self, runtime: Any) -> None:  # noqa: ANN401 - the engine's own module
        self._runtime = runtime
        self._acquire = runtime.acquire_worker
        self._release = runtime.release_worker

    def acquire(self, *arguments: Any, **more: Any) -> Any:  # noqa: ANN401
        """Lease a process, and remember to whom."""
        worker, reason = self._acquire(*arguments, **more)
        if worker is not None:
            worker.leased_by = threading.get_ident()
        return worker, reason

    def release(self, worker: Any) -> None:  # noqa: ANN401
        """Give a process back; end it if it was retired meanwhile."""
        self._release(worker)
        if getattr(worker, "retired", False):
            self._runtime.kill_workers([worker])

    def retire(
        self, function: str, qualifier: str | None = None, account: str | None = None, region: str | None = None
    ) -> None:
        """Use a function's processes no more: end idle ones, and the one whose lessee says that it is broken."""
        wanted = {0: account, 1: region, 2: function, 3: qualifier}
        ended = []
        with self._runtime._lock:  # noqa: SLF001
            pools = self._runtime._workers  # noqa: SLF001
            for key in [key for key in pools if _is_like(key.split(":"), wanted)]:
                for worker in pools.pop(key):
                    if worker.in_use and getattr(worker, "leased_by", None) != threading.get_ident():
                        worker.retired = True
                    else:
                        ended.append(worker)
        self._runtime.kill_workers(ended)


def _is_like(parts: list[str], wanted: dict[int, str | None]) -> bool:
    return all(value is None or parts[place] == value for place, value in wanted.items())


def _record_of(arn: str) -> Any:  # noqa: ANN401 - the engine's own record
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)  # noqa: SLF001
    return lambda_svc._execution_record_for_config(function, config) if function and config else None  # noqa: SLF001


_invoke_async = lambda_svc.invoke_async_with_retry
_update_alias = lambda_svc._update_alias  # noqa: SLF001
_execute_warm = lambda_svc._execute_function_warm  # noqa: SLF001


def _invoke_async_by_qualifier(record: dict[str, Any], event: object) -> None:
    name, qualifier = lambda_svc._resolve_name_and_qualifier(record["config"]["FunctionArn"])  # noqa: SLF001
    function = lambda_svc._functions.get(name)  # noqa: SLF001
    chosen = (function or {}).get("event_invoke_configs", {}).get(qualifier)
    _invoke_async({**record, "event_invoke_config": chosen} if chosen else record, event)


def install() -> None:
    """Let calls have their path, events their function's queue, versions their invocations, and errors their name."""
    engine._handle_execute_api_request = _serve_api_exactly  # noqa: SLF001
    queues = Queues(_record_of, lambda_svc._execute_function_with_config_scope)  # noqa: SLF001
    eventbridge._dispatch_to_lambda = queues.dispatch  # noqa: SLF001
    environments = Environments(lambda_runtime)
    lambda_svc.acquire_worker = environments.acquire
    lambda_svc.release_worker = environments.release
    lambda_svc.invalidate_worker = environments.retire
    lambda_svc.invoke_async_with_retry = _invoke_async_by_qualifier
    lambda_svc._execute_function_warm = lambda *invocation: named_error(_execute_warm(*invocation))  # noqa: SLF001

    def update_alias(name: str, alias: str, data: dict[str, Any]) -> Any:  # noqa: ANN401
        before = lambda_svc._functions.get(name, {}).get("aliases", {}).get(alias, {}).get("FunctionVersion")  # noqa: SLF001
        answer = _update_alias(name, alias, data)
        if before not in {None, data.get("FunctionVersion", before)}:
            environments.retire(name, before)
        return answer

    lambda_svc._update_alias = update_alias  # noqa: SLF001


if __name__ == "__main__":
    install()
    engine.main()
