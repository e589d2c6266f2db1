"""NebulaGraph Explorer's wire: what its literal exchanges do not show."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.dialects.nebulagraph import NebulaGraph
from flowport.dialects.nebulagraph.documents import STATUS, TASK_STATUS, item, rows
from flowport.dialects.nebulagraph.requests import given as given_in
from flowport.dialects.nebulagraph.requests import workflow_input
from flowport.dialects.wire import HttpRequest
from flowport.domain.access import Presented
from flowport.domain.errors import CredentialInvalid, FlowportError, UnsupportedMediaType
from flowport.domain.job import ENDED, OPEN, Status
from flowport.domain.numbers import JobNumber
from flowport.domain.parameters import Parameter, ParameterRefused
from flowport.usecases.list_numbered import ListNumbered
from flowport.usecases.read_task_output import ReadTaskOutput
from flowport.usecases.run_endpoint import Run
from tests.errors import an_error, kinds
from tests.fakes import NOW, a_job, an_endpoint

DIALECT = NebulaGraph()
ROOT = ("api-open", "v1")


def _request(*segments: str, method: str = "GET", body: bytes = b"", query: Any = None, **headers: str) -> HttpRequest:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    path = "/" + "/".join((*ROOT, *segments))
    return HttpRequest(method, path, (*ROOT, *segments), fields, query or {}, body, "192.0.2.1", "https://api.example")


def _add(body: Any, workflow: str = "4216617528", **headers: str) -> HttpRequest:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    declared = {"content_type": "application/json", **headers}
    return _request("workflows", workflow, "jobs", method="POST", body=sent, **declared)


def _input(body: Any, *declared: Parameter) -> str:
    command = DIALECT.parse(_add(body))
    assert isinstance(command, Run)
    assert command.adapt is not None
    return command.adapt(an_endpoint(parameters=declared)).read_input()


# -- accounts ----------------------------------------------------------------------------------------------------------


def _account(text: str | bytes, encode: Any = base64.b64encode) -> Presented:
    encoded = encode(text if isinstance(text, bytes) else text.encode()).decode()
    sender = DIALECT.sender(_request("connect", method="POST", authorization=f"Bearer {encoded}"))
    assert sender.of_workspace is not None
    return sender.of_workspace("default")


@pytest.mark.parametrize(
    ("text", "workspace", "user", "password"),
    [
        ("root:123", "default", "root", "123"),
        ('["root","123"]', "default", "root", "123"),
        ("root:", "default", "root", ""),
        ("root:a:b", "default", "root", "a:b"),
        ("acme/root:1/2", "acme", "root", "1/2"),
        ('["acme/root","1:2"]', "acme", "root", "1:2"),
        ("Jürgen:見積", "default", "Jürgen", "見積"),
        ('["root"]:x', "default", '["root"]', "x"),
        ("[root:x", "default", "[root", "x"),
        ('["a:b","c"]', "default", "a:b", "c"),
    ],
)
def test_an_account_is_read_in_both_forms(text: str, workspace: str, user: str, password: str) -> None:
    presented = _account(text)
    assert (presented.workspace, presented.key, presented.secret) == (
        workspace,
        f"user#{workspace}#{user}",
        password,
    )
    assert presented.brought


@pytest.mark.parametrize(
    "text", ["root", ":123", '["root"]', '["root","123","x"]', '["root",123]', "[" * 99_999, b"\xff:1", "No One/root:1"]
)
def test_what_is_no_account_is_refused(text: str | bytes) -> None:
    with pytest.raises(CredentialInvalid):
        _account(text)


@pytest.mark.parametrize("sent", ["x", "a.b.c", "eyJhbxxx", "fp_acme_x", "é"])
def test_what_is_no_token_is_refused_in_the_cookie_and_in_the_header(sent: str) -> None:
    for headers in ({"cookie": f"explorer_token={sent}"}, {"explorer_token": sent}):
        with pytest.raises(CredentialInvalid):
            DIALECT.sender(replace(_request("jobs"), headers=headers))


# -- parameters --------------------------------------------------------------------------------------------------------

NAMES = st.text(max_size=8)
VALUES = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
TASKS = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4)


@given(tasks=TASKS, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_any_parameters_of_tasks_reach_the_workflow_as_they_were_sent(
    tasks: Any, ascii_only: bool, indent: int | None
) -> None:
    try:
        body = json.dumps({"input": tasks}, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which no client can send as UTF-8
        return
    text = _input(body)
    assert json.loads(text) == tasks
    text.encode()


ANY = st.recursive(
    st.none() | st.booleans() | VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, ANY, max_size=3))
def test_any_other_object_is_refused_by_the_name_of_what_is_wrong(sent: Any) -> None:
    expressible = all(
        isinstance(task, dict)
        and all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in task.values())
        for task in sent.values()
    )
    if expressible:
        assert json.loads(_input({"input": sent})) == sent
        return
    with pytest.raises(ParameterRefused) as refused:
        _input({"input": sent})
    assert refused.value.parameter in {
        *sent,
        *(name for task in sent.values() if isinstance(task, dict) for name in task),
    }


def test_numbers_keep_their_exact_form() -> None:
    body = b'{"input":{"q":{"a":1.50,"b":12345678901234567890,"c":1e3,"d":-0.0}}}'
    assert _input(body) == '{"q":{"a":1.50,"b":12345678901234567890,"c":1e3,"d":-0.0}}'


def test_declared_parameters_keep_their_exact_form_beside_the_defaults() -> None:
    declared = (
        Parameter("a", "number", task="q"),
        Parameter("b", "string", default="ü", task="q"),
        Parameter("c", "object", default={"x": [1]}, task="r"),
        Parameter("d", "string", task="s"),
    )
    assert _input(b'{"input":{"q":{"a":1.50}}}', *declared) == '{"q":{"a":1.50,"b":"ü"},"r":{"c":{"x":[1]}}}'


def test_what_is_declared_for_no_task_can_only_be_its_default() -> None:
    beside = Parameter("space", "string", default="basketballplayer")
    assert _input({}, beside) == '{"space":"basketballplayer"}'
    with pytest.raises(ParameterRefused, match="'space' is no task of this workflow; it has: none"):
        _input({"input": {"space": {}}}, beside)
    with pytest.raises(ParameterRefused, match="The parameter 'field' is required"):
        _input({}, Parameter("field", required=True))


@pytest.mark.parametrize("value", [True, None, [], {}, [1]])
def test_no_parameter_is_anything_but_a_string_or_a_number(value: Any) -> None:
    with pytest.raises(ParameterRefused, match="'n' of 'q' must be a string or a number") as refused:
        _input({"input": {"q": {"n": value}}})
    assert refused.value.parameter == "n"


def test_an_input_over_the_limit_of_step_functions_is_a_bad_request() -> None:
    with pytest.raises(FlowportError) as refused:
        _input({"input": {"q": {"n": "x" * 262_144}}})
    answer = DIALECT.refuse(_add({}), refused.value)
    assert (answer.status, json.loads(answer.body)["code"]) == (400, 40004000)


def test_defaults_count_towards_the_limit_too() -> None:
    sent = given_in(_add({"input": {"q": {"n": "x" * 262_100}}}))
    with pytest.raises(FlowportError, match="bytes"):
        workflow_input(sent, (Parameter("n", task="q"), Parameter("m", default="y" * 100, task="q")))


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["query_1", "My Query", "a+b", "x/y", "50%", "%2F", "見積"])
def test_a_task_is_the_segment_as_it_was_decoded(task: str) -> None:
    command = DIALECT.parse(_request("jobs", "107", "tasks", task, "sample_result"))
    assert command == ReadTaskOutput(JobNumber("nebulagraph", 107), task)


@pytest.mark.parametrize("number", ["9007199254740992", "-1", "1.0", "٣", "%31", "1 "])
def test_a_workflows_number_is_written_in_the_one_way(number: str) -> None:
    with pytest.raises(ParameterRefused):
        DIALECT.parse(_add({}, number))


# -- answers -----------------------------------------------------------------------------------------------------------


def test_every_status_of_a_job_has_one_of_the_familys() -> None:
    assert STATUS.keys() == OPEN | ENDED
    assert STATUS == {"ACCEPTED": 0, "RUNNING": 1, "SUCCEEDED": 2, "FAILED": 3, "TIMED_OUT": 3, "ABORTED": 4}
    assert TASK_STATUS == {"RUNNING": 1, "SUCCEEDED": 2, "FAILED": 3, "CAUGHT": 3, "ABORTED": 4}


def test_a_filter_by_status_means_all_of_ours_that_are_it() -> None:
    query = {"filter": ('{"status":3}',)}
    command = DIALECT.parse(_request("jobs", query=query))
    assert isinstance(command, ListNumbered)
    assert command.statuses == frozenset[Status]({"FAILED", "TIMED_OUT"})


def test_names_are_written_as_people_call_them() -> None:
    job = a_job(endpoint="x%2Fy/見積 50%25", alias="nebulagraph:1", number=JobNumber("nebulagraph", 1))
    document = json.loads(item(job))
    assert (document["name"], document["workflowName"]) == ("見積 50%_20261122012000", "見積 50%")


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('[["a","b"],["c"],[]]', ['["a","b"]', '["c"]', "[]"]),
        ("[]", []),
        ("{}", []),
        ("null", ['["null"]']),
        ('"a\\u00fc"', ['["a\\u00fc"]']),
        ("[1.50, null, [2]]", ['["1.50"]', '["null"]', '["[2]"]']),
        ('[{"a":1},{"b":2}]', ['["{\\"a\\":1}"]', '["{\\"b\\":2}"]']),
        ('[{"a":1,"b":2},{"b":4,"a":3}]', ['["1","2"]', '["3","4"]']),
        ("[{},{}]", ["[]", "[]"]),
        ('[["\\ud800"]]', ['["\\ud800"]']),
        ('{"a": {"b": [1, 2]}}', ['["a","{\\"b\\":[1,2]}"]']),
        (" 12345678901234567890 ", ['["12345678901234567890"]']),
    ],
)
def test_an_output_has_rows(output: str, expected: list[str]) -> None:
    assert rows(output, 10) == expected
    assert rows(output, 1) == expected[:1]


@given(ANY)
def test_any_output_becomes_rows_of_strings(value: Any) -> None:
    for row in rows(json.dumps(value), 10):
        assert all(isinstance(cell, str) for cell in json.loads(row))


def test_an_output_that_is_nested_too_deeply_is_one_row() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert [json.loads(row) for row in rows(deep, 10)] == [[deep]]


# -- refusals ----------------------------------------------------------------------------------------------------------


CODES = {40004000, 40004001, 40104000, 40104001, 40304000, 40404000, 50004000, 50004001, 50004002, 90004000}


@pytest.mark.parametrize("kind", kinds())
@pytest.mark.parametrize("request_", [_request("jobs"), _request("connect", method="POST"), _add({})])
def test_every_error_is_told_in_the_familys_own_form(kind: type[FlowportError], request_: HttpRequest) -> None:
    error = an_error(kind)
    answer = DIALECT.refuse(request_, error)
    document = json.loads(answer.body)
    assert list(document) == ["code", "message"]
    assert document["code"] in CODES
    assert document["message"]
    assert answer.status == min(document["code"] // 100_000, 500)
    assert (answer.status >= 500) == (error.status >= 500)
    assert answer.headers["Content-Type"] == "application/json"


def test_with_a_cookie_even_no_body_must_be_declared_as_json() -> None:
    from_a_page = replace(_add({}), body=b"", headers={"cookie": "explorer_token=e30.e30.x"})
    with pytest.raises(UnsupportedMediaType):
        given_in(from_a_page)
    declared = replace(from_a_page, headers={**from_a_page.headers, "content-type": "application/json"})
    assert given_in(declared) == given_in(replace(from_a_page, headers={}))


@given(st.text(max_size=80))
def test_whatever_a_name_is_the_refusal_can_be_sent(name: str) -> None:
    with pytest.raises(ParameterRefused) as refused:
        _input({"input": {name: 1}})
    answer = DIALECT.refuse(_add({}), refused.value)
    assert json.loads(answer.body.encode())["code"] == 40004001


def test_the_time_of_a_name_is_utc() -> None:
    assert NOW == 1_795_310_400_000
    assert "_20261122012000" in item(a_job(number=JobNumber("nebulagraph", 1)))
