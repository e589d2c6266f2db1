"""The worker process as its user sees it."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench import ROOT
from bench.deployed import Deployed
from bench.environment import PYTHON, function_environment


class Worker:
    """A fresh process in which handlers are loaded and called."""

    def __init__(self, deployed: Deployed, aws_url: str, log: Path) -> None:
        self._deployed = deployed
        self._environment = function_environment([*deployed.python_path(), str(ROOT)], aws_url)
        self._log = log

    def __enter__(self) -> Self:
        self._log.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [*PYTHON, "-m", "bench.worker", str(self._log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._environment,
            cwd=self._deployed.root,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def load(self, function: str) -> None:
        """Load one of Flowport's functions."""
        self._do(do="load", name=function, function=str(self._deployed.functions[function]))

    def load_bare(self, name: str, **requests: Any) -> None:  # noqa: ANN401  # requests as boto3 takes them
        """Load a bare handler."""
        self._do(do="load", name=name, bare=requests)

    def call(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Call a handler once; give its `answer` and the bytes that it `logged`."""
        called: dict[str, Any] = self._do(do="call", name=name, event=event)
        return called

    def time(self, names: list[str], event: dict[str, Any], rounds: int) -> dict[str, list[list[int]]]:
        """Call handlers in turns; give wall and CPU nanoseconds of each call."""
        times: dict[str, list[list[int]]] = self._do(do="time", names=names, event=event, rounds=rounds)
        return times

    def profile(self, names: list[str], event: dict[str, Any], rounds: int) -> dict[str, list[dict[str, Any]]]:
        """Profile handlers in turns; give each function's own time."""
        rows: dict[str, list[dict[str, Any]]] = self._do(do="profile", names=names, event=event, rounds=rounds)
        return rows

    def _do(self, **command: Any) -> Any:  # noqa: ANN401  # JSON
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the worker has no pipes")
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the worker ended; its error is above")
        return json.loads(line)
