"""`flowport bootstrap`: finds the stack, invokes the admin function, keeps the token."""

import io
import json
import os
import stat
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from flowport_cli.bootstrap import aws_client
from flowport_cli.config import Profile, read_profiles, write_profile
from tests.unit.test_cli_harness import Cli, cli

__all__ = ["cli"]

TOKEN = "fp_default_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzABCDEF"
API_URL = "https://abc.execute-api.eu-west-1.amazonaws.com/prod"
OUTPUTS = {"AdminFunctionName": "flowport-admin", "ApiUrl": f"{API_URL}/", "RestApiId": "abc"}
GIVEN = (
    b'{"workspace": "default", "created": true, "id": "tok_1", "token": "' + TOKEN.encode() + b'", "scopes": ["admin"]}'
)
OPERATOR = b'{"workspace":"_operator","id":"tok_2","token":"fp__operator_x","scopes":["operator"]}'


@dataclass
class Aws:
    """CloudFormation and Lambda, as far as bootstrap goes."""

    payload: bytes = GIVEN
    outputs: dict[str, str] = field(default_factory=lambda: dict(OUTPUTS))
    error: Exception | None = None
    function_error: str | None = None
    asked: list[Any] = field(default_factory=list)

    def __call__(self, service: str, region: str | None) -> "Aws":
        self.asked.append((service, region))
        return self

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803  # AWS's name
        self.asked.append(StackName)
        if self.error:
            raise self.error
        return {"Stacks": [{"Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]}]}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803  # AWS's names
        self.asked.append((FunctionName, json.loads(Payload)))
        error = {"FunctionError": self.function_error} if self.function_error else {}
        return {"StatusCode": 200, "Payload": io.BytesIO(self.payload), **error}


@pytest.fixture
def aws(cli: Cli) -> Aws:
    fake = Aws()
    cli.aws = fake
    cli.env |= {"FLOWPORT_BASE_URL": None, "FLOWPORT_TOKEN": None}
    return fake


def client_error(code: str, message: str = "said AWS") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


def test_bootstrap_asks_the_admin_function_of_the_stack_for_an_admin_token(cli: Cli, aws: Aws) -> None:
    assert cli("bootstrap").exit_code == 0

    assert aws.asked == [
        ("cloudformation", None),
        "flowport",
        ("lambda", None),
        (
            "flowport-admin",
            {
                "flowport": "bootstrap",
                "workspace": "default",
                "token_name": "bootstrap",
                "scopes": ["admin", "run", "jobs:read", "jobs:write"],
            },
        ),
    ]


def test_bootstrap_saves_the_token_and_does_not_show_it(cli: Cli, aws: Aws) -> None:
    result = cli("bootstrap")

    assert result.stdout == ""
    assert TOKEN not in result.output
    assert result.stderr == f"Workspace default: created, token tok_1 saved as profile 'default' in {cli.config}.\n"
    assert read_profiles(cli.config) == {"default": Profile(API_URL, TOKEN)}
    assert stat.S_IMODE(cli.config.stat().st_mode) == 0o600


def test_no_save_prints_what_a_shell_can_take_over_and_writes_nothing(cli: Cli, aws: Aws) -> None:
    result = cli("bootstrap", "--no-save")

    assert result.stdout == f"export FLOWPORT_BASE_URL={API_URL}\nexport FLOWPORT_TOKEN={TOKEN}\n"
    assert result.output.count(TOKEN) == 1
    assert result.stderr == "This is the only time that the token is shown; Flowport keeps only its hash.\n"
    assert not cli.config.exists()


@pytest.mark.parametrize("args", [["--json"], ["--json", "--no-save"]])
def test_with_json_stdout_is_the_function_s_document_byte_for_byte(cli: Cli, aws: Aws, args: list[str]) -> None:
    assert cli("bootstrap", *args).stdout_bytes == GIVEN


def test_options_choose_stack_region_workspace_and_name(cli: Cli, aws: Aws) -> None:
    result = cli("bootstrap", "--stack", "mine", "--region", "eu-west-1", "--workspace", "team", "--token-name", "ada")

    assert aws.asked[0] == ("cloudformation", "eu-west-1")
    assert aws.asked[1] == "mine"
    assert aws.asked[3][1] | {"scopes": []} == {
        "flowport": "bootstrap",
        "workspace": "team",
        "token_name": "ada",
        "scopes": [],
    }
    assert list(read_profiles(cli.config)) == ["team"]
    assert "Use it with `flowport --profile team …` or FLOWPORT_PROFILE=team.\n" in result.stderr


def test_an_operator_s_token_has_a_profile_of_its_own(cli: Cli, aws: Aws) -> None:
    write_profile(cli.config, "default", Profile(API_URL, TOKEN))
    aws.payload = OPERATOR

    assert cli("bootstrap", "--operator").exit_code == 0

    assert aws.asked[3] == ("flowport-admin", {"flowport": "bootstrap", "operator": True, "token_name": "bootstrap"})
    assert read_profiles(cli.config) == {
        "default": Profile(API_URL, TOKEN),
        "operator": Profile(API_URL, "fp__operator_x"),
    }


def test_profile_names_the_profile_to_save_to_even_a_new_one(cli: Cli, aws: Aws) -> None:
    assert cli("--profile", "prod", "bootstrap").exit_code == 0
    assert list(read_profiles(cli.config)) == ["prod"]


def test_a_second_bootstrap_says_that_the_first_token_is_still_valid(cli: Cli, aws: Aws) -> None:
    assert "still valid" not in cli("bootstrap").stderr
    assert "The profile's earlier token is still valid" in cli("bootstrap").stderr


def test_an_open_profile_file_is_refused_before_a_token_is_made(cli: Cli, aws: Aws) -> None:
    write_profile(cli.config, "default", Profile(API_URL, TOKEN))
    cli.config.chmod(0o644)

    assert cli("bootstrap").exit_code == 2
    assert aws.asked == []


def test_a_token_that_cannot_be_saved_is_named_but_not_shown(
    cli: Cli, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)

    result = cli("bootstrap")

    assert result.exit_code == 2
    assert result.stderr == (
        f"Error: The profile file {cli.config} cannot be written: No space left on device.\n"
        "  Hint: The token tok_1 was made but is not kept anywhere: bootstrap again with --no-save.\n"
    )
    assert TOKEN not in result.output


def test_a_profile_path_that_cannot_be_read_is_refused_before_a_token_is_made(cli: Cli, aws: Aws) -> None:
    cli.config.parent.write_text("a file where the folder should be")

    assert cli("bootstrap").exit_code == 2
    assert aws.asked == []


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (client_error("ValidationError"), 2, "There is no stack 'flowport' in this AWS account and region."),
        (client_error("AccessDenied"), 3, "AWS refused DescribeStacks: said AWS (AccessDenied)"),
        (NoCredentialsError(), 2, "AWS credentials are not set up: Unable to locate credentials"),
        (NoRegionError(), 2, "AWS credentials are not set up: You must specify a region."),
        (EndpointConnectionError(endpoint_url="https://x"), 4, "AWS did not answer: Could not connect"),
    ],
)
def test_what_aws_says_becomes_a_sentence(cli: Cli, aws: Aws, error: Exception, exit_code: int, said: str) -> None:
    aws.error = error

    result = cli("bootstrap")

    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert said in result.stderr


@pytest.mark.parametrize("missing", ["AdminFunctionName", "ApiUrl"])
def test_a_stack_that_is_no_flowport_stack_is_refused(cli: Cli, aws: Aws, missing: str) -> None:
    del aws.outputs[missing]

    result = cli("bootstrap")

    assert result.exit_code == 2
    assert f"The stack 'flowport' has no output {missing}" in result.stderr


def test_a_refusal_of_the_function_is_exit_code_3(cli: Cli, aws: Aws) -> None:
    aws.payload = b'{"error": {"type": "workspace-disabled", "detail": "The workspace is disabled."}}'

    result = cli("bootstrap")

    assert result.exit_code == 3
    assert result.stderr == "Error: The workspace is disabled. (workspace-disabled)\n"


@pytest.mark.parametrize(
    ("payload", "function_error"),
    [(b'{"errorMessage": "boom", "token": "x"}', "Unhandled"), (b"not json", None), (b"[]", None), (b"{}", None)],
)
def test_a_function_that_fails_is_exit_code_4(cli: Cli, aws: Aws, payload: bytes, function_error: str | None) -> None:
    aws.payload, aws.function_error = payload, function_error

    assert cli("bootstrap").exit_code == 4
    assert not cli.config.exists()


def test_the_function_is_never_invoked_twice_by_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")

    client = aws_client("lambda", "eu-west-1")

    assert client.meta.config.retries["total_max_attempts"] == 1
    assert client.meta.region_name == "eu-west-1"


def test_the_workspace_is_the_stacks_default_one_unless_another_is_named(cli: Cli, aws: Aws) -> None:
    aws.outputs["DefaultWorkspace"] = "acme"

    assert cli("bootstrap", "--no-save").exit_code == 0
    assert cli("bootstrap", "--no-save", "--workspace", "other").exit_code == 0

    events = [asked[1] for asked in aws.asked if isinstance(asked, tuple) and isinstance(asked[1], dict)]
    assert [event["workspace"] for event in events] == ["acme", "other"]


def test_an_address_that_is_given_is_saved_instead_of_the_stacks_own(cli: Cli, aws: Aws) -> None:
    ran = cli("--base-url", "http://127.0.0.1:4566/flowport", "bootstrap")

    assert ran.exit_code == 0
    assert read_profiles(cli.config)["default"] == Profile("http://127.0.0.1:4566/flowport", TOKEN)
    assert f"the stack says {API_URL}" in ran.stderr
