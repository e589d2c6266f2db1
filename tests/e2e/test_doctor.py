"""`flowport doctor` against the deployed stack."""

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from flowport_cli.main import app
from flowport_cli.session import Tools
from tests.e2e.conftest import Local

ALARMS = Path(__file__).parents[2] / "operations" / "alarms.yaml"


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
    assert {
        "api",
        "clock",
        "stack",
        "functions",
        "versions",
        "rules",
        "machines",
        "queues",
        "alarms",
        "consent",
    } <= seen


def test_every_alarm_that_lies_apart_is_in_the_stack_and_watches_what_the_stack_made(local: Local) -> None:
    resources = local.aws("cloudformation").describe_stack_resources(StackName="flowport")["StackResources"]
    names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
    kinds = {one["LogicalResourceId"]: one["ResourceType"] for one in resources}
    written = yaml.safe_load(ALARMS.read_text())
    assert {logical for logical, kind in kinds.items() if kind == "AWS::CloudWatch::Alarm"} == written.keys()
    alarms = {one["AlarmName"]: one for one in local.aws("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]}
    for logical, alarm in written.items():
        deployed, wanted = alarms[names[logical]], alarm["Properties"]
        assert deployed["AlarmDescription"] == wanted["AlarmDescription"]
        for dimension, reference in zip(deployed["Dimensions"], wanted["Dimensions"], strict=True):
            if "Ref" in reference["Value"]:
                assert dimension["Value"] == names[reference["Value"]["Ref"]], logical
