"""The local engine's tooling: whose process it ends, and what it says when something is in the way."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
import tomllib
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ministack import app  # type: ignore[import-untyped]
from ministack.services import eventbridge, lambda_svc  # type: ignore[import-untyped]

from dev import __main__ as dev_main
from dev import engine as engines
from dev import serve as serve_module
from dev import up
from dev.deploy import HalfFinishedError
from dev.engine import Engine
from dev.home import ROOT, DevError, Home, engine_environment, home_from_environment, make
from dev.serve import named_error


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that is none of ours but has a pid that could once have been the engine's."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


def remember(home: Home, *, pid: int, started: str, port: int = 4566) -> None:
    home.engine_file.write_text(json.dumps({"pid": pid, "started": started, "port": port}))


def test_a_taken_port_is_named_with_a_free_one_to_take_instead(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(DevError, match=rf"Port {taken_port} .* is taken .*FLOWPORT_PORT=\d+"):
        engines.ensure(Home(tmp_path, taken_port))


def test_a_process_that_got_the_engines_old_pid_is_never_ended(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    home = Home(tmp_path, None)
    remember(home, pid=stranger.pid, started="long ago")

    assert engines.stop(home) is False
    assert stranger.poll() is None
    assert not home.engine_file.exists()


def test_our_own_process_is_known_by_pid_and_start(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    home = Home(tmp_path, None)
    remember(home, pid=stranger.pid, started=engines._start_of(stranger.pid))

    engine = engines.find(home)
    assert engine is not None
    assert engines.stop(home) is True
    assert not engines.is_running(engine)


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}'])
def test_a_pid_file_cut_off_by_a_crash_is_forgotten(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path, None)
    home.engine_file.write_text(text)

    assert engines.find(home) is None
    assert not home.engine_file.exists()


def test_another_port_than_the_running_engines_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path, 4610)
    remember(home, pid=os.getpid(), started=engines._start_of(os.getpid()), port=4611)

    with pytest.raises(DevError, match="already runs on port 4611, and FLOWPORT_PORT asks for 4610"):
        engines.ensure(home)


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused_by_its_variables_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWPORT_PORT", text)

    with pytest.raises(DevError, match="FLOWPORT_PORT"):
        home_from_environment()


def test_the_developers_own_aws_account_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")

    environment = engine_environment("http://127.0.0.1:4610")

    assert "AWS_PROFILE" not in environment
    assert "AWS_SESSION_TOKEN" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4610"
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull


def test_a_half_finished_deployment_is_repaired_by_a_fresh_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    did: list[str] = []
    engine = Engine(1, "now", 4610)

    def deploy(_home: Home, _engine: Engine) -> dict[str, dict[str, str]]:
        did.append("deploy")
        if did.count("deploy") == 1:
            raise HalfFinishedError("flowport is ROLLBACK_COMPLETE")
        return {}

    def ensure(_home: Home) -> tuple[Engine, bool]:
        did.append("start")
        return engine, did.count("start") > 1

    monkeypatch.setattr(up, "deploy", deploy)
    monkeypatch.setattr(up, "_local", lambda *_: {"base_url": "http://127.0.0.1:4610/local"})
    monkeypatch.setattr(engines, "ensure", ensure)
    monkeypatch.setattr(engines, "stop", lambda _home: did.append("stop"))

    running = up.bring_up(Home(tmp_path, None))

    assert did == ["start", "deploy", "stop", "start", "deploy"]
    assert running.started_here


def test_without_python_3_13_setting_up_says_how_to_get_it(tmp_path: Path) -> None:
    done = subprocess.run(
        ["/bin/bash", str(ROOT / "dev/python313")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "Flowport needs Python 3.13, and none was found" in done.stderr


def test_the_engine_hands_an_apis_path_on_as_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def serve(host: str, path: str, *_: Any, raw_path: str | None = None, **__: Any) -> str:
        seen.append((host, path, raw_path))
        return "answer"

    monkeypatch.setattr("dev.serve._serve_api", serve)
    handled = serve_module._serve_api_exactly("127.0.0.1", "/local/x/y%", "POST", raw_path="/local/x%2Fy%25")
    assert asyncio.run(handled) == "answer"
    assert seen == [("127.0.0.1", "/local/x%2Fy%25", "/local/x%2Fy%25")]


def test_events_of_a_function_wait_for_room_and_none_is_lost() -> None:
    at_once, most, done = 0, 0, []
    lock, release = threading.Lock(), threading.Event()

    def execute(record: object, event: object) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        release.wait(30)
        with lock:
            at_once -= 1
            done.append((record, event))
        if event == {"n": 3}:
            raise RuntimeError("one that fails takes no other with it")

    queues = serve_module.Queues({"arn:a": "a"}.get, execute)
    for number in range(20):
        queues.dispatch("arn:a", json.dumps({"n": number}))
    queues.dispatch("arn:unknown", "{}")
    release.set()
    deadline = time.monotonic() + 30
    while len(done) < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(event["n"] for _, event in done) == list(range(20))  # type: ignore[index]
    assert {record for record, _ in done} == {"a"}
    assert most <= serve_module.EVENTS_AT_ONCE


def test_the_engine_hands_events_and_calls_through_what_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_handle_execute_api_request", None)
    monkeypatch.setattr(eventbridge, "_dispatch_to_lambda", None)
    for name in ("acquire_worker", "release_worker", "invalidate_worker", "invoke_async_with_retry", "_update_alias"):
        monkeypatch.setattr(lambda_svc, name, None)
    serve_module.install()
    assert app._handle_execute_api_request is serve_module._serve_api_exactly
    assert eventbridge._dispatch_to_lambda.__func__ is serve_module.Queues.dispatch
    assert lambda_svc.invalidate_worker.__func__ is serve_module.Environments.retire


class Process:
    """A process of the engine's, as far as it is leased and ended."""

    in_use = False


class Runtime:
    """The engine's pools of processes."""

    def __init__(self, *keys: str) -> None:
        self._lock = threading.Lock()
        self._workers: dict[str, list[Any]] = {key: [Process(), Process()] for key in keys}
        self.ended: list[Any] = []

    def acquire_worker(self, key: str) -> tuple[Any, str]:
        worker = next(worker for worker in self._workers[key] if not worker.in_use)
        worker.in_use = True
        return worker, "reused"

    def release_worker(self, worker: Any) -> None:
        worker.in_use = False

    def kill_workers(self, workers: list[Any]) -> None:
        self.ended += workers


def test_a_call_of_a_version_that_is_replaced_ends_and_its_process_after_it() -> None:
    runtime = Runtime("0:r:f:1", "0:r:f:2", "0:r:g:1")
    environments = serve_module.Environments(runtime)
    idle = runtime._workers["0:r:f:1"][1]
    with ThreadPoolExecutor(1) as caller:
        busy, _ = caller.submit(environments.acquire, "0:r:f:1").result()
        environments.retire("f", "1")
        assert runtime.ended == [idle]
        caller.submit(environments.release, busy).result()
    assert runtime.ended == [idle, busy]
    assert runtime._workers.keys() == {"0:r:f:2", "0:r:g:1"}


def test_a_process_that_broke_is_ended_at_once_and_takes_no_other_call_with_it() -> None:
    runtime = Runtime("0:r:f:1")
    environments = serve_module.Environments(runtime)
    with ThreadPoolExecutor(1) as caller:
        busy, _ = caller.submit(environments.acquire, "0:r:f:1").result()
        broken, _ = environments.acquire("0:r:f:1")
        environments.retire("f", "1", "0", "r")
        assert runtime.ended == [broken]
        caller.submit(environments.release, busy).result()
    assert runtime.ended == [broken, busy]


def test_an_invocation_through_an_alias_is_repeated_and_given_up_as_the_alias_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = {"MaximumRetryAttempts": 0}
    functions = {"f": {"event_invoke_configs": {"live": chosen}}}
    begun: list[Any] = []
    monkeypatch.setattr(lambda_svc, "_functions", functions)
    monkeypatch.setattr(
        "dev.serve._invoke_async", lambda record, _event: begun.append(record.get("event_invoke_config"))
    )
    for qualifier in (":live", ":7", ""):
        arn = f"arn:aws:lambda:us-east-1:000000000000:function:f{qualifier}"
        serve_module._invoke_async_by_qualifier({"config": {"FunctionArn": arn}}, {})
    assert begun == [chosen, None, None]


def test_processes_of_the_version_that_an_alias_has_left_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    function = {"aliases": {"live": {"FunctionVersion": "1"}}}
    retired: list[tuple[str, ...]] = []
    monkeypatch.setattr(lambda_svc, "_functions", {"f": function})
    monkeypatch.setattr("dev.serve._update_alias", lambda *_: "answer")
    for name in ("acquire_worker", "release_worker", "invalidate_worker", "invoke_async_with_retry", "_update_alias"):
        monkeypatch.setattr(lambda_svc, name, None)
    monkeypatch.setattr(serve_module.Environments, "retire", lambda _self, *named: retired.append(named))
    monkeypatch.setattr(app, "_handle_execute_api_request", None)
    monkeypatch.setattr(eventbridge, "_dispatch_to_lambda", None)
    serve_module.install()
    for data in ({"FunctionVersion": "1"}, {"Description": "new"}, {"FunctionVersion": "2"}):
        assert lambda_svc._update_alias("f", "live", data) == "answer"
    assert retired == [("f", "1")]


def test_the_words_that_end_an_engine_name_its_folder_where_it_is_not_the_usual_one() -> None:
    assert make("down", Home(ROOT / ".flowport", None)) == "make down"
    assert make("down", Home(ROOT / ".flowport-other", None)) == "FLOWPORT_HOME=.flowport-other make down"


def test_a_shell_is_told_all_that_means_the_engine_and_nothing_of_the_developers_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the developer's")
    monkeypatch.setenv("FLOWPORT_TOKEN", "the developer's")
    home = Home(tmp_path, None)
    monkeypatch.setattr(dev_main, "require_running", lambda _: Engine(1, "", 4599))
    home.local_json.write_text(
        '{"base_url": "http://127.0.0.1:4599/x", "engine_url": "http://127.0.0.1:4599", "admin_token": "fp_a_b"}'
    )

    dev_main.env(home)

    said = subprocess.run(
        ["/bin/bash", "-c", capsys.readouterr().out + "env"],
        env={"PATH": os.defpath, "AWS_PROFILE": "work"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert "FLOWPORT_BASE_URL=http://127.0.0.1:4599/x" in said
    assert "FLOWPORT_TOKEN=fp_a_b" in said
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4599" in said
    assert "AWS_SECRET_ACCESS_KEY=test" in said
    assert "AWS_PROFILE=work" not in said
    assert any(line.startswith("PATH=") and line.endswith(f"/.venv/bin:{os.defpath}") for line in said)


def test_a_shell_is_told_nothing_while_nothing_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DevError, match="Nothing is running here"):
        dev_main.env(Home(tmp_path, None))
    assert capsys.readouterr().out == ""


def test_sam_deploys_nowhere_unless_an_environment_is_named() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    # A bucket's name that others can take must not be one to which code is uploaded.
    assert "deploy" not in config["default"]
    assert "global" not in config["default"]
    assert [name for name, one in config.items() if "s3_bucket" in str(one)] == []
    assert {name for name, one in config.items() if isinstance(one, dict) and "stack_name" in str(one)} == {
        "dev",
        "prod",
    }


def _failed(log: str) -> dict[str, Any]:
    return {"body": {"errorMessage": "late", "errorType": "Runtime.HandlerError"}, "error": True, "log": log}


@pytest.mark.parametrize(
    ("raised", "name"), [("a.b.Unavailable: late: by far", "Unavailable"), ("KeyError", "KeyError")]
)
def test_what_a_function_raises_has_its_name(raised: str, name: str) -> None:
    first = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    ~~^^\nValueError: y\n'
    log = f"printed: by it\n{first}\nDuring handling of it:\n\n{first.replace('ValueError: y', raised)}"
    assert named_error(_failed(log))["body"] == {"errorMessage": "late", "errorType": name}


def test_what_has_no_trace_keeps_the_engines_name() -> None:
    for result in (_failed("Worker process died"), {"body": {"errorType": "Sandbox.Timedout"}, "error": True}):
        assert named_error(result) == result


def test_a_real_trace_gives_the_exceptions_name() -> None:
    try:
        json.loads("{")
    except ValueError:
        assert named_error(_failed(traceback.format_exc()))["body"]["errorType"] == "JSONDecodeError"
