"""What the functional tests stand on: the stack's own template, event files, and AWS faked in this process.

DynamoDB and Step Functions are moto's. StartSyncExecution and Invoke, which moto has not or runs in Docker, are
answered by hooks inside real clients, so that every request is still checked against AWS's own API model.
"""

import copy
import importlib.util
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]

from flowport import wiring
from flowport.adapters import directory_items
from flowport.adapters.items import encode_item
from flowport.domain.records import Credential, Endpoint, Workspace
from flowport.domain.tokens import parse_token
from tests.tables import made_at

Handler = Callable[[Mapping[str, Any], object], Any]

ROOT = Path(__file__).resolve().parents[2]
STACK = "flowport"
TABLES = ("EndpointsTable", "CredentialsTable", "JobsTable")
# The parameters with which the stack of the event files was deployed.
PARAMETERS = {"Stage": "prod", "CorsOrigins": "https://shop.example.com"}
NOW = 1_795_313_999_203  # 2026-11-22T02:19:59.203Z

TOKEN = "fp_default_ExampleTokenOfTheEventFiles12343H0tX"
PASSWORD = "correct horse battery staple"
EXPRESS_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:QuoteExpress-8sTn4vBq1LxR"
STANDARD_NAME = "ReportStandard-Zq81kV2mYd7L"
STANDARD_ARN = f"arn:aws:states:us-east-1:123456789012:stateMachine:{STANDARD_NAME}"
# The jobs that the event files create: computed from their extendedRequestId.
SYNC_JOB = "f9e3f3ae-ee33-8ace-90d2-9204bc880213"
ASYNC_JOB = "d1956ac9-8994-80af-9007-d136feabe9fa"
DETACHED_JOB = "62009fe8-46de-8d33-bc55-e3744637e82e"


@cache
def template() -> dict[str, Any]:
    """Give template.yaml."""
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


def environment_of(function: str, **parameters: str) -> dict[str, str]:
    """Give the environment that the template sets for a function; resources are named by their logical ids."""
    defaults = {name: str(known.get("Default", "")) for name, known in template()["Parameters"].items()}
    names = (
        defaults
        | PARAMETERS
        | parameters
        | {
            "AWS::StackName": STACK,
            "AWS::Region": "us-east-1",
            "AWS::Partition": "aws",
            "AWS::AccountId": "123456789012",
        }
    )

    def text(value: Any) -> str:
        if isinstance(value, Mapping):
            ((kind, argument),) = value.items()
            if kind == "Ref":
                return names.get(str(argument), str(argument))
            assert kind == "Fn::Sub", value
            return re.sub(r"\$\{([^}]+)\}", lambda match: names.get(match[1], match[1]), str(argument))
        return str(value)

    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    own = template()["Resources"][function]["Properties"].get("Environment", {}).get("Variables", {})
    return {name: text(value) for name, value in (shared | own).items()}


def load(function: str) -> Handler:
    """Import a function's file anew, as a cold start does, and give its handler."""
    folder = template()["Resources"][function]["Properties"]["CodeUri"]
    spec = importlib.util.spec_from_file_location(f"functional_{function}", ROOT / folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


# -- events ----------------------------------------------------------------------------------------------------------


def event(
    name: str,
    *,
    path: str | None = None,
    query: Mapping[str, list[str]] | None = None,
    headers: Mapping[str, str | None] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Read events/<name>.json; what is given replaces what is there, a header of None is left out."""
    found: dict[str, Any] = copy.deepcopy(_file(name)) | members
    if path is not None:
        context = found["requestContext"]
        context["path"] = context["path"].removesuffix(found["path"]) + path
        found["path"] = path
    if query is not None:
        found["multiValueQueryStringParameters"] = dict(query)
        found["queryStringParameters"] = {key: values[-1] for key, values in query.items()}
    for key, value in (headers or {}).items():
        found["headers"].pop(key, None)
        found["multiValueHeaders"].pop(key, None)
        if value is not None:
            found["headers"][key] = value
            found["multiValueHeaders"][key] = [value]
    return found


@cache
def _file(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return read


def token_credential(token: str = TOKEN, **members: Any) -> Credential:
    """Give the record of a token, with the scopes of a caller."""
    parsed = parse_token(token)
    assert parsed is not None, token
    record = Credential(parsed.key, "token", parsed.workspace, "tok_example", "example", ("run", "jobs:read"))
    return replace(record, **members)


# -- AWS -------------------------------------------------------------------------------------------------------------


class StandingClock:
    """Time that passes only while somebody sleeps; `meanwhile` happens during the first sleep."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.meanwhile: Callable[[], object] | None = None

    def now(self) -> int:
        return NOW + round(self.slept * 1000)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        happening, self.meanwhile = self.meanwhile, None
        if happening is not None:
            happening()


class SyncExecutions:
    """StartSyncExecution: every run ends as `answer` says, after 212 ms."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.answer: dict[str, Any] = {"status": "SUCCEEDED", "output": '{"name":"hello world"}'}
        self.refusal: str | None = None

    def __call__(self, params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        request = json.loads(params["body"])
        self.requests.append(request)
        if self.refusal is not None:
            return _answered(400, {"Error": {"Code": self.refusal, "Message": "refused"}})
        arn = request["stateMachineArn"].replace(":stateMachine:", ":express:")
        given = {
            "executionArn": f"{arn}:{request['name']}:5f0c1d",
            "startDate": datetime.fromtimestamp(NOW / 1000, UTC),
            "stopDate": datetime.fromtimestamp((NOW + 212) / 1000, UTC),
        }
        return _answered(200, given | self.answer)


class Invocations:
    """Invoke: remembered, not carried out."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        function = unquote(params["url_path"].split("/")[3])
        self.requests.append((function, params["headers"]["X-Amz-Invocation-Type"], json.loads(params["body"])))
        return _answered(202, {"StatusCode": 202})


class TaskAnswers:
    """SendTaskSuccess and SendTaskFailure: each token is taken once, others are refused with `refusal`."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.refusal: str | None = None

    def __call__(self, params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
        request = json.loads(params["body"])
        taken = request["taskToken"] in {one["taskToken"] for one in self.requests}
        self.requests.append(request)
        refusal = self.refusal or ("TaskTimedOut" if taken else None)
        return _answered(400, {"Error": {"Code": refusal}}) if refusal else _answered(200, {})


def _answered(status: int, parsed: dict[str, Any]) -> tuple[AWSResponse, dict[str, Any]]:
    parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
    return AWSResponse("https://aws.invalid", status, {}, None), parsed  # type: ignore[arg-type]


@cache
def botocore_session() -> botocore.session.Session:
    """Share AWS's API models between the tests: to read them takes longer than the rest of a test."""
    return botocore.session.get_session()


@cache
def boto3_session() -> boto3.Session:
    """Give the same session as boto3 has it, whose clients have types."""
    return boto3.Session(botocore_session=botocore_session())


class Aws:
    """AWS as one test sees it. To be made while moto is on."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.aside: list[Callable[[], None]] = []
        self.sync_executions = SyncExecutions()
        self.invocations = Invocations()
        self.task_answers = TaskAnswers()
        self.dynamodb = boto3_session().client("dynamodb")
        self.stepfunctions = boto3_session().client("stepfunctions")
        self.secrets = boto3_session().client("secretsmanager")
        for name in TABLES:
            properties = template()["Resources"][name]["Properties"]
            taken = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            self.dynamodb.create_table(TableName=name, **{key: properties[key] for key in taken if key in properties})
            made_at(name, NOW - 86_400_000)

    def clients(self) -> wiring.Clients:
        """Make what `wiring.Clients()` makes, with the two hooks in them."""
        clients = wiring.Clients()
        hooks: list[tuple[Any, str, Any]] = [
            (clients.sync_executions(), "before-call.sfn.StartSyncExecution", self.sync_executions),
            (clients.functions(), "before-call.lambda.Invoke", self.invocations),
            (clients.executions(), "before-call.sfn.SendTaskSuccess", self.task_answers),
            (clients.executions(), "before-call.sfn.SendTaskFailure", self.task_answers),
            (clients.secrets(), "before-call.secretsmanager.ListSecretVersionIds", self._missing_secret),
        ]
        for client, call, answer in hooks:
            client.meta.events.register(call, answer)
        return clients

    def _missing_secret(self, params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]] | None:
        """Say of a secret that is not there what AWS says; moto raises a KeyError."""
        name = json.loads(params["body"])["SecretId"]
        if any(secret["Name"] == name for secret in self.secrets.list_secrets()["SecretList"]):
            return None
        return _answered(400, {"Error": {"Code": "ResourceNotFoundException", "Message": "not there"}})

    def put(self, *records: Workspace | Endpoint | Credential) -> None:
        """Write records as the admin surface does."""
        for record in records:
            match record:
                case Workspace():
                    table, row = "EndpointsTable", directory_items.workspace_row(record)
                case Endpoint():
                    table, row = "EndpointsTable", directory_items.endpoint_row(record)
                case Credential():
                    table, row = "CredentialsTable", directory_items.credential_row(record)
            self.dynamodb.put_item(TableName=table, Item=encode_item(row))
            if isinstance(record, Endpoint):
                for alias in record.aliases:
                    self.dynamodb.put_item(TableName=table, Item=encode_item(directory_items.alias_row(record, alias)))

    def create_machine(self, name: str, *, kind: str = "STANDARD", tags: Mapping[str, str] | None = None) -> str:
        """Create a state machine and give its ARN."""
        answer = self.stepfunctions.create_state_machine(
            name=name,
            type="EXPRESS" if kind == "EXPRESS" else "STANDARD",
            roleArn="arn:aws:iam::123456789012:role/workflow",
            definition='{"StartAt":"Done","States":{"Done":{"Type":"Pass","End":true}}}',
            tags=[{"key": key, "value": value} for key, value in (tags or {}).items()],
        )
        return answer["stateMachineArn"]

    def job(self, job_id: str, item: str = "job") -> dict[str, Any]:
        """Read a job's item as it lies in the table; {} where there is none."""
        key = {"job_id": {"S": job_id}, "item": {"S": item}}
        found = self.dynamodb.get_item(TableName="JobsTable", Key=key, ConsistentRead=True).get("Item", {})
        return {name: next(iter(value.values())) for name, value in found.items()}

    def jobs(self) -> list[str]:
        """Give the partitions of all jobs, and of what belongs to them; not what is counted of callers."""
        found = {item["job_id"]["S"] for item in self.dynamodb.scan(TableName="JobsTable")["Items"]}
        return sorted(one for one in found if not one.startswith(("guard#", "limit#")))
