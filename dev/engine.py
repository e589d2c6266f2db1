"""Starts and ends MiniStack, and knows for certain which process is ours."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.home import BIN, DEFAULT_PORT, HOST, REGION, ROOT, DevError, Home

START_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Engine:
    """A process that was started from this folder; `started` tells it from a later one with its pid."""

    pid: int
    started: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


def find(home: Home) -> Engine | None:
    """Give the engine of this folder if its process is still the one that was started; forget it if not."""
    try:
        engine = Engine(**json.loads(home.engine_file.read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        home.engine_file.unlink()
        return None
    if _start_of(engine.pid) == engine.started:
        return engine
    home.engine_file.unlink()
    return None


def is_healthy(engine: Engine) -> bool:
    """Ask the engine itself, briefly."""
    try:
        with urllib.request.urlopen(f"{engine.url}/_ministack/health", timeout=2) as answer:  # noqa: S310 - our own URL
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (OSError, urllib.error.URLError):
        return False


def ensure(home: Home) -> tuple[Engine, bool]:
    """Give a healthy engine, and whether it had to be started."""
    engine = find(home)
    if engine is not None:
        if home.port not in {None, engine.port}:
            raise DevError(
                f"The engine of this folder already runs on port {engine.port}, and FLOWPORT_PORT asks for "
                f"{home.port}. End it with `make down` first."
            )
        if is_healthy(engine):
            return engine, False
        print("The engine does not answer any more; starting it again.")
        stop(home)
    return _start(home, home.port or DEFAULT_PORT), True


def stop(home: Home) -> bool:
    """End the engine of this folder, if there is one; say whether there was."""
    engine = find(home)
    if engine is None:
        return False
    os.kill(engine.pid, signal.SIGTERM)
    if not _wait_for_end(engine, STOP_SECONDS):
        os.kill(engine.pid, signal.SIGKILL)
        _wait_for_end(engine, STOP_SECONDS)
    home.engine_file.unlink(missing_ok=True)
    shutil.rmtree(home.path / "tmp", ignore_errors=True)
    return True


def is_running(engine: Engine) -> bool:
    """Say whether this very process is still there."""
    return _start_of(engine.pid) == engine.started


def free_port(preferred: int) -> int:
    """Give `preferred` if nobody listens there, else any free port."""
    if not _listens(preferred):
        return preferred
    with socket.socket() as any_port:
        any_port.bind((HOST, 0))
        return int(any_port.getsockname()[1])


def _start(home: Home, port: int) -> Engine:
    if _listens(port):
        raise DevError(
            f"Port {port} on {HOST} is taken by another program. End that program, "
            f"or choose another port: FLOWPORT_PORT={free_port(port + 10)} make run"
        )
    scratch = home.path / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with home.engine_log.open("ab") as log:
        process = subprocess.Popen(
            # -P: this folder's own modules must not come before the engine's.
            [sys.executable, "-P", str(ROOT / "dev" / "serve.py")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home.path,
            env=_environment(port, scratch),
            # Ctrl-C in the terminal is for us alone: we end the engine in order.
            start_new_session=True,
        )
    engine = Engine(process.pid, _start_of(process.pid), port)
    home.engine_file.write_text(json.dumps(asdict(engine)))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            home.engine_file.unlink(missing_ok=True)
            raise DevError(f"The engine ended right after its start:\n{tail(home.engine_log)}")
        if is_healthy(engine):
            return engine
        time.sleep(0.1)
    stop(home)
    raise DevError(f"The engine did not answer within {START_SECONDS} seconds:\n{tail(home.engine_log)}")


def tail(log: Path, lines: int = 15) -> str:
    """Give the last lines of a log, indented, and where the rest is."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        text = ""
    shown = "\n".join(f"    {line}" for line in [line for line in text.splitlines() if line.strip()][-lines:])
    return f"{shown}\n  (all of it: {os.path.relpath(log)})"


def _environment(port: int, scratch: Path) -> dict[str, str]:
    # The engine's environment is also that of the functions' workers: nothing of the developer's own gets in.
    inherited = {name: os.environ[name] for name in ("HOME", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return inherited | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "TMPDIR": str(scratch),
        "BIND_HOST": HOST,
        "GATEWAY_PORT": str(port),
        # Or it opens a port on all addresses besides.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _wait_for_end(engine: Engine, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        _reap(engine.pid)
        if not is_running(engine):
            return True
        time.sleep(0.05)
    return False


def _reap(pid: int) -> None:
    """Take the exit status, if the process is our own child."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def _start_of(pid: int) -> str:
    """Tell when a process was started, empty if there is none: a pid alone may be another's by now."""
    if Path("/proc/self/stat").exists():
        try:
            # The fields after the command's name, which may itself hold spaces and brackets; state, …, start time.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]
    found = subprocess.run(["ps", "-p", str(pid), "-o", "lstart="], capture_output=True, text=True, check=False)
    return found.stdout.strip()
