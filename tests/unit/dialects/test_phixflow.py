"""PhixFlow's wire: what its literal exchanges do not show."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.adapters.api_gateway import request_of
from flowport.dialects.phixflow import PhixFlow
from flowport.dialects.phixflow.answers import OUTPUTS_BYTES
from flowport.dialects.wire import HttpRequest, HttpResponse
from flowport.domain.dialect_settings import DialectSettings
from flowport.domain.dialect_settings import PhixFlow as Settings
from flowport.domain.errors import CredentialInvalid, FlowportError, NotFound, Unavailable
from flowport.domain.job import Job
from flowport.domain.parameters import Parameter
from flowport.domain.records import Endpoint
from flowport.domain.tokens import new_token
from flowport.usecases.read_whole_job import ReadWhole, WholeJob
from flowport.usecases.run_batch import BatchRan, RunBatch, RunOrBatch
from flowport.usecases.run_endpoint import Ran, Run
from tests.errors import an_error, kinds
from tests.fakes import JOB_ID, NOW, a_job, an_endpoint

DIALECT = PhixFlow()
TRIGGER = ("acme", "api", "1", "action", "MyApp", "My API", "trigger")


def _request(*segments: str, method: str = "POST", body: bytes = b"", query: Any = None, **headers: str) -> HttpRequest:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    path = "/" + "/".join(quote(one, safe="") for one in segments)
    return HttpRequest(method, path, segments, fields, query or {}, body, "192.0.2.1", "https://api.example.com/prod")


def _post(body: bytes = b"", *, query: Any = None, **headers: str) -> HttpRequest:
    return _request(*TRIGGER, body=body, query=query, **headers)


def _endpoint(settings: Settings | None = None, **members: Any) -> Endpoint:
    return an_endpoint(**members, dialects=DialectSettings(phixflow=settings))


def _command(request: HttpRequest) -> RunOrBatch:
    command = DIALECT.parse(request)
    assert isinstance(command, RunOrBatch)
    return command


def _run(request: HttpRequest, endpoint: Endpoint | None = None) -> Run:
    run = _command(request).divide(endpoint or _endpoint())
    assert isinstance(run, Run)
    return run


def _received(request: HttpRequest, endpoint: Endpoint | None = None) -> dict[str, Any]:
    received: dict[str, Any] = json.loads(_run(request, endpoint).read_input())
    return received


def _answer(job: Job, endpoint: Endpoint | None = None) -> HttpResponse:
    request = _post()
    return DIALECT.render(request, DIALECT.parse(request), Ran(job, endpoint or _endpoint(), "job"))


def _status(job: Job, endpoint: Endpoint | None = None) -> dict[str, Any]:
    request = _request("acme", "api", "1", "action", "status", job.id, method="GET")
    answer = DIALECT.render(request, DIALECT.parse(request), WholeJob(job, endpoint))
    assert answer.status == 200
    document: dict[str, Any] = json.loads(answer.body)
    return document


def _ended(output: str | None = None, **members: Any) -> Job:
    return replace(a_job(status=members.pop("status", "SUCCEEDED")), output=output, **members)


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "endpoint", "alias"),
    [
        ("MyApp/My%20API", "MyApp/My API", None),
        ("My%20API", None, "v10:My API"),
        ("a+b/50%25", "a+b/50%25", None),
        ("a%2Fb/%25%32%46", "a%2Fb/%252F", None),
        ("K%C3%A4se/%E8%A6%8B%E7%A9%8D", "Käse/見積", None),
        ("a%2Fb+50%25", None, "v10:a/b+50%"),
        ("status", None, "v10:status"),
        ("status/trigger", "status/trigger", None),
    ],
)
def test_names_are_decoded_once_from_the_path_as_it_was_sent(
    path: str, endpoint: str | None, alias: str | None
) -> None:
    event = {"httpMethod": "POST", "path": f"/acme/api/1/action/{path}/trigger"}
    command = _command(request_of(event))
    assert (command.run.endpoint, command.run.alias) == (endpoint, alias)


@pytest.mark.parametrize("names", [("x" * 129, "y"), ("x", "y" * 129), ("x" * 129,)])
def test_a_name_that_nothing_can_have_is_not_found(names: tuple[str, ...]) -> None:
    with pytest.raises(NotFound) as refused:
        DIALECT.parse(_request("acme", "api", "1", "action", *names, "trigger"))
    assert len(refused.value.detail) < 100


def test_a_status_reads_no_input() -> None:
    request = _request("acme", "api", "1", "action", "status", JOB_ID, method="GET")
    assert DIALECT.parse(request) == ReadWhole(JOB_ID, 0, input=False)


# -- credentials -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", ["x", "a.b.c", "Bearer a.b", "Basic YTpi", "Bearer a, Bearer b", "Digest x=1"])
def test_what_is_no_key_is_refused(sent: str) -> None:
    with pytest.raises(CredentialInvalid):
        DIALECT.sender(_post(authorization=sent))


@pytest.mark.parametrize("sent", ["", "  ", "Bearer", "bearer  "])
def test_an_empty_header_is_no_key(sent: str) -> None:
    if sent.strip():
        with pytest.raises(CredentialInvalid):
            DIALECT.sender(_post(authorization=sent))
    else:
        assert DIALECT.sender(_post(authorization=sent)).presented is None


def test_a_token_is_taken_with_and_without_its_scheme() -> None:
    token = new_token("acme").text
    senders = [DIALECT.sender(_post(authorization=text)) for text in (token, f"Bearer {token}", f"bEARER   {token}")]
    assert senders[0].presented is not None
    assert senders[0] == senders[1] == senders[2]


def test_no_credential_reaches_the_workflow() -> None:
    named = ("authorization", "cookie", "proxy-authorization", "x-api-key", "token", "password", "explorer_token")
    headers = {"accept": "*/*", "user": "ann"} | dict.fromkeys(named, "the secret")
    received = _received(replace(_post(b"{}"), headers=headers))
    assert json.loads(received["headers"]) == {"accept": "*/*", "user": "ann"}
    assert "the secret" not in json.dumps(received)


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "a, {}", 'token="{}"', "a=1; t={};"])
def test_no_token_of_ours_reaches_the_workflow_under_whatever_name(form: str) -> None:
    token = new_token("acme").text
    received = _received(_post(b"{}", accept="*/*", x_key=form.format(token)))
    assert json.loads(received["headers"]) == {"accept": "*/*"}


def test_a_url_is_complete_but_for_tokens_of_ours() -> None:
    token = new_token("acme").text
    request = replace(_post(b"{}"), query={"access_token": (token,), "a": ("1", token, "2"), "b": ("",)})
    received = json.loads(_run(request).read_input())
    assert received["url"].endswith("/trigger?a=1&a=2&b=")
    typo = replace(request, query={"access_token": (token[:-1],)})
    assert json.loads(_run(typo).read_input())["url"].endswith(f"?access_token={token[:-1]}")


# -- what goes in and out ----------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(value=VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_any_value_reaches_the_workflow_as_it_was_sent(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return  # half a surrogate pair has no UTF-8: it cannot be sent
    assert _received(_post(body))["body"] == text
    per_record = _endpoint(Settings(per_record=True))
    batch = _command(_post(b" [ " + body + b" , 2 ] ")).divide(per_record)
    assert isinstance(batch, RunBatch)
    assert [json.loads(read())["body"] for read in batch.read_inputs()] == [text, "2"]


@given(body=TEXTS, content_type=TEXTS, headers=st.dictionaries(st.text("abc-", min_size=1, max_size=5), TEXTS))
def test_whatever_is_sent_arrives_as_strings(body: str, content_type: str, headers: dict[str, str]) -> None:
    received = _received(_post(body.encode(), **{**headers, "content_type": content_type}))
    assert {name: type(value) for name, value in received.items()} == dict.fromkeys(
        ("body", "contentType", "headers", "url"), str
    )
    assert (received["body"], received["contentType"]) == (body, content_type)
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"content-type": content_type}
    assert json.loads(received["headers"]) == sent


@given(value=TEXTS)
def test_any_text_of_the_query_fills_its_parameter(value: str) -> None:
    endpoint = _endpoint(parameters=(Parameter("a b+%/ü"), Parameter("absent")))
    request = _post(query={"a b+%/ü": (value,), "other": ("x",)})
    received = _received(request, endpoint)
    assert received["a b+%/ü"] == value
    assert received.keys() == {"a b+%/ü", "body", "contentType", "headers", "url"}


def test_half_a_surrogate_pair_of_a_query_stays_an_escape() -> None:
    text = _run(_post(query={"field": ("\ud83d",)}), _endpoint(parameters=(Parameter("field"),))).read_input()
    assert text.encode()
    received = json.loads(text)
    assert (received["field"], received["url"].partition("?")[2]) == ("\ud83d", "field=%ED%A0%BD")


@given(value=VALUES)
def test_any_output_comes_out_at_the_path_of_its_name(value: Any) -> None:
    answer = _answer(_ended(json.dumps(value)), _endpoint(Settings(output_name='my "out"')))
    decides = isinstance(value, dict) and {"body", "headers", "contentType", "statusCode"} & value.keys()
    if not decides:
        assert answer.status == 200
        assert json.loads(answer.body)["data"] == {'my "out"': value}


def test_numbers_and_strings_keep_their_exact_form_on_the_way_out() -> None:
    output = '[ 1.50 , {"a" : [1e400, "x  y\\" z"]}, "\\ud83d" ]'
    assert '"data":{"output":[1.50,{"a":[1e400,"x  y\\" z"]},"\\ud83d"]}}' in _answer(_ended(output)).body
    assert _answer(_ended(f'{{"body": {output} }}')).body == output


@pytest.mark.parametrize("output", ["[" * 5000 + "]" * 5000, '{"a":' * 3000 + "1" + "}" * 3000])
def test_an_output_that_cannot_be_taken_apart_is_still_answered(output: str) -> None:
    assert output in _answer(_ended(output)).body


@pytest.mark.parametrize(
    "output",
    [
        '{"statusCode":1e400}',
        '{"statusCode":true}',
        '{"statusCode":"abc"}',
        '{"statusCode":"1000"}',
        '{"contentType":7}',
        '{"headers":"no JSON"}',
        '{"headers":{"a b":"1"}}',
        '{"headers":{"a":"1\\r\\nb: 2"}}',
        '{"contentType":"text/html\\r\\nb: 2"}',
    ],
)
def test_a_decided_answer_that_http_does_not_allow_is_refused_by_name(output: str) -> None:
    with pytest.raises(FlowportError) as refused:
        _answer(_ended(output))
    answer = DIALECT.refuse(_post(), refused.value)
    assert (answer.status, json.loads(answer.body)["processId"]) == (500, JOB_ID)


@pytest.mark.parametrize("headers", ["null", '""', "{}", "[]"])
def test_no_headers_are_none_in_whatever_form(headers: str) -> None:
    answer = _answer(_ended(f'{{"headers":{headers},"body":null}}'))
    assert (answer.status, answer.body) == (200, "")


# -- words -------------------------------------------------------------------------------------------------------------


def test_a_run_that_could_not_be_aborted_is_not_called_aborted() -> None:
    overdue: dict[str, Any] = {"deadline_at": NOW + 1500, "finished_at": NOW + 1510, "error": "Flowport.DeadlinePassed"}
    job = _ended(status="TIMED_OUT", machine_type="EXPRESS", **overdue)
    begun, waiting = replace(job, started_at=NOW + 20), replace(job, started_at=None)
    for one, message in (
        (begun, "Timed out after 1500 ms; the action could not be aborted and goes on"),
        (waiting, "Timed out after 1500 ms; the action was aborted"),
    ):
        answer = _answer(one)
        assert (answer.status, json.loads(answer.body)["message"]) == (504, message)
        assert _status(one, None) == {"processId": JOB_ID, "status": "Fail", "message": message}


def test_a_workflow_whose_own_time_is_over_says_after_how_long() -> None:
    job = _ended(status="TIMED_OUT", error="States.Timeout", finished_at=NOW + 5000, deadline_at=NOW + 9000)
    assert json.loads(_answer(job).body)["message"] == "Timed out after 5000 ms; the action was aborted"


def test_the_endpoints_message_hides_no_failure_of_flowports_own() -> None:
    endpoint = _endpoint(Settings(fail_message="Sorry."))
    for error, message in (("Refused", "Sorry."), ("Flowport.OutcomeUnknown", "Nobody saw it.")):
        answer = _answer(_ended(status="FAILED", error=error, cause="Nobody saw it."), endpoint)
        assert (answer.status, json.loads(answer.body)["message"]) == (500, message)


def test_a_cancelled_run_has_failed_with_its_cause() -> None:
    job = _ended(status="ABORTED", error="Flowport.Cancelled", cause="Cancelled by ann.")
    assert _answer(job).status == 500
    assert _status(job) == {"processId": JOB_ID, "status": "Fail", "message": "Cancelled by ann."}


def test_an_output_that_is_not_kept_is_not_given_as_null() -> None:
    job = _ended(None, keep_payloads_ms=0)
    assert _status(job) == {"processId": JOB_ID, "status": "Success", "message": "The output is not kept"}
    assert json.loads(_answer(job).body) == {"success": True, "processId": JOB_ID, "message": "The output is not kept"}


def test_a_process_whose_endpoint_is_gone_can_still_be_read() -> None:
    assert _status(_ended("1"), None)["data"] == {"output": 1}


def test_records_whose_outputs_are_too_much_for_one_answer_are_given_by_their_addresses() -> None:
    large = json.dumps("x" * (OUTPUTS_BYTES // 2))
    endpoint = _endpoint(Settings(per_record=True))
    batch = BatchRan((_ended(large), _ended(large), _ended("1"), _ended(None), FlowportError("No.")), endpoint)
    request = _post()
    answer = DIALECT.render(request, DIALECT.parse(request), batch)
    records = json.loads(answer.body)["records"]
    assert [("data" in one, "statusUrl" in one) for one in records] == [
        (True, False),
        (False, True),
        (False, True),
        (False, True),
        (False, False),
    ]
    assert records[1]["statusUrl"] == f"https://api.example.com/prod/acme/api/1/action/status/{JOB_ID}"
    assert len(answer.body) < OUTPUTS_BYTES


# -- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("members", [{}, {"id": JOB_ID}])
def test_every_refusal_is_in_its_own_form(kind: type[FlowportError], members: Any) -> None:
    error = an_error(kind, members=members, headers={"WWW-Authenticate": "Basic", "Link": "x"})
    answer = DIALECT.refuse(_post(), error)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Flowport-Error-Source"] == kind.source
    document = json.loads(answer.body)
    named = ["processId"] if members else []
    assert list(document) == ["success", *named, "message"]
    assert document["success"] is False
    assert answer.status == kind.status
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if answer.status == 401 else None)
    assert "Link" not in answer.headers


def test_a_client_is_told_when_to_come_again() -> None:
    answer = DIALECT.refuse(_post(), Unavailable("Later.", retry_after=3))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "3")
