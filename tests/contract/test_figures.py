"""The port FigureSource: on CloudWatch's answers, and on jobs' rows in the fake and in DynamoDB."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from flowport.adapters.cloudwatch_figures import CloudWatchFigures
from flowport.adapters.jobs_table import DynamoJobStore
from flowport.domain.figures import Point
from flowport.domain.job import Outcome
from flowport.usecases.admin.figures import FiguresOfRows
from flowport.usecases.admin.ports import Figures
from flowport.usecases.ports import JobStore, ListingPage, ListingQuery
from tests.fakes import NOW, FakeClock, FakeJobStore, a_job

MINUTE = 60_000
SINCE = NOW - NOW % MINUTE
AT = datetime.fromtimestamp(SINCE / 1000, UTC)
UNTIL = SINCE + MINUTE
WHEN: dict[str, Any] = {"since": SINCE, "until": UNTIL, "period": 60, "deadline": 60.0}


@pytest.fixture(params=["fake", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "fake":
        return FakeJobStore()
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("jobs_table")
    return DynamoJobStore(client, table, FakeClock())


def _ended(store: JobStore, number: int, status: Any = "SUCCEEDED", **members: Any) -> None:
    job = a_job(f"0199b6f2-0000-8000-8000-{number:012x}", created_at=SINCE + 100, **members)
    store.create(job)
    assert store.end(job, Outcome(status, SINCE + 100 + number * 10))


def test_rows_are_counted_by_endpoint(store: JobStore) -> None:
    _ended(store, 1)
    _ended(store, 2, "FAILED")
    _ended(store, 3, endpoint="billing/other")
    _ended(store, 4, workspace="another")
    figures = FiguresOfRows(store, FakeClock()).figures("acme", ["billing/quote", "billing/other"], **WHEN)
    assert figures == Figures(
        (Point("billing/other", SINCE, 1, 0, 30, 30), Point("billing/quote", SINCE, 2, 1, 10, 20)),
        "jobs",
        complete=True,
    )


def test_one_endpoints_rows_are_counted_alone(store: JobStore) -> None:
    _ended(store, 1)
    _ended(store, 2, endpoint="billing/other")
    figures = FiguresOfRows(store, FakeClock()).figures("acme", ["billing/quote"], **WHEN)
    assert figures.points == (Point("billing/quote", SINCE, 1, 0, 10, 10),)


def test_more_rows_than_are_counted_make_figures_that_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(FakeJobStore):
        asked = 0

        def page(self, query: ListingQuery, *, deadline: float | None = None) -> ListingPage:
            self.asked += 1
            ended = replace(a_job(), status="SUCCEEDED", created_at=SINCE, finished_at=SINCE + 5)
            return ListingPage((ended,) * query.limit, ("2026-11-22", str(self.asked)))

    figures = FiguresOfRows(Endless(), FakeClock()).figures("acme", ["billing/quote"], **WHEN)
    assert (figures.points[0].calls, figures.complete) == (4000, False)


# -- CloudWatch ------------------------------------------------------------------------------------------------------


def _query(id_: str, metric: str, statistic: str, endpoint: str) -> dict[str, Any]:
    dimensions = [("stack", "flowport"), ("workspace", "acme"), ("endpoint", endpoint)]
    return {
        "Id": id_,
        "MetricStat": {
            "Metric": {
                "Namespace": "Flowport",
                "MetricName": metric,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
            },
            "Period": 60,
            "Stat": statistic,
        },
    }


def test_cloudwatch_is_asked_for_two_metrics_of_every_endpoint_page_by_page() -> None:
    client = botocore.session.get_session().create_client("cloudwatch", region_name="us-east-1")
    request = {
        "StartTime": AT,
        "EndTime": datetime.fromtimestamp(UNTIL / 1000, UTC),
        "MetricDataQueries": [
            _query("calls_0", "JobDuration", "SampleCount", "a/b"),
            _query("failures_0", "JobsFailed", "Sum", "a/b"),
            _query("p50_ms_0", "JobDuration", "p50", "a/b"),
            _query("p95_ms_0", "JobDuration", "p95", "a/b"),
        ],
    }

    def result(id_: str, value: float) -> dict[str, Any]:
        return {"Id": id_, "Timestamps": [AT], "Values": [value]}

    with Stubber(client) as stub:
        first = [result("calls_0", 7.0), result("failures_0", 2.0)]
        stub.add_response("get_metric_data", {"MetricDataResults": first, "NextToken": "more"}, request)
        rest = [result("p50_ms_0", 120.4), result("p95_ms_0", 900.6)]
        stub.add_response("get_metric_data", {"MetricDataResults": rest}, request | {"NextToken": "more"})
        found = CloudWatchFigures(lambda: client, "flowport", FakeClock()).figures("acme", ["a/b"], **WHEN)
        stub.assert_no_pending_responses()
    assert found == Figures((Point("a/b", SINCE, 7, 2, 120, 901),), "cloudwatch", complete=True)


def test_an_endpoint_that_nobody_called_has_no_points() -> None:
    client = botocore.session.get_session().create_client("cloudwatch", region_name="us-east-1")
    with Stubber(client) as stub:
        empty = [{"Id": "calls_0", "Timestamps": [], "Values": []}]
        stub.add_response("get_metric_data", {"MetricDataResults": empty})
        found = CloudWatchFigures(lambda: client, "flowport", FakeClock()).figures("acme", ["a/b"], **WHEN)
    assert found == Figures((), "cloudwatch", complete=True)
