"""NebulaGraph Explorer's literal exchanges: the examples of its workflow API's pages, and what its contract adds."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from botocore.awsrequest import AWSResponse

from flowport import wiring
from flowport.domain.parameters import parameters_of
from flowport.domain.records import Credential, Endpoint, user_key
from tests.functional.dialects.cases import Case, end_running, play, read_cases
from tests.functional.harness import EXPRESS_ARN, NOW, STANDARD_ARN, Aws, Handler

CASES = read_cases("nebulagraph")
KEY = "a signing key of more than 32 bytes"
# "123" as Argon2 keeps it, written out: a token holds a mark of it.
HASH = "$argon2id$v=19$m=19456,t=2,p=1$GRQJGDwbgDn9l1rIEa0z1g$0M20PFQ8wMKTL1bSsAQ3iU54yIfn1s7ijT5gvLKgNxw"
ALL = ("run", "jobs:read", "jobs:write")
WORKFLOW = Endpoint(
    "default", "samples", "workflow_q745a", standard_arn=STANDARD_ARN, aliases=("nebulagraph:4216617528",)
)
OTHERS = (
    replace(WORKFLOW, name="Käse/50%", aliases=("nebulagraph:3992429968",)),
    replace(WORKFLOW, name="express", standard_arn=None, express_arn=EXPRESS_ARN, aliases=("nebulagraph:1",)),
    replace(WORKFLOW, name="disabled", enabled=False, aliases=("nebulagraph:2",)),
    replace(WORKFLOW, name="gone", standard_arn=STANDARD_ARN + "-gone", aliases=("nebulagraph:3",)),
    replace(WORKFLOW, name="open", auth=("none",), aliases=("nebulagraph:4",)),
    replace(WORKFLOW, name="get", methods=("GET",), aliases=("nebulagraph:5",)),
)


def user(name: str, scopes: tuple[str, ...], **members: Any) -> Credential:
    record = Credential(
        user_key("default", name), "user", "default", name, name, scopes, password_hash=HASH, brought=True
    )
    return replace(record, **members)


ROOT, ANN = user("root", ALL), user("ann", ("run",))
USERS = (
    ROOT,
    ANN,
    user("reader", ("jobs:read",)),
    user("revoked", ALL, revoked_at=1),
    user("over", ALL, expires_at=1),
)


def token(of: Credential, *, expires_at: int = NOW // 1000 + 3600, key: str = KEY, **claims: Any) -> str:
    claimed = {"sub": of.principal, "ws": "default", "exp": expires_at, "gen": of.generation} | claims
    return jwt.encode(claimed, key, algorithm="HS256")


KNOWN = {
    "TOKEN": token(ROOT),
    "ANN": token(ANN),
    "READER": token(USERS[2]),
    "REVOKED": token(USERS[3]),
    "EXPIRED": token(ROOT, expires_at=NOW // 1000),
    "FORGED": token(ROOT, key="another key of more than 32 bytes!!"),
    "OLD_PASSWORD": token(ROOT, gen="of another password"),
    "ELSEWHERE": token(ROOT, ws="other"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_nebulagraph(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    published.put(replace(WORKFLOW, **members(case.given)), *OTHERS, *USERS)
    if "key" not in case.given or case.given["key"]:
        key = case.given.get("key", KEY)
        published.secrets.create_secret(Name="flowport/flowport/keys/default/flowport", SecretString=key)
    if "last_number" in case.given:
        counter = {"job_id": {"S": "number#default#nebulagraph"}, "item": {"S": "counter"}}
        last = {"last": {"N": str(case.given["last_number"])}}
        published.dynamodb.put_item(TableName="JobsTable", Item=counter | last)
    refuse(case.given.get("throttled", {}))
    answer_history(case.given.get("history", []))
    known = dict(KNOWN)
    gateway, recorder = load("GatewayFunction"), load("RecordCompletionFunction")

    def ending(event: Mapping[str, Any], context: object) -> Any:
        """Let time pass after a call, and the executions end that the case lets end."""
        answer = gateway(event, context)
        if (cookie := answer["headers"].get("Set-Cookie")) is not None:
            known["CONNECTED"] = cookie.partition(";")[0].partition("=")[2]
        published.clock.slept += case.given.get("seconds", 0)
        if (outcome := case.given.get("then")) and event["httpMethod"] == "POST":
            end_running(published, recorder, outcome)
        return answer

    play(case, published, ending, recorder, known)
    if "workflow_gets" in case.given:
        assert inputs(published) == case.given["workflow_gets"]


def members(given: Mapping[str, Any]) -> dict[str, Any]:
    """Make the workflow's members of a case's `given`."""
    made: dict[str, Any] = {}
    if "parameters" in given:
        made["parameters"] = parameters_of(given["parameters"])
    if "keep_payloads_days" in given:
        made["keep_payloads_days"] = given["keep_payloads_days"]
    return made


def inputs(aws: Aws) -> list[str]:
    """Give what the executions were started with, in order."""
    found = aws.stepfunctions.list_executions(stateMachineArn=STANDARD_ARN)["executions"]
    texts = [aws.stepfunctions.describe_execution(executionArn=one["executionArn"])["input"] for one in found]
    return sorted(texts)


def refuse(throttled: Mapping[str, int]) -> None:
    """Let AWS refuse calls as too many, after the first few of each."""
    clients = wiring.Clients()
    made = {"dynamodb": clients.dynamodb(), "sfn": clients.executions()}
    seen: Counter[str] = Counter()
    for call, after in throttled.items():

        def answer(call: str = call, after: int = after, **_: object) -> Any:
            seen[call] += 1
            return answered(400, {"Error": {"Code": "ThrottlingException"}}) if seen[call] > after else None

        service = call.partition(".")[0]
        made[service].meta.events.register(f"before-call.{call}", answer, unique_id=f"{call}{id(seen)}")


def answer_history(events: list[dict[str, Any]]) -> None:
    """Let GetExecutionHistory give these events: {type, name, output, at}, `at` in milliseconds after NOW."""

    def answer(**_: object) -> Any:
        made = []
        for number, event in enumerate(events, 1):
            details = {name: event[name] for name in ("name", "output", "error", "cause") if name in event}
            made.append(
                {
                    "id": number,
                    "previousEventId": number - 1,
                    "type": event["type"],
                    "timestamp": datetime.fromtimestamp((NOW + event.get("at", 0)) / 1000, UTC),
                    "stateEventDetails": details,
                }
            )
        return answered(200, {"events": made})

    wiring.Clients().executions().meta.events.register("before-call.sfn.GetExecutionHistory", answer)


def answered(status: int, parsed: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    parsed["ResponseMetadata"] = {"HTTPStatusCode": status}
    return AWSResponse("https://aws.invalid", status, {}, None), parsed  # type: ignore[arg-type]


def test_the_pages_lengths_are_those_of_the_literal_answers() -> None:
    bodies = {case: [exchange["response"] for exchange in CASES[case].exchanges] for case in CASES}
    added = bodies["The page's example, byte for byte"][0].partition("\n\n")[2].strip("\n")
    assert (json.loads(added)["data"], len(added)) == ({"id": 107}, 48)
