"""Fixtures of the functional tests: AWS in this process, and handlers with their environment set."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache

import pytest
from moto import mock_aws

from flowport import observability, wiring
from flowport.adapters import aws as aws_adapter
from flowport.adapters.passwords import Argon2Passwords
from flowport.domain.records import Credential, Endpoint, Workspace, user_key
from tests.functional.harness import (
    EXPRESS_ARN,
    PASSWORD,
    STANDARD_NAME,
    Aws,
    Handler,
    botocore_session,
    environment_of,
    token_credential,
)
from tests.functional.harness import load as import_function


class CurrentStdout:
    """Writes to whatever sys.stdout is at the time: powertools keeps the one of its import."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """AWS with the stack's tables, and a clock that stands still."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for handler in observability.logger.handlers:
        monkeypatch.setattr(handler, "stream", CurrentStdout())
    with mock_aws():
        monkeypatch.setattr(aws_adapter, "session", botocore_session)
        faked = Aws()
        clients = faked.clients()
        monkeypatch.setattr(wiring, "Clients", lambda: clients)
        monkeypatch.setattr(wiring, "SystemClock", lambda: faked.clock)
        # What is done beside a request waits in a list: no thread outlives the test, or takes part in its counting.
        monkeypatch.setattr(wiring, "in_background", faked.aside.append)
        yield faked


@pytest.fixture
def published(aws: Aws) -> Aws:
    """AWS with two workspaces, the samples' endpoints in one of them, a token and a user."""
    express, standard = EXPRESS_ARN, aws.create_machine(STANDARD_NAME)
    samples = Endpoint("default", "samples", "", auth=("token", "password"))
    aws.put(
        Workspace("default", "", "active", 0),
        Workspace("other", "", "active", 0),
        replace(samples, name="quote", express_arn=express),
        replace(samples, name="hello", express_arn=express, methods=("GET", "POST")),
        replace(samples, name="report", express_arn=express, standard_arn=standard),
        replace(samples, name="report-express", express_arn=express),
        replace(samples, name="report-standard", standard_arn=standard),
        token_credential(),
        Credential(
            user_key("default", "ada"), "user", "default", "ada", "ada", ("run",), password_hash=password_hash()
        ),
    )
    return aws


@cache
def password_hash() -> str:
    """Hash once: it is made to be slow."""
    return Argon2Passwords().hash(PASSWORD)


@pytest.fixture
def load(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Handler]:
    """Give the handler of one of the template's functions; parameters of the stack by name."""

    def loaded(function: str, **parameters: str) -> Handler:
        for name, value in environment_of(function, **parameters).items():
            monkeypatch.setenv(name, value)
        return import_function(function)

    return loaded
