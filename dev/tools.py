"""Runs sam and the flowport command: quiet when it works, their own words when it does not."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from dev.engine import tail
from dev.home import BIN, ROOT, DevError


def run_logged(log: Path, what: str, command: list[str], environment: dict[str, str]) -> float:
    """Run a tool with its output in the log; give the seconds that it took."""
    started = time.monotonic()
    with log.open("ab") as output:
        output.write(f"\n$ {' '.join(command)}\n".encode())
        output.flush()
        code = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=environment,
            check=False,
        ).returncode
    if code != 0:
        raise DevError(f"{what} failed (`{' '.join(command[:2])}` ended with {code}):\n{tail(log)}")
    return time.monotonic() - started


def flowport_json(what: str, arguments: list[str], environment: dict[str, str], *, stdin: str = "") -> dict[str, Any]:
    """Run the flowport command with --json and give what it printed."""
    done = subprocess.run(
        [str(BIN / "flowport"), "--json", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-15:]
        raise DevError(f"{what} failed (exit {done.returncode}):\n" + "\n".join(f"    {line}" for line in said))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def bring(kind: str, arguments: list[str], secret: str, environment: dict[str, str]) -> None:
    """Make a credential, unless an earlier publishing on the same engine has made it."""
    try:
        flowport_json(f"Bringing {kind} along", [kind, "create", *arguments], environment, stdin=secret)
    except DevError:
        made = flowport_json(f"Listing {kind}", [kind, "list"], environment)
        if arguments[0] not in json.dumps(made):
            raise


def write_private(path: Path, text: str) -> None:
    """Write a file that holds tokens: readable by its owner alone from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text)
