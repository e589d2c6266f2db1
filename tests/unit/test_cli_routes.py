"""The command is complete: every route of the admin API has a command, and every command says what it is for."""

import re
from typing import Any

import pytest

from flowport.admin.routes import ROUTES
from tests.unit.test_cli_admin import ENDPOINT, EXPRESS, MACHINES, TOKEN_DOCUMENT, USER_DOCUMENT, WORKSPACE
from tests.unit.test_cli_harness import COMMAND as BUILT
from tests.unit.test_cli_harness import Cli, answer, cli

__all__ = ["cli"]

COMMAND: Any = BUILT

NOTHING: dict[str, Any] = {"items": [], "cursor": None}
FIGURES: dict[str, Any] = {
    "complete": False,
    "series": [
        {"endpoint": "a/b", "at": "2026-11-22T02:00:00Z", "calls": 3, "failures": 1, "p50_ms": 212, "p95_ms": 4100.5}
    ],
}
KEY = {"alias": "flowport", "created_at": "2026-11-22T02:19:59.203Z", "previous_created_at": None}
SECRET = {"id": "v1", "current": True, "created_at": "2026-11-22T02:19:59.203Z"}
AT = "samples/hello"
# Method and pattern: what is typed, what the API answers to each request, and what is on stdin.
COMMANDS: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "GET endpoints": ("endpoints list", (NOTHING,), ""),
    "POST endpoints": ("apply -f -", (NOTHING, ENDPOINT, ENDPOINT), "version: 1\nendpoints: {samples/hello: {}}"),
    "GET endpoints/{}/{}": (f"endpoints show {AT}", (ENDPOINT,), ""),
    "PUT endpoints/{}/{}": (f"publish {AT} --express {EXPRESS}", (ENDPOINT,), ""),
    "PATCH endpoints/{}/{}": (f"endpoints change {AT} -", (ENDPOINT,), '{"title": "new"}'),
    "DELETE endpoints/{}/{}": (f"endpoints delete {AT}", (None,), ""),
    "POST endpoints/{}/{}/enable": (f"enable {AT}", (ENDPOINT,), ""),
    "POST endpoints/{}/{}/disable": (f"disable {AT}", (ENDPOINT,), ""),
    "GET audit": ("audit", (NOTHING,), ""),
    "GET machines": ("machines", (MACHINES,), ""),
    "GET metrics": ("metrics --endpoint a/b --period 300", (FIGURES,), ""),
    "GET tokens": ("tokens list", (NOTHING,), ""),
    "POST tokens": ("tokens create ci --scope run", ({**TOKEN_DOCUMENT, "token": "fp_x"},), ""),
    "GET tokens/{}": ("tokens show tok_1", (TOKEN_DOCUMENT,), ""),
    "PATCH tokens/{}": ("tokens update tok_1 --rate 100/60", (TOKEN_DOCUMENT,), ""),
    "POST tokens/{}/revoke": ("tokens revoke tok_1", (TOKEN_DOCUMENT,), ""),
    "GET users": ("users list", (NOTHING,), ""),
    "POST users": ("users create ada --scope run --password-stdin", (USER_DOCUMENT,), "correct horse battery"),
    "GET users/{}": ("users show ada", (USER_DOCUMENT,), ""),
    "PATCH users/{}": ("users update ada --role runner --no-scopes", (USER_DOCUMENT,), ""),
    "POST users/{}/revoke": ("users revoke ada", (USER_DOCUMENT,), ""),
    "POST users/{}/unlock": ("users unlock ada", ({"name": "ada", "lifted": []},), ""),
    "POST users/{}/password": ("users password ada --password-stdin", (USER_DOCUMENT,), "correct horse battery"),
    "GET clients": ("clients list", (NOTHING,), ""),
    "POST clients": (
        "clients create partner --scope run",
        ({**TOKEN_DOCUMENT, "client_id": "fpc_1", "client_secret": "x"},),
        "",
    ),
    "GET clients/{}": ("clients show fpc_1", (TOKEN_DOCUMENT,), ""),
    "PATCH clients/{}": ("clients update fpc_1 --never-expires", (TOKEN_DOCUMENT,), ""),
    "POST clients/{}/revoke": ("clients revoke fpc_1", ({**TOKEN_DOCUMENT, "client_id": "fpc_1"},), ""),
    "GET api-keys": ("api-keys list", (NOTHING,), ""),
    "POST api-keys": ("api-keys create phix --role runner", ({**TOKEN_DOCUMENT, "api_key": "x"},), ""),
    "GET api-keys/{}": ("api-keys show key_1", (TOKEN_DOCUMENT,), ""),
    "PATCH api-keys/{}": ("api-keys update key_1 --name phix2", (TOKEN_DOCUMENT,), ""),
    "POST api-keys/{}/revoke": ("api-keys revoke key_1", (TOKEN_DOCUMENT,), ""),
    "GET keys": ("keys list", (NOTHING,), ""),
    "POST keys/{}": ("keys create flowport", (KEY,), ""),
    "POST keys/{}/retire": ("keys retire flowport", (KEY,), ""),
    "GET webhook-secrets": ("webhook-secrets list", (NOTHING,), ""),
    "POST webhook-secrets": ("webhook-secrets create", ({**SECRET, "secret": "whsec_x"},), ""),
    "DELETE webhook-secrets/{}": ("webhook-secrets retire v1", (None,), ""),
    "GET workspaces": ("workspaces list", (NOTHING,), ""),
    "POST workspaces": ("workspaces create team", (WORKSPACE,), ""),
    "GET workspaces/{}": ("workspaces show team", (WORKSPACE,), ""),
    "DELETE workspaces/{}": ("workspaces delete team --yes", (None,), ""),
    "POST workspaces/{}/enable": ("workspaces enable team", (WORKSPACE,), ""),
    "POST workspaces/{}/disable": ("workspaces disable team", (WORKSPACE,), ""),
}


def _route(method: str, path: str) -> str:
    """Give the route that a request on the wire is for."""
    segments = tuple(path.partition("?")[0].removeprefix("/prod/v1/admin/").split("/"))
    (found,) = [one for one in ROUTES if one.names(segments) is not None and method in one.methods]
    return f"{method} {'/'.join(found.pattern)}"


def test_every_route_of_the_admin_api_has_a_command() -> None:
    assert {f"{method} {'/'.join(route.pattern)}" for route in ROUTES for method in route.methods} == COMMANDS.keys()


@pytest.mark.parametrize("route", COMMANDS)
def test_the_command_of_each_route_calls_it(cli: Cli, route: str) -> None:
    typed, replies, stdin = COMMANDS[route]
    cli.api.replies = [answer("", 204) if reply is None else answer(reply) for reply in replies]
    result = cli(*typed.split(), stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert _route(*cli.api.asked[-1].split(" ", 1)) == route
    assert cli.api.replies == []


def test_metrics_shows_figures_for_people_and_says_when_there_are_more(cli: Cli) -> None:
    cli.api.replies = [answer(FIGURES)]
    result = cli("metrics", "--from", "2026-11-22T00:00:00Z", "--to", "2026-11-22T03:00:00Z")
    assert cli.api.asked == [
        "GET /prod/v1/admin/metrics?from=2026-11-22T00%3A00%3A00Z&to=2026-11-22T03%3A00%3A00Z",
    ]
    assert result.stdout.splitlines()[1].split() == [
        "2026-11-22", "02:00:00Z", "a/b", "3", "1", "212", "ms", "4.1", "s",
    ]  # fmt: skip
    assert "ask for one endpoint" in result.stderr


def _commands(group: Any, at: str = "flowport") -> list[tuple[str, Any]]:
    if not hasattr(group, "commands"):
        return [(at, group)]
    return [found for name, command in group.commands.items() for found in _commands(command, f"{at} {name}")]


@pytest.mark.parametrize(("name", "command"), _commands(COMMAND))
def test_every_command_and_option_says_what_it_is_for(name: str, command: Any) -> None:
    assert command.help, name
    undocumented = [one.name for one in command.params if not getattr(one, "help", None) and one.name != "help"]
    assert undocumented == []


def test_a_groups_own_help_names_each_of_its_commands() -> None:
    groups = {name: one for name, one in COMMAND.commands.items() if hasattr(one, "commands")}
    unnamed = [
        f"{name} {sub}"
        for name, group in groups.items()
        for sub in group.commands
        if not re.search(rf"\b{re.escape(sub)}\b", group.help)
    ]
    assert (len(groups), unnamed) == (9, [])


def test_a_switch_is_shown_without_a_value_and_an_option_with_its_own(cli: Cli) -> None:
    shown = cli("tokens", "create", "--help").stdout
    assert "<bool>" not in shown
    assert re.search(r"--rate +REQUESTS/SECONDS", shown)


def test_the_shell_completes_commands(cli: Cli) -> None:
    result = cli("--show-completion", "bash")
    assert (result.exit_code, "_FLOWPORT_COMPLETE=complete_bash" in result.stdout) == (0, True)
