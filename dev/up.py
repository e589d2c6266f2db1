"""From nothing to published samples; each step finds out by itself whether it still has to be done."""

import fcntl
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dev import console
from dev import engine as engines
from dev.deploy import HalfFinishedError, base_url, deploy
from dev.engine import Engine
from dev.home import ROOT, DevError, Home, engine_environment
from dev.iolinker import publish_iolinker
from dev.nebulagraph import publish_nebulagraph
from dev.phixflow import publish_phixflow
from dev.samples import dialects, publish, samples_version
from dev.tools import flowport_json, write_private
from dev.workfloplus import publish_workfloplus

WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class Up:
    """What is running, and whether this call started the engine."""

    engine: Engine
    started_here: bool
    local: dict[str, Any]


def bring_up(home: Home) -> Up:
    """Start the engine, deploy, create tokens, publish the samples, write local.json."""
    home.path.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with _alone():
        console.build(home.path / "console.log")
        engine, started_here = engines.ensure(home)
        print(
            f"engine     {engine.url} (pid {engine.pid}, {'started' if started_here else 'already running'})",
            flush=True,
        )
        try:
            outputs = deploy(home, engine)
        except HalfFinishedError as left_behind:
            print(f"An earlier deployment was left half finished ({left_behind}); starting the engine afresh.")
            engines.stop(home)
            engine, started_here = engines.ensure(home)
            outputs = deploy(home, engine)
        local = _local(home, engine, outputs)
    print(f"ready      {local['base_url']} ({time.monotonic() - began:.0f} s)", flush=True)
    return Up(engine, started_here, local)


def cli_environment(local: dict[str, Any], token: str, home: Home) -> dict[str, str]:
    """Give the environment in which the flowport command means this API, with the developer's profile left alone."""
    return engine_environment(local["engine_url"]) | {
        "FLOWPORT_BASE_URL": local["base_url"],
        "FLOWPORT_TOKEN": token,
        "FLOWPORT_CONFIG": str(home.path / "config.toml"),
    }


def _local(home: Home, engine: Engine, outputs: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Give local.json as it is if its tokens still work and it describes what is deployed; else make it anew."""
    fresh = {
        "base_url": base_url(engine, outputs["flowport"]),
        "engine_url": engine.url,
        "engine_log": str(home.engine_log),
        "workspace": WORKSPACE,
        "outputs": outputs["flowport"],
        "samples_outputs": outputs["flowport-samples"],
        "samples_version": samples_version(),
    }
    known = _read(home)
    if all(known.get(name) == value for name, value in fresh.items()) and _is_accepted(known):
        return known

    environment = engine_environment(engine.url) | {"FLOWPORT_BASE_URL": str(fresh["base_url"])}
    environment["FLOWPORT_CONFIG"] = str(home.path / "config.toml")
    admin = flowport_json("Bootstrapping", ["bootstrap", "--workspace", WORKSPACE, "--no-save"], environment)
    operator = flowport_json("Bootstrapping the operator", ["bootstrap", "--operator", "--no-save"], environment)
    environment["FLOWPORT_TOKEN"] = admin["token"]
    samples = publish(outputs["flowport-samples"], environment)
    iolinker = publish_iolinker(outputs["flowport-samples"], environment)
    phixflow = publish_phixflow(outputs["flowport-samples"], environment)
    nebulagraph = publish_nebulagraph(outputs["flowport-samples"], environment)
    workfloplus = publish_workfloplus(outputs["flowport-samples"], environment)
    arguments = ["tokens", "create", "local", "--scope", "run", "--scope", "jobs:read", "--scope", "jobs:write"]
    runner = flowport_json("Creating a token", arguments, environment)
    local = fresh | {
        "admin_token": admin["token"],
        "operator_token": operator["token"],
        "run_token": runner["token"],
        "samples": samples,
        "dialects": dialects(WORKSPACE, runner["token"])
        | {"iolinker": iolinker, "phixflow": phixflow, "nebulagraph": nebulagraph, "workfloplus": workfloplus},
    }
    write_private(home.local_json, json.dumps(local, indent=2) + "\n")
    print(f"published  {', '.join(samples.values())}")
    return local


def _read(home: Home) -> dict[str, Any]:
    try:
        known = json.loads(home.local_json.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _is_accepted(local: dict[str, Any]) -> bool:
    request = urllib.request.Request(  # noqa: S310 - our own URL
        f"{local['base_url']}/v1/admin/endpoints?limit=1", headers={"Authorization": f"Bearer {local['admin_token']}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own URL
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's OK
    except (OSError, urllib.error.URLError):
        return False


@contextmanager
def _alone() -> Iterator[None]:
    """Let one of several `make up` and `make run` at a time build and deploy: they share the build folder."""
    build_lock = ROOT / ".aws-sam" / "lock"
    build_lock.parent.mkdir(exist_ok=True)
    with build_lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting    another start in this folder is under way", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def stop(home: Home) -> None:
    """End the engine and forget what went with it."""
    if not home.path.exists():
        print("Nothing is running.")
        return
    ended = engines.stop(home)
    home.local_json.unlink(missing_ok=True)
    print("The engine has ended." if ended else "Nothing was running.")


def require_running(home: Home) -> Engine:
    """Give the running engine or say that there is none."""
    engine = engines.find(home)
    if engine is None:
        raise DevError("Nothing is running here. Start it with `make up` or `make run`.")
    return engine
