"""`flowport apply` and `flowport export` against the admin function: what is exported, applied, changes nothing."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from flowport.admin.models import EndpointDocument
from flowport_cli.endpoint_file import NOT_IN_THE_FILE
from flowport_cli.main import app
from flowport_cli.session import Tools
from tests.functional.admin_harness import Admin
from tests.functional.harness import TOKEN, Aws, Handler

COMMAND = typer.main.get_command(app)
BASE_URL = "https://api.example.com/prod"


@dataclass
class Command:
    """The command, whose API is the admin function."""

    admin: Admin
    file: Path
    meanwhile: Callable[[httpx.Request], None] | None = None

    def __call__(self, *args: str, stdin: str | None = None) -> Result:
        tools = Tools(transport=httpx.MockTransport(self._answer))
        env = {"FLOWPORT_BASE_URL": BASE_URL, "FLOWPORT_TOKEN": TOKEN, "FLOWPORT_CONFIG": "/nowhere", "NO_COLOR": "1"}
        with patch("typer.testing._get_command", lambda _: COMMAND):
            result = CliRunner().invoke(app, list(args), input=stdin, env=env, obj=tools, prog_name="flowport")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.meanwhile is not None:
            self.meanwhile(request)
        path = request.url.raw_path.decode().partition("?")[0].removeprefix("/prod/v1/admin/")
        with contextlib.redirect_stdout(io.StringIO()):  # the function's log, which is no part of the command's output
            answer = self.admin.call(
                request.method,
                path,
                request.content.decode() or None,
                query={name: request.url.params.get_list(name) for name in request.url.params},
                headers={name: request.headers[name] for name in ("If-Match",) if name in request.headers},
            )
        return httpx.Response(answer.status, headers=answer.headers, content=answer.text.encode())

    def apply(self, endpoints: Any, *args: str) -> Result:
        """Apply a file; JSON is YAML."""
        self.file.write_text(json.dumps({"version": 1, "endpoints": endpoints}))
        return self("apply", "-f", str(self.file), *args)

    def present(self) -> dict[str, Any]:
        items = self.admin.call("GET", "endpoints", query={"limit": ["100"]}).document["items"]
        return {item["endpoint"]: item for item in items}


@pytest.fixture
def command(aws: Aws, load: Callable[..., Handler], tmp_path: Path) -> Command:
    return Command(Admin(aws, load("AdminFunction")), tmp_path / "endpoints.yaml")


def _every_setting(admin: Admin) -> dict[str, Any]:
    """Give each setting a value that is not its default."""
    return {
        "title": "Quotes: a title, # with signs",
        "enabled": False,
        "express_arn": admin.express,
        "standard_arn": admin.standard,
        "mode": "async",
        "view": "output",
        "methods": ["GET", "POST"],
        "auth": ["password"],
        "ip_allow": ["192.0.2.0/24"],
        "http_headers": ["X-Trace"],
        "log_group": "/aws/vendedlogs/states/quote",
        "time_limit": 60,
        "keep_jobs_days": 9,
        "keep_payloads_days": 0,
        "callback_url": "https://hooks.example.com/x",
        "callback_hosts": ["*.example.com"],
        "cors": ["https://shop.example.com"],
        "sample": {"a": [1, None, "2026-11-22", "yes"], "text": "two\nlines\n"},
        "aliases": ["v10:My API", "nebulagraph:107"],
        "parameters": [{"name": "n", "type": "integer", "default": None}, {"name": "m", "required": True}],
        "dialects": {
            "iolinker": {"empty_output_is_none": True},
            "phixflow": {"output_name": "out", "timeout_ms": 5000, "abandon_at_timeout": True},
            "theeye": {"arguments": [{"name": "a"}, {"name": "b", "optional": True}]},
        },
        "limits": {"rate": {"requests": 100, "seconds": 60}, "concurrent": 5},
        "input_schema": {"type": "object", "properties": {"n": {"type": "integer", "default": 1}}},
        "output_schema": {"type": "object"},
        "output_mapping": "result.total",
    }


def test_every_setting_of_the_model_is_exported_and_applied(command: Command) -> None:
    settings = _every_setting(command.admin)
    fields = {name: field for name, field in EndpointDocument.model_fields.items() if name not in NOT_IN_THE_FILE}
    assert settings.keys() == fields.keys(), "a setting of the model is not tried here"
    assert [name for name, field in fields.items() if settings[name] == field.get_default()] == []
    command.admin.call("POST", "webhook-secrets")
    assert command.apply({"samples/quote": settings}).exit_code == 0
    before = command.present()
    assert {name: before["samples/quote"][name] for name in ("title", "sample", "aliases")} == {
        name: settings[name] for name in ("title", "sample", "aliases")
    }

    assert command("export", "-o", str(command.file)).exit_code == 0
    assert command("apply", "-f", str(command.file), "--prune").stderr == "Nothing to change.\n"
    assert command.present() == before
    command.admin.call("DELETE", "endpoints/samples/quote")
    again = command("apply", "-f", str(command.file))
    assert (again.exit_code, again.stderr) == (0, "1 created.\n")
    assert _without_times(command.present()) == _without_times(before)


def _without_times(present: dict[str, Any]) -> dict[str, Any]:
    return {path: {name: one[name] for name in one if name not in NOT_IN_THE_FILE} for path, one in present.items()}


def test_a_dry_run_shows_the_difference_and_writes_nothing(command: Command) -> None:
    admin = command.admin
    admin.publish(title="old", ip_allow=["192.0.2.1/32"])
    admin.publish("gone")
    rows = admin.rows("EndpointsTable")
    result = command.apply(
        {
            # the same network, written otherwise
            "samples/quote": {"express_arn": admin.express, "title": "new", "ip_allow": ["192.0.2.1"]},
            "samples/new": {"standard_arn": admin.standard},
        },
        "--prune",
        "--dry-run",
    )
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "- samples/gone",
        "~ samples/quote",
        '    title: "old" -> "new"',
        "+ samples/new",
        "    enabled: true",
        f'    standard_arn: "{admin.standard}"',
        '    mode: "sync"',
        '    view: "job"',
        '    methods: ["POST"]',
        '    auth: ["token"]',
    ]
    assert result.stderr == "1 would be created, 1 would be changed, 1 would be deleted.\n"
    assert admin.rows("EndpointsTable") == rows


def test_a_one_that_becomes_true_is_a_change(command: Command) -> None:
    express = command.admin.express
    command.admin.publish(sample={"a": 1, "b": [0, 1.0]})
    assert command.apply({"samples/quote": {"express_arn": express, "sample": {"b": [0, 1.0], "a": 1}}}).stderr == (
        "Nothing to change.\n"
    )
    changed = command.apply({"samples/quote": {"express_arn": express, "sample": {"a": True, "b": [False, 1]}}})
    assert changed.stdout.splitlines() == [
        "~ samples/quote",
        '    sample: {"a": 1, "b": [0, 1.0]} -> {"a": true, "b": [false, 1]}',
    ]
    assert json.dumps(command.present()["samples/quote"]["sample"]) == '{"a": true, "b": [false, 1]}'


def test_a_sample_is_held_against_its_schema_when_only_the_kind_of_a_value_changes(command: Command) -> None:
    schema = {"properties": {"a": {"type": "integer"}}}
    command.admin.publish(sample={"a": 1}, input_schema=schema)
    wanted = {"express_arn": command.admin.express, "sample": {"a": True}, "input_schema": schema}
    refused = command.apply({"samples/quote": wanted})
    assert (refused.exit_code, "samples/quote/sample/a: does not fit input_schema" in refused.stderr) == (2, True)


def test_what_the_file_does_not_have_stays_unless_it_is_pruned(command: Command) -> None:
    admin = command.admin
    admin.publish()
    admin.publish("other")
    wanted = {"samples/quote": {"express_arn": admin.express}}
    assert command.apply(wanted).stderr == "Nothing to change.\n"
    refused = command.apply(wanted, "--prune")
    assert (refused.exit_code, "Give --yes" in refused.stderr, "samples/other" in refused.stderr) == (2, True, True)
    assert command.present().keys() == {"samples/quote", "samples/other"}
    assert command.apply(wanted, "--prune", "--yes").exit_code == 0
    assert command.present().keys() == {"samples/quote"}


def test_nothing_is_changed_when_anything_in_the_file_is_refused(command: Command) -> None:
    admin = command.admin
    command.file.write_text(
        f"""\
version: 1
endpoints:
  samples/good:
    express_arn: {admin.express}
  samples/bad:
    express_arn: {admin.standard}
    mode: later
    colour: red
  samples/worse:
    express_arn: {admin.standard}
"""
    )
    result = command("apply", "-f", str(command.file))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: 3 errors; nothing was changed."
    assert [line.partition(": ")[0].rpartition("endpoints.yaml:")[2] for line in lines[1:]] == ["7:11", "8:13", "10:18"]
    assert "samples/bad/colour: is not known here" in lines[2]
    assert "of type STANDARD; express_arn needs EXPRESS" in lines[3]
    assert command.present() == {}


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_somebody_else_changed_meanwhile_is_not_overwritten(command: Command, method: str) -> None:
    admin = command.admin
    admin.publish(title="old")

    def change(request: httpx.Request) -> None:
        if request.method == method and "dry_run" not in request.url.params:
            admin.call("PATCH", "endpoints/samples/quote", {"title": "theirs"})

    command.meanwhile = change
    wanted = {"samples/quote": {"express_arn": admin.express, "title": "ours"}} if method == "PUT" else {}
    result = command.apply(wanted, "--prune", "--yes")
    assert (result.exit_code, "precondition-failed" in result.stderr) == (3, True)
    assert command.present()["samples/quote"]["title"] == "theirs"


def test_an_endpoint_that_somebody_else_made_meanwhile_is_not_overwritten(command: Command) -> None:
    def publish(request: httpx.Request) -> None:
        if request.method == "POST":
            command.meanwhile = None
            command.admin.publish(title="theirs")

    command.meanwhile = publish
    result = command.apply({"samples/quote": {"express_arn": command.admin.express, "title": "ours"}})
    assert (result.exit_code, "endpoint-exists" in result.stderr) == (3, True)
    assert command.present()["samples/quote"]["title"] == "theirs"


def test_a_switch_that_the_file_does_not_speak_of_stays_as_it_is(command: Command) -> None:
    admin = command.admin
    admin.publish()
    admin.call("POST", "endpoints/samples/quote/disable")
    wanted = {"samples/quote": {"express_arn": admin.express, "title": "new"}}
    assert command.apply(wanted).exit_code == 0
    assert command.present()["samples/quote"]["enabled"] is False
    wanted["samples/quote"]["enabled"] = True  # type: ignore[assignment]
    assert command.apply(wanted).exit_code == 0
    assert command.present()["samples/quote"]["enabled"] is True


def test_an_alias_moves_from_one_endpoint_to_another(command: Command) -> None:
    admin = command.admin
    admin.publish("a", aliases=["v10:x"])
    admin.publish("b")
    moved = {"samples/a": {"express_arn": admin.express}, "samples/b": {"express_arn": admin.express}}
    moved["samples/b"]["aliases"] = ["v10:x"]  # type: ignore[assignment]
    for wanted in (moved, {"samples/c": moved["samples/b"]}):
        result = command.apply(dict(reversed(wanted.items())), "--prune", "--yes")
        assert result.exit_code == 0, result.stderr
    assert command.present()["samples/c"]["aliases"] == ["v10:x"]


def test_an_alias_that_another_endpoint_keeps_is_refused_before_anything_is_written(command: Command) -> None:
    command.admin.publish("a", aliases=["v10:x"])
    express = {"express_arn": command.admin.express}
    wanted = {"samples/b": express, "samples/c": {**express, "aliases": ["v10:y", "v10:x"]}}
    for args in ((), ("--dry-run",)):
        refused = command.apply(wanted, *args)
        assert refused.exit_code == 2
        assert "samples/c/aliases/1: 'v10:x' is an alias of samples/a; take it off there" in refused.stderr
    assert command.present().keys() == {"samples/a"}
    both = {name: {**express, "aliases": ["v10:z"]} for name in ("samples/b", "samples/c")}
    assert "2 errors" in command.apply(both).stderr
    assert command.apply(wanted, "--prune", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("broken", "became"), [("refused", "was not changed"), ("unreachable", "may have been changed")]
)
def test_a_run_that_breaks_off_says_what_it_had_done(command: Command, broken: str, became: str) -> None:
    for name in ("a", "b", "c"):
        command.admin.publish(name, title="old")

    def break_off(request: httpx.Request) -> None:
        if request.method == "PUT" and "dry_run" not in request.url.params and request.url.path.endswith("/b"):
            if broken == "unreachable":
                message = "gone"
                raise httpx.ConnectError(message)
            command.admin.call("PATCH", "endpoints/samples/b", {"title": "theirs"})

    command.meanwhile = break_off
    wanted = {f"samples/{name}": {"express_arn": command.admin.express, "title": "new"} for name in ("a", "b", "c")}
    result = command.apply(wanted)
    assert f"samples/b {became}; 1 of 3 changes were made before." in result.stderr
    assert [one["title"] for one in command.present().values()] == [
        "new",
        {"refused": "theirs", "unreachable": "old"}[broken],
        "old",
    ]
    told = command.apply(wanted, "--json").stdout
    document, _ = json.JSONDecoder().raw_decode(told, told.index("{\n"))  # behind what the function logs
    assert (document["applied"], document["done"], len(document["steps"])) == (False, 0, 2)


def test_a_file_for_another_workspace_is_refused(command: Command) -> None:
    result = command("apply", "-f", "-", stdin="version: 1\nworkspace: other\nendpoints: {}\n")
    assert (result.exit_code, "for the workspace 'other'" in result.stderr) == (2, True)


def test_with_json_the_steps_are_a_document(command: Command) -> None:
    result = command.apply({"samples/quote": {"express_arn": command.admin.express}}, "--json", "--dry-run")
    shown = json.loads(result.stdout)
    assert (shown["applied"], [(s["action"], s["endpoint"]) for s in shown["steps"]]) == (
        False,
        [("create", "samples/quote")],
    )
    assert shown["steps"][0]["before"] is None
    assert shown["steps"][0]["after"]["mode"] == "sync"


def test_more_endpoints_than_a_page_are_all_exported(command: Command) -> None:
    wanted = {f"samples/e{number:03d}": {"express_arn": command.admin.express} for number in range(103)}
    assert command.apply(wanted).exit_code == 0
    assert command("export").stdout.count("express_arn:") == 103


@pytest.mark.parametrize("value", ["1", "", "True"])
def test_a_dry_run_is_true_or_false(command: Command, value: str) -> None:
    body = {"express_arn": command.admin.express}
    answer = command.admin.call("PUT", "endpoints/a/b", body, query={"dry_run": [value]})
    assert (answer.status, answer.kind) == (400, "invalid-request")
    assert command.present() == {}
