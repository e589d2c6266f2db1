"""What the functions publish, as CloudWatch reads it."""

import json

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from flowport import observability


def test_a_metric_has_the_dimensions_that_the_alarms_watch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "flowport-gateway")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Flowport")
    observability.count("SweepLag", 30.5, MetricUnit.Seconds, dimensions={"source": "gateway"})
    line = json.loads(capsys.readouterr().out)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert metrics == {
        "Namespace": "Flowport",
        "Dimensions": [["source", "service"]],
        "Metrics": [{"Name": "SweepLag", "Unit": "Seconds"}],
    }
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000
    assert (line["service"], line["source"], line["SweepLag"]) == ("flowport-gateway", "gateway", [30.5])
