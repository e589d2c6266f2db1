"""The only part that speaks to AWS: finds the stack's admin function and asks it for a first token.

IAM is the authentication here: whoever may invoke that function may have a token.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from flowport_cli.errors import CommandError, Refused, Unreachable, WrongUse

AwsClients = Callable[[str, str | None], Any]

# Asked twice, the function makes two tokens: one attempt, and longer than the function may take.
_CONFIG: Final = Config(connect_timeout=10, read_timeout=65, retries={"total_max_attempts": 1})
_NOT_SET_UP: Final = (
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    CredentialRetrievalError,
)


@dataclass(frozen=True, slots=True)
class Stack:
    """What bootstrap needs to know of a deployed stack."""

    admin_function: str
    api_url: str
    default_workspace: str


def aws_client(service: str, region: str | None) -> Any:  # noqa: ANN401  # boto3 makes its clients at run time
    """Make a client from the credentials and the region that the AWS tools use too."""
    # The service is chosen at run time, which boto3's stubs cannot follow.
    make: Callable[..., Any] = boto3.client
    return make(service, region_name=region, config=_CONFIG)


def find_stack(name: str, region: str | None, clients: AwsClients = aws_client) -> Stack:
    """Read the stack's outputs.

    Raises:
        WrongUse: there is no such stack, or it is no Flowport stack, or AWS credentials are missing.
    """
    try:
        described = clients("cloudformation", region).describe_stacks(StackName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":  # CloudFormation's word for a stack that is not there
            raise WrongUse(
                f"There is no stack {name!r} in this AWS account and region.",
                hint="Name it with --stack and its region with --region; AWS_PROFILE chooses the account.",
            ) from error
        raise _aws_refusal(error) from error
    except BotoCoreError as error:
        raise _aws_unreachable(error) from error
    outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Stacks"][0].get("Outputs", [])}
    try:
        return Stack(
            admin_function=outputs["AdminFunctionName"],
            api_url=outputs["ApiUrl"].rstrip("/"),
            default_workspace=outputs.get("DefaultWorkspace", "default"),
        )
    except KeyError as error:
        raise WrongUse(
            f"The stack {name!r} has no output {error.args[0]}: it is no Flowport stack, or its deployment is not done."
        ) from error


def guarded[T](call: Callable[[], T]) -> T:
    """Ask AWS, with a sentence for what it refuses.

    Raises:
        Refused: IAM said no.
        Unreachable: AWS did not answer.
    """
    try:
        return call()
    except ClientError as error:
        raise _aws_refusal(error) from error
    except BotoCoreError as error:
        raise _aws_unreachable(error) from error


def invoke_admin(
    function: str, event: Mapping[str, Any], region: str | None, clients: AwsClients = aws_client
) -> tuple[bytes, dict[str, Any]]:
    """Invoke the admin function; give its answer as it came, and read.

    Raises:
        Refused: IAM or the function said no.
        Unreachable: the function failed.
    """
    try:
        answer = clients("lambda", region).invoke(FunctionName=function, Payload=json.dumps(event).encode())
        content: bytes = answer["Payload"].read()
    except ClientError as error:
        raise _aws_refusal(error) from error
    except BotoCoreError as error:
        raise _aws_unreachable(error) from error
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if answer.get("FunctionError") or not isinstance(document, dict):
        raise Unreachable(
            f"The function {function} failed.", hint="Its log says why: aws logs tail /flowport/STACK/admin"
        )
    refusal = document.get("error")
    if isinstance(refusal, dict):
        raise Refused(f"{refusal.get('detail') or 'The admin function refused.'} ({refusal.get('type', 'no type')})")
    if not isinstance(document.get("token"), str):
        raise Unreachable(f"The function {function} gave no token.", hint="Is it of the same release as this command?")
    return content, document


def _aws_refusal(error: ClientError) -> CommandError:
    said = error.response["Error"]
    return Refused(
        f"AWS refused {error.operation_name}: {said.get('Message', '')} ({said.get('Code', 'no code')})",
        hint="`flowport bootstrap` needs cloudformation:DescribeStacks on the stack and lambda:InvokeFunction on its "
        "admin function, `flowport doctor` rights to read what the stack has.",
    )


def _aws_unreachable(error: BotoCoreError) -> CommandError:
    if isinstance(error, _NOT_SET_UP):
        return WrongUse(
            f"AWS credentials are not set up: {error}",
            hint="They are taken as AWS's tools take them: AWS_PROFILE, AWS_REGION, `aws configure`, `aws sso login`.",
        )
    return Unreachable(f"AWS did not answer: {error}")
