"""Endpoints over the admin API: every route, every refusal, lost races and lost answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport.adapters.state_machines import StepFunctionsMachines
from flowport.domain.records import Workspace
from tests.functional.admin_harness import CREATED, OTHERS, Admin
from tests.functional.harness import Aws, Handler

PATH = "endpoints/samples/quote"


@pytest.fixture
def admin(aws: Aws, load: Callable[..., Handler]) -> Admin:
    return Admin(aws, load("AdminFunction"))


def document(admin: Admin, **changes: Any) -> dict[str, Any]:
    return {
        "endpoint": "samples/quote",
        "module": "samples",
        "name": "quote",
        "title": "",
        "enabled": True,
        "express_arn": admin.express,
        "standard_arn": None,
        "mode": "sync",
        "view": "job",
        "methods": ["POST"],
        "auth": ["token"],
        "ip_allow": [],
        "http_headers": [],
        "log_group": None,
        "time_limit": None,
        "keep_jobs_days": None,
        "keep_payloads_days": None,
        "callback_url": None,
        "callback_hosts": [],
        "cors": [],
        "sample": None,
        "input_schema": None,
        "output_schema": None,
        "output_mapping": None,
        "aliases": [],
        "parameters": [],
        "dialects": {},
        "limits": None,
        "version": 1,
        "created_at": CREATED,
        "updated_at": CREATED,
    } | changes


# -- create and read ---------------------------------------------------------------------------------------------------


def test_a_created_endpoint_is_answered_whole_and_found_at_its_location(admin: Admin) -> None:
    answer = admin.send("admin_create_endpoint")

    whole = document(
        admin,
        title="Prices a basket",
        auth=["token", "password"],
        sample={"items": [{"sku": "tea", "quantity": 2}]},
    )
    assert (answer.status, answer.document) == (201, whole)
    location = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod/v1/admin/endpoints/samples/quote"
    assert (answer.headers["Location"], answer.headers["ETag"]) == (location, '"1"')
    read = admin.send("admin_read_endpoint")
    assert (read.status, read.document, read.headers["ETag"]) == (200, whole, '"1"')


def test_a_second_creation_is_refused_and_changes_nothing(admin: Admin) -> None:
    admin.publish()
    refused = admin.publish(title="another")

    assert (refused.status, refused.kind) == (409, "endpoint-exists")
    assert admin.call("GET", PATH).document["title"] == ""


def test_a_creation_whose_answer_was_lost_meets_itself_and_succeeds(admin: Admin) -> None:
    lost = admin.lose_answers("TransactWriteItems")
    answer = admin.publish()

    assert lost == ["TransactWriteItems"]
    assert (answer.status, answer.document["version"]) == (201, 1)


def test_a_creation_of_which_nothing_was_ever_heard_says_so(admin: Admin) -> None:
    admin.lose_answers("TransactWriteItems", times=100)
    answer = admin.publish()

    assert (answer.status, answer.kind) == (500, "outcome-unknown")
    assert answer.headers["Flowport-Error-Source"] == "unknown"


def test_an_endpoint_cannot_be_added_to_a_workspace_that_is_disabled_meanwhile(admin: Admin) -> None:
    admin.meanwhile("TransactWriteItems", lambda: admin.put(Workspace("default", "", "disabled", 0)))
    answer = admin.publish()

    assert (answer.status, answer.kind) == (403, "workspace-disabled")
    assert [row["item"] for row in admin.rows("EndpointsTable") if row["item"].startswith("endpoint#")] == []


def test_names_may_have_spaces_and_letters_of_any_script(admin: Admin) -> None:
    created = admin.publish("Mein Übergang 見積")
    location = created.headers["Location"]

    assert created.document["endpoint"] == "samples/Mein Übergang 見積"
    assert location.endswith("/samples/Mein%20%C3%9Cbergang%20%E8%A6%8B%E7%A9%8D")
    found = admin.call("GET", location.partition("/v1/admin/")[2])
    assert (found.status, found.document) == (200, created.document)


def test_an_endpoint_that_is_not_there_is_404_for_every_method(admin: Admin) -> None:
    calls = [
        admin.call("GET", PATH),
        admin.call("PATCH", PATH, {"title": "x"}),
        admin.call("DELETE", PATH),
        admin.call("POST", f"{PATH}/enable"),
        admin.call("POST", f"{PATH}/disable"),
        admin.call("GET", "endpoints/samples/a%23b"),
        admin.call("GET", f"endpoints/samples/{'x' * 5000}"),
    ]
    assert [(answer.status, answer.kind) for answer in calls] == [(404, "not-found")] * 7


# -- lists -------------------------------------------------------------------------------------------------------------


def test_endpoints_are_listed_by_name_in_pages(admin: Admin) -> None:
    for name in ("c", "a", "b"):
        admin.publish(name)

    first = admin.send("admin_list_endpoints")
    assert [item["name"] for item in first.document["items"]] == ["a", "b"]
    second = admin.call("GET", "endpoints", query={"limit": ["2"], "cursor": [first.document["cursor"]]})
    assert [item["name"] for item in second.document["items"]] == ["c"]
    assert second.document["cursor"] is None


def test_an_empty_list_is_a_list(admin: Admin) -> None:
    assert admin.call("GET", "endpoints").document == {"items": [], "cursor": None}


@pytest.mark.parametrize(
    "query", [{"limit": ["0"]}, {"limit": ["101"]}, {"limit": ["x"]}, {"cursor": ["x"]}, {"cursor": ["bnVsbA"]}]
)
def test_a_list_refuses_a_limit_or_cursor_that_is_none(admin: Admin, query: dict[str, list[str]]) -> None:
    answer = admin.call("GET", "endpoints", query=query)
    assert (answer.status, answer.kind) == (400, "invalid-request")


def test_a_cursor_of_another_list_is_refused(admin: Admin) -> None:
    for name in ("a", "b"):
        admin.publish(name)
    cursor = admin.call("GET", "endpoints", query={"limit": ["1"]}).document["cursor"]
    assert admin.call("GET", "tokens", query={"cursor": [cursor]}).status == 400


# -- put ---------------------------------------------------------------------------------------------------------------


def test_put_creates_and_then_replaces(admin: Admin) -> None:
    first = admin.send("admin_put_endpoint")
    assert (first.status, first.document["version"]) == (201, 1)
    assert first.headers["Location"].endswith("/prod/v1/admin/endpoints/samples/quote")

    second = admin.call("PUT", PATH, {"standard_arn": admin.standard})
    expected = document(admin, express_arn=None, standard_arn=admin.standard, version=2)
    assert (second.status, second.document, second.headers["ETag"]) == (200, expected, '"2"')
    assert "Location" not in second.headers


def test_what_was_read_can_be_put_back(admin: Admin) -> None:
    read = admin.publish().document
    assert admin.call("PUT", PATH, read | {"title": "new"}).document == document(admin, title="new", version=2)


def test_what_is_read_only_cannot_be_changed(admin: Admin) -> None:
    read = admin.publish().document
    changed = {"name": "b", "endpoint": "a/b", "version": 7, "created_at": "2020-01-01T00:00:00Z", "updated_at": None}
    answer = admin.call("PUT", PATH, read | changed)

    assert (answer.status, answer.kind) == (422, "validation-failed")
    assert sorted(answer.pointers) == ["/created_at", "/endpoint", "/name", "/updated_at", "/version"]


def test_put_under_an_impossible_name_says_which_part_is_wrong(admin: Admin) -> None:
    answer = admin.call("PUT", "endpoints/sa%00mples/%20quote", {"express_arn": admin.express})
    assert (answer.status, answer.pointers) == (422, ["/module", "/name"])


def test_put_with_an_old_etag_is_refused(admin: Admin) -> None:
    admin.publish()
    admin.call("PATCH", PATH, {"title": "other"})
    refused = admin.call("PUT", PATH, {"express_arn": admin.express}, headers={"If-Match": '"1"'})

    assert (refused.status, refused.kind) == (412, "precondition-failed")
    assert admin.call("GET", PATH).document["title"] == "other"
    assert admin.call("PUT", PATH, {"express_arn": admin.express}, headers={"If-Match": '"9", "2"'}).status == 200


def test_put_with_an_etag_creates_nothing(admin: Admin) -> None:
    for tag in ('"1"', "*"):
        assert admin.call("PUT", PATH, {"express_arn": admin.express}, headers={"If-Match": tag}).status == 412
    assert admin.call("GET", PATH).status == 404


def test_a_weak_etag_matches_nothing(admin: Admin) -> None:
    admin.publish()
    assert admin.call("DELETE", PATH, headers={"If-Match": 'W/"1"'}).status == 412


# -- patch -------------------------------------------------------------------------------------------------------------


def test_patch_changes_what_it_names_and_null_goes_back_to_the_default(admin: Admin) -> None:
    admin.publish(title="old", sample={"a": 1, "b": {"c": 2, "d": 3}})
    patch = {"title": None, "mode": "async", "sample": {"a": None, "b": {"c": 4}}}
    answer = admin.call("PATCH", PATH, patch, headers={"Content-Type": "application/merge-patch+json"})

    expected = document(admin, mode="async", sample={"b": {"c": 4, "d": 3}}, version=2)
    assert (answer.status, answer.document) == (200, expected)


def test_patch_holds_the_etag(admin: Admin) -> None:
    admin.publish()
    answer = admin.send("admin_patch_endpoint")
    assert (answer.status, answer.document["ip_allow"], answer.document["version"]) == (200, ["203.0.113.0/24"], 2)
    assert admin.send("admin_patch_endpoint").status == 412


def test_patch_cannot_take_the_last_machine_away(admin: Admin) -> None:
    admin.publish()
    answer = admin.call("PATCH", PATH, {"express_arn": None})
    assert (answer.status, answer.pointers) == (422, ["/express_arn"])


def test_patch_looks_only_at_the_machines_that_it_names(admin: Admin) -> None:
    admin.publish()
    admin.aws.stepfunctions.untag_resource(resourceArn=admin.express, tagKeys=["flowport:publish"])

    assert admin.call("PATCH", PATH, {"title": "still mine"}).status == 200
    assert admin.call("PATCH", PATH, {"standard_arn": admin.standard}).status == 200
    assert admin.call("PATCH", PATH, {"express_arn": admin.express}).kind == "consent-missing"


# -- races and lost answers --------------------------------------------------------------------------------------------


def test_a_switch_made_during_a_patch_is_kept(admin: Admin) -> None:
    admin.publish()
    admin.meanwhile("TransactWriteItems", lambda: admin.call("POST", f"{PATH}/disable"))
    answer = admin.call("PATCH", PATH, {"title": "patched"})

    expected = {"title": "patched", "enabled": False, "version": 3}
    assert (answer.status, {key: answer.document[key] for key in expected}) == (200, expected)


def test_a_lost_race_with_an_etag_is_refused(admin: Admin) -> None:
    admin.publish()
    admin.meanwhile("TransactWriteItems", lambda: admin.call("POST", f"{PATH}/disable"))
    assert admin.call("PATCH", PATH, {"title": "patched"}, headers={"If-Match": '"1"'}).status == 412
    assert admin.call("GET", PATH).document["title"] == ""


def test_a_put_over_an_endpoint_that_vanishes_creates_it(admin: Admin) -> None:
    admin.publish()
    admin.meanwhile("TransactWriteItems", lambda: admin.call("DELETE", PATH))
    answer = admin.call("PUT", PATH, {"express_arn": admin.express})
    assert (answer.status, answer.document["version"]) == (201, 1)


def test_a_write_over_another_endpoint_of_the_same_name_and_version_does_not_pass_for_the_first(
    admin: Admin,
) -> None:
    admin.publish()

    def another() -> None:
        admin.call("DELETE", PATH)
        admin.aws.clock.slept += 1
        admin.publish(title="another", enabled=False)

    admin.meanwhile("TransactWriteItems", another)
    answer = admin.call("PATCH", PATH, {"mode": "async"})
    assert (answer.document["title"], answer.document["enabled"]) == ("another", False)


@pytest.mark.parametrize("patch", [{"title": "x"}, {"standard_arn": None}])
def test_a_patch_whose_answer_was_lost_is_written_once(admin: Admin, patch: dict[str, Any]) -> None:
    admin.publish()
    lost = admin.lose_answers("TransactWriteItems")
    answer = admin.call("PATCH", PATH, patch)
    assert (lost, answer.status, answer.document["version"]) == (["TransactWriteItems"], 200, 2)
    assert admin.call("GET", PATH).document["version"] == 2


def test_a_switch_whose_answer_was_lost_counts_once(admin: Admin) -> None:
    admin.publish()
    lost = admin.lose_answers("TransactWriteItems")
    answer = admin.call("POST", f"{PATH}/disable")
    assert (lost, answer.status, answer.document["version"]) == (["TransactWriteItems"], 200, 2)
    assert answer.document["enabled"] is False


def test_a_deletion_whose_answer_was_lost_succeeds(admin: Admin) -> None:
    admin.publish()
    lost = admin.lose_answers("TransactWriteItems")
    assert (admin.call("DELETE", PATH).status, lost) == (204, ["TransactWriteItems"])


# -- switch and delete -------------------------------------------------------------------------------------------------


def test_disable_and_enable_change_nothing_else(admin: Admin) -> None:
    admin.send("admin_create_endpoint")
    before = admin.call("GET", PATH).document
    admin.aws.clock.slept += 1
    off = admin.send("admin_disable_endpoint")

    later = "2026-11-22T02:20:00.203Z"
    assert (off.status, off.headers["ETag"]) == (200, '"2"')
    assert off.document == before | {"enabled": False, "version": 2, "updated_at": later}
    on = admin.call("POST", f"{PATH}/enable")
    assert (on.status, on.document) == (200, before | {"version": 3, "updated_at": later})


def test_a_switch_holds_the_etag(admin: Admin) -> None:
    admin.publish()
    assert admin.call("POST", f"{PATH}/disable", headers={"If-Match": '"2"'}).status == 412
    assert admin.call("POST", f"{PATH}/disable", headers={"If-Match": '"1"'}).document["version"] == 2


def test_a_switch_that_loses_a_race_for_its_etag_is_refused(admin: Admin) -> None:
    admin.publish()
    admin.meanwhile("TransactWriteItems", lambda: admin.call("PATCH", PATH, {"title": "new"}))
    assert admin.call("POST", f"{PATH}/disable", headers={"If-Match": '"1"'}).status == 412
    assert admin.call("GET", PATH).document["enabled"] is True


def test_a_deleted_endpoint_is_gone(admin: Admin) -> None:
    admin.publish()
    answer = admin.send("admin_delete_endpoint")
    assert (answer.status, answer.text) == (204, "")
    assert admin.call("GET", PATH).status == 404


def test_a_deletion_with_an_old_etag_is_refused(admin: Admin) -> None:
    admin.publish()
    admin.call("PATCH", PATH, {"title": "new"})
    assert admin.call("DELETE", PATH, headers={"If-Match": '"1"'}).status == 412
    assert admin.call("GET", PATH).status == 200


def test_a_deletion_does_not_take_what_was_changed_since_its_etag(admin: Admin) -> None:
    admin.publish()
    admin.meanwhile("TransactWriteItems", lambda: admin.call("PATCH", PATH, {"title": "new"}))
    assert admin.call("DELETE", PATH, headers={"If-Match": '"1"'}).status == 412
    assert admin.call("GET", PATH).document["title"] == "new"


# -- publishing --------------------------------------------------------------------------------------------------------


def test_a_machine_that_is_not_there_is_refused(admin: Admin) -> None:
    answer = admin.publish(express_arn=admin.express + "x")
    assert (answer.status, answer.kind, answer.pointers) == (422, "state-machine-missing", ["/express_arn"])


def test_a_machine_of_another_region_is_refused(admin: Admin) -> None:
    answer = admin.publish(express_arn=admin.express.replace("us-east-1", "eu-west-1"))
    assert (answer.status, answer.kind) == (422, "state-machine-missing")


def test_machines_of_the_wrong_types_are_both_named(admin: Admin) -> None:
    answer = admin.publish(express_arn=admin.standard, standard_arn=admin.express)

    assert (answer.status, answer.kind) == (422, "state-machine-type")
    assert answer.document["errors"] == [
        {
            "pointer": "/express_arn",
            "message": f"The state machine {admin.standard} is of type STANDARD; express_arn needs EXPRESS.",
            "type": "state-machine-type",
        },
        {
            "pointer": "/standard_arn",
            "message": f"The state machine {admin.express} is of type EXPRESS; standard_arn needs STANDARD.",
            "type": "state-machine-type",
        },
    ]


@pytest.mark.parametrize(
    ("tags", "value"),
    [
        ({}, "default"),
        ({"flowport:publish": "blue defaults"}, "blue defaults default"),
        ({"Flowport:Publish": "default"}, "default"),
    ],
)
def test_a_machine_without_consent_is_refused_with_the_words_that_give_it(
    admin: Admin, tags: dict[str, str], value: str
) -> None:
    arn = admin.aws.create_machine("Untagged", kind="EXPRESS", tags=tags)
    answer = admin.publish(express_arn=arn)

    assert (answer.status, answer.kind, answer.pointers) == (422, "consent-missing", ["/express_arn"])
    words = f'aws stepfunctions tag-resource --resource-arn {arn} --tags key=flowport:publish,value="{value}"'
    assert words in answer.document["detail"]


@pytest.mark.parametrize("value", ["*", "blue default", "default"])
def test_a_machine_that_lists_the_workspace_or_all_is_published(admin: Admin, value: str) -> None:
    arn = admin.aws.create_machine("Tagged", kind="EXPRESS", tags={"flowport:publish": value})
    assert admin.publish(express_arn=arn).status == 201


def test_put_publishes_nothing_that_a_creation_would_not(admin: Admin) -> None:
    untagged = admin.aws.create_machine("Untagged", kind="EXPRESS")
    assert admin.call("PUT", PATH, {"express_arn": untagged}).kind == "consent-missing"
    assert admin.call("GET", PATH).status == 404
    before = admin.publish().document
    assert admin.call("PUT", PATH, {"express_arn": untagged}).kind == "consent-missing"
    assert admin.call("GET", PATH).document == before


def test_every_reason_is_listed_at_once(admin: Admin) -> None:
    untagged = admin.aws.create_machine("Untagged")
    answer = admin.publish(express_arn=untagged, standard_arn=admin.standard + "x")

    assert answer.kind == "state-machine-type"
    kinds = [error["type"] for error in answer.document["errors"]]
    assert kinds == ["state-machine-type", "consent-missing", "state-machine-missing"]


# -- validation --------------------------------------------------------------------------------------------------------


def test_every_violation_is_listed_with_its_pointer(admin: Admin) -> None:
    body = {
        "module": "a ",
        "title": "x" * 300,
        "enabled": "yes",
        "express_arn": admin.express + ":1:2",
        "mode": "later",
        "view": 1,
        "methods": ["POST", "DELETE"],
        "auth": [],
        "ip_allow": ["10.0.0.0/8", "10.0.0.1/8", "nowhere"],
        "http_headers": ["X-Fine", "not fine"],
        "log_group": "/aws/lambda/other",
        "sample": "x" * 70_000,
        "a~b/c": 1,
    }
    answer = admin.call("POST", "endpoints", body)

    assert (answer.status, answer.kind) == (422, "validation-failed")
    assert answer.pointers == [
        "/module",
        "/name",
        "/title",
        "/enabled",
        "/express_arn",
        "/mode",
        "/view",
        "/methods/1",
        "/auth",
        "/ip_allow/1",
        "/ip_allow/2",
        "/http_headers/1",
        "/log_group",
        "/sample",
        "/a~0b~1c",
    ]
    assert answer.document["detail"] == "The document has 15 violations: see `errors`."


def test_an_endpoint_needs_a_machine(admin: Admin) -> None:
    answer = admin.call("POST", "endpoints", {"module": "a", "name": "b"})
    assert (answer.status, answer.pointers) == (422, ["/express_arn"])


def test_a_version_or_alias_that_there_is_not_is_refused_by_its_arn(admin: Admin) -> None:
    answer = admin.publish(express_arn=admin.express + ":prod")
    assert (answer.status, answer.kind, answer.pointers) == (422, "state-machine-missing", ["/express_arn"])
    assert f"no version or alias of a state machine {admin.express}:prod" in answer.document["detail"]


@pytest.mark.parametrize("qualifier", ["3", "PROD", "v1.2", "-"])
def test_a_version_or_alias_is_published_by_the_consent_of_its_machine(
    admin: Admin, monkeypatch: pytest.MonkeyPatch, qualifier: str
) -> None:
    asked: list[str] = []

    def described(_: object, arn: str, _deadline: float) -> dict[str, str]:
        asked.append(arn)
        return {"type": "EXPRESS", "status": "ACTIVE"}

    monkeypatch.setattr(StepFunctionsMachines, "_described", described)
    arn = f"{admin.express}:{qualifier}"
    answer = admin.publish(express_arn=arn)
    assert (answer.status, answer.document["express_arn"], asked) == (201, arn, [admin.express, arn])


@pytest.mark.parametrize("qualifier", ["0", "01", "", "a b", "a:b", "3:PROD", "x" * 81, "a/b"])
def test_what_can_be_no_version_and_no_alias_is_refused(admin: Admin, qualifier: str) -> None:
    answer = admin.publish(express_arn=f"{admin.express}:{qualifier}")
    assert (answer.status, answer.kind, answer.pointers) == (422, "validation-failed", ["/express_arn"])


def test_the_owner_is_told_to_tag_the_machine_and_not_its_version(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    untagged = admin.aws.create_machine("untagged", kind="EXPRESS")
    monkeypatch.setattr(StepFunctionsMachines, "_described", lambda *_: {"type": "EXPRESS", "status": "ACTIVE"})
    answer = admin.publish(express_arn=f"{untagged}:PROD")
    assert answer.kind == "consent-missing"
    assert f"--resource-arn {untagged} --tags" in answer.document["detail"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "invalid-json"),
        ("{", "invalid-json"),
        ("[]", "invalid-json"),
        ('{"module":"a","module":"b"}', "invalid-json"),
        ('{"sample":NaN}', "invalid-json"),
        ('{"sample":1e999}', "invalid-json"),
        ('{"title":"\\ud800"}', "invalid-json"),
        ("[" * 200 + "]" * 200, "invalid-json"),
        (json.dumps({"sample": "x" * 300_000}), "payload-too-large"),
    ],
)
def test_a_body_that_is_no_document_is_refused(admin: Admin, body: str, kind: str) -> None:
    for method, path in (("POST", "endpoints"), ("PUT", PATH)):
        assert admin.call(method, path, body).kind == kind


def test_a_compressed_body_is_refused(admin: Admin) -> None:
    answer = admin.call("PUT", PATH, {"express_arn": admin.express}, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.kind) == (415, "unsupported-media-type")


def test_a_body_declared_as_something_else_is_refused(admin: Admin) -> None:
    answer = admin.call("PUT", PATH, {"express_arn": admin.express}, headers={"Content-Type": "text/plain"})
    assert (answer.status, answer.kind) == (415, "unsupported-media-type")


# -- whose -------------------------------------------------------------------------------------------------------------


def test_another_workspaces_administrator_sees_and_changes_nothing(admin: Admin) -> None:
    before = admin.publish().document
    calls = [
        admin.call("GET", PATH, token=OTHERS),
        admin.call("PATCH", PATH, {"title": "mine"}, token=OTHERS),
        admin.call("DELETE", PATH, token=OTHERS),
        admin.call("POST", f"{PATH}/disable", token=OTHERS),
    ]
    assert [answer.status for answer in calls] == [404] * 4
    assert admin.call("GET", "endpoints", token=OTHERS).document["items"] == []
    assert admin.call("GET", PATH).document == before


def test_another_workspace_needs_a_consent_of_its_own(admin: Admin) -> None:
    body = {"module": "samples", "name": "quote", "express_arn": admin.express}
    assert admin.call("POST", "endpoints", body, token=OTHERS).kind == "consent-missing"


# -- dialects ----------------------------------------------------------------------------------------------------------


def test_what_is_said_to_dialects_is_answered_whole_and_read_back(admin: Admin) -> None:
    answer = admin.publish(
        aliases=["v10:My API"],
        parameters=[{"name": "field", "default": None}, {"name": "name", "task": "query_1", "required": True}],
        dialects={"phixflow": {"fail_message": "Broken", "abandon_at_timeout": True}, "iolinker": {}},
    )
    assert answer.status == 201, answer.text
    assert {name: answer.document[name] for name in ("aliases", "parameters", "dialects")} == {
        "aliases": ["v10:My API"],
        "parameters": [{"name": "field", "default": None}, {"name": "name", "task": "query_1", "required": True}],
        "dialects": {
            "iolinker": {"empty_output_is_none": False},
            "phixflow": {
                "output_name": "output",
                "success_message": None,
                "fail_message": "Broken",
                "timeout_ms": None,
                "per_record": False,
                "abandon_at_timeout": True,
            },
        },
    }
    read = admin.call("GET", PATH)
    assert admin.call("PUT", PATH, read.document).document["dialects"] == read.document["dialects"]


def test_a_patch_changes_one_word_to_one_dialect(admin: Admin) -> None:
    admin.publish(dialects={"phixflow": {"fail_message": "Broken", "abandon_at_timeout": True}})
    answer = admin.call("PATCH", PATH, {"dialects": {"phixflow": {"fail_message": None, "timeout_ms": 900}}})
    assert answer.status == 200, answer.text
    settings = answer.document["dialects"]["phixflow"]
    assert (settings["fail_message"], settings["timeout_ms"], settings["abandon_at_timeout"]) == (None, 900, True)
    assert admin.call("PATCH", PATH, {"dialects": {"phixflow": None}}).document["dialects"] == {}


def test_an_alias_of_another_endpoint_is_a_conflict_that_names_it(admin: Admin) -> None:
    logged: dict[str, Any] = {"aliases": ["nebulagraph:107"], "log_group": "/aws/vendedlogs/states/quote"}
    admin.publish(**logged)
    answer = admin.publish("other", **logged)
    assert (answer.status, answer.kind) == (409, "alias-taken")
    assert answer.document["endpoint"] == "samples/quote"
    admin.call("PATCH", PATH, {"aliases": []})
    assert admin.publish("other", **logged).status == 201


def test_an_express_endpoint_for_phixflow_must_say_that_runs_may_go_on(admin: Admin) -> None:
    answer = admin.publish(dialects={"phixflow": {}})
    assert (answer.status, answer.pointers) == (422, ["/dialects/phixflow/abandon_at_timeout"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"dialects": {"phixflow": {}}}, 422),
        ({"dialects": {"phixflow": {"abandon_at_timeout": True}}}, 200),
        ({"dialects": {"phixflow": {}}, "mode": "async"}, 200),
    ],
)
def test_a_patch_cannot_take_back_that_a_phixflow_run_can_be_aborted(
    admin: Admin, change: dict[str, Any], status: int
) -> None:
    admin.publish()
    assert admin.call("PATCH", PATH, change).status == status
    assert admin.call("PATCH", PATH, {"mode": "sync"}).status == (422 if "mode" in change else 200)


@pytest.mark.parametrize("origin", ["https://shop.example.com", "http://localhost:3000", "https://[::1]:8443", "*"])
def test_an_endpoint_names_origins_as_browsers_send_them(admin: Admin, origin: str) -> None:
    assert admin.publish(cors=[origin]).document["cors"] == [origin]


@pytest.mark.parametrize(
    "origin",
    ["", "shop.example.com", "https://shop.example.com/", "https://Shop.example.com", "https://*.example.com", "null",
     "https://shop.example.com:443", "ftp://shop.example.com", "https://a b", "https://shop.example.com:0"],
)  # fmt: skip
def test_what_no_browser_sends_as_an_origin_is_refused(admin: Admin, origin: str) -> None:
    answer = admin.publish(cors=[origin])
    assert (answer.status, answer.pointers) == (422, ["/cors/0"])
