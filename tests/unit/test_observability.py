"""What the functions log and publish, as CloudWatch reads it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport import observability

TRACE = "1-6f4c9c3e-3f2a1b4c5d6e7f8091a2b3c4"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Give the lines that were written, of a function with a name of its own."""
    monkeypatch.setenv("SERVICE", "flowport-gateway")
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_has_level_time_function_and_trace_and_no_member_that_is_none(
    lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1")
    observability.report("request", status=200, job_id=None)
    (line,) = lines()
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "message": "request",
        "service": "flowport-gateway",
        "status": 200,
        "xray_trace_id": TRACE,
    }


def test_without_a_trace_no_line_has_one(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    observability.report("swept")
    assert "xray_trace_id" not in lines()[0]


@pytest.mark.parametrize(("level", "logged"), [("DEBUG", 1), ("INFO", 1), ("WARNING", 0), ("ERROR", 0)])
def test_the_stacks_level_decides_what_is_logged(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, level: str, logged: int
) -> None:
    monkeypatch.setenv("LOG_LEVEL", level)
    observability.report("request")
    assert len(lines()) == logged


def test_a_failure_has_its_trace_on_one_line_whatever_the_level(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "ERROR")
    try:
        raise ValueError("of a kind")  # noqa: TRY301
    except ValueError:
        observability.report_failure("unforeseen error", request_id="x=")
    (line,) = lines()
    assert (line["level"], line["exception_name"], line["request_id"]) == ("ERROR", "ValueError", "x=")
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: of a kind\n")


@pytest.mark.parametrize("text", ["Übung/täglich", "\ud800", "two\nlines", "\u2028"])
def test_whatever_a_name_holds_is_one_line_that_can_be_written(
    lines: Lines, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("_X_AMZN_TRACE_ID", raising=False)
    observability.report("request", endpoint=text, other=ValueError("told by its text"))
    (line,) = lines()
    assert (line["endpoint"], line["other"]) == (text, "told by its text")


def test_a_metric_has_the_dimensions_that_the_alarms_watch(lines: Lines) -> None:
    observability.count("SweepLag", 30.5, "Seconds", dimensions={"source": "gateway"})
    (line,) = lines()
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert metrics == {
        "Namespace": "Flowport",
        "Dimensions": [["source", "service"]],
        "Metrics": [{"Name": "SweepLag", "Unit": "Seconds"}],
    }
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000
    assert (line["service"], line["source"], line["SweepLag"]) == ("flowport-gateway", "gateway", [30.5])
