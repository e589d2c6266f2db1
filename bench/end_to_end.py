"""A synchronous call through the deployed stack on the local engine, against a bare StartSyncExecution on the same.

Measures what `make up` left running, as FLOWPORT_LOCAL_JSON or .flowport/local.json describes it.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import httpx
from botocore.config import Config

from bench import ROOT
from bench.deployed import Deployed
from bench.environment import REGION
from bench.report import console, save, spread, table

ROUNDS, WARM_UP = 40, 5
# MiniStack sleeps this long before each execution, and waits for a function's first log line at most that long.
EXECUTION_PAUSE_MS, LOG_WAIT_MS = 150.0, 50.0
BARE, CALL, FLOOR, SILENT = "bare", "call", "floor", "silent"
NAMES = {
    BARE: "bare StartSyncExecution",
    CALL: "Flowport: POST /v1/run/samples/hello",
    FLOOR: "API Gateway and Lambda alone: a 404 that needs no AWS call",
    SILENT: "the same, when the function logs nothing (a CORS preflight)",
}


def measure(_deployed: Deployed) -> bool | None:
    """Call in turns, print and save; None where nothing is running."""
    path = Path(os.environ.get("FLOWPORT_LOCAL_JSON", ROOT / ".flowport" / "local.json"))
    if not path.exists():
        console.print(f"End to end: nothing is running ({path} is not there). `make up`, then `make bench` again.\n")
        return None
    local: dict[str, Any] = json.loads(path.read_text())
    with httpx.Client(base_url=local["base_url"], timeout=60) as client:
        contenders = _contenders(local, client)
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for turn in range(WARM_UP + ROUNDS):
            for name, call in contenders.items():
                began = time.perf_counter()
                call()
                if turn >= WARM_UP:
                    times[name].append((time.perf_counter() - began) * 1000)
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians[CALL] / medians[BARE]
    without = (medians[CALL] - EXECUTION_PAUSE_MS) / (medians[BARE] - EXECUTION_PAUSE_MS)
    _print(times, medians)
    console.print(
        f"Ratio {ratio:.2f}; with the engine's pause of {EXECUTION_PAUSE_MS:.0f} ms before an execution taken off both "
        f"sides {without:.2f}. Beyond the bare call and the engine's API Gateway and Lambda, Flowport's three DynamoDB "
        f"calls and its own work take {medians[CALL] - medians[BARE] - medians[FLOOR]:.0f} ms.\n"
    )
    save(
        "engine",
        {
            "rounds": ROUNDS,
            "ms": times,
            "medians_ms": medians,
            "ratio": ratio,
            "ratio_without_execution_pause": without,
            "engine_pauses_ms": {"before an execution": EXECUTION_PAUSE_MS, "for a log line, at most": LOG_WAIT_MS},
        },
    )
    return True


def _contenders(local: dict[str, Any], client: httpx.Client) -> dict[str, Callable[[], None]]:
    # boto3 would put `sync-` before the host of StartSyncExecution, which no loopback address answers.
    workflows = boto3.client(
        "stepfunctions",
        endpoint_url=local["engine_url"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  # any will do on the engine
        config=Config(inject_host_prefix=False),
    )
    arn, bearer = local["samples_outputs"]["HelloExpressArn"], {"Authorization": f"Bearer {local['run_token']}"}

    def bare() -> None:
        answer = workflows.start_sync_execution(stateMachineArn=arn, input="{}")
        _expect("SUCCEEDED", answer["status"])

    def call() -> None:
        _expect(200, client.post("/v1/run/samples/hello", headers=bearer).status_code)

    def floor() -> None:
        _expect(404, client.get("/v1/nothing", headers=bearer).status_code)

    def silent() -> None:
        _expect(204, client.options("/v1/nothing").status_code)

    return {BARE: bare, CALL: call, FLOOR: floor, SILENT: silent}


def _expect(wanted: object, got: object) -> None:
    if wanted != got:
        raise RuntimeError(f"expected {wanted}, got {got}")


def _print(times: dict[str, list[float]], medians: dict[str, float]) -> None:
    pauses = {BARE: EXECUTION_PAUSE_MS, CALL: EXECUTION_PAUSE_MS, FLOOR: 0.0, SILENT: 0.0}
    table(
        f"End to end on the local engine, one caller, {ROUNDS} calls each in turns, ms",
        ("what", "median (least-most)", "of the bare call", "without the engine's pause", "of the bare call"),
        [
            (
                NAMES[name],
                spread(values, 0),
                f"{medians[name] / medians[BARE]:.2f}",
                f"{medians[name] - pauses[name]:.0f}",
                f"{(medians[name] - pauses[name]) / (medians[BARE] - EXECUTION_PAUSE_MS):.2f}",
            )
            for name, values in times.items()
        ],
        caption=f"The engine sleeps {EXECUTION_PAUSE_MS:.0f} ms before each execution, and waits up to "
        f"{LOG_WAIT_MS:.0f} ms for a log line of a function that prints none. Its times say nothing about AWS.",
    )
