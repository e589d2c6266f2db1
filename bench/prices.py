"""From counted calls to money: `prices.json` holds the prices and what is assumed."""

import json
import math
from typing import TYPE_CHECKING, Any

from bench import ROOT
from bench.environment import TABLES
from bench.report import table
from bench.template import Template

if TYPE_CHECKING:
    from bench.calls import Counted

_DATA: dict[str, Any] = json.loads((ROOT / "bench" / "prices.json").read_text())
PRICES: dict[str, float] = {name: price["per_million"] / 1_000_000 for name, price in _DATA["prices"].items()}
ASSUMED: dict[str, int] = _DATA["assumptions"]
MILLION = 1_000_000
GB = 1024**3
PARTS = ("API Gateway", "Lambda requests", "Lambda time", "DynamoDB reads", "DynamoDB writes", "logs")


def bill(counted: "Counted", template: Template) -> dict[str, float]:
    """Price a million requests of one kind, in dollars; `workflow` and `kept` stand beside the sum, not in it."""
    ledger = counted.ledger
    log_bytes = sum(counted.logged.values()) + ASSUMED["access_log_bytes"]
    log_bytes += ASSUMED["platform_log_bytes"] * len(counted.operations)
    each = {
        "API Gateway": PRICES["api_gateway_request"],
        "Lambda requests": PRICES["lambda_request"] * len(counted.operations),
        "Lambda time": sum(_lambda_time(function, counted, template) for function in counted.operations),
        "DynamoDB reads": PRICES["dynamodb_read_request_unit"] * ledger.read_units,
        "DynamoDB writes": PRICES["dynamodb_write_request_unit"] * (ledger.write_units + ledger.index_write_units),
        "logs": PRICES["logs_gb"] * log_bytes / GB,
    }
    parts = {name: value * MILLION for name, value in each.items()}
    wrote = ledger.writes > 0
    return parts | {
        "Flowport": sum(parts.values()),
        "workflow": MILLION * _workflow(ledger.starts),
        "kept": MILLION * _kept(ledger.stored_bytes(TABLES["JOBS_TABLE"])) if wrote else 0.0,
    }


def bare(template: Template) -> dict[str, float]:
    """Price a million requests to an API of one's own that only calls StartSyncExecution."""
    seconds = (ASSUMED["workflow_ms"] + ASSUMED["aws_call_ms"]) / 1000
    log_bytes = ASSUMED["platform_log_bytes"] + ASSUMED["access_log_bytes"]
    each = {
        "API Gateway": PRICES["api_gateway_request"],
        "Lambda requests": PRICES["lambda_request"],
        "Lambda time": _gb_second(template) * seconds * template.memory_mb["gateway"] / 1024,
        "DynamoDB reads": 0.0,
        "DynamoDB writes": 0.0,
        "logs": PRICES["logs_gb"] * log_bytes / GB,
    }
    parts = {name: value * MILLION for name, value in each.items()}
    sync = {"StartSyncExecution": 1}
    return parts | {"Flowport": sum(parts.values()), "workflow": MILLION * _workflow(sync), "kept": 0.0}


def fixed(template: Template) -> dict[str, float]:
    """Price what a stack costs in a month without any request: the sweep of every minute, and the alarms."""
    runs = 60 * 24 * 30
    seconds = ASSUMED["aws_call_ms"] / 1000
    sweep = PRICES["lambda_request"] + PRICES["dynamodb_read_request_unit"] / 2
    sweep += _gb_second(template) * seconds * template.memory_mb["sweep_jobs"] / 1024
    return {"sweep": runs * sweep, "alarms": template.alarms * PRICES["alarm_month"]}


def _gb_second(template: Template) -> float:
    return PRICES[f"lambda_gb_second_{template.architecture}"]


def _lambda_time(function: str, counted: "Counted", template: Template) -> float:
    calls = counted.operations[function]
    milliseconds = ASSUMED["aws_call_ms"] * calls.total()
    if "StartSyncExecution" in calls:
        milliseconds += ASSUMED["workflow_ms"]
    elif counted.case.ended and function == "gateway":
        milliseconds += ASSUMED["workflow_ms"] + ASSUMED["completion_event_ms"]
    return _gb_second(template) * milliseconds / 1000 * template.memory_mb[function] / 1024


def _workflow(starts: dict[str, int]) -> float:
    steps = math.ceil(ASSUMED["workflow_ms"] / 100) / 10
    express = PRICES["express_request"] + PRICES["express_gb_second"] * steps * ASSUMED["express_memory_mb"] / 1024
    standard = PRICES["standard_transition"] * ASSUMED["standard_transitions"] + PRICES["eventbridge_service_event"]
    return express * starts.get("StartSyncExecution", 0) + standard * starts.get("StartExecution", 0)


def _kept(stored: int) -> float:
    months = ASSUMED["retention_days"] / 30
    return stored / GB * months * (PRICES["dynamodb_gb_month"] + PRICES["dynamodb_pitr_gb_month"])


def show(names: list[str], bills: list[dict[str, float]], template: Template) -> None:
    """Print the bills side by side with the bare one."""
    base = bare(template)
    lines = [("bare API, sync Express", base), *zip(names, bills, strict=True)]
    month = fixed(template)
    table(
        f"Dollars per million requests ({_DATA['region']}, prices of {_DATA['recorded']}, {template.architecture})",
        ("request", *PARTS, "sum", "of the bare one", "the workflow itself", "job kept"),
        [
            (
                name,
                *(f"{line[part]:.2f}" for part in (*PARTS, "Flowport")),
                f"{line['Flowport'] / base['Flowport']:.2f}x",
                *(f"{line[part]:.2f}" for part in ("workflow", "kept")),
            )
            for name, line in lines
        ],
        caption=f"Assumed: {', '.join(f'{name} {value}' for name, value in ASSUMED.items())}. "
        f"Without any request, a month: {month['sweep']:.2f} for the sweep, {month['alarms']:.2f} for the alarms.",
    )
