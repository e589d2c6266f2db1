"""TheEye's wire: what its literal exchanges do not show."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.dialects.theeye import TheEye, documents
from flowport.dialects.theeye.documents import LIFECYCLE, STATE
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.access import Presented
from flowport.domain.errors import (
    CredentialInvalid,
    CredentialMissing,
    FlowportError,
    JobEnded,
    PayloadNotKept,
    Unavailable,
)
from flowport.domain.job import ENDED, OPEN, Job
from flowport.domain.tokens import new_token
from flowport.usecases.read_whole_job import WholeJob
from flowport.usecases.run_endpoint import Ran, Run
from flowport.usecases.stop_job import Cancel
from tests.errors import an_error, kinds
from tests.fakes import JOB_ID, a_job, an_endpoint

DIALECT = TheEye()
TOKEN = new_token("acme").text


def _request(*segments: str, method: str = "POST", body: bytes = b"", query: Any = None, **headers: str) -> HttpRequest:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    path = "/" + "/".join(segments)
    return HttpRequest(method, path, segments, fields, query or {}, body, "192.0.2.1", "https://api.example.com/prod")


def _post(body: bytes = b"", *, query: Any = None, task: str = "61f4", **headers: str) -> HttpRequest:
    return _request("acme", "task", task, "job", body=body, query=query, **headers)


def _run(request: HttpRequest) -> Run:
    command = DIALECT.parse(request)
    assert isinstance(command, Run)
    return command


def _answer(output: str, query: Any = None) -> HttpResponse:
    request = _post(query=query)
    job = replace(a_job(status="SUCCEEDED"), output=output, input="{}")
    return DIALECT.render(request, _run(request), Ran(job, an_endpoint(), "job"))


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "endpoint", "alias"),
    [
        ("61f4", None, "theeye:61f4"),
        ("billing.quote", "billing/quote", "theeye:billing.quote"),
        ("My API.a+b", "My API/a+b", "theeye:My API.a+b"),
        ("x/y.50%", "x%2Fy/50%25", "theeye:x/y.50%"),
        ("見積.Käse.v2", "見積/Käse.v2", "theeye:見積.Käse.v2"),
        (".quote", None, "theeye:.quote"),
        ("billing.", None, "theeye:billing."),
        ("m" * 100 + "." + "n" * 100, "m" * 100 + "/" + "n" * 100, None),
    ],
)
def test_a_task_is_an_alias_or_module_and_name(task: str, endpoint: str | None, alias: str | None) -> None:
    command = _run(_post(task=task))
    assert (command.endpoint, command.alias) == (endpoint, alias)


def test_an_id_that_nothing_can_have_is_not_found() -> None:
    with pytest.raises(FlowportError) as refused:
        DIALECT.parse(_post(task="x" * 129))
    answer = DIALECT.refuse(_post(task="x" * 129, query={"access_token": (TOKEN,)}), refused.value)
    assert answer.status == 404
    assert len(answer.body) < 250


@pytest.mark.parametrize(("limit", "stoppable"), [(None, False), (20, True)])
def test_a_task_with_a_time_limit_is_run_so_that_it_can_be_stopped(limit: int | None, stoppable: bool) -> None:
    command = _run(_post())
    assert command.adapt is not None
    assert command.adapt(an_endpoint(time_limit=limit)).stoppable is stoppable


# -- credentials -------------------------------------------------------------------------------------------------------


def test_the_header_goes_before_the_query_and_the_query_before_the_body() -> None:
    others = [new_token("acme").text for _ in range(2)]
    body = json.dumps({"access_token": others[1]}).encode()
    query = {"access_token": (others[0],)}
    sent = [
        _post(body, query=query, authorization=f"Bearer {TOKEN}"),
        _post(body, query=query, authorization="Basic YTpi"),
        _post(body),
    ]
    presented = [DIALECT.sender(request).presented for request in sent]
    keys = [one.key for one in presented if isinstance(one, Presented)]
    assert len(set(keys)) == 3
    assert DIALECT.sender(_post(authorization=f"Bearer {TOKEN}")).presented == presented[0]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff access_token", b'{"access_token":1}', b'["access_token"]', b'"access_token"']
)
def test_a_body_that_has_no_token_is_none(body: bytes) -> None:
    assert DIALECT.sender(_post(body)).presented is None


@pytest.mark.parametrize("sent", ["", "x", TOKEN[:-1], "fp_acme_x"])
def test_what_is_no_token_is_refused_wherever_it_is(sent: str) -> None:
    with pytest.raises(CredentialInvalid):
        DIALECT.sender(_post(query={"access_token": (sent,)}))
    with pytest.raises(CredentialInvalid):
        DIALECT.sender(_post(json.dumps({"access_token": sent}).encode()))


def test_a_customer_that_can_be_no_workspace_is_asked_for_a_token() -> None:
    with pytest.raises(CredentialMissing):
        DIALECT.sender(_request("No One", "task", "x", "job"))


def test_a_token_is_never_an_argument() -> None:
    body = json.dumps({"access_token": TOKEN, "a": 1}).encode()
    assert _run(_post(body)).read_input() == '{"task_arguments":[{"a":1}]}'
    assert _run(_post(query={"access_token": (TOKEN,), "a": ("1",)})).read_input() == '{"task_arguments":[{"a":"1"}]}'
    form = f"access_token={TOKEN}&a=1".encode()
    read = _run(_post(form, content_type="application/x-www-form-urlencoded")).read_input()
    assert read == '{"task_arguments":[{"a":"1"}]}'


# -- what goes in and out ----------------------------------------------------------------------------------------------

NAMES = st.text(max_size=8).filter(lambda name: name not in {"access_token", "wait_result", "task_arguments"})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(value=st.dictionaries(NAMES, VALUES, max_size=4), ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_any_object_reaches_the_workflow_as_it_was_sent(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    named = f'{{"task_arguments" : [{text}], "more": 1}}'
    for body in (text, f"[{text}]", named):
        read = _run(_post(body.encode("utf-8", "surrogatepass"))).read_input
        assert json.loads(read()) == {"task_arguments": [value]}
    fields = {"access_token": (TOKEN,), "task_arguments": (f"[{text}]",)}
    assert json.loads(_run(_post(query=fields)).read_input()) == {"task_arguments": [value]}


@given(value=VALUES, spaces=st.sampled_from([None, 1]))
def test_any_output_comes_out_as_strings_and_can_be_parsed_again(value: Any, spaces: int | None) -> None:
    answer = _answer(json.dumps(value, ensure_ascii=False, indent=spaces))
    assert answer.status == 200
    strings = json.loads(answer.body)
    wanted = value if isinstance(value, list) else [value]
    assert len(strings) == len(wanted)
    for index, (string, one) in enumerate(zip(strings, wanted, strict=True)):
        assert string == one if isinstance(one, str) else json.loads(string) == one
        if not isinstance(one, str):
            parsed = _answer(json.dumps(value), {"parse": (str(index),)})
            assert json.loads(parsed.body) == one


def test_numbers_and_strings_keep_their_exact_form_on_the_way_out() -> None:
    output = '[ 1.50 , {"a" : [1e400, "x  y\\" z"]}, "\\ud83d\\ude00" ]'
    assert _answer(output).body == '["1.50","{\\"a\\":[1e400,\\"x  y\\\\\\" z\\"]}","😀"]'
    assert _answer(output, {"parse": ("1",)}).body == '{"a":[1e400,"x  y\\" z"]}'


def test_half_a_surrogate_pair_stays_an_escape() -> None:
    body = _answer('["\\ud83d"]').body
    assert body == '["\\ud83d"]'
    assert body.encode()


@pytest.mark.parametrize("output", ["[" * 5000 + "]" * 5000, "[NaN]", "[" + "9" * 5000 + "]"])
def test_an_output_that_cannot_be_taken_apart_is_still_answered(output: str) -> None:
    assert _answer(output).status == 200
    assert _answer(output, {"parse": ("",)}).status == 200


# -- words and errors --------------------------------------------------------------------------------------------------


def test_every_status_has_its_two_words() -> None:
    assert set(LIFECYCLE) == set(STATE) == OPEN | ENDED


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("query", [{"access_token": (TOKEN,)}, {}])
def test_every_refusal_is_in_its_own_form(kind: type[FlowportError], query: Any) -> None:
    answer = DIALECT.refuse(_post(query=query), an_error(kind, members={"id": JOB_ID}))
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    document = json.loads(answer.body)
    if answer.status == 401:
        assert document == "Unauthorized"
    elif document["code"] == "EORACC":
        assert list(document) == ["message", "code", "statusCode", "name", "status"]
    else:
        assert list(document) == ["message", "statusCode", "name", "code", "status"]
        assert (document["status"], document["message"]) == (answer.status, "What is wrong.")
        assert document["name"] == ("ClientError" if answer.status < 500 else "ServerError")


def test_an_output_that_is_not_kept_is_not_told_as_null() -> None:
    job = a_job(status="SUCCEEDED", finished_at=1, output=None, keep_payloads_ms=0)
    with pytest.raises(PayloadNotKept):
        documents.answer(job, "", "", None)
    with pytest.raises(PayloadNotKept):
        documents.answer(job, "result", "", None)
    shown = json.loads(documents.job_document(job, None))
    assert (shown["state"], shown["output"], shown["result"]) == ("success", None, None)


def test_a_client_is_told_when_to_come_again() -> None:
    answer = DIALECT.refuse(_post(query={"access_token": (TOKEN,)}), Unavailable("Later.", retry_after=3))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")


def test_only_a_cancel_takes_an_ended_job_for_done() -> None:
    cancel = _request("acme", "job", JOB_ID, "cancel", method="PUT", query={"access_token": (TOKEN,)})
    assert isinstance(DIALECT.parse(cancel), Cancel)
    assert DIALECT.refuse(cancel, JobEnded("It had ended.")).status == 204
    assert DIALECT.refuse(_post(query={"access_token": (TOKEN,)}), JobEnded("It had ended.")).status == 409


def test_a_job_whose_endpoint_and_input_are_gone_can_still_be_read() -> None:
    job: Job = replace(a_job(status="SUCCEEDED"), input=None, output='"x"')
    request = _request("acme", "job", JOB_ID, method="GET")
    document = json.loads(DIALECT.render(request, DIALECT.parse(request), WholeJob(job, None)).body)
    assert document["task_id"] == job.endpoint.replace("/", ".")
    assert document["task_arguments_values"] is None
