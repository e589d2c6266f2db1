"""`flowport resume`."""

import json

import pytest

from tests.unit.test_cli_harness import Cli, answer, cli, problem

__all__ = ["cli"]


@pytest.mark.parametrize(("given", "sent"), [((), b"{}"), (('{"ok": 1.10}',), b'{"ok": 1.10}'), (("-",), b"[1]")])
def test_the_answer_is_posted_as_it_was_written(cli: Cli, given: tuple[str, ...], sent: bytes) -> None:
    cli.api.replies = [answer({"status": "resumed"})]

    result = cli("resume", "cb_x/y", *given, stdin="[1]")

    assert (result.exit_code, result.stderr) == (0, "The run goes on.\n")
    assert cli.api.asked == ["POST /prod/v1/callbacks/cb_x%2Fy"]
    assert cli.api.last.content == sent


def test_an_early_answer_is_said_to_be_kept(cli: Cli) -> None:
    cli.api.replies = [answer({"status": "kept"}), answer({"status": "kept"})]

    assert "Kept: no run waits" in cli("resume", "cb_x").stderr
    assert json.loads(cli("resume", "cb_x", "--json").stdout) == {"status": "kept"}


def test_a_callback_needs_no_token(cli: Cli) -> None:
    cli.env["FLOWPORT_TOKEN"] = None
    cli.api.replies = [answer({"status": "resumed"})]

    assert cli("resume", "cb_x").exit_code == 0
    assert "Authorization" not in cli.api.last.headers


@pytest.mark.parametrize(
    ("status", "kind"), [(409, "callback-repeated"), (410, "callback-expired"), (404, "not-found")]
)
def test_an_answer_that_is_refused_is_said_to_be_so(cli: Cli, status: int, kind: str) -> None:
    cli.api.replies = [problem(status, kind, detail="It is so.")]

    result = cli("resume", "cb_x")

    assert result.exit_code == 3
    assert "It is so." in result.stderr


def test_what_is_no_json_is_not_sent(cli: Cli) -> None:
    assert cli("resume", "cb_x", "{").exit_code == 2
    assert cli.api.requests == []
