"""Settings of credentials: what is asked of the API, and what people see of them."""

import json
from typing import Any

import pytest

from tests.unit.test_cli_harness import Cli, answer, cli, problem

__all__ = ["cli"]

TOKEN: dict[str, Any] = {
    "id": "tok_1",
    "name": "ci",
    "scopes": ["run"],
    "endpoints": None,
    "created_at": "2026-11-22T02:19:59.203Z",
    "expires_at": None,
    "last_used_at": None,
    "revoked_at": None,
    "limits": {"rate": {"requests": 100, "seconds": 60}},
    "brought": False,
}
KINDS = {"tokens": "tok_1", "users": "ada", "clients": "fpc_1", "api-keys": "key_1"}


@pytest.mark.parametrize(
    ("options", "patch"),
    [
        (["--rate", "100/60"], {"limits": {"rate": {"requests": 100, "seconds": 60}}}),
        (["--no-rate", "--concurrent", "5"], {"limits": {"rate": None, "concurrent": 5}}),
        (["--no-concurrent"], {"limits": {"concurrent": None}}),
        (["--scope", "run", "--scope", "jobs:read"], {"scopes": ["run", "jobs:read"]}),
        (["--endpoint", "a/b", "--endpoint", "a/c"], {"endpoints": ["a/b", "a/c"]}),
        (["--all-endpoints"], {"endpoints": None}),
        (["--expires-at", "2027-01-31"], {"expires_at": "2027-01-31"}),
        (["--expires-in-days", "30"], {"expires_in_days": 30}),
        (["--never-expires"], {"expires_at": None}),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_update_sends_what_is_named_and_nothing_else(
    cli: Cli, kind: str, options: list[str], patch: dict[str, Any]
) -> None:
    cli.api.replies = [answer(TOKEN)]
    result = cli(kind, "update", KINDS[kind], *options)
    assert result.exit_code == 0, result.stderr
    assert cli.api.asked == [f"PATCH /prod/v1/admin/{kind}/{KINDS[kind]}"]
    assert json.loads(cli.api.last.content) == patch
    assert "It holds from the next request." in result.stderr


@pytest.mark.parametrize("kind", ["users", "api-keys"])
def test_roles_and_scopes_are_replaced_or_taken_away(cli: Cli, kind: str) -> None:
    cli.api.replies = [answer(TOKEN), answer(TOKEN)]
    cli(kind, "update", "x", "--role", "reader", "--no-scopes")
    assert json.loads(cli.api.last.content) == {"roles": ["reader"], "scopes": []}
    cli(kind, "update", "x", "--scope", "run", "--no-roles")
    assert json.loads(cli.api.last.content) == {"scopes": ["run"], "roles": []}


@pytest.mark.parametrize("kind", ["tokens", "clients", "api-keys"])
def test_a_credential_is_given_another_name(cli: Cli, kind: str) -> None:
    cli.api.replies = [answer(TOKEN)]
    cli(kind, "update", "x", "--name", "another")
    assert json.loads(cli.api.last.content) == {"name": "another"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Nothing is to be changed."),
        (["--rate", "1/1", "--no-rate"], "--rate and --no-rate exclude each other"),
        (["--concurrent", "1", "--no-concurrent"], "--concurrent and --no-concurrent exclude each other"),
        (["--endpoint", "a/b", "--all-endpoints"], "--endpoint and --all-endpoints exclude each other"),
        (["--expires-in-days", "1", "--never-expires"], "--expires-in-days and --never-expires exclude each other"),
        (["--expires-at", "2027-01-31", "--expires-in-days", "1"], "--expires-at and --expires-in-days exclude"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_twice_or_not_at_all_is_refused_before_anything_is_sent(
    cli: Cli, kind: str, options: list[str], said: str
) -> None:
    result = cli(kind, "update", KINDS[kind], *options)
    assert (result.exit_code, cli.api.asked) == (2, [])
    assert said in result.stderr


@pytest.mark.parametrize("command", [["show"], ["update", "--no-rate"]])
def test_a_token_is_never_put_into_a_path(cli: Cli, command: list[str]) -> None:
    result = cli("tokens", command[0], "fp_default_x", *command[1:])
    assert (result.exit_code, cli.api.asked) == (2, [])
    assert "That is a token, not its id." in result.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_show_says_every_setting(cli: Cli, kind: str) -> None:
    cli.api.replies = [answer(TOKEN), answer(TOKEN)]
    result = cli(kind, "show", KINDS[kind])
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[:5] == [
        ["id", "tok_1"],
        ["name", "ci"],
        ["scopes", "run"],
        ["endpoints", "all"],
        ["limits", "100/60s"],
    ]
    assert "expires    never" in result.stdout
    assert json.loads(cli(kind, "show", KINDS[kind], "--json").stdout) == TOKEN


def test_update_as_json_is_the_apis_own_document(cli: Cli) -> None:
    cli.api.replies = [answer(TOKEN)]
    assert json.loads(cli("tokens", "update", "tok_1", "--no-rate", "--json").stdout) == TOKEN


def test_whoever_would_give_itself_more_is_told_who_can(cli: Cli) -> None:
    wrong = [{"pointer": "/limits", "message": "gives more than it has"}]
    cli.api.replies = [problem(403, "own-credential", errors=wrong)]
    result = cli("tokens", "update", "tok_1", "--no-rate")
    assert result.exit_code == 3
    assert "/limits" in result.stderr
    assert "another administrator's credential" in result.stderr
