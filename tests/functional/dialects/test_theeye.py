"""TheEye's literal exchanges."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from flowport.domain.dialect_settings import Argument, DialectSettings, TheEye
from flowport.domain.records import Endpoint
from tests.functional.dialects.cases import Case, play, read_cases
from tests.functional.harness import EXPRESS_ARN, STANDARD_ARN, Aws, Handler

GETS = "workflow_gets"  # what StartSyncExecution is given, call by call
CASES = read_cases("theeye")
# Two tasks with ids as TheEye makes them: an Express run ends in the call, a Standard one when the case says so.
TASK = Endpoint("default", "samples", "rest-api-response", express_arn=EXPRESS_ARN, aliases=("theeye:61f42a86d3c1",))
LONG = Endpoint("default", "samples", "long", standard_arn=STANDARD_ARN, aliases=("theeye:61f42a86d3c2",))


def members(given: Mapping[str, Any]) -> dict[str, Any]:
    """Make an endpoint's members of a case's `given`."""
    made = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name != GETS}
    if "arguments" in made:
        declared = tuple(Argument(name.removesuffix("?"), name.endswith("?")) for name in made.pop("arguments"))
        made["dialects"] = DialectSettings(theeye=TheEye(declared))
    return made


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_theeye(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    for endpoint in (TASK, LONG):
        published.put(replace(endpoint, **members(case.given)))
    play(case, published, load("GatewayFunction"), load("RecordCompletionFunction"))
    if GETS in case.given:
        assert [request["input"] for request in published.sync_executions.requests] == case.given[GETS]
