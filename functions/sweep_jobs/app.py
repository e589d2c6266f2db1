"""The sweep: every minute, jobs that did not move on are repaired by what Step Functions says."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit

from flowport import observability, wiring

sweep = wiring.sweep_jobs()


def handler(_event: dict[str, Any], _context: object) -> dict[str, int]:
    """Sweep once; give the repairs by kind."""
    swept = sweep()
    observability.count("SweepLag", swept.lag_ms / 1000, MetricUnit.Seconds)
    for failure in swept.failures:
        observability.report("repair failed", failure=failure)
        observability.count("Errors", dimensions={"source": "gateway"})
    observability.report("swept", repairs=swept.repairs, lag_ms=swept.lag_ms)
    return swept.repairs
