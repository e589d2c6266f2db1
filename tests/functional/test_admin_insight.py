"""The admin routes that only look: state machines that may be published, and figures."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

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


# -- state machines ----------------------------------------------------------------------------------------------------


def _belonging(admin: Admin, versions: list[str], aliases: list[str]) -> list[dict[str, Any]]:
    """Let Step Functions name versions and aliases of whatever machine it is asked for; give what it is asked."""
    asked: list[dict[str, Any]] = []
    answers = {
        "ListStateMachineVersions": ("stateMachineVersions", "stateMachineVersionArn", versions),
        "ListStateMachineAliases": ("stateMachineAliases", "stateMachineAliasArn", aliases),
    }

    def answer(operation: str) -> Any:  # a hook, whose answer takes the place of AWS's
        def of(params: Mapping[str, Any], **_: object) -> tuple[AWSResponse, dict[str, Any]]:
            request = json.loads(params["body"])
            asked.append({"operation": operation, **request})
            listed, member, names = answers[operation]
            found = [{member: f"{request['stateMachineArn']}:{name}"} for name in names]
            parsed = {listed: found, "ResponseMetadata": {"HTTPStatusCode": 200}}
            return AWSResponse("https://aws.invalid", 200, {}, None), parsed  # type: ignore[arg-type]

        return of

    for operation in answers:
        admin.aws.clients().executions().meta.events.register(f"before-call.sfn.{operation}", answer(operation))
    return asked


def test_machines_are_listed_by_consent_with_their_versions_and_aliases(admin: Admin) -> None:
    admin.aws.create_machine("theirs", tags={"flowport:publish": "other"})
    admin.aws.create_machine("nobodys")
    asked = _belonging(admin, ["2", "1"], ["live"])
    answer = admin.call("GET", "machines")
    assert answer.status == 200, answer.text
    assert answer.document == {
        "items": [
            {
                "arn": admin.express,
                "name": "QuoteExpress-8sTn4vBq1LxR",
                "type": "EXPRESS",
                "versions": [f"{admin.express}:2", f"{admin.express}:1"],
                "aliases": [f"{admin.express}:live"],
            },
            {
                "arn": admin.standard,
                "name": "ReportStandard-Zq81kV2mYd7L",
                "type": "STANDARD",
                "versions": [f"{admin.standard}:2", f"{admin.standard}:1"],
                "aliases": [f"{admin.standard}:live"],
            },
        ],
        "cursor": None,
    }
    assert {one["stateMachineArn"] for one in asked} == {admin.express, admin.standard}
