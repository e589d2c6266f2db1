"""PhixFlow's literal exchanges."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from flowport.domain import ids
from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.parameters import Parameter
from flowport.domain.records import Credential, Endpoint, Workspace, api_key_key, user_key
from flowport.domain.tokens import new_token
from tests.functional.dialects.cases import REQUEST_IDS, Case, assert_answer, end_running, event_of, play, read_cases
from tests.functional.harness import EXPRESS_ARN, NOW, STANDARD_NAME, Aws, Handler, token_credential

CASES = read_cases("phixflow")
SECRET_NAME = "flowport/flowport/keys/phixflow/phixflow-api-key"
CURRENT, PREVIOUS = "the current key, of 32 bytes now", "the previous key, of 32 bytes or more"
TOKEN = new_token("phixflow").text
ACTION = Endpoint("phixflow", "MyApp", "My API", express_arn=EXPRESS_ARN, aliases=("v10:My API",))
# What a case says of its jobs, which the endpoint's own settings are not.
SHOWN = {"workflow_gets", "workflow_gets_records", "principals", "aborts", "counted", "signing_key"}


def members(given: Mapping[str, Any]) -> dict[str, Any]:
    """Make an endpoint's members of a case's `given`."""
    made: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items() if name not in SHOWN
    }
    if "parameters" in made:
        made["parameters"] = tuple(Parameter(**one) for one in made["parameters"])
    if "phixflow" in made:
        made["dialects"] = DialectSettings(phixflow=PhixFlow(**made.pop("phixflow")))
    return made


def publish(aws: Aws, given: Mapping[str, Any]) -> dict[str, str]:
    """Publish what the cases call, and give the keys that they call it with."""
    standard = aws.create_machine(STANDARD_NAME)
    action = replace(ACTION, standard_arn=standard)
    key = Credential(api_key_key("phixflow", "key_one"), "api_key", "phixflow", "key_one", "one", (), roles=("runner",))
    others = {name: api_key_key("phixflow", f"key_{name}") for name in ("other", "reader", "revoked")}
    aws.put(
        Workspace("phixflow", "", "active", 0),
        Workspace("default", "", "active", 0),
        replace(action, **members(given)),
        replace(action, name="Poll", mode="async", aliases=()),
        replace(action, name="Open", auth=("none",), aliases=()),
        replace(action, module="My/App", name="50% a+b Käse%2F", aliases=()),
        key,
        replace(key, key=others["other"], credential_id="key_other"),
        replace(key, key=others["reader"], credential_id="key_reader", roles=("reader",)),
        replace(key, key=others["revoked"], credential_id="key_revoked", revoked_at=NOW - 1),
        Credential(user_key("phixflow", "ann"), "user", "phixflow", "ann", "ann", ("run",)),
        token_credential(TOKEN),
    )
    aws.secrets.create_secret(Name=SECRET_NAME, SecretString=PREVIOUS)
    aws.secrets.put_secret_value(SecretId=SECRET_NAME, SecretString=given.get("signing_key", CURRENT))
    claims = {"sub": "api_key:key_one", "ws": "phixflow"}

    def signed(by: str = CURRENT, **more: Any) -> str:
        return jwt.encode(claims | more, by, algorithm="HS256")

    return {
        "KEY": signed(),
        "OLD_KEY": signed(PREVIOUS),
        "USERS_KEY": jwt.encode({"sub": "ann"}, CURRENT, algorithm="HS256"),
        "OTHER_KEY": signed(sub="api_key:key_other"),
        "READERS_KEY": signed(sub="api_key:key_reader"),
        "REVOKED": signed(sub="api_key:key_revoked"),
        "NOBODYS": signed(sub="api_key:key_nobody"),
        "EXPIRED": signed(exp=NOW // 1000 - 1),
        "FORGED": signed("somebody else's key, which is long enough"),
        "UNSIGNED": jwt.encode(claims, "", algorithm="none"),
        "TOKEN": TOKEN,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_phixflow(case: Case, aws: Aws, load: Callable[..., Handler], capsys: pytest.CaptureFixture[str]) -> None:
    known = publish(aws, case.given)
    play(case, aws, load("GatewayFunction"), load("RecordCompletionFunction"), known)
    started = [job for one in REQUEST_IDS if (job := aws.job(ids.job_id_of_request(one)))]
    records = [aws.job(ids.job_id_of_request(f"{REQUEST_IDS[0]}#{index}")) for index in range(2)]
    for shown, seen in (
        ("workflow_gets", [job["input"] for job in started]),
        ("workflow_gets_records", [job.get("input") for job in records]),
        ("principals", [job["principal"] for job in started]),
        ("aborts", _stopped(aws)),
        ("counted", _counted(capsys.readouterr().out)),
    ):
        if shown in case.given:
            assert seen == case.given[shown], shown
    if case.ends is None:
        assert _stopped(aws) == case.given.get("aborts", [])


def _stopped(aws: Aws) -> list[str]:
    """Give the jobs whose executions were stopped, in the order of their ids."""
    arn = next(one["stateMachineArn"] for one in aws.stepfunctions.list_state_machines()["stateMachines"])
    return sorted(
        one["name"].removeprefix("fp-")
        for one in aws.stepfunctions.list_executions(stateMachineArn=arn, statusFilter="ABORTED")["executions"]
    )


def _counted(logged: str) -> list[str]:
    lines = [json.loads(line) for line in logged.splitlines() if '"_aws"' in line]
    return [f"Errors {line['source']}" for line in lines if "Errors" in line]


def test_a_record_that_fails_harms_no_other(aws: Aws, load: Callable[..., Handler]) -> None:
    known = publish(aws, {"phixflow": {"per_record": True}})
    gateway, recorder = load("GatewayFunction"), load("RecordCompletionFunction")
    ends = {
        "1": {"status": "SUCCEEDED", "output": '{"id":1}'},
        "2": {"status": "FAILED", "error": "Refused", "cause": "Record 2 is no good."},
    }

    def end_each() -> None:
        rows = {job_id: aws.job(job_id) for job_id in aws.jobs()}
        for job_id, row in rows.items():
            if row.get("status") == "RUNNING":
                mine = ends[json.loads(row["input"])["body"]]
                _end_one(aws, recorder, job_id, mine)

    aws.clock.meanwhile = end_each
    too_large = json.dumps("x" * 262_144)
    request = (
        "POST /phixflow/api/1/action/MyApp/My%20API/trigger HTTP/1.1\n"
        f"Authorization: Bearer {known['KEY']}\n\n[1,{too_large},2]"
    )
    answer = gateway(event_of(request, REQUEST_IDS[0]), None)
    size = answer["body"].partition("The input is ")[2].partition(" ")[0]
    assert_answer(
        answer,
        "HTTP/1.1 200\nContent-Type: application/json\n\n"
        '{"success":false,"message":"2 of 3 records failed","records":['
        '{"success":true,"processId":"d9d3332f-16ba-8481-b174-633de1d43b35","message":"Success",'
        '"data":{"output":{"id":1}}},'
        f'{{"success":false,"message":"The input is {size} bytes; Step Functions takes at most 262144 bytes (256 KiB). '
        'Put large data in S3 and send its key."},'
        '{"success":false,"processId":"81310faf-c76c-8dba-ae5a-4caeba9878c6","message":"Record 2 is no good."}]}',
    )


def _end_one(aws: Aws, recorder: Handler, job_id: str, outcome: Mapping[str, Any]) -> None:
    """End one job's execution, as EventBridge reports it; the others are left as they are."""
    only = _OnlyOne(aws, job_id)
    end_running(only, recorder, outcome)  # type: ignore[arg-type]


class _OnlyOne:
    """AWS with one job in it."""

    def __init__(self, aws: Aws, job_id: str) -> None:
        self._aws, self._job_id = aws, job_id

    def jobs(self) -> list[str]:
        return [self._job_id]

    def job(self, job_id: str) -> dict[str, Any]:
        return self._aws.job(job_id)


def test_more_records_than_one_call_takes_are_refused_before_anything_is_started(
    aws: Aws, load: Callable[..., Handler]
) -> None:
    known = publish(aws, {"phixflow": {"per_record": True}})
    request = (
        "POST /phixflow/api/1/action/MyApp/My%20API/trigger HTTP/1.1\n"
        f"Authorization: Bearer {known['KEY']}\n\n[{','.join('1' * 101)}]"
    )
    assert_answer(
        load("GatewayFunction")(event_of(request, REQUEST_IDS[0]), None),
        "HTTP/1.1 400\n\n"
        '{"success":false,"message":"The body has 101 records; one call takes at most 100. Send them in parts."}',
    )
    assert aws.jobs() == []


def test_a_body_that_no_workflow_can_take_is_refused(aws: Aws, load: Callable[..., Handler]) -> None:
    known = publish(aws, {})
    head = f"POST /phixflow/api/1/action/MyApp/My%20API/trigger HTTP/1.1\nAuthorization: Bearer {known['KEY']}\n\n"
    gateway = load("GatewayFunction")
    large = gateway(event_of(head + "x" * 262_144, REQUEST_IDS[0]), None)
    assert large["statusCode"] == 413
    assert json.loads(large["body"])["message"].startswith("The input is 262")
    binary = event_of(head, REQUEST_IDS[1]) | {"body": "/w==", "isBase64Encoded": True}
    assert_answer(
        gateway(binary, None),
        "HTTP/1.1 400\nContent-Type: application/json\n\n"
        '{"success":false,"message":"The body is not UTF-8: byte 0 cannot be read. Send binary data as base64."}',
    )
    assert aws.jobs() == []
