"""The iolinker dialect: what its literal cases cannot show."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowport.dialects.iolinker import Iolinker
from flowport.dialects.wire import HttpRequest
from flowport.domain import errors
from flowport.domain.dialect_settings import DialectSettings
from flowport.domain.dialect_settings import Iolinker as Settings
from flowport.domain.errors import FlowportError, InvalidJson
from flowport.domain.ids import job_id_of_decimal
from flowport.domain.job import Job, Status
from flowport.domain.payload import dumps
from flowport.usecases.run_endpoint import Ran, Run
from tests.errors import an_error, kinds
from tests.fakes import a_job, an_endpoint

IOLINKER = Iolinker()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def an_ended_job(status: Status = "SUCCEEDED", **members: Any) -> Job:
    return a_job(status=status, finished_at=1, **members)


def a_request(body: bytes = b"", method: str = "POST") -> HttpRequest:
    return HttpRequest(
        method=method,
        path="/v1/api/acme/test/sync",
        segments=("v1", "api", "acme", "test", "sync"),
        headers={},
        query={},
        body=body,
        source_ip="203.0.113.7",
        base_url="https://flowport.example.com",
    )


@given(VALUES)
def test_any_input_reaches_the_workflow_as_it_was_sent_or_is_refused(value: object) -> None:
    text = dumps(value)
    try:
        sent = text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no client can send as UTF-8
        return
    command = IOLINKER.parse(a_request(sent))
    assert isinstance(command, Run)
    assert command.read_input() == (text if text.strip() else "{}")


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5))
def test_any_query_is_the_input(query: dict[str, str]) -> None:
    sent = {name: (value,) for name, value in query.items()}
    command = IOLINKER.parse(replace(a_request(method="GET"), query=sent))
    assert isinstance(command, Run)
    assert json.loads(command.read_input()) == query


@given(VALUES)
def test_any_output_comes_back_as_the_data(value: object) -> None:
    job = an_ended_job(output=dumps(value))
    answer = IOLINKER.render(a_request(), None, Ran(job, an_endpoint(), "job"))  # type: ignore[arg-type]
    document = json.loads(answer.body)["response"]
    assert list(document) == ["data", "code", "msg", "uid"]
    assert (document["data"], document["code"], document["msg"]) == (value, 0, "")
    assert job_id_of_decimal(document["uid"]) == job.id


@pytest.mark.parametrize(
    ("job", "message"),
    [
        (an_ended_job("FAILED", error="NoStock", cause=None), "NoStock"),
        (an_ended_job("TIMED_OUT", error=None, cause=None), "TIMED_OUT"),
        (
            an_ended_job("ABORTED", error="Flowport.Cancelled", cause="Cancelled by ada."),
            "Flowport.Cancelled: Cancelled by ada.",
        ),
    ],
)
def test_every_end_but_success_has_code_1_and_says_why(job: Job, message: str) -> None:
    answer = IOLINKER.render(a_request(), None, Ran(job, an_endpoint(), "job"))  # type: ignore[arg-type]
    document = json.loads(answer.body)["response"]
    assert (answer.status, document["data"], document["code"], document["msg"]) == (200, "", 1, message)


@pytest.mark.parametrize("job", [an_ended_job(output="1"), an_ended_job("FAILED", error="NoStock")])
def test_an_asynchronous_interface_gives_the_uid_alone_whatever_became_of_the_run_since(job: Job) -> None:
    endpoint = an_endpoint(mode="async")
    answer = IOLINKER.render(a_request(), None, Ran(job, endpoint, "job"))  # type: ignore[arg-type]
    assert answer.body == f'{{"response":{{"uid":"{UUID(job.id).int}"}}}}'


@pytest.mark.parametrize("output", ["null", "{}", "{ }", " null\n"])
def test_an_empty_output_is_none_only_where_the_endpoint_says_so(output: str) -> None:
    job = an_ended_job(output=output)
    for none, data in ((True, '""'), (False, "".join(output.split()))):
        settings = DialectSettings(iolinker=Settings(empty_output_is_none=none))
        answer = IOLINKER.render(a_request(), None, Ran(job, an_endpoint(dialects=settings), "job"))  # type: ignore[arg-type]
        assert answer.body.startswith(f'{{"response":{{"data":{data},"code":0,')


def test_a_cause_that_no_utf_8_can_carry_is_escaped() -> None:
    answer = IOLINKER.render(a_request(), None, Ran(an_ended_job("FAILED", error="\ud800"), an_endpoint(), "job"))  # type: ignore[arg-type]
    assert r'"msg":"\ud800"' in answer.body


def test_an_output_that_is_not_kept_is_not_told_as_none() -> None:
    job = an_ended_job(output=None, keep_payloads_ms=0)
    answer = IOLINKER.render(a_request(), None, Ran(job, an_endpoint(), "job"))  # type: ignore[arg-type]
    assert answer.body.startswith('{"response":{"data":"","code":1,"msg":"The output is not kept",')


def test_a_refusal_that_no_utf_8_can_carry_is_escaped() -> None:
    assert r'"message":"\ud800"' in IOLINKER.refuse(a_request(), errors.NotFound("\ud800")).body


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_every_error_is_told_in_the_familys_own_form(kind: type[FlowportError]) -> None:
    answer = IOLINKER.refuse(a_request(), an_error(kind))
    assert 400 <= answer.status <= 599
    assert answer.headers["Content-Type"] == "application/json"
    ((name, error),) = json.loads(answer.body)["response"].items()
    assert name == "error"
    assert list(error) == ["code", "message"]
    assert all(error.values())


def test_a_body_that_is_not_utf_8_is_refused() -> None:
    command = IOLINKER.parse(a_request(b"\xff"))
    assert isinstance(command, Run)
    with pytest.raises(InvalidJson, match="byte 0"):
        command.read_input()


def test_an_unavailable_store_says_when_to_come_back() -> None:
    answer = IOLINKER.refuse(a_request(), errors.Unavailable("Busy.", retry_after=7))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
