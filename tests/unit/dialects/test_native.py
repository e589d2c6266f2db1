"""The native contract's wire: expected bytes are written out."""

import base64
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.dialects.native import Native
from flowport.dialects.native.requests import encode_cursor
from flowport.dialects.timestamps import parse_timestamp, timestamp
from flowport.dialects.wire import HttpRequest, HttpResponse, Sender
from flowport.domain import errors
from flowport.domain.access import Presented
from flowport.domain.job import Job
from flowport.domain.preferences import Preference
from flowport.domain.steps import Step
from flowport.domain.tokens import new_token
from flowport.usecases.parked.resume_run import Resumed
from flowport.usecases.ports import ListingPage
from flowport.usecases.read_jobs import ListJobs, ReadInput, ReadJob, ReadSteps, StepsRead
from flowport.usecases.redrive_job import Redrive, Redriven
from flowport.usecases.run_batch import BatchRan, RunBatch
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel, Delete
from tests.fakes import JOB_ID, NOW, a_job, an_endpoint

NATIVE = Native()
BASE = "https://api.example.com/prod"
SELF = f"{BASE}/v1/jobs/{JOB_ID}"
RUN = ("v1", "run", "billing", "quote")


def _request(*segments: str, method: str = "GET", body: bytes = b"", query: Any = None) -> HttpRequest:
    path = "/" + "/".join(segments)
    return HttpRequest(method, path, segments, {}, query or {}, body, "192.0.2.1", BASE)


def _post(body: bytes = b"{}", **headers: str) -> HttpRequest:
    return _with(_request(*RUN, method="POST", body=body), headers)


def _with(request: HttpRequest, headers: dict[str, str]) -> HttpRequest:
    return replace(request, headers={name.replace("_", "-"): value for name, value in headers.items()})


def _run(request: HttpRequest) -> Run:
    command = NATIVE.parse(request)
    assert isinstance(command, Run)
    return command


# -- routes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("segments", "command"),
    [
        (("v1", "jobs", JOB_ID), ReadJob(JOB_ID)),
        (
            ("v1", "jobs", "arn:aws:states:eu-central-1:1:execution:a:b"),
            ReadJob("arn:aws:states:eu-central-1:1:execution:a:b"),
        ),
        (("v1", "jobs", JOB_ID, "input"), ReadInput(JOB_ID)),
        (("v1", "jobs", JOB_ID, "steps"), ReadSteps(JOB_ID)),
        (("v1", "jobs"), ListJobs()),
    ],
)
def test_a_path_is_its_command(segments: tuple[str, ...], command: object) -> None:
    assert NATIVE.parse(_request(*segments)) == command


@pytest.mark.parametrize(
    "segments",
    [
        (),
        ("v1",),
        ("v1", "run"),
        ("v1", "run", "billing"),
        ("v1", "run", "billing", ""),
        ("v1", "run", "", "quote"),
        ("v1", "run", "a" * 129, "quote"),
        ("v1", "jobs", ""),
        ("v1", "jobs", JOB_ID, "outputs"),
        ("v2", "jobs"),
        ("V1", "jobs"),
    ],
)
def test_any_other_path_is_not_found(segments: tuple[str, ...]) -> None:
    with pytest.raises(errors.NotFound):
        NATIVE.parse(_request(*segments))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize(
    ("rest", "allowed"),
    [
        ((), "GET, HEAD"),
        ((JOB_ID,), "GET, DELETE, HEAD"),
        ((JOB_ID, "input"), "GET, HEAD"),
        ((JOB_ID, "steps"), "GET, HEAD"),
    ],
)
def test_what_is_below_jobs_names_the_methods_that_it_takes(method: str, rest: tuple[str, ...], allowed: str) -> None:
    with pytest.raises(errors.MethodNotAllowed) as refused:
        NATIVE.parse(_request("v1", "jobs", *rest, method=method))
    assert refused.value.headers == {"Allow": allowed}


def test_a_job_is_cancelled_by_post_and_deleted_by_delete() -> None:
    assert NATIVE.parse(_request("v1", "jobs", JOB_ID, "cancel", method="POST")) == Cancel(JOB_ID)
    assert NATIVE.parse(_request("v1", "jobs", JOB_ID, method="DELETE")) == Delete(JOB_ID)
    with pytest.raises(errors.MethodNotAllowed):
        NATIVE.parse(_request("v1", "jobs", JOB_ID, "cancel"))


def test_a_job_is_redriven_by_post_with_a_key_or_without() -> None:
    asked = _with(_request("v1", "jobs", JOB_ID, "redrive", method="POST"), {"idempotency_key": '"k 1"'})
    assert NATIVE.parse(asked) == Redrive(JOB_ID, "k 1")
    assert NATIVE.parse(_request("v1", "jobs", JOB_ID, "redrive", method="POST")) == Redrive(JOB_ID)
    with pytest.raises(errors.MethodNotAllowed):
        NATIVE.parse(_request("v1", "jobs", JOB_ID, "redrive"))


@pytest.mark.parametrize(("redrives", "word"), [(1, "resumed"), (0, "restarted")])
def test_a_redrive_is_202_and_says_whether_it_goes_on_or_starts_anew(redrives: int, word: str) -> None:
    job = a_job(status="RUNNING", redrive_count=redrives, origin="0199b6f2-0000-8000-8000-000000000009")
    answer = NATIVE.render(_post(), Redrive("old"), Redriven(job))
    assert answer.status == 202
    assert answer.headers == {
        "Content-Type": "application/json",
        "Flowport-Job-Id": JOB_ID,
        "Location": SELF,
        "Flowport-Redrive": word,
        "Retry-After": "1",
    }
    assert '"origin":"0199b6f2-0000-8000-8000-000000000009"' in answer.body


def test_a_repeated_redrive_that_has_ended_is_200_and_called_a_replay() -> None:
    answer = NATIVE.render(_post(), Redrive("old"), Redriven(replace(FAILED, redrive_count=1), replayed=True))
    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (200, "true")
    assert "Retry-After" not in answer.headers


def test_a_job_that_was_redriven_links_to_its_redrive() -> None:
    newer = "0199b6f2-0000-8000-8000-000000000009"
    body = NATIVE.render(_post(), ReadJob(JOB_ID), replace(FAILED, redriven_as=newer)).body
    assert f'"redriven_as":"{SELF.removesuffix(JOB_ID)}{newer}"' in body


def test_a_callback_is_answered_by_post_with_its_id_as_the_only_credential() -> None:
    request = _with(_request("v1", "callbacks", "cb_x", method="POST", body=b'{"a":1.10}'), {"authorization": "x"})
    command = NATIVE.parse(request)
    assert (command.callback_id, command.read_body()) == ("cb_x", '{"a":1.10}')
    assert NATIVE.sender(request) == Sender(None, None)
    with pytest.raises(errors.MethodNotAllowed):
        NATIVE.parse(_request("v1", "callbacks", "cb_x"))
    for other in (("v1", "callbacks"), ("v1", "callbacks", ""), ("v1", "callbacks", "cb_x", "more")):
        with pytest.raises(errors.NotFound):
            NATIVE.parse(_request(*other, method="POST"))


@pytest.mark.parametrize(
    ("waiting", "body"), [(True, '{"status":"resumed"}'), (False, '{"status":"kept"}')], ids=["parked", "early"]
)
def test_an_answered_callback_says_whether_a_run_was_waiting(waiting: bool, body: str) -> None:
    answer = NATIVE.render(_request(), None, Resumed(waiting))
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, body, "application/json")


# -- run: input --------------------------------------------------------------------------------------------------------


def test_the_body_is_the_input_unchanged() -> None:
    body = '{"price": 1.10, "big": 12345678901234567890, "ü": 1}'
    command = _run(_post(body.encode()))
    assert (command.endpoint, command.method, command.read_input()) == ("billing/quote", "POST", body)


@pytest.mark.parametrize("body", [b"", b"  \n"])
@pytest.mark.parametrize("headers", [{}, {"content_type": "text/plain"}])
def test_no_body_is_an_empty_object(body: bytes, headers: dict[str, str]) -> None:
    assert _run(_with(_post(body), headers)).read_input() == "{}"


@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/ld+json",
        "application/vnd.example.v1+json",
    ],
)
def test_json_may_be_declared_in_these_ways(declared: str) -> None:
    assert _run(_post(content_type=declared)).read_input() == "{}"


@pytest.mark.parametrize(
    "declared",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/jsonp",
        "application/xml",
        "json",
        "",
    ],
)
def test_anything_else_is_an_unsupported_media_type(declared: str) -> None:
    with pytest.raises(errors.UnsupportedMediaType) as refused:
        _run(_post(content_type=declared)).read_input()
    assert refused.value.headers == {"Accept": "application/json"}


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip"])
def test_a_compressed_body_is_an_unsupported_media_type(coding: str) -> None:
    with pytest.raises(errors.UnsupportedMediaType, match="compressed") as refused:
        _run(_post(content_encoding=coding)).read_input()
    assert refused.value.headers == {"Accept-Encoding": "identity"}


def test_a_body_that_is_declared_as_not_compressed_is_taken() -> None:
    assert _run(_post(content_encoding="identity")).read_input() == "{}"


def test_a_byte_order_mark_is_called_one() -> None:
    with pytest.raises(errors.InvalidJson, match="byte order mark"):
        _run(_post(b"\xef\xbb\xbf{}")).read_input()


@pytest.mark.parametrize("segments", [(), ("v1",), ("v1", "run"), ("favicon.ico",)])
def test_whoever_calls_what_is_not_there_is_told_where_to_look(segments: tuple[str, ...]) -> None:
    with pytest.raises(errors.NotFound, match=r"GET /v1/openapi\.json describes what there is"):
        NATIVE.parse(_request(*segments))


@pytest.mark.parametrize("body", [b"{", b"NaN", b'{"a":1,"a":2}', b"\xff\xfe{}", b'"\xc3"'])
def test_a_body_that_is_not_json_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(errors.InvalidJson):
        _run(_post(body)).read_input()


def test_the_query_of_a_get_is_the_input_without_what_steers_the_call() -> None:
    query = {"a": ("1",), "b": ("x", "y"), "view": ("output",), "workspace": ("acme",), "ü": ("",)}
    command = _run(_request(*RUN, query=query))
    assert command.read_input() == '{"a":"1","b":["x","y"],"ü":""}'
    assert (command.method, command.view) == ("GET", "output")


def test_a_query_over_the_size_limit_is_too_large() -> None:
    with pytest.raises(errors.PayloadTooLarge):
        _run(_request(*RUN, query={"a": ("x" * 262_144,)})).read_input()


def test_a_query_of_a_post_is_no_input() -> None:
    request = replace(_post(b'{"a":1}'), query={"b": ("2",)})
    assert _run(request).read_input() == '{"a":1}'


# -- run: the rest -----------------------------------------------------------------------------------------------------


def test_the_prefer_header_is_read() -> None:
    assert _run(_post(prefer="respond-async, wait=7")).preference == Preference(wait=7)
    assert _run(_post()).preference == Preference()


@pytest.mark.parametrize("view", ["job", "output", "http"])
def test_a_view_is_taken_from_the_query(view: str) -> None:
    assert _run(replace(_post(), query={"view": (view,)})).view == view


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(errors.InvalidRequest, match="'xml'"):
        NATIVE.parse(replace(_post(), query={"view": ("xml",)}))


@pytest.mark.parametrize(
    ("header", "labels"),
    [
        ("team=blue", {"team": "blue"}),
        ("team=blue, prio=1", {"team": "blue", "prio": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=", {"a": ""}),
        ("a=1,a=2", {"a": "2"}),
        (" , a=1 ,", {"a": "1"}),
        ("", {}),
    ],
)
def test_labels_are_pairs(header: str, labels: dict[str, str]) -> None:
    assert _run(_post(flowport_labels=header)).labels == labels


@pytest.mark.parametrize(
    "header",
    ["blue", "=blue", "te am=1", "a=\x01", "a=" + "x" * 257, "x" * 65 + "=1", ",".join(f"k{n}=1" for n in range(21))],
)
def test_what_is_no_label_is_refused(header: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_post(flowport_labels=header))


def test_a_callback_url_is_read_from_its_header() -> None:
    command = NATIVE.parse(_with(_post(), {"callback_url": " https://hooks.example.com/done?key=1 "}))
    assert command.callback_url == "https://hooks.example.com/done?key=1"


@pytest.mark.parametrize("url", ["", "x", "ftp://a.example", "https://u:p@a.example/", "https://a.example/#f"])
def test_a_callback_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(errors.InvalidRequest, match="Callback-Url"):
        NATIVE.parse(_with(_post(), {"callback_url": url}))


def test_a_refused_callback_url_is_not_told_with_its_query() -> None:
    with pytest.raises(errors.InvalidRequest) as refused:
        NATIVE.parse(_with(_post(), {"callback_url": "gopher://a.example/?key=secret"}))
    assert "secret" not in refused.value.detail


@pytest.mark.parametrize(
    ("header", "key"),
    [("abc-1", "abc-1"), ('"abc-1"', "abc-1"), (r'"a\"b\\c"', r'a"b\c'), (" k ", "k"), ("x" * 255, "x" * 255)],
)
def test_an_idempotency_key_may_be_bare_or_quoted(header: str, key: str) -> None:
    assert _run(_with(_post(), {"idempotency_key": header})).idempotency_key == key


@pytest.mark.parametrize("header", ["", '""', "x" * 256, "ü", '"a\x01"'])
@pytest.mark.parametrize("name", ["idempotency_key", "client_job_id"])
def test_what_is_no_key_is_refused(name: str, header: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_with(_post(), {name: header}))


def test_a_client_job_id_comes_by_header_or_query_with_its_policy() -> None:
    by_query = replace(_post(), query={"client_job_id": ("order-7",), "on_conflict": ("reject",)})
    assert (_run(by_query).client_job_id, _run(by_query).on_conflict) == ("order-7", "reject")
    assert _run(_with(_post(), {"client_job_id": "order-8"})).client_job_id == "order-8"


@pytest.mark.parametrize(("header", "seconds"), [("1", 1), (" 30 ", 30), ("31536000", 31_536_000)])
def test_a_deadline_is_a_number_of_seconds(header: str, seconds: int) -> None:
    assert _run(_with(_post(), {"flowport_deadline": header})).deadline == seconds


@pytest.mark.parametrize("header", ["0", "-1", "1.5", "soon", "31536001", ""])
def test_what_is_no_deadline_is_refused(header: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_with(_post(), {"flowport_deadline": header}))


# -- who sends it ------------------------------------------------------------------------------------------------------

TOKEN = new_token("acme")


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_a_bearer_token_is_presented(scheme: str) -> None:
    sender = NATIVE.sender(_post(authorization=f"{scheme} {TOKEN.text}"))
    assert sender.presented == Presented("token", "acme", TOKEN.key)
    assert sender.workspace is None


@pytest.mark.parametrize("password", ["secret", "with:colon", "", "pässword"])
def test_a_user_is_presented_with_workspace_and_password(password: str) -> None:
    sender = NATIVE.sender(_post(authorization=_basic(f"acme/ann:{password}")))
    assert sender.presented == Presented("user", "acme", "user#acme#ann", secret=password)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer x",
        f"Bearer {TOKEN.text}x",
        f"Bearer {TOKEN.text}, Bearer {TOKEN.text}",
        f"Token {TOKEN.text}",
        TOKEN.text,
        "Basic",
        "Basic !!!",
        "Basic /w==",
        _basic("acme/ann"),
        _basic("ann:secret"),
        _basic("/ann:secret"),
        _basic("acme/:secret"),
        _basic("ACME/ann:secret"),
        _basic("a" * 64 + "/ann:secret"),
        _basic("acme/" + "a" * 129 + ":secret"),
        "",
    ],
)
def test_what_is_no_credential_is_refused_with_a_challenge(authorization: str) -> None:
    with pytest.raises(errors.Unauthenticated) as refused:
        NATIVE.sender(_post(authorization=authorization))
    assert "WWW-Authenticate" in refused.value.headers


@pytest.mark.parametrize(
    ("headers", "query", "workspace"),
    [
        ({}, {}, None),
        ({"flowport_workspace": "acme"}, {}, "acme"),
        ({}, {"workspace": ("acme",)}, "acme"),
        ({"flowport_workspace": "acme"}, {"workspace": ("other",)}, "acme"),
    ],
)
def test_the_workspace_is_named_by_header_or_query(
    headers: dict[str, str], query: dict[str, tuple[str]], workspace: str | None
) -> None:
    assert NATIVE.sender(replace(_with(_post(), headers), query=query)).workspace == workspace


@pytest.mark.parametrize("name", ["_operator", "ACME", "a" * 64, "a#b", "../x", "ü"])
def test_what_can_be_no_workspace_is_not_found(name: str) -> None:
    with pytest.raises(errors.NotFound):
        NATIVE.sender(_post(flowport_workspace=name))


@given(st.text())
def test_no_authorization_upsets_the_reader(text: str) -> None:
    with pytest.raises(errors.Unauthenticated):
        NATIVE.sender(_post(authorization=text))


# -- reading jobs ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("7", 7), ("25", 25), ("26", 25), ("007", 7)])
def test_a_wait_is_at_most_25_seconds(text: str, seconds: int) -> None:
    assert NATIVE.parse(_request("v1", "jobs", JOB_ID, query={"wait": (text,)})) == ReadJob(JOB_ID, seconds)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "x", "٣", "1" * 5000, " 1"])
@pytest.mark.parametrize("name", ["wait", "limit"])
def test_what_is_no_whole_number_is_refused(name: str, text: str) -> None:
    segments = ("v1", "jobs", JOB_ID) if name == "wait" else ("v1", "jobs")
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_request(*segments, query={name: (text,)}))


@pytest.mark.parametrize("text", ["0", "101", "00000000500", "000000001999"])
def test_a_limit_outside_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_request("v1", "jobs", query={"limit": (text,)}))


def test_a_list_takes_all_its_filters() -> None:
    query = {
        "endpoint": ("billing/quote",),
        "status": ("FAILED",),
        "label": ("team=blue", "prio=1"),
        "created_after": ("2026-11-22T01:20:00Z",),
        "limit": ("100",),
        "cursor": (encode_cursor(("2026-11-22", f"001795310400000#{JOB_ID}")),),
    }
    assert NATIVE.parse(_request("v1", "jobs", query=query)) == ListJobs(
        endpoint="billing/quote",
        status="FAILED",
        labels=(("team", "blue"), ("prio", "1")),
        since=NOW,
        limit=100,
        after=("2026-11-22", f"001795310400000#{JOB_ID}"),
    )


@pytest.mark.parametrize(
    "query",
    [
        {"endpoint": "billing"},
        {"endpoint": "billing/"},
        {"endpoint": "/quote"},
        {"endpoint": "billing/" + "x" * 2000},
        {"status": "DONE"},
        {"status": "succeeded"},
        {"label": "blue"},
        {"created_after": "yesterday"},
        {"created_after": ""},
        {"created_after": "2026-02-30"},
        {"cursor": ""},
        {"cursor": "x"},
        {"cursor": "ü"},
        {"cursor": base64.urlsafe_b64encode(b'["2026-11-22"]').decode()},
        {"cursor": base64.urlsafe_b64encode(b'["2026-11-22",5]').decode()},
        {"cursor": base64.urlsafe_b64encode(b'[20261122,"x"]').decode()},
        {"cursor": base64.urlsafe_b64encode(b'["yesterday!","x"]').decode()},
        {"cursor": base64.urlsafe_b64encode(json.dumps(["2026-11-22", "x" * 2000]).encode()).decode()},
        {"cursor": base64.urlsafe_b64encode(b"[" * 5000).decode()},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(errors.InvalidRequest):
        NATIVE.parse(_request("v1", "jobs", query={name: (value,) for name, value in query.items()}))


@given(st.dates(date(1970, 1, 1)), st.integers(0, 10**14), st.uuids() | st.none())
def test_a_cursor_survives_the_url(day: Any, at: int, job: Any) -> None:
    position = (day.isoformat(), f"{at:015d}#{job}" if job else "")
    cursor = encode_cursor(position)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    command = NATIVE.parse(_request("v1", "jobs", query={"cursor": (cursor,)}))
    assert isinstance(command, ListJobs)
    assert command.after == position


@given(st.text())
def test_no_cursor_upsets_the_reader(text: str) -> None:
    try:
        NATIVE.parse(_request("v1", "jobs", query={"cursor": (text,)}))
    except errors.InvalidRequest:
        return


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-22T01:20:00Z", NOW),
        ("2026-11-22T01:20:00.203Z", NOW + 203),
        ("2026-11-22T02:20:00+01:00", NOW),
        ("2026-11-22T01:20:00", NOW),
        ("2026-11-22", NOW - 4_800_000),
    ],
)
def test_a_time_is_read_as_rfc_3339(text: str, at: int) -> None:
    assert parse_timestamp(text) == at


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31"])
def test_the_ends_of_time_are_refused_or_kept_within_what_can_be_listed(text: str) -> None:
    try:
        command = NATIVE.parse(_request("v1", "jobs", query={"created_after": (text,)}))
    except errors.InvalidRequest:
        return
    assert isinstance(command, ListJobs)
    assert command.since is not None
    assert command.since < 253_402_300_800_000  # the year 10000


@given(st.integers(0, 7_258_118_400_000))  # until the year 2200
def test_a_written_time_reads_back(at: int) -> None:
    text = timestamp(at)
    assert text is not None
    assert parse_timestamp(text) == at


# -- answers -----------------------------------------------------------------------------------------------------------

DONE = a_job(
    status="SUCCEEDED",
    mode="sync",
    started_at=NOW + 3,
    finished_at=NOW + 215,
    output='{"total":42.10}',
    labels={"team": "blue"},
    check_at=None,
)
ARN = DONE.execution_arn
DONE_TEXT = (
    f'{{"id":"{JOB_ID}","status":"SUCCEEDED","endpoint":"billing/quote","mode":"sync",'
    '"created_at":"2026-11-22T01:20:00.000Z","started_at":"2026-11-22T01:20:00.003Z",'
    '"finished_at":"2026-11-22T01:20:00.215Z","duration_ms":212,"output":{"total":42.10},"error":null,"cause":null,'
    f'"client_job_id":null,"labels":{{"team":"blue"}},"origin":null,"execution_arn":"{ARN}",'
    f'"links":{{"self":"{SELF}","cancel":"{SELF}/cancel","steps":"{SELF}/steps","input":"{SELF}/input"}}}}'
)
FAILED = a_job(status="FAILED", started_at=NOW, finished_at=NOW, error="Oops", cause='{"message":"no"}', check_at=None)


def _answer(job: Job, view: str = "job", preference: Preference | None = None, **endpoint: Any) -> HttpResponse:
    command = Run("billing/quote", "POST", lambda: "{}", preference or Preference())
    return NATIVE.render(_post(), command, Ran(job, an_endpoint(**endpoint), view))  # type: ignore[arg-type]


def test_a_job_that_succeeded_is_written_so() -> None:
    answer = _answer(DONE)
    assert (answer.status, answer.body) == (200, DONE_TEXT)
    assert answer.headers == {"Content-Type": "application/json", "Flowport-Job-Id": JOB_ID, "Location": SELF}


def test_the_bare_output_is_the_workflows_own_text() -> None:
    answer = _answer(DONE, "output")
    assert (answer.status, answer.body) == (200, '{"total":42.10}')
    assert answer.headers["Content-Type"] == "application/json"


def test_a_job_without_output_has_null() -> None:
    assert '"output":null' in _answer(replace(DONE, output=None)).body
    assert _answer(replace(DONE, output=None), "output").body == "null"


@pytest.mark.parametrize("view", ["job", "output", "http"])
@pytest.mark.parametrize("status", ["ACCEPTED", "RUNNING"])
def test_a_job_that_goes_on_is_202_with_where_and_when_to_ask(view: str, status: str) -> None:
    answer = _answer(a_job(status=status), view)
    assert answer.status == 202
    assert answer.headers == {
        "Content-Type": "application/json",
        "Flowport-Job-Id": JOB_ID,
        "Location": SELF,
        "Retry-After": "1",
    }
    body = json.loads(answer.body)
    assert (body["status"], body["started_at"], body["duration_ms"], body["output"]) == (status, None, None, None)


@pytest.mark.parametrize(
    ("preference", "applied"), [(Preference(wait=3), "wait=3"), (Preference(respond_async=True), "respond-async")]
)
@pytest.mark.parametrize("job", [DONE, FAILED, a_job()])
def test_a_preference_that_was_applied_is_named(job: Job, preference: Preference, applied: str) -> None:
    headers = _answer(job, preference=preference).headers
    assert (headers["Preference-Applied"], headers["Vary"]) == (applied, "Prefer")


@pytest.mark.parametrize("view", ["job", "output", "http"])
def test_a_failed_workflow_is_a_problem_with_the_job(view: str) -> None:
    answer = _answer(FAILED, view)
    assert answer.status == 500
    assert answer.headers == {
        "Content-Type": "application/problem+json",
        "Flowport-Error-Source": "workflow",
        "Flowport-Job-Id": JOB_ID,
        "Location": SELF,
    }
    assert answer.body == (
        '{"type":"urn:flowport:problem:job-failed","title":"The workflow failed","status":500,'
        f'"detail":"The workflow failed: Oops.","job":{{"id":"{JOB_ID}","status":"FAILED","endpoint":"billing/quote",'
        '"mode":"async","created_at":"2026-11-22T01:20:00.000Z","started_at":"2026-11-22T01:20:00.000Z",'
        '"finished_at":"2026-11-22T01:20:00.000Z","duration_ms":0,"output":null,"error":"Oops",'
        '"cause":"{\\"message\\":\\"no\\"}","client_job_id":null,"labels":{},"origin":null,'
        f'"execution_arn":"{ARN}","links":{{"self":"{SELF}","cancel":"{SELF}/cancel","steps":"{SELF}/steps","input":"{SELF}/input"}}}},'
        '"error":"Oops","cause":"{\\"message\\":\\"no\\"}"}'
    )


@pytest.mark.parametrize(
    ("changes", "status", "kind", "source"),
    [
        ({"status": "TIMED_OUT", "error": None}, 504, "job-timed-out", "workflow"),
        ({"status": "ABORTED", "error": None}, 409, "job-aborted", "workflow"),
        ({"error": "Flowport.OutcomeUnknown"}, 500, "job-failed", "unknown"),
        ({"error": "Flowport.NotStarted"}, 500, "job-failed", "gateway"),
        ({"error": "Flowportage"}, 500, "job-failed", "workflow"),
    ],
)
def test_each_end_has_its_status_and_says_whose_fault_it_was(
    changes: dict[str, Any], status: int, kind: str, source: str
) -> None:
    answer = _answer(replace(FAILED, **changes))
    assert (answer.status, json.loads(answer.body)["type"]) == (status, f"urn:flowport:problem:{kind}")
    assert answer.headers["Flowport-Error-Source"] == source


def test_an_error_is_a_problem() -> None:
    answer = NATIVE.refuse(_post(), errors.PayloadTooLarge("Too large.", members={"size": 9, "limit": 8}))
    assert answer == HttpResponse(
        413,
        '{"type":"urn:flowport:problem:payload-too-large","title":"Payload too large","status":413,'
        '"detail":"Too large.","size":9,"limit":8}',
        {"Content-Type": "application/problem+json", "Flowport-Error-Source": "gateway"},
    )


@pytest.mark.parametrize(
    ("error", "status", "source", "headers"),
    [
        (errors.Unavailable("x"), 503, "gateway", {"Retry-After": "2"}),
        (errors.UnknownOutcome("x"), 500, "unknown", {}),
        (errors.ConsentWithdrawn("x"), 403, "gateway", {}),
        (errors.OutputNotHttp("x"), 500, "workflow", {}),
        (errors.MethodNotAllowed("x", headers={"Allow": "GET"}), 405, "gateway", {"Allow": "GET"}),
    ],
)
def test_an_error_has_its_status_source_and_headers(
    error: errors.FlowportError, status: int, source: str, headers: dict[str, str]
) -> None:
    answer = NATIVE.refuse(_post(), error)
    assert answer.status == status
    assert answer.headers == {"Content-Type": "application/problem+json", "Flowport-Error-Source": source, **headers}


# -- polling -----------------------------------------------------------------------------------------------------------


def _poll(job: Job, **headers: str) -> HttpResponse:
    return NATIVE.render(_with(_request("v1", "jobs", JOB_ID), headers), ReadJob(JOB_ID), job)


def test_a_job_is_polled_with_an_etag() -> None:
    answer = _poll(DONE)
    assert (answer.status, answer.body) == (200, DONE_TEXT)
    assert set(answer.headers) == {"Content-Type", "ETag"}


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"other", {tag}', "*"])
def test_a_job_that_has_not_changed_is_304_without_body(form: str) -> None:
    tag = _poll(DONE).headers["ETag"]
    assert isinstance(tag, str)
    answer = _poll(DONE, if_none_match=form.format(tag=tag))
    assert (answer.status, answer.body, answer.headers) == (304, "", {"ETag": tag})


@pytest.mark.parametrize("changed", [replace(DONE, finished_at=NOW + 216), FAILED, a_job()])
def test_a_job_that_has_changed_is_given_anew(changed: Job) -> None:
    tag = _poll(DONE).headers["ETag"]
    assert isinstance(tag, str)
    assert _poll(changed, if_none_match=tag).status == 200


def test_a_failed_job_is_polled_as_a_document_and_not_as_a_problem() -> None:
    assert _poll(FAILED).status == 200


def test_a_running_job_says_when_to_ask_again() -> None:
    assert _poll(a_job()).headers["Retry-After"] == "1"
    assert "Retry-After" not in _poll(DONE).headers


def test_a_page_has_documents_without_outputs_and_a_cursor() -> None:
    request = _request("v1", "jobs")
    page = NATIVE.render(request, ListJobs(), ListingPage((DONE,), ("2026-11-22", "x")))
    without_output = DONE_TEXT.replace('"output":{"total":42.10},', "")
    assert page.body == f'{{"items":[{without_output}],"cursor":"WyIyMDI2LTExLTIyIiwieCJd"}}'
    assert NATIVE.render(request, ListJobs(), ListingPage((), None)).body == '{"items":[],"cursor":null}'


def test_steps_are_written_with_their_reason() -> None:
    request = _request("v1", "jobs", JOB_ID, "steps")
    step = Step("Price", "Task", NOW, NOW + 5, "CAUGHT", 2, "Busy", "second")
    answer = NATIVE.render(request, ReadSteps(JOB_ID), StepsRead(DONE, [step]))
    assert answer.body == (
        f'{{"job":"{JOB_ID}","status":"SUCCEEDED","steps":[{{"name":"Price","type":"Task",'
        '"started_at":"2026-11-22T01:20:00.000Z","finished_at":"2026-11-22T01:20:00.005Z","status":"CAUGHT",'
        '"attempts":2,"error":"Busy","cause":"second"}],"reason":null}'
    )
    answer = NATIVE.render(request, ReadSteps(JOB_ID), StepsRead(DONE, None, "Because."))
    assert answer.body == f'{{"job":"{JOB_ID}","status":"SUCCEEDED","steps":null,"reason":"Because."}}'


def test_an_input_is_given_as_it_is() -> None:
    answer = NATIVE.render(_request("v1", "jobs", JOB_ID, "input"), ReadInput(JOB_ID), '{"a": 1.10}')
    assert (answer.status, answer.body) == (200, '{"a": 1.10}')


# -- view=http ---------------------------------------------------------------------------------------------------------


def _http(output: Any, **endpoint: Any) -> HttpResponse:
    text = output if isinstance(output, str) else json.dumps(output)
    return _answer(replace(DONE, output=text), "http", **endpoint)


def test_an_output_becomes_the_answer() -> None:
    answer = _http({"statusCode": 201, "headers": {"Content-Type": "text/html", "X-Own": "1"}, "body": "<p>"})
    assert (answer.status, answer.body) == (201, "<p>")
    assert answer.headers == {
        "Content-Type": "text/html",
        "X-Own": "1",
        "Flowport-Job-Id": JOB_ID,
        "X-Content-Type-Options": "nosniff",
    }


@pytest.mark.parametrize(
    ("output", "status", "content_type", "body"),
    [
        ({"statusCode": 404}, 404, "text/plain; charset=utf-8", ""),
        ({"statusCode": 204, "body": None}, 204, "text/plain; charset=utf-8", ""),
        ({"body": "hi"}, 200, "text/plain; charset=utf-8", "hi"),
        ({"body": {"a": 1}}, 200, "application/json", '{"a":1}'),
        ({"body": [1, None]}, 200, "application/json", "[1,null]"),
        ({"statusCode": 200, "headers": {"content-type": "text/css"}, "body": "p{}"}, 200, "text/css", "p{}"),
        ({"statusCode": 200, "headers": None, "body": ""}, 200, "text/plain; charset=utf-8", ""),
    ],
)
def test_what_an_output_leaves_out_is_filled_in(output: Any, status: int, content_type: str, body: str) -> None:
    answer = _http(output)
    sent = {name.lower(): value for name, value in answer.headers.items()}
    assert len(sent) == len(answer.headers)
    assert (answer.status, sent["content-type"], answer.body) == (status, content_type, body)


GUARDED = [
    "Set-Cookie",
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Content-Length",
    "Access-Control-Allow-Origin",
    "Flowport-Job-Id",
    "x-amzn-requestid",
    "X-Content-Type-Options",
]


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_header_is_removed_and_named(name: str) -> None:
    answer = _http({"statusCode": 200, "headers": {name: "evil"}, "body": ""})
    assert "evil" not in answer.headers.values()
    assert answer.headers["Flowport-Removed-Headers"] == name.lower()
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Flowport-Job-Id"] == JOB_ID


@pytest.mark.parametrize("name", ["Set-Cookie", "Access-Control-Allow-Origin"])
def test_an_endpoint_may_allow_a_guarded_header_by_name(name: str) -> None:
    answer = _http({"statusCode": 200, "headers": {name: "mine"}, "body": ""}, http_headers=(name.lower(),))
    assert answer.headers[name] == "mine"
    assert "Flowport-Removed-Headers" not in answer.headers


def test_no_endpoint_can_allow_sniffing() -> None:
    answer = _http(
        {"statusCode": 200, "headers": {"x-content-type-options": "off"}, "body": ""},
        http_headers=("x-content-type-options",),
    )
    sent = {name.lower(): value for name, value in answer.headers.items()}
    assert len(sent) == len(answer.headers)
    assert sent["x-content-type-options"] == "nosniff"


def test_a_header_with_several_values_keeps_them() -> None:
    answer = _http({"statusCode": 200, "headers": {"Link": ["<a>", "<b>"]}, "body": ""})
    assert answer.headers["Link"] == ("<a>", "<b>")


@pytest.mark.parametrize(
    "output",
    [
        "null",
        "[]",
        '"text"',
        "[" * 100_000 + "]" * 100_000,
        "{}",
        '{"total":42}',
        {"statusCode": 199, "body": ""},
        {"statusCode": 600, "body": ""},
        {"statusCode": "200", "body": ""},
        {"statusCode": True, "body": ""},
        {"statusCode": 200.0, "body": ""},
        {"statusCode": 200, "headers": [], "body": ""},
        {"statusCode": 200, "headers": {"a b": "1"}, "body": ""},
        {"statusCode": 200, "headers": {"": "1"}, "body": ""},
        {"statusCode": 200, "headers": {"a": "1\r\nSet-Cookie: x"}, "body": ""},
        {"statusCode": 200, "headers": {"a": ["ok", "\n"]}, "body": ""},
        {"statusCode": 200, "body": "aGk=", "isBase64Encoded": True},
    ],
)
def test_an_output_that_is_no_http_answer_is_the_workflows_fault_and_names_the_job(output: Any) -> None:
    with pytest.raises(errors.OutputNotHttp) as refused:
        _http(output)
    assert refused.value.members == {"id": JOB_ID}


# -- batches -----------------------------------------------------------------------------------------------------------


def _batch(body: bytes, **changes: Any) -> RunBatch:
    request = replace(_request("v1", "run", "billing", "quote", "batch", method="POST"), body=body, **changes)
    command = NATIVE.parse(request)
    assert isinstance(command, RunBatch)
    return command


def test_each_element_of_a_batch_keeps_its_exact_text() -> None:
    assert [read() for read in _batch(b'[{"rate": 1.50}, 2]').read_inputs()] == ['{"rate": 1.50}', "2"]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"[" + b",".join([b"1"] * 101) + b"]", b"[1,]"])
def test_what_is_no_batch_of_1_to_100_inputs_is_refused(body: bytes) -> None:
    with pytest.raises((errors.InvalidRequest, errors.InvalidJson)):
        _batch(body).read_inputs()


def test_a_batch_over_four_megabytes_is_refused_with_both_sizes() -> None:
    with pytest.raises(errors.PayloadTooLarge) as refused:
        _batch(b'["' + b"x" * 4_194_301 + b'"]').read_inputs()
    assert refused.value.members == {"size": 4_194_305, "limit": 4_194_304}


def test_an_input_that_is_too_large_is_refused_alone() -> None:
    small, large = _batch(b'[1,"' + b"x" * 262_143 + b'"]').read_inputs()
    assert small() == "1"
    with pytest.raises(errors.PayloadTooLarge):
        large()


def test_a_batch_lists_what_each_input_would_have_been_answered() -> None:
    ran = BatchRan((DONE, a_job(status="RUNNING"), FAILED, errors.NotFound("gone")))
    answer = NATIVE.render(_request(), None, ran)
    assert (answer.status, answer.headers["Retry-After"]) == (202, "1")
    items = json.loads(answer.body)["items"]
    assert [item["status"] for item in items] == [200, 202, 500, 404]
    assert items[3] == {
        "status": 404,
        "problem": {"type": "urn:flowport:problem:not-found", "title": "Not found", "status": 404, "detail": "gone"},
    }


def test_outputs_past_four_megabytes_are_left_to_their_links() -> None:
    ran = BatchRan(tuple(replace(DONE, output='"' + "x" * 2_097_150 + '"') for _ in range(3)))
    items = json.loads(NATIVE.render(_request(), None, ran).body)["items"]
    assert ["output" in item["job"] for item in items] == [True, True, False]
    assert items[2]["job"]["links"]["self"] == SELF
