"""Limits: what is asked of the API, and what people see of them."""

import json

import pytest

from tests.unit.test_cli_harness import Cli, answer, cli

__all__ = ["cli"]

LIMITS = {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5}
OPTIONS = ("--rate", "100/60", "--concurrent", "5")
MADE = {"scopes": ["run"], "endpoints": None, "limits": LIMITS}


def test_publish_sends_limits(cli: Cli) -> None:
    cli.api.replies = [answer({"endpoint": "a/b", "limits": LIMITS}, 201)]
    result = cli("publish", "a/b", "--express", "arn:x", *OPTIONS)
    assert json.loads(cli.api.last.content)["limits"] == LIMITS
    assert "100/60s, 5 jobs" in result.stdout


def test_publish_without_limits_sends_none(cli: Cli) -> None:
    cli.api.replies = [answer({"endpoint": "a/b"}, 201)]
    cli("publish", "a/b", "--express", "arn:x")
    assert "limits" not in json.loads(cli.api.last.content)


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (("tokens", "create", "ci"), {"id": "tok_1", "token": "fp_x"}),
        (("clients", "create", "app"), {"client_id": "fpc_1", "client_secret": "fps_x"}),
        (("api-keys", "create", "phix"), {"id": "key_1", "api_key": "a.b.c"}),
        (("users", "create", "ada", "--password-stdin"), {"name": "ada"}),
    ],
)
def test_a_credential_is_made_with_limits(cli: Cli, command: tuple[str, ...], reply: dict[str, str]) -> None:
    cli.api.replies = [answer({**MADE, **reply}, 201)]
    result = cli(*command, *OPTIONS, stdin="correct horse battery staple\n")
    assert result.exit_code == 0, result.stderr
    assert json.loads(cli.api.last.content)["limits"] == LIMITS


@pytest.mark.parametrize("rate", ["100", "100/", "a/b", "100/60/1", "-1/60", "1 / 60"])
def test_a_rate_of_another_form_is_refused_before_anything_is_sent(cli: Cli, rate: str) -> None:
    result = cli("tokens", "create", "ci", f"--rate={rate}")
    assert (result.exit_code, cli.api.asked) == (2, [])
    assert "A rate is REQUESTS/SECONDS: --rate 100/60" in result.stderr


def test_a_list_shows_limits(cli: Cli) -> None:
    cli.api.replies = [answer({"items": [{"id": "tok_1", "name": "ci", **MADE}], "cursor": None})]
    assert "100/60s, 5 jobs" in cli("tokens", "list").stdout


def test_users_my_password_proves_the_present_one_and_sends_no_token(cli: Cli) -> None:
    cli.api.replies = [answer(None, 204)]
    result = cli("users", "my-password", "default/ada", "--password-stdin", stdin="old one\nnew and longer\n")
    assert (result.exit_code, cli.api.asked) == (0, ["POST /prod/v1/me/password"]), result.stderr
    assert cli.api.last.headers["Authorization"] == "Basic ZGVmYXVsdC9hZGE6b2xkIG9uZQ=="
    assert json.loads(cli.api.last.content) == {"password": "new and longer"}
    assert "old one" not in result.output
    assert "new and longer" not in result.output


@pytest.mark.parametrize(("user", "stdin"), [("ada", "a\nb\n"), ("default/ada", "only one\n")])
def test_users_my_password_needs_a_whole_name_and_two_passwords(cli: Cli, user: str, stdin: str) -> None:
    result = cli("users", "my-password", user, "--password-stdin", stdin=stdin)
    assert (result.exit_code, cli.api.asked) == (2, [])


def test_users_unlock_says_from_where_a_user_was_locked(cli: Cli) -> None:
    lifted = [{"address": "192.0.2.1", "locked_until": "2026-11-22T02:20:01.203Z"}]
    cli.api.replies = [answer({"name": "ada", "lifted": lifted})]
    assert "User ada can try again; it was locked from 192.0.2.1." in cli("users", "unlock", "ada").stderr
