"""What operators are given: a runbook for every alarm, and a dashboard that shows what there is."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ALARMS = {name.removesuffix("Alarm") for name, one in RESOURCES.items() if one["Type"] == "AWS::CloudWatch::Alarm"}
DASHBOARD = ROOT / "operations" / "dashboard.yaml"


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.partition("\n## Alarms and what to do\n")[2].partition("\n## ")[0]
    headings = [name for line in re.findall(r"^### (.+)$", section, re.MULTILINE) for name in line.split(", ")]
    assert len(headings) == len(set(headings))
    assert set(headings) == ALARMS


def test_every_runbook_says_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.partition("\n## Alarms and what to do\n")[2].partition("\n## ")[0]
    for runbook in section.split("\n### ")[1:]:
        assert "\n1. " in runbook, runbook.partition("\n")[0]


def test_every_alarm_says_what_it_means_and_notifies() -> None:
    for name, one in RESOURCES.items():
        if one["Type"] == "AWS::CloudWatch::Alarm":
            assert len(one["Properties"]["AlarmDescription"]) > 30, name
            assert one["Properties"]["AlarmActions"], name


def test_the_dashboard_is_a_file_that_cloudformation_can_include() -> None:
    location = RESOURCES["Dashboard"]["Properties"]["Fn::Transform"]["Parameters"]["Location"]
    assert ROOT / location == DASHBOARD
    text = DASHBOARD.read_text()
    assert not re.search(
        r"^\s*\S+:\s*[!&*]", text, re.MULTILINE
    )  # no short forms, anchors or aliases: it is sent as it is
    assert yaml.safe_load(text).keys() == {"DashboardName", "DashboardBody"}


def test_the_dashboard_names_nothing_that_the_template_does_not_have() -> None:
    body = yaml.safe_load(DASHBOARD.read_text())["DashboardBody"]["Fn::Sub"]
    names = {found.partition(".")[0] for found in re.findall(r"\$\{([^}]+)\}", body)}
    there = RESOURCES.keys() | TEMPLATE["Parameters"].keys() | {"AWS::StackName", "AWS::Region"}
    # A function's name and role are made with it; nothing else may be missing.
    assert names <= there
    filled = json.loads(re.sub(r"\$\{([^}]+)\}", "x", body))
    for widget in filled["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        assert widget["properties"]["title"]


def test_every_function_whose_crashes_ring_is_on_the_dashboard() -> None:
    body = DASHBOARD.read_text()
    alarms = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    crashing = [
        one["Dimensions"][0]["Value"]["Ref"]
        for one in alarms
        if one["MetricName"] == "Errors" and one["Namespace"] == "AWS/Lambda"
    ]
    assert crashing
    assert [name for name in crashing if f"${{{name}}}" not in body] == []
