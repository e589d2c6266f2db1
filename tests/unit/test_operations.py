"""What operators are given: a runbook for every alarm, and a dashboard that shows what there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

from dev.included import included

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE: dict[str, Any] = yaml_parse(included(ROOT / "template.yaml"))
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
ALARMS: dict[str, dict[str, Any]] = {
    name.removesuffix("Alarm"): one["Properties"]
    for name, one in RESOURCES.items()
    if one["Type"] == "AWS::CloudWatch::Alarm"
}
OPERATIONS = ROOT / "operations"
DASHBOARD = OPERATIONS / "dashboard.yaml"


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.partition("\n## Alarms and what to do\n")[2].partition("\n## ")[0]
    headings = [name for line in re.findall(r"^### (.+)$", section, re.MULTILINE) for name in line.split(", ")]
    assert len(headings) == len(set(headings))
    assert set(headings) == ALARMS.keys()


def test_every_runbook_says_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.partition("\n## Alarms and what to do\n")[2].partition("\n## ")[0]
    for runbook in section.split("\n### ")[1:]:
        assert "\n1. " in runbook, runbook.partition("\n")[0]


def test_every_alarm_says_what_it_means_and_notifies() -> None:
    topic = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], []]}
    for name, alarm in ALARMS.items():
        assert len(alarm["AlarmDescription"]) > 30, name
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic, name


def test_alarms_of_one_metric_ring_alike() -> None:
    own = {"AlarmDescription", "Dimensions"}
    rings: dict[str, dict[str, Any]] = {}
    for name, alarm in ALARMS.items():
        settings = {key: value for key, value in alarm.items() if key not in own}
        assert settings == rings.setdefault(f"{alarm['Namespace']} {alarm['MetricName']}", settings), name
    assert len(rings) < len(ALARMS)


def test_the_alarms_lie_apart_and_nothing_else_with_them() -> None:
    apart = yaml.safe_load((OPERATIONS / "alarms.yaml").read_text())
    assert {one["Type"] for one in apart.values()} == {"AWS::CloudWatch::Alarm"}
    assert apart.keys() == {f"{name}Alarm" for name in ALARMS}


@pytest.mark.parametrize("path", sorted(OPERATIONS.iterdir()), ids=lambda path: path.name)
def test_what_lies_apart_is_a_file_that_cloudformation_can_include(path: Path) -> None:
    """It is sent as it is: CloudFormation takes no short forms there, and documents no anchors."""
    text = path.read_text()
    unknown = (yaml.TagToken, yaml.AnchorToken, yaml.AliasToken)
    assert [token.start_mark.line + 1 for token in yaml.scan(text) if isinstance(token, unknown)] == []
    assert isinstance(yaml.safe_load(text), dict)
    assert f"Location: operations/{path.name}" in (ROOT / "template.yaml").read_text()


def test_an_include_that_would_stay_out_unnoticed_is_refused(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  Fn::Transform:\n    Name: AWS::Include\n    Parameters: {Location: x.yaml}\n")
    with pytest.raises(ValueError, match="on one line"):
        included(template)


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
    crashing = [
        one["Dimensions"][0]["Value"]["Ref"]
        for one in ALARMS.values()
        if one["MetricName"] == "Errors" and one["Namespace"] == "AWS/Lambda"
    ]
    assert crashing
    assert [name for name in crashing if f"${{{name}}}" not in body] == []
