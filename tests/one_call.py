"""Run by `unit/test_hot_path.py` in a process of its own: sync calls of an Express endpoint, with AWS in memory.

Prints as JSON which of Flowport's modules the gateway function has imported when it is ready, which a call imports
beyond that, and what a later call does: AWS's operations, JSON texts read and written, copies of records, and calls of
functions in Flowport's code.
"""

import dataclasses
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from types import FrameType
from typing import Any

from bench import world
from bench.environment import function_environment

ROWS = world.rows()
EVENT = world.request("POST", "/v1/run/billing/quote", body=world.INPUT)
counted: Counter[str] = Counter()


class Aws:
    """Every client: finds the rows, and runs everything at once."""

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # botocore's names
        counted["BatchGetItem"] += 1
        found = {
            table: [row for key in part["Keys"] for row in ROWS[table] if key.items() <= row.items()]
            for table, part in RequestItems.items()
        }
        return {"Responses": found, "UnprocessedKeys": {}}

    def put_item(self, **_: object) -> dict[str, Any]:
        counted["PutItem"] += 1
        return {}

    def update_item(self, **_: object) -> dict[str, Any]:
        counted["UpdateItem"] += 1
        return {}

    def start_sync_execution(self, **_: object) -> dict[str, Any]:
        counted["StartSyncExecution"] += 1
        now = datetime.now(UTC)
        return {
            "executionArn": "arn:aws:states:us-east-1:000000000000:express:quote-express:fp-x:y",
            "status": "SUCCEEDED",
            "output": world.OUTPUT,
            "startDate": now,
            "stopDate": now,
        }


def counting(what: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arguments: Any, **named: Any) -> Any:
        counted[what] += 1
        return function(*arguments, **named)

    return called


def flowports_calls(frame: FrameType, event: str, _: object) -> None:
    if event == "call" and "/layers/core/flowport/" in frame.f_code.co_filename:
        counted["calls of functions"] += 1


def modules() -> set[str]:
    return {name for name in sys.modules if name.startswith("flowport.")}


def main() -> None:
    # Before the logger is made, which keeps what it finds.
    told_to, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115, PTH123
    os.environ |= {name: value for name, value in function_environment([]).items() if name != "PYTHONPATH"}
    from flowport import wiring

    wiring.Clients = type("Clients", (), {"__getattr__": lambda *_: Aws})  # type: ignore[assignment, misc]
    from functions.gateway import app

    ready = modules()
    first = app.handler(EVENT, None)
    called = modules()
    json.JSONEncoder.encode = counting("JSON texts written", json.JSONEncoder.encode)  # type: ignore[method-assign]
    json.JSONDecoder.decode = counting("JSON texts read", json.JSONDecoder.decode)  # type: ignore[method-assign]
    dataclasses._replace = counting("copies of records", dataclasses._replace)  # type: ignore[attr-defined]
    counted.clear()
    sys.setprofile(flowports_calls)
    answer = app.handler(EVENT, None)
    sys.setprofile(None)
    told = {
        "answers": [first["statusCode"], answer["statusCode"]],
        "ready": sorted(ready),
        "later": sorted(called - ready),
        "counted": dict(counted),
    }
    told_to.write(json.dumps(told))


if __name__ == "__main__":
    main()
