"""Clients, API keys, keys, and values that are brought along: what is asked of the API, and what people see of it."""

import json
from typing import Any

import pytest

from tests.unit.test_cli_harness import Cli, answer, cli

__all__ = ["cli"]

MADE = {"created_at": "2026-11-22T02:19:59.203Z", "expires_at": None, "revoked_at": None}
CLIENT: dict[str, Any] = {
    "client_id": "fpc_default_00000000000000000001",
    "name": "field app",
    "scopes": ["workflow.execute", "job.read"],
    "endpoints": None,
    **MADE,
}
API_KEY: dict[str, Any] = {
    "id": "key_1",
    "name": "phix",
    "scopes": [],
    "roles": ["runner"],
    "endpoints": ["samples/quote"],
    **MADE,
}
KEY = {"alias": "flowport", "created_at": "2026-11-22T02:19:59.203Z", "previous_created_at": None}
WEAK = "It can be guessed: it has 6 characters."


def test_clients_create_shows_id_and_secret_once_alone_on_stdout(cli: Cli) -> None:
    cli.api.replies = [answer({**CLIENT, "client_secret": "fps_x"}, 201)]

    result = cli("clients", "create", "field app", "--expires-in-days", "30")

    assert cli.api.asked == ["POST /prod/v1/admin/clients"]
    assert json.loads(cli.api.last.content) == {
        "name": "field app",
        "scopes": ["workflow.execute", "job.read"],
        "expires_in_days": 30,
    }
    assert result.stdout == "fpc_default_00000000000000000001\nfps_x\n"
    assert "Client field app: scopes workflow.execute, job.read; endpoints all." in result.stderr
    assert "the only time" in result.stderr


def test_api_keys_create_shows_the_key_once_alone_on_stdout(cli: Cli) -> None:
    cli.api.replies = [answer({**API_KEY, "api_key": "a.b.c"}, 201)]

    result = cli("api-keys", "create", "phix", "--endpoint", "samples/quote")

    assert cli.api.asked == ["POST /prod/v1/admin/api-keys"]
    sent = {"name": "phix", "roles": ["runner"], "endpoints": ["samples/quote"]}
    assert json.loads(cli.api.last.content) == sent
    assert result.stdout == "a.b.c\n"
    assert "API key key_1 (phix): roles runner; endpoints samples/quote; expires never." in result.stderr


@pytest.mark.parametrize(("command", "document"), [("clients", CLIENT), ("api-keys", API_KEY)])
def test_an_answer_without_its_secret_is_a_servers_error(cli: Cli, command: str, document: dict[str, Any]) -> None:
    cli.api.replies = [answer(document, 201)]
    assert cli(command, "create", "x").exit_code == 4


@pytest.mark.parametrize(
    ("args", "document", "asked", "said"),
    [
        (
            ["clients", "revoke", "fpc_x"],
            CLIENT,
            "POST /prod/v1/admin/clients/fpc_x/revoke",
            "Client fpc_x is revoked.",
        ),
        (["api-keys", "revoke", "key_1"], API_KEY, "POST /prod/v1/admin/api-keys/key_1/revoke", "key_1 is revoked."),
        (["keys", "create", "flowport"], KEY, "POST /prod/v1/admin/keys/flowport", "The key flowport is kept.\n"),
        (["keys", "retire", "flowport"], KEY, "POST /prod/v1/admin/keys/flowport/retire", "key flowport is retired"),
    ],
)
def test_a_change_is_asked_for_and_told(
    cli: Cli, args: list[str], document: dict[str, Any], asked: str, said: str
) -> None:
    cli.api.replies = [answer(document, 200), answer(document, 200)]
    result = cli(*args)
    assert (result.exit_code, cli.api.asked) == (0, [asked])
    assert said in result.stderr
    assert json.loads(cli(*args, "--json").stdout) == document


@pytest.mark.parametrize(
    ("command", "row", "shown"),
    [
        ("clients", CLIENT, ["fpc_default_00000000000000000001", "field app"]),
        ("api-keys", API_KEY, ["key_1", "runner", "samples/quote"]),
        ("keys", KEY, ["flowport"]),
    ],
)
def test_a_list_is_a_table(cli: Cli, command: str, row: dict[str, Any], shown: list[str]) -> None:
    cli.api.replies = [answer({"items": [row], "cursor": None}, 200)]
    table = cli(command, "list").stdout
    assert all(text in table for text in shown)


def test_a_key_is_imported_from_stdin_and_never_an_argument(cli: Cli) -> None:
    cli.api.replies = [answer({**KEY, "previous_created_at": "2026-11-22T02:19:59.203Z"}, 200)]
    result = cli("keys", "import", "phixflow-api-key", stdin="k" * 32 + "\n")
    assert json.loads(cli.api.last.content) == {"value": "k" * 32}
    assert "until `flowport keys retire phixflow-api-key`" in result.stderr
    assert "k" * 32 not in result.stdout + result.stderr
    assert cli("keys", "import", "phixflow-api-key", stdin="").exit_code == 2
    assert cli("keys", "import", "phixflow-api-key", "k" * 32).exit_code == 2


def test_a_brought_token_comes_by_stdin_and_its_warning_is_passed_on(cli: Cli) -> None:
    document = {"id": "tok_1", "name": "old", "scopes": ["run"], "endpoints": None, "brought": True, **MADE}
    cli.api.replies = [answer({**document, "warnings": [WEAK]}, 201)]
    result = cli("tokens", "create", "old", "--value-stdin", stdin="123456\n")
    assert json.loads(cli.api.last.content) == {"name": "old", "scopes": ["run"], "value": "123456"}
    assert result.stdout == ""
    assert f"Warning: {WEAK}\n" in result.stderr
    assert "123456" not in result.stderr


def test_a_user_is_made_with_roles_or_else_may_run(cli: Cli) -> None:
    cli.api.replies = [answer({}, 201), answer({}, 201)]
    cli("users", "create", "ada", "--role", "supervisor", "--password-stdin", stdin="correct horse battery\n")
    assert json.loads(cli.api.last.content)["roles"] == ["supervisor"]
    assert "scopes" not in json.loads(cli.api.last.content)
    cli("users", "create", "ada", "--password-stdin", stdin="correct horse battery\n")
    assert json.loads(cli.api.last.content)["scopes"] == ["run"]


def test_a_users_password_is_changed_and_a_weak_one_only_as_brought(cli: Cli) -> None:
    cli.api.replies = [answer({"warnings": [WEAK]}, 200)]
    result = cli("users", "password", "ada", "--brought", "--password-stdin", stdin="123456\n")
    assert cli.api.asked == ["POST /prod/v1/admin/users/ada/password"]
    assert json.loads(cli.api.last.content) == {"password": "123456", "brought": True}
    assert result.stderr == f"Warning: {WEAK}\nUser ada has another password.\n"
