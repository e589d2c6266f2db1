"""What the native contract says of payloads that are not kept; expected members are written out."""

import json
from typing import Any

import pytest

from flowport.dialects.native import Native
from flowport.dialects.wire import HttpRequest
from flowport.domain import errors
from flowport.domain.job import Job
from flowport.domain.records import View
from flowport.usecases.read_jobs import ReadJob
from flowport.usecases.run_endpoint import Ran, Run
from tests.fakes import JOB_ID, NOW, a_job, an_endpoint

NATIVE = Native()
REQUEST = HttpRequest("POST", "/v1/run/billing/quote", ("v1", "run", "billing", "quote"), {}, {}, b"", "", "https://x")
DONE: dict[str, Any] = {"status": "SUCCEEDED", "finished_at": NOW}
UNKEPT = a_job(**DONE, keep_payloads_ms=0)
EXPIRED = a_job(**DONE, keep_payloads_ms=86_400_000, payloads_expired=True)


def ran(job: Job, view: View = "job") -> Any:
    command = Run("billing/quote", "POST", lambda: "{}")
    return NATIVE.render(REQUEST, command, Ran(job, an_endpoint(), view, replayed=True))


@pytest.mark.parametrize(("job", "said"), [(UNKEPT, "not-kept"), (EXPIRED, "expired")])
def test_a_job_says_that_its_payloads_are_not_there(job: Job, said: str) -> None:
    answer = NATIVE.render(REQUEST, ReadJob(JOB_ID), job)
    assert (json.loads(answer.body)["output"], json.loads(answer.body)["payloads"]) == (None, said)
    assert json.loads(ran(job).body)["payloads"] == said


def test_a_job_whose_payloads_are_kept_says_nothing_of_them() -> None:
    assert "payloads" not in json.loads(ran(a_job(**DONE, output="null", keep_payloads_ms=86_400_000)).body)


@pytest.mark.parametrize("view", ["output", "http"])
@pytest.mark.parametrize("job", [UNKEPT, EXPIRED])
def test_an_output_that_is_not_kept_is_never_told_as_null(job: Job, view: View) -> None:
    with pytest.raises(errors.PayloadNotKept) as refused:
        ran(job, view)
    answer = NATIVE.refuse(REQUEST, refused.value)
    assert (answer.status, answer.headers["Flowport-Error-Source"]) == (410, "workflow")
    assert json.loads(answer.body)["type"] == "urn:flowport:problem:payload-not-kept"
    assert json.loads(answer.body)["id"] == JOB_ID


def test_the_call_that_ran_the_job_gets_an_output_that_is_not_kept() -> None:
    job = a_job(**DONE, keep_payloads_ms=0, output='{"total":42}')
    assert ran(job, "output").body == '{"total":42}'
    assert '"output":{"total":42}' in ran(job).body
    assert '"payloads":"not-kept"' in ran(job).body
