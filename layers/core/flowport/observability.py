"""Logs and metrics: JSON lines on standard output, of which CloudWatch makes both (metrics by its embedded format).

Written by hand, since two lines are on the way of every call: a library takes several times as long for each, and its
import is part of every cold start.
"""

import json
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

from flowport import settings
from flowport.domain.figures import FAILURES
from flowport.domain.job import Job, Outcome

NAMESPACE: Final = "Flowport"
# What every endpoint in use has: milliseconds from a job's acceptance to its end, and 1 for each that failed, else 0.
JOB_DURATION: Final = "JobDuration"
JOBS_FAILED: Final = "JobsFailed"

Unit = Literal["Count", "Milliseconds", "Seconds"]
# ASCII, so that whatever a path or a name holds can be written; what JSON does not know is written as its text.
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


def report(message: str, **fields: Any) -> None:  # noqa: ANN401  # any JSON value
    """Log one line. Fields never hold credentials, inputs or outputs; those that are None are left out."""
    if settings.log_level() in {"DEBUG", "INFO"}:
        _log("INFO", message, fields)


def report_failure(message: str, **fields: Any) -> None:  # noqa: ANN401
    """Log one line with the present exception's trace, whatever the level."""
    error = sys.exception()
    trace = {"exception_name": type(error).__name__, "exception": "".join(traceback.format_exception(error))}
    _log("ERROR", message, fields | trace)


def count(name: str, value: float = 1, unit: Unit = "Count", dimensions: Mapping[str, str] | None = None) -> None:
    """Publish one metric of this function, whose name is the dimension `service`."""
    _publish({name: unit}, {**(dimensions or {}), "service": settings.service()}, {name: [value]}, _now())


def job_ended(stack: str, job: Job, outcome: Outcome) -> None:
    """Publish a job's end as metrics of its endpoint."""
    values = {
        JOB_DURATION: max(0, outcome.finished_at - job.created_at),
        JOBS_FAILED: int(outcome.status in FAILURES),
    }
    dimensions = {"stack": stack, "workspace": job.workspace, "endpoint": job.endpoint}
    _publish({JOB_DURATION: "Milliseconds", JOBS_FAILED: "Count"}, dimensions, values, outcome.finished_at)


def _log(level: str, message: str, fields: Mapping[str, Any]) -> None:
    line = {
        "level": level,
        "message": message,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "service": settings.service(),
        **fields,
        "xray_trace_id": settings.trace_id(),
    }
    _write({name: value for name, value in line.items() if value is not None})


def _publish(units: Mapping[str, Unit], dimensions: Mapping[str, str], values: Mapping[str, Any], at: int) -> None:
    metrics = {
        "Namespace": NAMESPACE,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
    }
    _write({"_aws": {"Timestamp": at, "CloudWatchMetrics": [metrics]}, **dimensions, **values})


def _now() -> int:
    return time.time_ns() // 1_000_000


def _write(line: Mapping[str, Any]) -> None:
    sys.stdout.write(_encode(line) + "\n")
    sys.stdout.flush()
