"""The native contract's literal exchanges."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flowport.domain.records import Endpoint
from tests.functional.dialects.cases import Case, play, read_cases
from tests.functional.harness import EXPRESS_ARN, Aws, Handler

CASES = read_cases("native")
HELLO = Endpoint("default", "samples", "hello", express_arn=EXPRESS_ARN, methods=("GET", "POST"))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_native(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    if case.given:
        published.put(replace(HELLO, auth=tuple(case.given["auth"])))
    play(case, published, load("GatewayFunction"), load("RecordCompletionFunction"))
