"""What an upgrade must leave alone: what has another logical id or key is made anew, and the old one deleted."""

import re
from typing import Any, Final

from dev.included import included
from tests.functional.harness import ROOT, template

RESOURCES: Final[dict[str, Any]] = template()["Resources"]

# What holds something that a new one would not. An entry goes only in a release that says how what it held is kept.
HOLDS: Final = {
    "AWS::DynamoDB::Table": {"EndpointsTable", "CredentialsTable", "JobsTable"},
    "AWS::Serverless::Api": {"Api"},  # its id is in the URLs that callers have
    "AWS::ApiGateway::DomainName": {"ApiDomain"},  # DNS points to it
    "AWS::ApiGateway::Account": {"AccountApiLogs"},
    "AWS::SQS::Queue": {
        "RunExpressDeadLetters",
        "ResumeRunDeadLetters",
        "RecordCompletionDeadLetters",
        "SweepJobsDeadLetters",
    },
    "AWS::Serverless::StateMachine": {"DeliverMachine"},  # deliveries in flight end with it
    "AWS::Logs::LogGroup": {
        "ApiLogGroup",
        "GatewayLogGroup",
        "AdminLogGroup",
        "ConsoleLogGroup",
        "RunExpressLogGroup",
        "ParkRunLogGroup",
        "ResumeRunLogGroup",
        "RecordCompletionLogGroup",
        "SweepJobsLogGroup",
        "DeliverCallbackLogGroup",
        "DeliverMachineLogGroup",
    },
    "AWS::Serverless::Function": {  # workflows, dashboards and subscriptions of others know their names
        "GatewayFunction",
        "AdminFunction",
        "ConsoleFunction",
        "RunExpressFunction",
        "ParkRunFunction",
        "ResumeRunFunction",
        "RecordCompletionFunction",
        "SweepJobsFunction",
        "DeliverCallbackFunction",
    },
}
TABLE_KEYS: Final = {
    "EndpointsTable": {"workspace": "HASH", "item": "RANGE"},
    "CredentialsTable": {"id": "HASH"},
    "JobsTable": {"job_id": "HASH", "item": "RANGE"},
}
# Names that are set: with another, CloudFormation makes another.
NAMES: Final = {
    "ApiLogGroup": "/flowport/${AWS::StackName}/api",
    "GatewayLogGroup": "/flowport/${AWS::StackName}/gateway",
    "AdminLogGroup": "/flowport/${AWS::StackName}/admin",
    "ConsoleLogGroup": "/flowport/${AWS::StackName}/console",
    "RunExpressLogGroup": "/flowport/${AWS::StackName}/run-express",
    "ParkRunLogGroup": "/flowport/${AWS::StackName}/park",
    "ResumeRunLogGroup": "/flowport/${AWS::StackName}/resume-run",
    "RecordCompletionLogGroup": "/flowport/${AWS::StackName}/record-completion",
    "SweepJobsLogGroup": "/flowport/${AWS::StackName}/sweep-jobs",
    "DeliverCallbackLogGroup": "/flowport/${AWS::StackName}/deliver-callback",
    "DeliverMachineLogGroup": "/aws/vendedlogs/states/${AWS::StackName}-deliver",
    "DeliverMachine": "${AWS::StackName}-deliver",
    "RunExpressFunction": "${AWS::StackName}-run-express",
    "ParkRunFunction": "${AWS::StackName}-park",
    "ResumeRunFunction": "${AWS::StackName}-resume-run",
}
NAMED_BY: Final = {"LogGroupName", "Name", "FunctionName", "TableName", "QueueName"}


def test_nothing_that_holds_something_gets_another_logical_id() -> None:
    found = {kind: {name for name, one in RESOURCES.items() if one.get("Type") == kind} for kind in HOLDS}
    assert found == HOLDS


def test_no_table_gets_another_key() -> None:
    for name, keys in TABLE_KEYS.items():
        schema = RESOURCES[name]["Properties"]["KeySchema"]
        assert {one["AttributeName"]: one["KeyType"] for one in schema} == keys


def test_a_table_outlives_its_stack() -> None:
    for name in HOLDS["AWS::DynamoDB::Table"]:
        assert RESOURCES[name]["DeletionPolicy"] == "RetainExceptOnCreate", name
        assert RESOURCES[name]["UpdateReplacePolicy"] == "Retain", name


def test_nothing_that_holds_something_gets_another_name() -> None:
    held = {name for kind, names in HOLDS.items() if kind != "AWS::Serverless::Api" for name in names}
    found = {
        name: value["Fn::Sub"]
        for name in held
        for key, value in RESOURCES[name].get("Properties", {}).items()
        if key in NAMED_BY
    }
    assert found == NAMES


def test_every_condition_is_used() -> None:
    """The linter cannot tell for template.yaml alone: alarms have conditions, too."""
    text = included(ROOT / "template.yaml")
    uses = r"(!If|!Condition|Condition:|\"Fn::If\":|-)[ \[\n]+{}\b"
    assert [name for name in template()["Conditions"] if not re.search(uses.format(name), text)] == []
