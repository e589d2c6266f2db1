"""WorkfloPlus's literal exchanges."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowport.adapters.items import decode_item
from flowport.domain.callbacks import key_of_name
from flowport.domain.records import Credential, Endpoint, client_key
from flowport.domain.tokens import secret_hash
from flowport.settings import Settings
from flowport.wiring import Parts
from tests.functional.dialects.cases import Case, event_of, play, read_cases
from tests.functional.harness import EXPRESS_ARN, STANDARD_ARN, Aws, Handler, token_credential

CASES = read_cases("workfloplus")
WORKFLOW = Endpoint(
    "default",
    "samples",
    "field-job",
    standard_arn=STANDARD_ARN,
    aliases=("workfloplus:b62f2507-b4e7-4248-83d3-29c03a158fbe", "workfloplus:w1"),
)
OTHERS = (
    replace(WORKFLOW, name="long", aliases=()),
    replace(WORKFLOW, name="express", standard_arn=None, express_arn=EXPRESS_ARN, aliases=("workfloplus:express",)),
    replace(WORKFLOW, name="forgets", keep_payloads_days=0, aliases=("workfloplus:forgets",)),
    replace(WORKFLOW, name="off", enabled=False, aliases=("workfloplus:off",)),
)
# Clients, by the placeholders of their tokens.
CLIENTS = {
    "TOKEN": ("fpc_default_00000000000000000001", ("workflow.execute", "job.read", "job.read_all", "job.modify")),
    "READ": ("fpc_default_00000000000000000002", ("job.read",)),
    "EXECUTE": ("fpc_default_00000000000000000003", ("workflow.execute",)),
}


def clients(aws: Aws) -> None:
    """Make the clients and the key that signs their tokens."""
    parts = Parts(Settings.from_environment(), aws.clients())
    parts.signing_keys.put("default/flowport", "k" * 44, replaces=None)
    for client_id, scopes in CLIENTS.values():
        key = client_key("default", client_id)
        hashed = secret_hash("fps_all")
        aws.put(Credential(key, "client", "default", client_id, "field app", scopes, secret_hash=hashed))


def token_of(gateway: Handler, client_id: str) -> str:
    """Exchange a client's secret as a client does."""
    form = f"grant_type=client_credentials&client_id={client_id}&client_secret=fps_all"
    head = "POST /connect/token HTTP/1.1\ncontent-type: application/x-www-form-urlencoded"
    answer = gateway(event_of(f"{head}\n\n{form}", "TokenRequest="), None)
    document = json.loads(answer["body"])
    assert list(document) == ["access_token", "expires_in", "token_type"]
    assert (document["expires_in"], document["token_type"]) == (3600, "Bearer")
    return str(document["access_token"])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_workfloplus(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    published.put(WORKFLOW, *OTHERS, token_credential(scopes=("run", "jobs:read", "workflow.execute")))
    gateway, recorder = load("GatewayFunction"), load("RecordCompletionFunction")
    clients(published)
    known = {name: token_of(gateway, client_id) for name, (client_id, _) in CLIENTS.items()}
    play(case, published, gateway, recorder, known)
    _look(case, published)


def _look(case: Case, aws: Aws) -> None:
    """Look at what is not told: the job's end, how often something was started, the answer to what the run parks."""
    rows = [row for job_id in aws.jobs() if (row := aws.job(job_id))]
    executions = aws.stepfunctions.list_executions(stateMachineArn=STANDARD_ARN)["executions"]
    if "ended" in case.given:
        (row,) = [row for row in rows if row.get("client_job_id") == case.given["ended"]]
        assert (row["status"], row["cause"]) == (case.given["status"], case.given["cause"])
        assert "open_shard" not in row
        assert len(executions) == case.given.get("started", len(executions))
        assert {one["status"] for one in executions} <= {"ABORTED"}
    if "answers" in case.given:
        (row,) = [row for row in rows if row.get("client_job_id") == case.given["answers"]]
        callback = _item(aws, key_of_name(row["job_id"], "completion"), "callback")
        assert callback["status"] == "ANSWERED"
        assert json.loads(callback["body"])["metadata"]["status"] == "Completed"
        assert len(executions) == 1


def _item(aws: Aws, partition: str, item: str) -> dict[str, Any]:
    key = {"job_id": {"S": partition}, "item": {"S": item}}
    return decode_item(aws.dynamodb.get_item(TableName="JobsTable", Key=key)["Item"])
