"""The iolinker dialect's literal exchanges: the examples of its page "Sync API Trigger", and what its contract adds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.adapters.passwords import Argon2Passwords
from flowport.domain.dialect_settings import DialectSettings, Iolinker
from flowport.domain.records import Credential, Endpoint, Workspace, brought_token_key, user_key
from flowport.domain.tokens import new_token
from tests.functional.dialects.cases import Case, play, read_cases
from tests.functional.harness import EXPRESS_ARN, STANDARD_NAME, Aws, Handler, event, token_credential

CASES = read_cases("iolinker")
OWN_TOKEN = new_token("iolinker")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_iolinker(case: Case, aws: Aws, load: Callable[..., Handler]) -> None:
    standard = aws.create_machine(STANDARD_NAME)
    sync = Endpoint("iolinker", "test", "sync", express_arn=EXPRESS_ARN, methods=("GET", "POST"))
    aws.put(
        Workspace("iolinker", "", "active", 0),
        Workspace("default", "", "active", 0),
        replace(sync, **_settings(case.given)),
        replace(sync, module="My Module", name="a/b%25+c"),
        replace(sync, name="async", mode="async", methods=("POST",), express_arn=None, standard_arn=standard),
        replace(sync, name="slow", express_arn=None, standard_arn=standard),
        Credential(brought_token_key("iolinker", "123456"), "token", "iolinker", "tok_b", "b", ("run",), brought=True),
        Credential(
            user_key("iolinker", "iolinker"),
            "user",
            "iolinker",
            "iolinker",
            "iolinker",
            ("run",),
            password_hash=Argon2Passwords().hash("123456"),
            brought=True,
        ),
        token_credential(OWN_TOKEN.text),
        token_credential(),
    )
    known = {"OWN_TOKEN": OWN_TOKEN.text}
    if "resume" in case.proves:
        known["CALLBACK"] = load("ParkRunFunction")(event("lambda/reserve_callback"), None)["callback_id"]
    play(case, aws, load("GatewayFunction"), load("RecordCompletionFunction"), known)


def _settings(given: Any) -> dict[str, Any]:
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if settings.pop("empty_output_is_none", False):
        settings["dialects"] = DialectSettings(iolinker=Iolinker(empty_output_is_none=True))
    return settings
