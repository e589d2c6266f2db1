"""What is looked at in a deployed stack, and what to do about what is found. Nothing is changed.

A check gives findings: `ok`, `warning` (it works, and something should be done), `failed` (something does not work), or
`unknown` (these AWS credentials may not look).
"""

import email.utils
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

Status = Literal["ok", "warning", "failed", "unknown"]
Clients = Callable[[str], Any]

# Tables whose items end by themselves.
TTL: Final = {"EndpointsTable": "expires_at", "JobsTable": "expires_at"}
# AWS refuses signatures that are five minutes off.
SKEW_WARNING: Final = 5.0
SKEW_FAILED: Final = 240.0
CONSENT_TAG: Final = "flowport:publish"
# What a function's version keeps of the function, as far as a deployment changes it.
_VERSIONED: Final = ("CodeSha256", "Layers", "Environment", "Role", "Handler", "Runtime", "MemorySize", "Timeout")
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})
_SETTLED: Final = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
_RUNBOOKS: Final = "docs/operations.md has a runbook for each alarm."
_DEPLOY: Final = "Deploy the stack again: `sam build && sam deploy --config-env prod` (or the environment that it is)."


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found of one thing, and what to do."""

    check: str
    status: Status
    about: str
    message: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """Give it as --json shows it."""
        return {
            "check": self.check,
            "status": self.status,
            "about": self.about,
            "message": self.message,
            "advice": self.advice,
        }


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as it is deployed: the physical ids of its resources by type and logical id."""

    name: str
    resources: Mapping[str, Mapping[str, str]]

    def of(self, kind: str) -> Mapping[str, str]:
        """Give logical ids and names of one type."""
        return self.resources.get(kind, {})


@dataclass(frozen=True, slots=True)
class Published:
    """An endpoint, of which workspace it is, and what it runs."""

    workspace: str
    endpoint: str
    arns: tuple[str, ...]


def examine(stack: Stack, clients: Clients, published: list[Published]) -> Iterator[Finding]:
    """Look at everything, one thing after the other; what may not be looked at is said and does not stop the rest."""
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("stack", lambda: _stack(stack, clients)),
        ("tables", lambda: _tables(stack, clients)),
        ("functions", lambda: _functions(stack, clients)),
        ("versions", lambda: _versions(stack, clients)),
        ("rules", lambda: _rules(stack, clients)),
        ("machines", lambda: _machines(stack, clients)),
        ("queues", lambda: _queues(stack, clients)),
        ("alarms", lambda: _alarms(stack, clients)),
        ("keys", lambda: _keys(stack, clients)),
        ("consent", lambda: _consent(published, clients)),
    ]
    for name, check in checks:
        try:
            yield from check()
        except ClientError as error:
            yield _refused(name, error)
        except BotoCoreError as error:
            yield Finding(name, "failed", "", f"AWS cannot be asked: {error}", "Check region, credentials and network.")


def read_stack(name: str, client: Any) -> Stack:  # noqa: ANN401  # a boto3 client
    """List the stack's resources."""
    found: dict[str, dict[str, str]] = {}
    request: dict[str, Any] = {"StackName": name}
    while True:
        answer = client.list_stack_resources(**request)
        for one in answer["StackResourceSummaries"]:
            found.setdefault(one["ResourceType"], {})[one["LogicalResourceId"]] = one.get("PhysicalResourceId", "")
        if not answer.get("NextToken"):
            return Stack(name, found)
        request["NextToken"] = answer["NextToken"]


def clock(check: str, date: str | None, now: datetime) -> Finding:
    """Compare the `Date` of an answer with this machine's clock."""
    try:
        theirs = email.utils.parsedate_to_datetime(date or "")
    except ValueError:
        return Finding(check, "unknown", "this machine", "The answer says no time to compare with.")
    off = abs((now - theirs).total_seconds())
    status: Status = "failed" if off > SKEW_FAILED else "warning" if off > SKEW_WARNING else "ok"
    advice = "" if status == "ok" else "Set this machine's clock (NTP): AWS refuses requests that are 5 minutes off."
    return Finding(check, status, "this machine", f"Its clock is {off:.0f} s off.", advice)


def _refused(check: str, error: ClientError) -> Finding:
    code = str(error.response.get("Error", {}).get("Code", ""))
    operation = getattr(error, "operation_name", "")
    if code in _DENIED:
        return Finding(check, "unknown", "", f"These AWS credentials may not call {operation}.", f"Allow {operation}.")
    return Finding(check, "failed", "", f"{operation} failed: {code}.", _DEPLOY)


def _stack(stack: Stack, clients: Clients) -> Iterator[Finding]:
    status = clients("cloudformation").describe_stacks(StackName=stack.name)["Stacks"][0]["StackStatus"]
    if status in _SETTLED:
        yield Finding("stack", "ok", stack.name, f"The stack is {status}.")
    else:
        going_on = status.endswith("_IN_PROGRESS")
        advice = "Wait for its end." if going_on else "See the stack's events in CloudFormation, then deploy again."
        yield Finding("stack", "warning" if going_on else "failed", stack.name, f"The stack is {status}.", advice)


def _tables(stack: Stack, clients: Clients) -> Iterator[Finding]:
    client = clients("dynamodb")
    for logical, name in stack.of("AWS::DynamoDB::Table").items():
        wrong: list[tuple[Status, str, str]] = []
        status = client.describe_table(TableName=name)["Table"]["TableStatus"]
        if status != "ACTIVE":
            wrong.append(("failed", f"The table is {status}.", "Wait, or restore it (docs/operations.md)."))
        backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        if recovery != "ENABLED":
            wrong.append(("failed", "Point-in-time recovery is off: nothing could be restored.", _DEPLOY))
        if logical in TTL:
            ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            if ttl.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"} or ttl.get("AttributeName") != TTL[logical]:
                wrong.append(("failed", f"Items do not expire by {TTL[logical]}: the table only grows.", _DEPLOY))
        for severity, message, advice in wrong:
            yield Finding("tables", severity, logical, message, advice)
        if not wrong:
            yield Finding("tables", "ok", logical, "The table is active and can be restored.")


def _functions(stack: Stack, clients: Clients) -> Iterator[Finding]:
    client = clients("lambda")
    for logical, name in stack.of("AWS::Lambda::Function").items():
        found = client.get_function_configuration(FunctionName=name)
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if state not in {"Active", "Inactive"} or update == "Failed":  # an idle function may be inactive
            reason = found.get("StateReason") or found.get("LastUpdateStatusReason") or ""
            message = f"The function is {state}, its last update {update}. {reason}".strip()
            yield Finding("functions", "failed", logical, message, _DEPLOY)
        elif (missing := _missing_role(clients, str(found["Role"]))) is not None:
            yield Finding("functions", "failed", logical, f"Its role {missing} does not exist.", _DEPLOY)
        else:
            yield Finding("functions", "ok", logical, "The function is active and has its role.")


def _versions(stack: Stack, clients: Clients) -> Iterator[Finding]:
    client = clients("lambda")
    for logical, arn in stack.of("AWS::Lambda::Alias").items():
        function, _, alias = arn.rpartition(":")
        newest = client.get_function_configuration(FunctionName=function)
        served = client.get_function_configuration(FunctionName=arn)
        version = served.get("Version", "?")
        if any(newest.get(name) != served.get(name) for name in _VERSIONED):
            message = f"Calls get version {version}, which is not what was deployed last."
            advice = f"If {alias} was moved back on purpose, move it forward when that is over (docs/operations.md)."
            yield Finding("versions", "warning", logical, message, advice)
        else:
            yield Finding("versions", "ok", logical, f"Calls get version {version}, as it was deployed last.")


def _missing_role(clients: Clients, arn: str) -> str | None:
    name = arn.rpartition("/")[2]
    try:
        clients("iam").get_role(RoleName=name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchEntity":
            return name
        if error.response.get("Error", {}).get("Code") not in _DENIED:
            raise
    return None


def _rules(stack: Stack, clients: Clients) -> Iterator[Finding]:
    for logical, name in stack.of("AWS::Events::Rule").items():
        state = clients("events").describe_rule(Name=name.rpartition("/")[2])["State"]
        if state.startswith("ENABLED"):
            yield Finding("rules", "ok", logical, "The rule is enabled.")
        else:
            message = "The rule is disabled: ends of jobs are not recorded, or jobs not repaired."
            yield Finding("rules", "failed", logical, message, f"aws events enable-rule --name {name}")


def _machines(stack: Stack, clients: Clients) -> Iterator[Finding]:
    for logical, arn in stack.of("AWS::StepFunctions::StateMachine").items():
        status = clients("stepfunctions").describe_state_machine(stateMachineArn=arn)["status"]
        yield Finding(
            "machines", "ok" if status == "ACTIVE" else "failed", logical, f"The state machine is {status}.",
            "" if status == "ACTIVE" else _DEPLOY,
        )  # fmt: skip


def _queues(stack: Stack, clients: Clients) -> Iterator[Finding]:
    for logical, url in stack.of("AWS::SQS::Queue").items():
        asked = {"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]}
        count = int(clients("sqs").get_queue_attributes(**asked)["Attributes"]["ApproximateNumberOfMessages"])
        if count:
            message = f"{count} given-up message{'' if count == 1 else 's'} in the dead-letter queue."
            yield Finding("queues", "warning", logical, message, _RUNBOOKS)
        else:
            yield Finding("queues", "ok", logical, "Nothing was given up.")


def _alarms(stack: Stack, clients: Clients) -> Iterator[Finding]:
    names = stack.of("AWS::CloudWatch::Alarm")
    found: dict[str, Mapping[str, Any]] = {}
    wanted = list(names.values())
    for start in range(0, len(wanted), 100):
        answer = clients("cloudwatch").describe_alarms(AlarmNames=wanted[start : start + 100], MaxRecords=100)
        found |= {one["AlarmName"]: one for one in answer["MetricAlarms"]}
    for logical, name in names.items():
        if name not in found:
            yield Finding("alarms", "failed", logical, "The alarm does not exist.", _DEPLOY)
        elif found[name].get("StateValue") == "ALARM":
            yield Finding("alarms", "failed", logical, str(found[name].get("AlarmDescription", "It rings.")), _RUNBOOKS)
    if not any(one.get("AlarmActions") for one in found.values()):
        message = "The alarms tell nobody."
        yield Finding("alarms", "warning", "", message, "Set the parameter AlarmTopicArn to an SNS topic.")
    quiet = sum(one.get("StateValue") != "ALARM" for one in found.values())
    yield Finding("alarms", "ok", "", f"{quiet} of {len(names)} alarms are quiet.")


def _keys(stack: Stack, clients: Clients) -> Iterator[Finding]:
    request: dict[str, Any] = {
        "Filters": [{"Key": "name", "Values": [f"flowport/{stack.name}/"]}],
        "IncludePlannedDeletion": True,
    }
    count = 0
    while True:
        answer = clients("secretsmanager").list_secrets(**request)
        for secret in answer["SecretList"]:
            count += 1
            labels = {label for stages in secret.get("SecretVersionsToStages", {}).values() for label in stages}
            if secret.get("DeletedDate"):
                advice = f"aws secretsmanager restore-secret --secret-id {secret['Name']}"
                yield Finding("keys", "failed", secret["Name"], "The secret is marked for deletion.", advice)
            elif labels and "AWSCURRENT" not in labels:
                advice = "Make a new one: `flowport keys create` or `flowport webhook-secrets create`."
                yield Finding("keys", "failed", secret["Name"], "The secret has no current value.", advice)
        if not answer.get("NextToken"):
            break
        request["NextToken"] = answer["NextToken"]
    yield Finding("keys", "ok", "", f"{count} signing keys and webhook secrets are kept.")


def _consent(published: list[Published], clients: Clients) -> Iterator[Finding]:
    for one in published:
        for arn in one.arns:
            yield _consent_to(one, arn, clients)


def _consent_to(published: Published, arn: str, clients: Clients) -> Finding:
    own, about = ":".join(arn.split(":")[:7]), f"{published.workspace}: {published.endpoint}"
    value = f"key={CONSENT_TAG},value={published.workspace}"
    advice = f"Its owner tags it: aws stepfunctions tag-resource --resource-arn {own} --tags '{value}'"
    try:
        clients("stepfunctions").describe_state_machine(stateMachineArn=arn)
        tags = clients("stepfunctions").list_tags_for_resource(resourceArn=own)["tags"]
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in {"StateMachineDoesNotExist", "ResourceNotFound"}:
            raise
        message = f"{arn} does not exist: every call fails."
        return Finding("consent", "failed", about, message, "Publish another machine, or delete the endpoint.")
    named: list[str] = next((tag["value"].split() for tag in tags if tag["key"] == CONSENT_TAG), [])
    if {published.workspace, "@all", "*"}.isdisjoint(named):
        return Finding("consent", "failed", about, f"{own} has lost the tag {CONSENT_TAG}: calls are refused.", advice)
    return Finding("consent", "ok", about, "Its state machine carries the consent tag.")
