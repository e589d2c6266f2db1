"""The command as a process: closed pipes, Ctrl-C, what it imports."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from flowport_cli import VERSION
from flowport_cli.session import Session
from tests.unit.test_cli_harness import Cli, answer, cli

__all__ = ["cli"]

ROOT = Path(__file__).parents[2]
# The command with a made-up answer, so that the process needs no network.
SCRIPT = """
import sys
sys.path.insert(0, "cli")
import httpx
from flowport_cli.main import app
from flowport_cli.session import Tools
items = [{"endpoint": "a/" + "x" * 200} for _ in range(5000)]
body = httpx.Response(200, json={"items": items, "cursor": None}).content
reply = lambda request: httpx.Response(200, content=body)
app(sys.argv[1:], obj=Tools(transport=httpx.MockTransport(reply)), prog_name="flowport")
"""


@pytest.mark.parametrize("args", [["endpoints", "list"], ["endpoints", "list", "--json"]])
def test_a_reader_that_goes_away_ends_the_command_without_a_trace(args: list[str], tmp_path: Path) -> None:
    env = {"FLOWPORT_BASE_URL": "https://h", "FLOWPORT_TOKEN": "t", "FLOWPORT_CONFIG": str(tmp_path / "none")}
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *args], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""

    assert process.returncode == 141


def test_ctrl_c_is_exit_code_130_without_a_trace(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(session: Session) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "client", interrupted)

    result = cli("endpoints", "show", "a/b")

    assert (result.exit_code, result.output) == (130, "")


def test_ctrl_c_while_the_command_still_starts_is_exit_code_130_without_a_trace() -> None:
    # Interrupts itself in the middle of an import, as a terminal would.
    script = """
import os, signal, sys
sys.path.insert(0, "cli")
class Pressed:
    def find_spec(self, name, *_):
        if name == "rich.table":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Pressed())
from flowport_cli.start import run
run()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_the_installed_command_starts_where_ctrl_c_is_expected() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"flowport": "flowport_cli.start:run"}


def test_ctrl_d_at_a_question_is_exit_code_130(cli: Cli) -> None:
    assert cli("users", "create", "ada", stdin="").exit_code == 130
    assert cli.api.requests == []


def test_no_command_but_bootstrap_imports_boto3() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.path.insert(0, 'cli'); import flowport_cli.main; print('boto3' in sys.modules)",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )

    assert said.stdout == "False\n"


def test_the_command_and_its_package_have_the_same_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_a_connection_is_closed_when_the_command_ends(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [], "cursor": None})]

    # pytest turns the warning about an unclosed one into an error.
    assert cli("endpoints", "list").exit_code == 0


def test_colour_that_is_forced_adds_no_byte_to_a_document(cli: Cli) -> None:
    cli.env |= {"FORCE_COLOR": "1"}
    cli.api.replies = [answer({"items": [], "cursor": None})]

    assert cli("endpoints", "list", "--json").stdout == '{"items": [], "cursor": null}'
