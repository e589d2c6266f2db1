"""Where things are, and the environment in which AWS tools speak to the local engine."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEFAULT_PORT = 4566
DEFAULT_HOME = ".flowport"
LAST_PORT = 65_535
HOST = "127.0.0.1"
REGION = "us-east-1"


class DevError(Exception):
    """What went wrong and what to do, in words for a terminal. Never shown as a trace."""


@dataclass(frozen=True, slots=True)
class Home:
    """One engine's folder. `port` is None when nobody asked for a particular one."""

    path: Path
    port: int | None

    @property
    def engine_file(self) -> Path:
        return self.path / "engine.json"

    @property
    def engine_log(self) -> Path:
        return self.path / "engine.log"

    def sam_log(self, stack: str) -> Path:
        return self.path / f"sam-{stack}.log"

    @property
    def deployed_file(self) -> Path:
        return self.path / "deployed.json"

    @property
    def local_json(self) -> Path:
        return self.path / "local.json"


def make(target: str, home: Home) -> str:
    """Give the words that mean a target of the Makefile for this engine."""
    named = "" if home.path == ROOT / DEFAULT_HOME else f"FLOWPORT_HOME={os.path.relpath(home.path, ROOT)} "
    return f"{named}make {target}"


def home_from_environment(default_path: str = DEFAULT_HOME) -> Home:
    """Read FLOWPORT_HOME (a folder, relative to the repository) and FLOWPORT_PORT."""
    path = ROOT / os.environ.get("FLOWPORT_HOME", default_path)
    text = os.environ.get("FLOWPORT_PORT", "")
    if not text:
        return Home(path, None)
    if not text.isdecimal() or not 0 < int(text) <= LAST_PORT:
        raise DevError(f"FLOWPORT_PORT is {text!r}; it must be a number from 1 to {LAST_PORT}.")
    return Home(path, int(text))


def engine_environment(engine_url: str) -> dict[str, str]:
    """Give the environment in which sam, boto3 and the CLI mean the engine, and never a real account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "FLOWPORT_"))}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "AWS_ENDPOINT_URL": engine_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Neither a profile nor a credentials file of the developer may lead elsewhere.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # boto3 would put `sync-` before the host of StartSyncExecution, which no loopback address answers.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "SAM_CLI_TELEMETRY": "0",
    }
