"""Logs and metrics, by Powertools: one structured line a request, and the metrics that the alarms watch."""

import sys
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

logger = Logger(log_uncaught_exceptions=False)


def report(message: str, **fields: Any) -> None:  # noqa: ANN401  # any JSON value
    """Log one line. Fields never hold credentials, inputs or outputs."""
    logger.info(message, extra=fields)


def report_failure(message: str, **fields: Any) -> None:  # noqa: ANN401
    """Log one line with the present exception's trace."""
    logger.error(message, exc_info=sys.exception(), extra=fields)


def count(
    name: str, value: float = 1, unit: MetricUnit = MetricUnit.Count, dimensions: Mapping[str, str] | None = None
) -> None:
    """Publish one metric in CloudWatch's embedded format; namespace and service come from the environment."""
    with single_metric(name=name, unit=unit, value=value) as metric:
        for key, dimension in (dimensions or {}).items():
            metric.add_dimension(name=key, value=dimension)
