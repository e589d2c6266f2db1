"""What lets a caller in is not given to the workflow, whichever family it belongs to and wherever it was sent."""

import base64
from collections.abc import Callable
from dataclasses import replace

import jwt
import pytest

from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.records import Credential, Endpoint, brought_token_key, client_key, user_key
from flowport.domain.tokens import secret_hash
from tests.functional.conftest import password_hash
from tests.functional.dialects.cases import event_of
from tests.functional.harness import EXPRESS_ARN, NOW, PASSWORD, STANDARD_ARN, TOKEN, Aws, Handler, token_credential

KEY = "a signing key of more than 32 bytes"
CLIENT_ID = "fpc_default_00000000000000000001"
BROUGHT = "brought-123456"
SCOPES = ("run", "jobs:read", "workflow.execute", "job.read")
CLIENT = Credential(
    client_key("default", CLIENT_ID), "client", "default", CLIENT_ID, "app", SCOPES, secret_hash=secret_hash("fps_x")
)
SIGNED = jwt.encode({"sub": CLIENT.principal, "ws": "default", "exp": NOW // 1000 + 60}, KEY, algorithm="HS256")
BASIC = base64.b64encode(f"default/ada:{PASSWORD}".encode()).decode()
ENDPOINTS = tuple(
    replace(
        Endpoint("default", "samples", name, auth=("none", "token", "password"), methods=("GET", "POST")),
        aliases=aliases,
        dialects=DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True)),
        express_arn=None if aliases else EXPRESS_ARN,
        standard_arn=STANDARD_ARN if aliases else None,
    )
    for name, aliases in (("direct", ()), ("standard", ("workfloplus:w1", "nebulagraph:7")))
)
# All of the other families' credentials at once, beside the one that counts.
OTHERS = {
    "Authorization": f"Bearer {TOKEN}",
    "Proxy-Authorization": f"Basic {BASIC}",
    "X-Api-Key": TOKEN,
    "X-Auth": f"Bearer {TOKEN}",
    "token": BROUGHT,
    "user": "ada",
    "password": PASSWORD,
    "explorer_token": SIGNED,
    "Cookie": f"a=b; explorer_token={SIGNED}",
}
SYNCED = '{"metadata":{"clientJobId":"job-1","workflowId":"w1","updated":"2026-01-01T00:00:00Z","status":"Paused"}}'
CALLS = {
    "native": ("POST /v1/run/samples/direct", {}, '{"seen":1}'),
    "native, by GET": ("GET /v1/run/samples/direct?seen=1", {}, ""),
    "native, Basic": ("POST /v1/run/samples/direct", {"Authorization": f"Basic {BASIC}"}, '{"seen":1}'),
    "iolinker, token": ("POST /v1/api/default/samples/direct", {}, '{"seen":1}'),
    "iolinker, user": ("GET /v1/api/default/samples/direct?seen=1", {"token": ""}, ""),
    "phixflow": (f"POST /default/api/1/action/samples/direct/trigger?seen=1&access_token={TOKEN}", {}, "seen"),
    "theeye, query": (f"POST /default/task/samples.direct/job?access_token={TOKEN}", {}, '["seen"]'),
    "theeye, the query is the argument": (f"POST /default/task/samples.direct/job?seen&access_token={TOKEN}", {}, ""),
    "theeye, body": (
        "POST /default/task/samples.direct/job",
        {"Authorization": "", "Content-Type": "application/json"},
        f'{{"seen":1,"access_token":"{TOKEN}"}}',
    ),
    "theeye, form": (
        "POST /default/task/samples.direct/job",
        {"Authorization": "", "Content-Type": "application/x-www-form-urlencoded"},
        f"seen=1&access_token={TOKEN}",
    ),
    "workfloplus": ("POST /jobs/v1/basicSync", {"Authorization": f"Bearer {SIGNED}"}, SYNCED.replace("Paused", "seen")),
    "nebulagraph": ("POST /api-open/v1/workflows/7/jobs", {}, '{"input":{"query_1":{"name":"seen"}}}'),
    "nebulagraph, header": (
        "POST /api-open/v1/workflows/7/jobs",
        {"Cookie": ""},
        '{"input":{"query_1":{"name":"seen"}}}',
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_no_credential_reaches_a_workflow_or_a_log(
    call: str, published: Aws, load: Callable[..., Handler], capsys: pytest.CaptureFixture[str]
) -> None:
    brought = replace(token_credential(), key=brought_token_key("default", BROUGHT), brought=True)
    ada = Credential(user_key("default", "ada"), "user", "default", "ada", "ada", SCOPES, password_hash=password_hash())
    published.put(*ENDPOINTS, CLIENT, brought, ada)
    published.secrets.create_secret(Name="flowport/flowport/keys/default/flowport", SecretString=KEY)
    target, own, body = CALLS[call]
    fields = {"Content-Type": "application/json"} | OTHERS | own
    head = "\n".join([f"{target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)])
    answer = load("GatewayFunction")(event_of(f"{head}\n\n{body}", "A="), None)
    # PhixFlow's run is a detached one, whose end nobody reports here.
    assert answer["statusCode"] == (504 if call == "phixflow" else 200), answer["body"]
    given, written = _given(published), "".join(capsys.readouterr())
    assert "seen" in given
    assert '"message":"request"' in written
    for secret in (TOKEN, TOKEN[-36:], BROUGHT, PASSWORD, BASIC, SIGNED, SIGNED.rpartition(".")[2]):
        assert secret not in given
        assert secret not in written


def _given(aws: Aws) -> str:
    """Give what a run was made of: its job's input, and all that was handed to Step Functions."""
    (job,) = [row for one in aws.jobs() if "input" in (row := aws.job(one))]
    standard = aws.stepfunctions.list_executions(stateMachineArn=STANDARD_ARN)["executions"]
    described = [aws.stepfunctions.describe_execution(executionArn=one["executionArn"]) for one in standard]
    handed = [str(one["input"]) for one in (*described, *aws.sync_executions.requests)]
    assert all(text == job["input"] for text in handed)
    return str(job["input"])
