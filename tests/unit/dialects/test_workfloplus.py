"""WorkfloPlus's wire: what its literal exchanges do not show."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowport.dialects.wire import HttpRequest
from flowport.dialects.workfloplus import BYTES_AT_MOST, WorkfloPlus
from flowport.dialects.workfloplus.documents import (
    STATUS,
    Invalid,
    aborted,
    document_of,
    edited,
    excluded,
    object_of,
    read_document,
    shown,
    updated,
    with_keys,
    with_member,
)
from flowport.dialects.workfloplus.tokens import token_refusal
from flowport.domain.documents import Document, Snapshot
from flowport.domain.errors import (
    CredentialInvalid,
    CredentialMissing,
    FlowportError,
    InvalidRequest,
    PayloadTooLarge,
    Unavailable,
)
from flowport.domain.job import ENDED, OPEN
from flowport.domain.tokens import new_token
from flowport.usecases.documents.change import ChangeDocument, DeleteDocument
from flowport.usecases.documents.read import ListDocuments, ReadDocument, ReadHistory
from flowport.usecases.documents.sync import Sync
from flowport.usecases.issue_token import IssueToken
from tests.errors import an_error, kinds
from tests.fakes import JOB_ID, NOW, a_job

DIALECT = WorkfloPlus()
SMALL = '{"metadata":{"clientJobId":"c-1","workflowId":"w1"}}'


def request(
    *segments: str, method: str = "GET", body: str | bytes = "", query: Any = None, **headers: str
) -> HttpRequest:
    sent = body.encode() if isinstance(body, str) else body
    path = "/" + "/".join(segments)
    return HttpRequest(method, path, segments, headers, query or {}, sent, "192.0.2.1", "https://api.example.com/prod")


def post(body: str | bytes) -> HttpRequest:
    return request("jobs", "v1", "basicSync", method="POST", body=body)


def read(body: str | bytes) -> Document:
    command = DIALECT.parse(post(body))
    assert isinstance(command, Sync)
    return command.read()


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["My Job", "a+b", "50%", "x/y", "見積", "my", "%2F"])
def test_a_client_id_is_whatever_its_segment_decodes_to(name: str) -> None:
    if name != "my":
        assert DIALECT.parse(request("jobs", "v1", name)) == ReadDocument(name)
    assert DIALECT.parse(request("jobs", "v1", "snapshots", name)) == ReadHistory(name)
    assert DIALECT.parse(request("jobs", "v1", "bson", name)) == ReadDocument(reference=name)
    assert DIALECT.parse(request("jobs", "v1", name, method="DELETE")) == DeleteDocument(name)
    listed = DIALECT.parse(request("jobs", "v1", "workflow", name, query={"limit": ("5",)}))
    assert listed == ListDocuments(0, 5, alias=f"workfloplus:{name}")
    command = DIALECT.parse(request("jobs", "v1", name, "assign", name, method="POST"))
    assert isinstance(command, ChangeDocument)
    assert command.client_job_id == name
    assert json.loads(command.edit(read_document(SMALL), NOW).text)["metadata"]["userId"] == name


def test_a_workflow_id_that_is_too_long_to_be_one_is_not_found() -> None:
    answer = DIALECT.refuse(
        request("jobs"), _error(lambda: DIALECT.parse(request("jobs", "v1", "workflow", "x" * 129)))
    )
    assert answer.status == 404


def _error(call: Any) -> FlowportError:
    with pytest.raises(FlowportError) as caught:
        call()
    return caught.value


# -- credentials -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["", "Basic YWRhOng=", "Bearer", "Bearer a b"])
def test_without_a_bearers_token_nothing_is_presented(header: str) -> None:
    with pytest.raises(CredentialMissing):
        DIALECT.sender(request("jobs", "v1", "my", authorization=header))


def test_one_of_our_tokens_is_taken_as_well_as_a_signed_one() -> None:
    token = new_token("acme").text
    sender = DIALECT.sender(request("jobs", "v1", "my", authorization=f"bearer {token}"))
    assert sender.presented is not None
    assert (sender.presented.kind, sender.presented.workspace) == ("token", "acme")
    assert sender.any_of == frozenset({"job.read", "job.read_all", "job.admin"})
    with pytest.raises(CredentialInvalid):
        DIALECT.sender(request("jobs", "v1", "my", authorization="Bearer a.b.c"))


def token(body: str | bytes, **headers: str) -> HttpRequest:
    return request("connect", "token", method="POST", body=body, **headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ("client_id=nobody&client_secret=x", {}),
        ("client_id=fpc_acme_00000000000000000001", {}),
        ("", {"authorization": "Basic !"}),
        ("", {"authorization": "Basic //8="}),
        ("", {"authorization": "Basic bm9ib2R5"}),
    ],
)
def test_what_is_no_clients_credential_is_refused_without_saying_why(body: str, headers: Any) -> None:
    with pytest.raises(CredentialInvalid):
        DIALECT.sender(token(body, **headers))


def test_a_secret_in_two_places_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="twice"):
        DIALECT.sender(token("client_secret=x", authorization="Basic YTpi"))


def test_a_form_that_is_no_utf_8_is_refused_and_an_empty_scope_is_none() -> None:
    with pytest.raises(InvalidRequest, match="no form"):
        DIALECT.parse(token(b"\xff"))
    assert DIALECT.parse(token("grant_type=client_credentials&scope=")) == IssueToken(3600, audience="workfloplus")
    asked = DIALECT.parse(token("grant_type=client_credentials&scope=job.read+workflow.execute"))
    assert asked == IssueToken(3600, ("job.read", "workflow.execute"), audience="workfloplus")


# -- documents ---------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OURS = {"metadata", "completedSteps", "cancelledSteps", "team", "hierarchyStack", "packetIds", "jobExclusion"}
OTHERS = st.dictionaries(
    TEXTS.filter(lambda name: name not in {*OURS, "excluded", "jobId", "syncedAt"}), VALUES, max_size=4
)
OF_METADATA = {"clientJobId", "workflowId", "metadata", "status", "userId", "abandonReason", "updated"}
METADATA = st.dictionaries(TEXTS.filter(lambda name: name not in OF_METADATA), VALUES, max_size=4)


@settings(max_examples=60, deadline=None)
@given(OTHERS, METADATA, st.dictionaries(TEXTS, VALUES, max_size=3), st.booleans())
def test_whatever_a_document_holds_comes_back_as_it_was_sent(
    others: Any, metadata: Any, own: Any, ascii_only: bool
) -> None:
    sent = {"metadata": {"clientJobId": "c-1", "workflowId": "w1", "metadata": own} | metadata} | others
    document = read(json.dumps(sent, ensure_ascii=ascii_only))
    assert json.loads(document.text) == sent
    assert json.loads(shown(a_job(documented=True), document.text)) == sent | {"jobId": JOB_ID}
    changed = json.loads(with_keys(document, NOW, '{"k":1}').text)
    assert changed["metadata"].pop("modified") == "2026-11-22T01:20:00.000Z"
    sent["metadata"].pop("modified", None)
    assert changed == sent | {"metadata": sent["metadata"] | {"metadata": own | {"k": 1}}}


def test_numbers_keep_their_form_and_half_surrogates_stay_escapes() -> None:
    text = '{"metadata":{"clientJobId":"c-1","workflowId":"w1","x":"\\ud800"},"n":[1.50,12345678901234567890,1e2]}'
    document = read(f" {text} ")
    assert document.text == text
    answer = DIALECT.render(post(text), DIALECT.parse(post(text)), _told(text))
    assert answer.body == text[:-1] + f',"jobId":"{JOB_ID}"}}'
    assert answer.body.encode()
    assert edited(document, NOW, {}).text.encode()


def _told(text: str | None, **changes: Any) -> Any:
    from flowport.usecases.documents.ports import Told

    return Told(a_job(documented=True, **changes), text)


def test_an_answer_that_is_sent_back_is_the_document_again() -> None:
    document = read(SMALL)
    again = read(with_member(shown(a_job(documented=True), document.text), "syncedAt", '"2026"'))
    assert again.text == document.text


@pytest.mark.parametrize(
    "body", ["", "nonsense", "[]", '"x"', '{"a":1,"a":2}', '{"metadata":{"x":NaN}}', b"\xff", "[" * 200]
)
def test_what_is_no_json_object_is_refused(body: Any) -> None:
    error = _error(lambda: read(body))
    assert DIALECT.refuse(post(body), error).status == 400


def test_a_document_that_is_too_large_is_told_both_sizes() -> None:
    error = _error(lambda: read('{"x":"' + "y" * 262_144 + '"}'))
    answer = DIALECT.refuse(post(""), error)
    assert answer.status == 400
    assert "262152 bytes" in answer.body
    assert "262144 bytes" in answer.body


def test_a_change_that_makes_a_document_too_large_is_refused() -> None:
    document = read(SMALL[:-1] + ',"x":"' + "y" * 262_000 + '"}')
    with pytest.raises(PayloadTooLarge):
        with_keys(document, NOW, json.dumps({"k": "v" * 200}))


@pytest.mark.parametrize("identifier", ["", "x" * 257, "a\nb", "\ud800", 5, None])
def test_a_client_job_id_is_visible_text(identifier: Any) -> None:
    with pytest.raises(Invalid, match=r"metadata\.clientJobId"):
        document_of(json.dumps({"metadata": {"clientJobId": identifier, "workflowId": "w1"}}))


@pytest.mark.parametrize("time", ["yesterday", 5, "", "2021-13-01T00:00:00Z", [], "+99999-01-01T00:00:00Z"])
def test_a_time_is_a_time(time: Any) -> None:
    with pytest.raises(Invalid, match=r"metadata\.updated"):
        document_of(json.dumps({"metadata": {"clientJobId": "c-1", "workflowId": "w1", "updated": time}}))


@pytest.mark.parametrize("time", ["2021-10-01T12:48:14Z", "2021-10-01T12:48:14", "2021-10-01T14:48:14.0+02:00"])
def test_times_as_clients_write_them_are_read(time: str) -> None:
    text = json.dumps({"metadata": {"clientJobId": "c-1", "workflowId": "w1", "updated": time}})
    assert document_of(text).updated == 1_633_092_494_000_000


@pytest.mark.parametrize(
    ("status", "closing"),
    [("Completed", "completed"), ("Aborted", "aborted"), ("Paused", None), ("InProgress", None), ("aborted", None)],
)
def test_two_statuses_close_a_job_and_any_other_is_kept(status: str, closing: Any) -> None:
    metadata = {"clientJobId": "c-1", "workflowId": "w1", "status": status, "abandonReason": "" if closing else None}
    document = document_of(json.dumps({"metadata": metadata}))
    assert (document.closing, document.reason) == (closing, None)


def test_an_exclusion_goes_behind_those_before_it() -> None:
    body = '{"userId":"u","reason":"r","isExcluded":"true"}'
    for before, count in (("null", 1), ("[]", 1), ("[ ]", 1), ('[{"a":1}]', 2)):
        document = read_document(SMALL[:-1] + f',"jobExclusion":{before}}}')
        assert len(json.loads(excluded(document, NOW, body).text)["jobExclusion"]) == count


def test_an_update_and_an_abort_leave_everything_else_alone() -> None:
    document = read_document(SMALL[:-1] + ',"new":[1.50]}')
    changed = aborted(updated(document, NOW, '{"metadata":{"jobTitle":"x"}}'), NOW, None)
    assert changed.text.endswith(',"new":[1.50]}')
    assert json.loads(changed.text)["metadata"]["jobTitle"] == "x"
    assert changed.closing == "aborted"


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", sorted(OPEN | ENDED))
def test_every_job_has_a_status_and_a_bad_end_of_its_run_is_shown(status: Any) -> None:
    job = replace(a_job(status=status), error="Broken", cause="no power")
    foreign = json.loads(shown(job, None))
    assert foreign["metadata"]["status"] == STATUS[job.status]
    own = json.loads(shown(replace(job, documented=True), SMALL))["metadata"]
    bad = status in {"FAILED", "TIMED_OUT", "ABORTED"}
    assert own.get("status") == ("Aborted" if bad else None)
    assert own.get("abandonReason") == ("Broken: no power" if bad else None)


def test_documents_that_no_answer_can_hold_are_asked_for_in_smaller_pages() -> None:
    large = SMALL[:-1] + ',"x":"' + "y" * (BYTES_AT_MOST // 10) + '"}'
    command = ReadHistory("c-1")
    error = _error(lambda: DIALECT.render(post(""), command, [Snapshot(large, NOW)] * 11))
    assert DIALECT.refuse(request("jobs", "v1"), error).status == 400
    assert DIALECT.render(post(""), command, [Snapshot(large, NOW)]).status == 200


@pytest.mark.parametrize("kind", kinds())
def test_every_error_is_told_in_this_familys_words(kind: Any) -> None:
    error = an_error(kind, headers={"Retry-After": "2", "WWW-Authenticate": "Basic"})
    answer = DIALECT.refuse(post(""), error)
    document = json.loads(answer.body)
    assert list(document) == ["message", "errors"]
    assert document["message"] == "What is wrong."
    assert all(list(one) == ["field", "message"] for one in document["errors"])
    assert answer.status in {400, 401, 403, 404, 405, 409, 429, 500, 503, 504}
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Retry-After"] == "2"
    assert "Basic" not in str(answer.headers.get("WWW-Authenticate", ""))
    of_token = token_refusal(error)
    assert set(json.loads(of_token.body)) <= {"error", "error_description"}
    assert of_token.status in {400, 401, 404, 405, 409, 410, 412, 422, 429, 500, 503, 504}


def test_a_lost_service_is_told_with_when_to_come_again() -> None:
    assert DIALECT.refuse(token(""), Unavailable("Later.")).body == (
        '{"error":"temporarily_unavailable","error_description":"Later."}'
    )


def test_a_body_that_is_no_utf_8_says_where() -> None:
    assert "byte 1" in _error(lambda: object_of(post(b"{\xff"))).detail
