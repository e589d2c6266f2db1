"""The admin routes that only look: state machines that may be published, and figures."""

from collections.abc import Callable

import pytest

from tests.functional.admin_harness import Admin
from tests.functional.harness import Aws, Handler


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction", Figures="jobs"))


def test_figures_of_nothing_are_empty_and_say_what_they_are_of(admin: Admin) -> None:
    answer = admin.call(
        "GET", "metrics", query={"from": ["2026-11-22T01:02:03Z"], "to": ["2026-11-22T02:00:00Z"], "period": ["300"]}
    )
    assert answer.status == 200
    assert answer.document == {
        "from": "2026-11-22T01:00:00.000Z",
        "to": "2026-11-22T02:05:00.000Z",
        "period": 300,
        "source": "jobs",
        "complete": True,
        "series": [],
    }


def test_the_last_day_is_read_in_periods_of_five_minutes_unless_something_else_is_asked_for(admin: Admin) -> None:
    assert admin.call("GET", "metrics").document["period"] == 300


@pytest.mark.parametrize(
    "query",
    [
        {"from": ["yesterday"]},
        {"to": ["2026-11-22T01:00:00Z"], "from": ["2026-11-22T01:00:00Z"]},
        {"period": ["61"]},
        {"period": ["60"], "from": ["2026-11-01T00:00:00Z"]},
        {"from": ["2000-01-01T00:00:00Z"]},
        {"endpoint": ["no-slash"]},
    ],
)
def test_what_cannot_be_counted_is_said(admin: Admin, query: dict[str, list[str]]) -> None:
    answer = admin.call("GET", "metrics", query=query)
    assert (answer.status, answer.kind) == (400, "invalid-request")


def test_figures_of_an_endpoint_that_is_not_there_are_404(admin: Admin) -> None:
    assert admin.call("GET", "metrics", query={"endpoint": ["samples/none"]}).status == 404
