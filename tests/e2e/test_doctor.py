"""`flowport doctor` against the deployed stack."""

import json

from typer.testing import CliRunner

from flowport_cli.main import app
from flowport_cli.session import Tools
from tests.e2e.conftest import Local


def test_the_doctor_finds_nothing_but_what_the_local_engine_leaves_out_of_tables(local: Local) -> None:
    env = {"FLOWPORT_BASE_URL": local.base_url, "FLOWPORT_TOKEN": local.description["admin_token"]}
    tools = Tools(aws=lambda service, _region: local.aws(service))
    result = CliRunner().invoke(app, ["doctor", "--json"], env=env, obj=tools)
    findings = json.loads(result.stdout)["findings"]
    failed = {(one["check"], one["message"].partition(":")[0]) for one in findings if one["status"] == "failed"}
    assert failed == {
        ("tables", "Point-in-time recovery is off"),
        ("tables", "Items do not expire by expires_at"),
    }
    assert result.exit_code == 6
    seen = {one["check"] for one in findings if one["status"] == "ok"}
    assert {"api", "clock", "stack", "functions", "rules", "machines", "queues", "alarms", "consent"} <= seen
