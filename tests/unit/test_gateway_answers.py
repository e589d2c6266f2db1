"""The call that outlives the HTTP gateway: what template.yaml has API Gateway answer then, and what that leads to."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.template import load
from flowport.domain.ids import job_id_of_request
from flowport.usecases.read_jobs import ReadJob
from tests.unit.usecases.stack import Stack

TEMPLATE = load((Path(__file__).parents[2] / "template.yaml").read_text())
RESOURCES = TEMPLATE["Resources"]
ANSWERS = RESOURCES["Api"]["Properties"]["GatewayResponses"]
REQUEST_ID = "JJbxmFmGIAMFxx-_="
CONTEXT = {
    "$context.extendedRequestId": REQUEST_ID,
    "$context.domainName": "abc.execute-api.eu-central-1.amazonaws.com",
    "$context.stage": "prod",
}
# Express executions end within 5 minutes; after that the function still has to write.
EXPRESS_AT_MOST_SECONDS = 300
RECORD_WITHIN_SECONDS = 20


@pytest.fixture
def handed_over() -> dict[str, Any]:
    """The body of API Gateway's own 202, its variables filled in as API Gateway does."""
    text, named = ANSWERS["INTEGRATION_TIMEOUT"]["ResponseTemplates"]["application/json"]
    _has_domain, _with_domain, without_domain = named["Root"]
    body = text.replace("${Root}", without_domain)
    for name, value in CONTEXT.items():
        body = body.replace(name, value)
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_the_gateways_own_202_has_the_job_under_the_extended_request_id(handed_over: dict[str, Any]) -> None:
    link = f"https://abc.execute-api.eu-central-1.amazonaws.com/prod/v1/jobs/{REQUEST_ID}"
    assert handed_over == {"id": REQUEST_ID, "status": "RUNNING", "links": {"self": link}}
    assert ANSWERS["INTEGRATION_TIMEOUT"]["StatusCode"] == 202


def test_the_gateways_own_202_names_the_request_lets_pages_read_it_and_says_when_to_ask(
    handed_over: dict[str, Any],
) -> None:
    headers = ANSWERS["INTEGRATION_TIMEOUT"]["ResponseParameters"]["Headers"]
    assert headers == {
        "Content-Type": "'application/json'",
        "Retry-After": "'5'",
        "Cache-Control": "'no-store'",
        "Flowport-Request-Id": "context.extendedRequestId",
        "Access-Control-Allow-Origin": "'*'",
        "Access-Control-Expose-Headers": "'Flowport-Error-Source,Flowport-Request-Id,Retry-After'",
    }


def test_the_id_in_the_gateways_own_202_finds_the_job_with_one_read(stack: Stack, handed_over: dict[str, Any]) -> None:
    job = stack.run(caller=stack.caller(request_id=REQUEST_ID)).job
    stack.directory.asked.clear()
    assert stack.reader.read(stack.caller(), ReadJob(handed_over["id"])).id == job.id
    assert [wanted.job_id for wanted in stack.directory.asked] == [job_id_of_request(REQUEST_ID)]


def test_a_function_that_holds_a_run_lives_longer_than_the_run_and_its_record() -> None:
    needed = EXPRESS_AT_MOST_SECONDS + RECORD_WITHIN_SECONDS
    assert RESOURCES["GatewayFunction"]["Properties"]["Timeout"] > needed
    assert RESOURCES["RunExpressFunction"]["Properties"]["Timeout"] > EXPRESS_AT_MOST_SECONDS + 60


@pytest.fixture
def stack() -> Stack:
    return Stack()
