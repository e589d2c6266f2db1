"""Figures of endpoints from CloudWatch, where `observability.job_ended` publishes them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any, Final

from flowport.adapters.aws import AnyClient, repeat
from flowport.domain.figures import Point
from flowport.observability import JOB_DURATION, JOBS_FAILED, NAMESPACE
from flowport.usecases.admin.ports import Figures
from flowport.usecases.ports import Clock

WHAT: Final = "CloudWatch"
ATTEMPT_SECONDS: Final = 5.0
# GetMetricData takes 500 queries a call.
_ENDPOINTS_A_CALL: Final = 100
# The statistic, by the member of a point that it becomes.
_STATISTICS: Final = {
    "calls": (JOB_DURATION, "SampleCount"),
    "failures": (JOBS_FAILED, "Sum"),
    "p50_ms": (JOB_DURATION, "p50"),
    "p95_ms": (JOB_DURATION, "p95"),
}


class CloudWatchFigures:
    """GetMetricData over the two metrics that every endpoint in use has."""

    name = "cloudwatch"

    def __init__(self, client: Callable[[], AnyClient], stack: str, clock: Clock) -> None:
        """Keep how to get the client (one attempt a call), and whose metrics to read."""
        self._client = client
        self._stack = stack
        self._clock = clock

    def figures(
        self, workspace: str, endpoints: Sequence[str], *, since: int, until: int, period: int, deadline: float
    ) -> Figures:
        """Give what CloudWatch has counted; a call is there a minute or two after its end."""
        points: list[Point] = []
        for some in batched(endpoints, _ENDPOINTS_A_CALL, strict=False):
            found: defaultdict[tuple[str, int], dict[str, float]] = defaultdict(dict)
            for endpoint, member, at, value in self._values(workspace, some, since, until, period, deadline):
                found[endpoint, at][member] = value
            points += [_point(endpoint, at, values) for (endpoint, at), values in found.items()]
        return Figures(tuple(sorted(points, key=lambda point: (point.endpoint, point.at))), self.name, complete=True)

    def _values(
        self, workspace: str, endpoints: Sequence[str], since: int, until: int, period: int, deadline: float
    ) -> Iterator[tuple[str, str, int, float]]:
        client = self._client()
        request: dict[str, Any] = {
            "StartTime": datetime.fromtimestamp(since / 1000, UTC),
            "EndTime": datetime.fromtimestamp(until / 1000, UTC),
            "MetricDataQueries": [
                {
                    "Id": f"{member}_{number}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": NAMESPACE,
                            "MetricName": metric,
                            "Dimensions": [
                                {"Name": "stack", "Value": self._stack},
                                {"Name": "workspace", "Value": workspace},
                                {"Name": "endpoint", "Value": endpoint},
                            ],
                        },
                        "Period": period,
                        "Stat": statistic,
                    },
                }
                for number, endpoint in enumerate(endpoints)
                for member, (metric, statistic) in _STATISTICS.items()
            ],
        }
        while True:
            answer = repeat(
                lambda: client.get_metric_data(**request),
                what=WHAT,
                clock=self._clock,
                deadline=deadline,
                attempt_seconds=ATTEMPT_SECONDS,
            )
            for result in answer["MetricDataResults"]:
                member, _, number = result["Id"].rpartition("_")
                for at, value in zip(result["Timestamps"], result["Values"], strict=True):
                    yield endpoints[int(number)], member, round(at.timestamp() * 1000), value
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]


def _point(endpoint: str, at: int, values: dict[str, float]) -> Point:
    def whole(member: str) -> int | None:
        return round(values[member]) if member in values else None

    return Point(endpoint, at, whole("calls") or 0, whole("failures") or 0, whole("p50_ms"), whole("p95_ms"))
