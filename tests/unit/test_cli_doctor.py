"""`flowport doctor`: each thing that can be wrong with a stack is found, told, and ends with 6."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from flowport_cli.doctor import clock
from tests.unit.test_cli_harness import Cli, Clock, answer, cli, problem

__all__ = ["cli"]

ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:quote"
ENDPOINTS = {
    "items": [{"endpoint": "billing/quote", "express_arn": f"{ARN}:PROD", "standard_arn": None}],
    "cursor": None,
}
DATE = "Mon, 21 Sep 2026 14:13:20 GMT"  # the harness's clock


def denied(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, operation)


@dataclass
class Aws:
    """A stack that is in order; `changed` replaces what single calls answer."""

    changed: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def client(self, _service: str, _region: str | None) -> "Aws":
        return self

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            found = self.changed[name] if name in self.changed else getattr(Healthy, name)
            if isinstance(found, Exception):
                raise found
            return found(**request) if callable(found) else found

        return call


class Healthy:
    """What AWS answers of a stack in order."""

    @staticmethod
    def describe_stacks(**_: Any) -> Any:
        outputs = {
            "AdminFunctionName": "admin",
            "ApiUrl": "https://api.example.com/prod",
            "DefaultWorkspace": "default",
        }
        return {
            "Stacks": [
                {
                    "StackStatus": "UPDATE_COMPLETE",
                    "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
                }
            ],
            "ResponseMetadata": {"HTTPHeaders": {"date": DATE}},
        }

    @staticmethod
    def list_stack_resources(**request: Any) -> Any:
        kinds = {
            "AWS::DynamoDB::Table": "JobsTable",
            "AWS::Lambda::Function": "GatewayFunction",
            "AWS::Lambda::Alias": "GatewayFunctionAliaslive",
            "AWS::Events::Rule": "EveryMinute",
            "AWS::SQS::Queue": "DeadLetters",
            "AWS::CloudWatch::Alarm": "GatewayErrorsAlarm",
            "AWS::StepFunctions::StateMachine": "DeliverMachine",
        }
        every = [
            {
                "ResourceType": kind,
                "LogicalResourceId": name,
                "PhysicalResourceId": f"flowport-{name}".replace("Alias", ":"),
            }
            for kind, name in kinds.items()
        ]
        return {"StackResourceSummaries": every[4:]} if "NextToken" in request else {
            "StackResourceSummaries": every[:4],
            "NextToken": "more",
        }  # fmt: skip

    describe_table: ClassVar[Any] = {"Table": {"TableStatus": "ACTIVE"}}
    describe_continuous_backups: ClassVar[Any] = {
        "ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "ENABLED"}}
    }
    describe_time_to_live: ClassVar[Any] = {
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    }
    get_function_configuration: ClassVar[Any] = {
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Role": "arn:aws:iam::123456789012:role/gateway",
    }
    get_role: ClassVar[Any] = {}
    describe_rule: ClassVar[Any] = {"State": "ENABLED"}
    describe_state_machine: ClassVar[Any] = {"status": "ACTIVE"}
    get_queue_attributes: ClassVar[Any] = {"Attributes": {"ApproximateNumberOfMessages": "0"}}
    describe_alarms: ClassVar[Any] = {
        "MetricAlarms": [
            {"AlarmName": "flowport-GatewayErrorsAlarm", "StateValue": "OK", "AlarmActions": ["arn:aws:sns:topic"]}
        ]
    }
    list_secrets: ClassVar[Any] = {
        "SecretList": [
            {"Name": "flowport/flowport/keys/default/flowport", "SecretVersionsToStages": {"v1": ["AWSCURRENT"]}}
        ]
    }
    list_tags_for_resource: ClassVar[Any] = {"tags": [{"key": "flowport:publish", "value": "other default"}]}


def examine(cli: Cli, aws: Aws, *args: str) -> tuple[int, list[dict[str, str]]]:
    cli.api.replies = [answer(ENDPOINTS)]
    cli.aws = aws.client
    result = cli("doctor", "--json", *args)
    document = json.loads(result.stdout)
    assert document["healthy"] == (result.exit_code == 0)
    return result.exit_code, document["findings"]


def test_a_stack_in_order_is_healthy_and_nothing_is_changed(cli: Cli) -> None:
    aws = Aws()
    code, findings = examine(cli, aws)
    assert (code, {one["status"] for one in findings}) == (0, {"ok"})
    assert {one["check"] for one in findings} == {
        "api", "clock", "stack", "tables", "functions", "versions", "rules", "machines", "queues", "alarms", "keys",
        "consent",
    }  # fmt: skip
    assert {call.partition("_")[0] for call in aws.calls} == {"describe", "list", "get"}


def _alarm(**members: Any) -> Any:
    return {"MetricAlarms": [{**Healthy.describe_alarms["MetricAlarms"][0], **members}]}


def _settled(status: str) -> Callable[..., Any]:
    def described(**_: Any) -> Any:
        answered = Healthy.describe_stacks()
        answered["Stacks"][0]["StackStatus"] = status
        return answered

    return described


FAULTS: dict[str, tuple[str, Any, str, str]] = {
    "a stack that rolled back": ("describe_stacks", _settled("UPDATE_ROLLBACK_FAILED"), "stack", "ROLLBACK"),
    "a table that is not active": ("describe_table", {"Table": {"TableStatus": "ARCHIVED"}}, "tables", "ARCHIVED"),
    "no recovery": ("describe_continuous_backups", {"ContinuousBackupsDescription": {}}, "tables", "Point-in-time"),
    "no expiry": (
        "describe_time_to_live",
        {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}},
        "tables",
        "do not expire",
    ),
    "a failed function": (
        "get_function_configuration",
        {"State": "Failed", "Role": "r"},
        "functions",
        "The function is Failed",
    ),
    "a missing function": (
        "get_function_configuration",
        denied("ResourceNotFoundException", "GetFunctionConfiguration"),
        "functions",
        "ResourceNotFoundException",
    ),
    "a missing role": ("get_role", denied("NoSuchEntity", "GetRole"), "functions", "role gateway does not exist"),
    "a disabled rule": ("describe_rule", {"State": "DISABLED"}, "rules", "disabled"),
    "a machine that goes": ("describe_state_machine", {"status": "DELETING"}, "machines", "DELETING"),
    "a ringing alarm": (
        "describe_alarms",
        _alarm(StateValue="ALARM", AlarmDescription="Flowport failed calls"),
        "alarms",
        "Flowport failed calls",
    ),
    "a missing alarm": ("describe_alarms", {"MetricAlarms": []}, "alarms", "does not exist"),
    "a key that goes": (
        "list_secrets",
        {"SecretList": [{"Name": "flowport/flowport/keys/a", "DeletedDate": "soon"}]},
        "keys",
        "marked for deletion",
    ),
    "a key without a value": (
        "list_secrets",
        {"SecretList": [{"Name": "flowport/flowport/keys/a", "SecretVersionsToStages": {"v0": ["AWSPREVIOUS"]}}]},
        "keys",
        "no current value",
    ),
    "a tag that is gone": ("list_tags_for_resource", {"tags": []}, "consent", "has lost the tag"),
    "a tag for others": (
        "list_tags_for_resource",
        {"tags": [{"key": "flowport:publish", "value": "default2"}]},
        "consent",
        "has lost the tag",
    ),
    "a machine that is gone": (
        "list_tags_for_resource",
        denied("ResourceNotFound", "ListTagsForResource"),
        "consent",
        "does not exist",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_found_and_says_what_to_do(cli: Cli, fault: str) -> None:
    call, changed, check, said = FAULTS[fault]
    code, findings = examine(cli, Aws({call: changed}))
    failed = [one for one in findings if one["status"] == "failed"]
    assert code == 6
    # What is said of a function that is gone is said of its versions, too.
    assert [one["check"] for one in failed if one["check"] != "versions"] == [check]
    assert said in failed[0]["message"]
    assert failed[0]["advice"]


@pytest.mark.parametrize(
    ("call", "changed", "check"),
    [
        ("describe_alarms", _alarm(AlarmActions=[]), "alarms"),
        ("get_queue_attributes", {"Attributes": {"ApproximateNumberOfMessages": "2"}}, "queues"),
        ("describe_stacks", _settled("UPDATE_IN_PROGRESS"), "stack"),
    ],
)
def test_what_should_be_looked_at_is_a_warning_and_no_failure(cli: Cli, call: str, changed: Any, check: str) -> None:
    code, findings = examine(cli, Aws({call: changed}))
    assert (code, [one["check"] for one in findings if one["status"] == "warning"]) == (0, [check])


def test_what_these_credentials_may_not_see_is_said_and_the_rest_is_looked_at(cli: Cli) -> None:
    aws = Aws({"describe_rule": denied("AccessDeniedException", "DescribeRule")})
    code, findings = examine(cli, aws)
    (unknown,) = [one for one in findings if one["status"] == "unknown"]
    assert (code, unknown["check"], "DescribeRule" in unknown["message"]) == (0, "rules", True)
    assert "list_tags_for_resource" in aws.calls


def test_the_tag_is_looked_for_on_the_machine_and_the_alias_must_exist(cli: Cli) -> None:
    asked: list[str] = []

    def described(**request: Any) -> Any:
        asked.append(request["stateMachineArn"])
        return {"status": "ACTIVE"}

    def tags(**request: Any) -> Any:
        asked.append(request["resourceArn"])
        return Healthy.list_tags_for_resource

    examine(cli, Aws({"describe_state_machine": described, "list_tags_for_resource": tags}))
    assert asked[-2:] == [f"{ARN}:PROD", ARN]


@pytest.mark.parametrize(
    "changed",
    [{"CodeSha256": "older"}, {"Environment": {"Variables": {"LOG_LEVEL": "DEBUG"}}}, {"Layers": [{"Arn": "core:1"}]}],
)
def test_an_alias_that_leads_to_an_older_version_is_told(cli: Cli, changed: Any) -> None:
    def configured(**request: Any) -> Any:
        served = request["FunctionName"] == "flowport-GatewayFunction:live"
        return Healthy.get_function_configuration | ({"Version": "6"} | changed if served else {"Version": "$LATEST"})

    code, findings = examine(cli, Aws({"get_function_configuration": configured}))
    (told,) = [one for one in findings if one["check"] == "versions"]
    assert (code, told["status"], told["about"]) == (0, "warning", "GatewayFunctionAliaslive")
    assert "version 6" in told["message"]


def test_without_a_token_the_stack_is_looked_at_all_the_same(cli: Cli) -> None:
    cli.env["FLOWPORT_TOKEN"] = None
    code, findings = examine(cli, Aws())
    assert (code, findings[0]["check"], findings[0]["status"]) == (0, "api", "unknown")
    assert "stack" in {one["check"] for one in findings}


def test_an_api_that_fails_is_found(cli: Cli) -> None:
    cli.aws = Aws().client
    cli.api.replies = [problem(500, "internal-error")]
    result = cli("doctor")
    assert (result.exit_code, "500" in result.stdout) == (6, True)
    assert result.stderr.endswith("findings: 1 failed.\n")


@pytest.mark.parametrize(("seconds", "status"), [(0, "ok"), (4, "ok"), (60, "warning"), (400, "failed")])
def test_a_clock_that_is_off_is_found(seconds: float, status: str) -> None:
    assert clock("clock", DATE, Clock(seconds).now()).status == status
    assert clock("clock", None, Clock(seconds).now()).status == "unknown"


def test_what_is_no_flowport_stack_is_wrong_use(cli: Cli) -> None:
    cli.aws = Aws({"describe_stacks": {"Stacks": [{"Outputs": []}]}}).client
    assert cli("doctor", "--stack", "other").exit_code == 2
