"""A process like a Lambda worker: it loads handlers once and calls them with events, and says what that took.

Commands are JSON lines on standard input, answers JSON lines on standard output; what the handlers print, as in Lambda
their log, goes to the file named by the first argument.
"""

import cProfile
import importlib.util
import json
import os
import pstats
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def main() -> None:
    """Answer commands until there are no more."""
    with _own_log(Path(sys.argv[1])) as answers:
        handlers: dict[str, Handler] = {}
        for line in sys.stdin:
            command = json.loads(line)
            match command.pop("do"):
                case "load":
                    handlers[command["name"]] = _load(**command)
                    answer: Any = None
                case "call":
                    before = sys.stdout.buffer.seek(0, os.SEEK_END)
                    answer = {"answer": handlers[command["name"]](command["event"], None)}
                    sys.stdout.flush()
                    answer["logged"] = sys.stdout.buffer.seek(0, os.SEEK_END) - before
                case "time":
                    answer = _time(handlers, **command)
                case "profile":
                    answer = _profile(handlers, **command)
                case other:
                    raise ValueError(other)
            print(json.dumps(answer), file=answers, flush=True)


@contextmanager
def _own_log(path: Path) -> Iterator[Any]:
    with path.open("a+") as log, os.fdopen(os.dup(1), "w") as answers:
        sys.stdout = log
        yield answers


def _load(name: str, function: str | None = None, bare: dict[str, Any] | None = None) -> Handler:
    if bare is not None:
        from bench.bare import only_start, with_same_calls  # noqa: PLC0415  # a worker without them needs no boto3

        return with_same_calls(**bare) if "read" in bare else only_start(**bare)
    spec = importlib.util.spec_from_file_location(f"app_{name}", f"{function}/app.py")
    if spec is None or spec.loader is None:
        raise ValueError(function)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


def _time(
    handlers: dict[str, Handler], names: list[str], event: dict[str, Any], rounds: int
) -> dict[str, list[list[int]]]:
    """Call in turns (A B C A B C …): nanoseconds of wall clock and of this process's CPU for each call."""
    times: dict[str, list[list[int]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            handler = handlers[name]
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            handler(event, None)
            times[name].append([time.perf_counter_ns() - wall, time.process_time_ns() - cpu])
    return times


def _profile(handlers: dict[str, Handler], names: list[str], event: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Call in turns under a profiler each: every function's own seconds; a built-in one's by who called it."""
    profiles = {name: cProfile.Profile() for name in names}
    for _ in range(rounds):
        for name, profile in profiles.items():
            profile.enable()
            handlers[name](event, None)
            profile.disable()
    return {name: _rows(profile) for name, profile in profiles.items()}


def _rows(profile: cProfile.Profile) -> list[dict[str, Any]]:
    rows = []
    for (file, _, function), (_, calls, own, _, callers) in _stats(profile).items():
        if file != "~":
            rows.append({"file": file, "function": function, "calls": calls, "own": own})
            continue
        rows += [
            {"file": by, "function": function, "calls": counted[0], "own": counted[2]}
            for (by, _, _), counted in callers.items()
        ]
    return rows


def _stats(profile: cProfile.Profile) -> dict[Any, Any]:
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # not in typeshed
    return stats


if __name__ == "__main__":
    main()
