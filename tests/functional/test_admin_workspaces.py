"""Workspaces over the admin API: the operator's, and only the operator's."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.functional.admin_harness import CREATED, OPERATOR, Admin
from tests.functional.harness import NOW, Aws, Handler

RETENTION_S = 30 * 86_400


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


@pytest.fixture
def blue(admin: Admin) -> dict[str, str]:
    """A workspace with two endpoints, two tokens and a user; give the tokens by name."""
    made = admin.handler({"flowport": "bootstrap", "workspace": "blue"}, None)
    admin.aws.stepfunctions.tag_resource(resourceArn=admin.express, tags=[{"key": "flowport:publish", "value": "*"}])
    as_blue: dict[str, Any] = {"token": made["token"]}
    for name in ("hello", "quote"):
        body = {"module": "samples", "name": name, "express_arn": admin.express}
        assert admin.call("POST", "endpoints", body, **as_blue).status == 201
    caller = admin.call("POST", "tokens", {"name": "c", "scopes": ["run"]}, **as_blue).document["token"]
    person = {"name": "ada", "password": "correct horse battery staple", "scopes": ["run"]}
    assert admin.call("POST", "users", person, **as_blue).status == 201
    return {"admin": made["token"], "caller": caller}


def contents(admin: Admin, workspace: str) -> list[str]:
    endpoints = [row["item"] for row in admin.rows("EndpointsTable") if row["workspace"] == workspace]
    credentials = [
        row["id"]
        for row in admin.rows("CredentialsTable")
        if row.get("workspace") == workspace or row["id"].startswith(f"ref#{workspace}#")
    ]
    return [*endpoints, *credentials]


def test_a_created_workspace_is_found_at_its_location_and_in_the_list(admin: Admin) -> None:
    answer = admin.send("admin_create_workspace")

    expected = {"name": "blue", "title": "The blue team", "status": "active", "created_at": CREATED}
    assert (answer.status, answer.document) == (201, expected)
    assert answer.headers["Location"].endswith("/prod/v1/admin/workspaces/blue")
    assert admin.operate("GET", "workspaces/blue").document == expected
    assert admin.operate("GET", "workspaces").document == {"items": [expected], "cursor": None}


def test_workspaces_are_listed_by_name_in_pages(admin: Admin) -> None:
    for name in ("c", "a", "b"):
        admin.operate("POST", "workspaces", {"name": name})
    first = admin.call("GET", "workspaces", token=OPERATOR, query={"limit": ["2"]}).document
    second = admin.call("GET", "workspaces", token=OPERATOR, query={"limit": ["2"], "cursor": [first["cursor"]]})
    assert [item["name"] for item in first["items"] + second.document["items"]] == ["a", "b", "c"]
    assert second.document["cursor"] is None


def test_a_workspace_is_created_once(admin: Admin) -> None:
    lost = admin.lose_answers("TransactWriteItems")
    assert (admin.send("admin_create_workspace").status, lost) == (201, ["TransactWriteItems"])
    refused = admin.send("admin_create_workspace")
    assert (refused.status, refused.kind) == (409, "workspace-exists")


@pytest.mark.parametrize(
    "name",
    [
        *("v1", "api", "api-open", "jobs", "connect", "console", "ping", "sping"),
        *("_operator", "_workspaces", "-a", "A", "a b", "a/b", "", "x" * 64, 7, None),
    ],
)
def test_a_name_that_is_a_route_or_no_name_is_refused(admin: Admin, name: object) -> None:
    answer = admin.operate("POST", "workspaces", {"name": name})
    assert (answer.status, answer.kind, answer.pointers) == (422, "validation-failed", ["/name"])


def test_a_disabled_workspace_lets_nobody_in_until_it_is_enabled(admin: Admin, blue: dict[str, str]) -> None:
    off = admin.operate("POST", "workspaces/blue/disable")
    assert (off.status, off.document["status"]) == (200, "disabled")
    assert admin.operate("POST", "workspaces/blue/disable").status == 200
    assert admin.operate("GET", "workspaces").document["items"][0]["status"] == "disabled"
    refused = admin.call("GET", "endpoints", token=blue["admin"])
    assert (refused.status, refused.kind) == (403, "workspace-disabled")

    assert admin.operate("POST", "workspaces/blue/enable").document["status"] == "active"
    assert admin.call("GET", "endpoints", token=blue["admin"]).status == 200


def test_an_enabled_workspace_is_not_deleted(admin: Admin, blue: dict[str, str]) -> None:
    refused = admin.operate("DELETE", "workspaces/blue")
    assert (refused.status, refused.kind) == (409, "workspace-enabled")
    assert admin.call("GET", "endpoints", token=blue["admin"]).status == 200


def test_a_deleted_workspace_loses_everything_but_its_name(admin: Admin, blue: dict[str, str]) -> None:
    others = contents(admin, "default"), contents(admin, "_operator")
    admin.operate("POST", "workspaces/blue/disable")
    answer = admin.operate("DELETE", "workspaces/blue")

    assert (answer.status, answer.text) == (204, "")
    assert contents(admin, "blue") == ["workspace"]
    assert (contents(admin, "default"), contents(admin, "_operator")) == others
    assert admin.operate("GET", "workspaces/blue").document["status"] == "deleted"
    assert admin.call("GET", "endpoints", token=blue["admin"]).status == 401
    assert admin.operate("POST", "workspaces/blue/enable").status == 404


def test_the_name_of_a_deleted_workspace_is_free_when_its_jobs_have_expired(admin: Admin, blue: dict[str, str]) -> None:
    admin.operate("POST", "workspaces/blue/disable")
    admin.operate("DELETE", "workspaces/blue")
    admin.aws.clock.slept += RETENTION_S - 1
    refused = admin.operate("POST", "workspaces", {"name": "blue"})
    assert (refused.status, refused.kind) == (409, "workspace-reserved")
    assert refused.document["reserved_until"] == NOW + RETENTION_S * 1000

    admin.aws.clock.slept += 1
    again = admin.operate("POST", "workspaces", {"name": "blue", "title": "new"})
    assert (again.status, again.document["created_at"]) == (201, "2026-12-22T02:19:59.203Z")
    assert [item["title"] for item in admin.operate("GET", "workspaces").document["items"]] == ["new"]
    assert admin.call("GET", "endpoints", token=blue["admin"]).status == 401


def test_a_deletion_that_was_broken_off_goes_on_when_it_is_repeated(admin: Admin, blue: dict[str, str]) -> None:
    admin.operate("POST", "workspaces/blue/disable")
    deleted = admin.count("DeleteItem")

    def too_late() -> None:
        admin.aws.clock.slept += 12  # of the 15 that a request has

    admin.meanwhile("DeleteItem", too_late)
    broken = admin.operate("DELETE", "workspaces/blue")
    assert (broken.status, broken.kind, broken.headers["Retry-After"]) == (503, "unavailable", "1")
    assert len(deleted) == 1
    assert len(contents(admin, "blue")) > 1
    assert admin.call("GET", "endpoints", token=blue["admin"]).status in {401, 404}

    assert admin.operate("DELETE", "workspaces/blue").status == 204
    assert contents(admin, "blue") == ["workspace"]
    assert admin.operate("DELETE", "workspaces/blue").status == 204


def test_a_deletion_whose_answers_were_lost_succeeds(admin: Admin, blue: dict[str, str]) -> None:
    admin.operate("POST", "workspaces/blue/disable")
    lost = [admin.lose_answers("TransactWriteItems"), admin.lose_answers("DeleteItem")]
    assert admin.operate("DELETE", "workspaces/blue").status == 204
    assert lost == [["TransactWriteItems"], ["DeleteItem"]]
    assert contents(admin, "blue") == ["workspace"]


def test_a_workspace_that_is_enabled_while_it_is_being_deleted_stays(admin: Admin, blue: dict[str, str]) -> None:
    admin.operate("POST", "workspaces/blue/disable")
    admin.meanwhile("TransactWriteItems", lambda: admin.operate("POST", "workspaces/blue/enable"))
    refused = admin.operate("DELETE", "workspaces/blue")
    assert (refused.status, refused.kind) == (409, "workspace-enabled")
    assert admin.call("GET", "endpoints/samples/quote", token=blue["admin"]).status == 200


def test_a_new_workspace_never_gets_what_an_old_one_left_behind(admin: Admin, blue: dict[str, str]) -> None:
    left = admin.aws.dynamodb.scan(TableName="CredentialsTable")["Items"]
    admin.operate("POST", "workspaces/blue/disable")
    admin.operate("DELETE", "workspaces/blue")
    for row in left:  # as if the index had not shown them in time
        admin.aws.dynamodb.put_item(TableName="CredentialsTable", Item=row)
    admin.aws.clock.slept += RETENTION_S
    assert admin.operate("POST", "workspaces", {"name": "blue"}).status == 201
    assert admin.call("GET", "endpoints", token=blue["admin"]).status == 401


def test_a_late_deletion_spares_what_a_new_workspace_of_that_name_has(admin: Admin, blue: dict[str, str]) -> None:
    admin.operate("POST", "workspaces/blue/disable")
    admin.operate("DELETE", "workspaces/blue")
    admin.aws.clock.slept += RETENTION_S
    made: dict[str, str] = {}

    def made_anew() -> None:
        made.update(admin.handler({"flowport": "bootstrap", "workspace": "blue"}, None))

    admin.meanwhile("Query", made_anew)
    admin.operate("DELETE", "workspaces/blue")
    assert admin.call("GET", "endpoints", token=made["token"]).status == 200


@pytest.mark.parametrize("name", ["nobody", "_operator", "A%20b"])
def test_a_workspace_that_is_not_there_is_404_for_every_method(admin: Admin, name: str) -> None:
    calls = [
        admin.operate("GET", f"workspaces/{name}"),
        admin.operate("DELETE", f"workspaces/{name}"),
        admin.operate("POST", f"workspaces/{name}/enable"),
        admin.operate("POST", f"workspaces/{name}/disable"),
    ]
    assert [(answer.status, answer.kind) for answer in calls] == [(404, "not-found")] * 4


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "workspaces"),
        ("POST", "workspaces"),
        ("GET", "workspaces/default"),
        ("DELETE", "workspaces/other"),
        ("POST", "workspaces/other/disable"),
        ("POST", "workspaces/default/enable"),
    ],
)
def test_a_workspaces_administrator_is_no_operator(admin: Admin, method: str, path: str) -> None:
    answer = admin.call(method, path, {"name": "mine"})
    assert (answer.status, answer.kind) == (403, "forbidden")


def test_an_operator_sees_and_revokes_tokens_of_its_own_kind_only(admin: Admin) -> None:
    admin.call("POST", "tokens", {"name": "ci", "scopes": ["run"]})
    made = admin.handler({"flowport": "bootstrap", "operator": True, "token_name": "second"}, None)
    listed = admin.operate("GET", "tokens").document["items"]
    assert {token["name"] for token in listed} >= {"second"}
    assert "ci" not in {token["name"] for token in listed}
    assert admin.operate("POST", f"tokens/{made['id']}/revoke").status == 200
    assert admin.call("GET", "workspaces", token=made["token"]).status == 401


@pytest.mark.parametrize("path", ["endpoints", "users"])
def test_an_operator_administers_no_workspace(admin: Admin, path: str) -> None:
    answer = admin.operate("GET", path)
    assert (answer.status, answer.kind) == (403, "forbidden")
