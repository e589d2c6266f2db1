"""The native contract's literal exchanges."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.records import Endpoint
from tests.functional.dialects.cases import Case, play, read_cases
from tests.functional.harness import EXPRESS_ARN, Aws, Handler, event

CASES = read_cases("native")
HELLO = Endpoint("default", "samples", "hello", express_arn=EXPRESS_ARN, methods=("GET", "POST"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_native(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    if case.given:
        settings: dict[str, Any] = {name: tuple(value) for name, value in case.given.items()}
        published.put(replace(HELLO, **settings))
    known: dict[str, str] = {}
    if "resume" in case.proves:
        known["CALLBACK"] = load("ParkRunFunction")(event("lambda/reserve_callback"), None)["callback_id"]
    if "call-back" in case.proves:
        published.create_machine("flowport-deliver")
    play(case, published, load("GatewayFunction"), load("RecordCompletionFunction"), known)
