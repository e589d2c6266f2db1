"""Parked runs, function by function: reserved, parked, answered, sent on, expired."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from flowport.domain.errors import CallbackTaken, InvalidRequest
from tests.functional.harness import NOW, Aws, Handler, event

Load = Callable[..., Handler]
KEY = event("lambda/resume_run")["key"]
PARK = event("lambda/park_run")["park"]
TOKEN = PARK["task_token"]


@pytest.fixture
def park(published: Aws, load: Load) -> Handler:
    return load("ParkRunFunction")


@pytest.fixture
def gateway(published: Aws, load: Load) -> Handler:
    return load("GatewayFunction")


@pytest.fixture
def resume(published: Aws, load: Load) -> Handler:
    return load("ResumeRunFunction")


@pytest.fixture
def sweep(published: Aws, load: Load) -> Handler:
    return load("SweepJobsFunction")


def parking(**changes: Any) -> dict[str, Any]:
    return {"park": {name: value for name, value in {**PARK, **changes}.items() if value is not None}}


def answer(gateway: Handler, **members: Any) -> tuple[int, Any]:
    given = gateway(event("apigateway/resume_callback", **members), None)
    return given["statusCode"], json.loads(given["body"])


def kind(given: tuple[int, Any]) -> tuple[int, str]:
    return given[0], given[1]["type"].rpartition(":")[2]


def test_a_parked_run_is_resumed_with_the_body_as_output(
    park: Handler, gateway: Handler, resume: Handler, aws: Aws
) -> None:
    assert park(event("lambda/park_run"), None) == {"status": "PARKED"}
    assert answer(gateway, body=' {"price":1.10} ') == (200, {"status": "resumed"})
    assert aws.invocations.requests == [("flowport-resume-run:live", "Event", {"key": KEY})]
    resume(event("lambda/resume_run"), None)
    assert aws.task_answers.requests == [{"taskToken": TOKEN, "output": ' {"price":1.10} '}]
    item = aws.job(KEY, "callback")
    assert (item["status"], item["sent"]) == ("DONE", "delivered")
    assert item.keys().isdisjoint({"body", "check_at", "open_shard"})


def test_a_second_answer_is_refused_and_says_whether_it_was_the_same(park: Handler, gateway: Handler) -> None:
    park(event("lambda/park_run"), None)
    answer(gateway)
    assert kind(answer(gateway)) == (409, "callback-repeated")
    assert answer(gateway)[1]["same_body"] is True
    assert answer(gateway, body="[]")[1]["same_body"] is False


def test_an_answer_that_comes_early_is_kept_and_sent_on_as_the_run_parks(
    park: Handler, gateway: Handler, resume: Handler, aws: Aws
) -> None:
    callback_id = park(event("lambda/reserve_callback"), None)["callback_id"]
    path = f"/v1/callbacks/{callback_id}"
    assert answer(gateway, path=path, body="") == (200, {"status": "kept"})
    assert aws.invocations.requests == []
    assert park(parking(callback_id=callback_id), None) == {"status": "ANSWERED"}
    ((_, _, handed_over),) = aws.invocations.requests
    resume(handed_over, None)
    assert aws.task_answers.requests == [{"taskToken": TOKEN, "output": "{}"}]


def test_the_id_itself_is_nowhere_in_the_table(park: Handler, aws: Aws) -> None:
    callback_id = park(event("lambda/reserve_callback"), None)["callback_id"]
    park(event("lambda/park_run"), None)
    stored = json.dumps(aws.dynamodb.scan(TableName="JobsTable")["Items"])
    assert callback_id not in stored
    assert PARK["callback_id"] not in stored


@pytest.mark.parametrize("callback_id", ["unknown-but-long-enough-to-be-one-of-them", "short", "cb_typo", "%00"])
def test_an_id_that_nobody_gave_out_is_not_found_and_leaves_nothing(
    gateway: Handler, aws: Aws, callback_id: str
) -> None:
    assert kind(answer(gateway, path=f"/v1/callbacks/{callback_id}")) == (404, "not-found")
    assert aws.jobs() == []


@pytest.mark.parametrize(
    ("members", "refused"),
    [
        ({"body": "{"}, (400, "invalid-json")),
        ({"body": '{"a":1,"a":2}'}, (400, "invalid-json")),
        ({"body": '"' + "x" * 262_143 + '"'}, (413, "payload-too-large")),
        ({"headers": {"Content-Type": "text/plain"}}, (415, "unsupported-media-type")),
        ({"httpMethod": "GET"}, (405, "method-not-allowed")),
    ],
    ids=["no JSON", "a key twice", "too large", "no JSON type", "GET"],
)
def test_what_cannot_be_an_output_is_refused_and_the_run_still_waits(
    park: Handler, gateway: Handler, aws: Aws, members: dict[str, Any], refused: tuple[int, str]
) -> None:
    park(event("lambda/park_run"), None)
    assert kind(answer(gateway, **members)) == refused
    assert aws.job(KEY, "callback")["status"] == "PARKED"
    assert answer(gateway, body='"' + "x" * 262_142 + '"')[0] == 200


def test_a_callers_own_credential_does_not_matter_to_a_callback(park: Handler, gateway: Handler) -> None:
    park(event("lambda/park_run"), None)
    assert answer(gateway, headers={"Authorization": "Digest nonsense", "Flowport-Workspace": "No Such!"})[0] == 200


def test_an_answer_after_the_expiry_is_gone_and_the_sweep_has_the_run_failed(
    park: Handler, gateway: Handler, sweep: Handler, resume: Handler, aws: Aws
) -> None:
    park(event("lambda/park_run"), None)
    aws.clock.slept += 3600
    assert kind(answer(gateway)) == (410, "callback-expired")
    assert sweep(event("eventbridge/every_minute"), None) == {"callback expired": 1}
    ((function, _, handed_over),) = aws.invocations.requests
    assert function == "flowport-resume-run:live"
    resume(handed_over, None)
    (request,) = aws.task_answers.requests
    assert (request["taskToken"], request["error"]) == (TOKEN, "Flowport.CallbackExpired")
    assert kind(answer(gateway)) == (410, "callback-expired")
    aws.clock.slept += 3600
    assert sweep(event("eventbridge/every_minute"), None) == {}


def test_an_answer_whose_process_died_is_sent_on_by_the_sweep(
    park: Handler, gateway: Handler, sweep: Handler, aws: Aws
) -> None:
    park(event("lambda/park_run"), None)
    answer(gateway)
    aws.invocations.requests.clear()
    assert sweep(event("eventbridge/every_minute"), None) == {}
    for pause in (21, 45):
        aws.clock.slept += pause
        assert sweep(event("eventbridge/every_minute"), None) == {"answer sent": 1}
    assert aws.invocations.requests == [("flowport-resume-run:live", "Event", {"key": KEY})] * 2


def test_an_answer_delivered_twice_is_taken_once(park: Handler, gateway: Handler, resume: Handler, aws: Aws) -> None:
    park(event("lambda/park_run"), None)
    answer(gateway)
    resume(event("lambda/resume_run"), None)
    resume(event("lambda/resume_run"), None)
    assert len(aws.task_answers.requests) == 1


@pytest.mark.parametrize("refusal", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_a_token_that_step_functions_has_given_up_is_done_with(
    park: Handler, gateway: Handler, resume: Handler, sweep: Handler, aws: Aws, refusal: str
) -> None:
    park(event("lambda/park_run"), None)
    answer(gateway)
    aws.task_answers.refusal = refusal
    resume(event("lambda/resume_run"), None)
    item = aws.job(KEY, "callback")
    assert (item["status"], item["sent"]) == ("DONE", "refused")
    aws.clock.slept += 3600
    assert sweep(event("eventbridge/every_minute"), None) == {}


def test_a_name_is_parked_under_its_job_and_not_reached_from_outside(park: Handler, gateway: Handler) -> None:
    assert park(parking(callback_id=None, name="completed"), None) == {"status": "PARKED"}
    assert answer(gateway, path="/v1/callbacks/completed")[0] == 404


def test_another_run_is_not_parked_on_the_same_callback(park: Handler) -> None:
    park(event("lambda/park_run"), None)
    with pytest.raises(CallbackTaken, match="belongs to another run"):
        park(parking(execution="arn:aws:states:us-east-1:123456789012:execution:Other:run", task_token="other"), None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "Send"),
        ([], "Send"),
        ({"park": {}, "reserve": {}}, "Send"),
        ({"unpark": {}}, "no 'unpark'"),
        ({"reserve": 1}, "must be an object"),
        ({"reserve": {"expires": 1}}, "does not know expires"),
        ({"reserve": {"expires_in": 0}}, "from 1 to 31536000"),
        ({"reserve": {"expires_in": True}}, "from 1 to 31536000"),
        ({"reserve": {"expires_in": "60"}}, "from 1 to 31536000"),
        (parking(expires_in=31_536_001), "from 1 to 31536000"),
        (parking(task_token=None), "Task.Token"),
        (parking(task_token=""), "'task_token' must be a text"),
        (parking(execution=None), "Execution.Id"),
        (parking(callback_id=7), "'callback_id' must be a text"),
        (parking(callback_id=None), "one of both"),
        (parking(name="done"), "one of both"),
        (parking(callback_id="order-17"), "32 to 128 characters"),
        (parking(callback_id=None, name="n" * 257), "1 to 256 characters"),
    ],
)
def test_a_state_that_asks_wrongly_is_told_what_is_wrong(park: Handler, aws: Aws, given: Any, said: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        park(given, None)
    assert said in refused.value.detail
    assert aws.jobs() == []


def test_an_expiry_is_counted_from_the_parking(park: Handler, aws: Aws) -> None:
    park(event("lambda/park_run"), None)
    item = aws.job(KEY, "callback")
    assert (item["lapses_at"], item["check_at"]) == (str(NOW + 3_600_000),) * 2
