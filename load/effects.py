"""What really ran, by the engine and by the workflows themselves; Flowport's own rows are not asked.

A workflow counts its starts and ends in a table (statemachines/tally.asl.json, three-steps.asl.json), one row for each
execution name, so that an Express run that happened twice is seen. The engine lists executions; AWS does so for
Standard machines only, and neither of them can show two Express runs of one name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

NAME_PREFIX = "fp-"


@dataclass(frozen=True, slots=True)
class Effect:
    """How often the execution of one job was started, and how often it came to its last state."""

    starts: int
    ends: int


NOTHING = Effect(0, 0)


def tallied(dynamodb: Any, table: str) -> dict[str, Effect]:  # noqa: ANN401 - a client made at run time
    """Give the counts by job id."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {
        item["run"]["S"].removeprefix(NAME_PREFIX): Effect(_number(item, "starts"), _number(item, "ends"))
        for page in pages
        for item in page["Items"]
    }


def executed(stepfunctions: Any, machine_arn: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - as above
    """Give job id and status of each execution of a machine."""
    for page in stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=machine_arn):
        for execution in page["executions"]:
            yield execution["name"].removeprefix(NAME_PREFIX), execution["status"]


def _number(item: dict[str, Any], name: str) -> int:
    return int(item.get(name, {}).get("N", "0"))
