"""`python -m dev run|up|down|status|env|e2e`: what the Makefile's targets do with the local engine."""

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from dev import console
from dev import engine as engines
from dev.home import BIN, ROOT, DevError, Home, engine_environment, home_from_environment, make
from dev.up import Up, bring_up, cli_environment, require_running, stop

E2E_PORT = 4567
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody wants us to end: Ctrl-C, a closed terminal, or a kill."""


def main() -> int:
    """Run one command; a DevError is a message, not a trace."""
    parser = argparse.ArgumentParser(prog="python -m dev", description=__doc__)
    parser.add_argument("command", choices=[*COMMANDS, "e2e"])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="e2e: the tests' command")
    arguments = parser.parse_args()
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    try:
        if arguments.command == "e2e":
            return e2e([word for word in arguments.rest if word != "--"])
        return COMMANDS[arguments.command](home_from_environment()) or 0
    except DevError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except Interrupted:
        print("\nInterrupted.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`make up | head`); what was to be done is done.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def up(home: Home) -> None:
    """Leave everything running in the background."""
    running = bring_up(home)
    _print_how_to_call(running, home)
    print(f"Runs in the background; `{make('down', home)}` ends it.")


def run(home: Home) -> None:
    """Show everything working, and stay. An engine that `make up` started outlives the Ctrl-C."""
    started_here = False
    try:
        started_here = engines.find(home) is None
        running = bring_up(home)
        started_here = running.started_here
        _call_samples(running, home)
        _print_how_to_call(running, home)
        left = f"It was up already: Ctrl-C leaves it up, `{make('down', home)}` ends it."
        ending = "Ctrl-C ends it." if started_here else left
        print(f"Up. {ending}", flush=True)
        while engines.is_running(running.engine):
            time.sleep(0.5)
        print("The engine has ended.")
    except Interrupted:
        print()
    finally:
        _finish_undisturbed()
        if started_here:
            stop(home)


def status(home: Home) -> None:
    """Say what is running."""
    engine = require_running(home)
    print(f"engine     {engine.url} (pid {engine.pid}, {'healthy' if engines.is_healthy(engine) else 'no answer'})")
    if home.local_json.exists():
        print(f"api        {json.loads(home.local_json.read_text())['base_url']}")
        print(f"tokens     {os.path.relpath(home.local_json)}")
    print(f"log        {os.path.relpath(home.engine_log)}")


def env(home: Home) -> None:
    """Print what lets a shell mean this engine: eval "$(make -s env)"."""
    engine = require_running(home)
    try:
        local = json.loads(home.local_json.read_text())
    except FileNotFoundError:
        raise DevError(f"The engine is not ready yet. `{make('up', home)}` waits until it is.") from None
    said = cli_environment(local, local["admin_token"], home)
    own = {name: said[name] for name in sorted(said) if name.startswith(("AWS_", "FLOWPORT_"))}
    print(f"# {engine.url}, with an administrator's token")
    print("unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN AWS_REGION")
    for name, value in own.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f'export PATH={shlex.quote(str(BIN))}:"$PATH"')


def e2e(command: list[str]) -> int:
    """Run the tests against an engine of their own, so that nobody's `make run` is disturbed, then end it.

    With FLOWPORT_LOCAL_JSON set they run against what that file describes instead.
    """
    if not command:
        raise DevError("e2e needs the tests' command: python -m dev e2e -- pytest tests/e2e")
    if "FLOWPORT_LOCAL_JSON" in os.environ:
        return subprocess.run(command, check=False).returncode
    home = home_from_environment(".flowport-test")
    if home.port is None and engines.find(home) is None:
        home = Home(home.path, engines.free_port(E2E_PORT))
    try:
        running = bring_up(home)
        environment = engine_environment(running.engine.url) | {"FLOWPORT_LOCAL_JSON": str(home.local_json)}
        return subprocess.run(command, env=environment, check=False).returncode
    finally:
        # Also one that a killed test run left behind: this folder is the tests' alone.
        _finish_undisturbed()
        stop(home)


def _finish_undisturbed() -> None:
    """Let no second Ctrl-C leave the engine behind."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


def _call_samples(running: Up, home: Home) -> None:
    environment = cli_environment(running.local, running.local["run_token"], home)
    _show(["call", "samples/hello"], environment)
    job_id = _show(["call", "samples/report", '{"seconds": 2}', "--async"], environment).strip()
    _show(["jobs", "watch", job_id], environment)
    _call_theeye(running.local)
    _call_iolinker(running.local)
    _call_phixflow(running.local)
    _call_nebulagraph(running.local)
    _call_workfloplus(running.local)


def _call_theeye(local: dict[str, Any]) -> None:
    known = local["dialects"]["theeye"]
    url = f"{local['base_url']}/{known['customer']}/task/{known['task']}/job?parse&access_token="
    body = '{"task_arguments":[100]}'
    print(f"\n$ curl -sS -X POST \"{url}$FLOWPORT_TOKEN\" -H 'content-type: application/json' -d '{body}'  # TheEye")
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url + known["access_token"], body.encode(), headers)  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own URL
        print(answer.read().decode(), flush=True)


def _call_iolinker(local: dict[str, Any]) -> None:
    known = local["dialects"]["iolinker"]
    url = f"{local['base_url']}/v1/api/{known['owner']}/{known['api']}"
    print(f"\n$ curl -sS -H'token:{known['token']}' {url}  # iolinker")
    request = urllib.request.Request(url, headers={"Token": known["token"]})  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own URL
        print(answer.read().decode(), flush=True)


def _call_phixflow(local: dict[str, Any]) -> None:
    known = local["dialects"]["phixflow"]
    action = f"{known['application']}/{urllib.parse.quote(known['action'])}"
    url = f"{local['base_url']}/{known['instance']}/api/1/action/{action}/trigger?field=xyz"
    print(f"\n$ curl -sS -X POST '{url}' -H \"Authorization: Bearer $PHIXFLOW_API_KEY\"  # PhixFlow")
    headers = {"Authorization": f"Bearer {known['api_key']}", "Content-Type": "text/plain"}
    request = urllib.request.Request(url, b"", headers)  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own URL
        print(answer.read().decode(), flush=True)


def _call_nebulagraph(local: dict[str, Any]) -> None:
    known = local["dialects"]["nebulagraph"]
    root = f"{local['base_url']}/api-open/v1"
    account = {"Authorization": f"Bearer {known['account_base64']}"}
    request = urllib.request.Request(f"{root}/connect", headers=account, method="POST")  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own URL
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
    jobs, body = f"{root}/workflows/{known['workflow_id']}/jobs", '{"input":{"query_1":{"name":"Tim Duncan"}}}'
    print(
        f"\n$ curl -sS -c cookies -X POST -H 'Authorization: {account['Authorization']}' {root}/connect"
        f"\n$ curl -sS -b cookies -H 'Content-Type: application/json' -d '{body}' {jobs}  # NebulaGraph Explorer"
    )
    headers = {"Content-Type": "application/json", "Cookie": cookie}
    request = urllib.request.Request(jobs, body.encode(), headers)  # noqa: S310 - our own URL
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own URL
        print(answer.read().decode(), flush=True)


def _call_workfloplus(local: dict[str, Any]) -> None:
    known = local["dialects"]["workfloplus"]
    script = ROOT / "examples" / "clients" / "workfloplus.sh"
    print(f"\n$ {os.path.relpath(script)}  # WorkfloPlus: a token, and a job that is synced until it is completed")
    environment = engine_environment(local["engine_url"]) | {
        "WORKFLOPLUS_URL": local["base_url"],
        "WORKFLOPLUS_WORKFLOW": known["workflow_id"],
        "WORKFLOPLUS_CLIENT_ID": known["client_id"],
        "WORKFLOPLUS_CLIENT_SECRET": known["client_secret"],
    }
    done = subprocess.run(["bash", str(script)], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout.rstrip(), flush=True)
    if done.returncode != 0:
        raise DevError(f"`{os.path.relpath(script)}` ended with {done.returncode}.")


def _show(arguments: list[str], environment: dict[str, str]) -> str:
    print(f"\n$ flowport {shlex.join(arguments)}", flush=True)
    done = subprocess.run(
        [str(BIN / "flowport"), *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    print(done.stdout.rstrip(), flush=True)
    if done.returncode != 0:
        raise DevError(f"`flowport {shlex.join(arguments)}` ended with {done.returncode}.")
    return done.stdout


def _print_how_to_call(running: Up, home: Home) -> None:
    local = running.local
    print(f"""
Call it yourself:

  export FLOWPORT_BASE_URL={local["base_url"]} FLOWPORT_TOKEN={local["run_token"]}

  curl -sS -X POST "$FLOWPORT_BASE_URL/v1/run/samples/hello" -H "Authorization: Bearer $FLOWPORT_TOKEN"

  curl -sS -i -X POST "$FLOWPORT_BASE_URL/v1/run/samples/report" -H "Authorization: Bearer $FLOWPORT_TOKEN" \\
       -H 'Content-Type: application/json' -H 'Prefer: respond-async' -d '{{"seconds": 5}}'

  {os.path.relpath(BIN / "flowport")} jobs list

Or let a shell mean it, with an administrator's token and `flowport` on the PATH:

  eval "$({make("-s env", home)})"

The console is at {local["base_url"]}/console/ and takes the admin_token of {os.path.relpath(home.local_json)}, where
the operator's token is, too.
""")


COMMANDS: Final[dict[str, Callable[[Home], int | None]]] = {
    "run": run,
    "up": up,
    "down": stop,
    "status": status,
    "env": env,
    "console": lambda home: console.build(home.path / "console.log"),
    "console-test": lambda home: console.test(home.path / "console.log"),
}

if __name__ == "__main__":
    sys.exit(main())
