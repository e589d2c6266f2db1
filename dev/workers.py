"""The processes in which the engine runs Lambda functions: found by their parent, told apart by their folder."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.engine import Engine

# MiniStack writes a worker's script into a folder of its own: ministack-lambda-<function>-<eight characters>/_worker.py
_SCRIPT = re.compile(r"ministack-lambda-(?P<function>[A-Za-z0-9_-]+)-[a-z0-9_]{8}/_worker\.py")


@dataclass(frozen=True, slots=True)
class Worker:
    """A warm Lambda worker of one engine."""

    pid: int
    function: str


def workers(engine: Engine) -> list[Worker]:
    """List the workers that this very engine has started and that still live."""
    return [
        Worker(pid, found["function"])
        for pid, parent, command in _processes()
        if parent == engine.pid and (found := _SCRIPT.search(command))
    ]


def kill(found: list[Worker]) -> None:
    """End workers as a machine that breaks would: no signal that they could handle, nothing tidied up."""
    for worker in found:
        try:
            os.kill(worker.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # ended by itself meanwhile


def _processes() -> Iterator[tuple[int, int, str]]:
    """Give pid, parent and command line of every process that we may see."""
    if not Path("/proc/self/stat").exists():
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        for line in listed.stdout.splitlines():
            pid, parent, command = line.split(None, 2)
            yield int(pid), int(parent), command
        return
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_text(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        yield int(folder.name), int(fields[1]), command
