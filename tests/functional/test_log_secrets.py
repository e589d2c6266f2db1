"""No secret is in any log: every exchange of every dialect and every admin route, with secrets in every place."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from flowport.admin.routes import ROUTES
from flowport.domain.records import Endpoint
from tests.functional.admin_harness import Admin
from tests.functional.dialects.cases import REQUEST_IDS, event_of, read_cases
from tests.functional.harness import EXPRESS_ARN, PASSWORD, STANDARD_ARN, TOKEN, Aws, Handler, event

DIALECTS = ("native", "iolinker", "phixflow", "workfloplus", "theeye", "nebulagraph")
MARK = "s3cr3tmark"
# One for each place, so that a finding says where it came from.
PLACES = {
    "token": f"fp_default_{MARK}tokenAAAAAAAAAAAAAAAAAAAAAAAAA",
    "brought": f"{MARK}-brought-token",
    "password": f"{MARK}-password",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(f'{{"sub":"{MARK}"}}'.encode()).decode() + f".{MARK}-sig",
    "query": f"{MARK}-query",
    "header": f"{MARK}-header",
    "body": f"{MARK}-body",
    "callback": f"cb_{MARK}callbackAAAAAAAAAAAAAAAAAAAAAAAA",
    "cookie": f"{MARK}-cookie",
    "user": f"{MARK}-user",
    "client": f"{MARK}-client-secret",
}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


BASIC = _base64(f"default/ada:{PLACES['password']}")
# NebulaGraph Explorer's account in its two forms, and a WorkfloPlus client's secret in a header.
ACCOUNT = _base64(f"root:{PLACES['password']}")
ACCOUNT_LIST = _base64(f'["root","{PLACES["password"]}"]')
CLIENT = _base64(f"fpc_default_00000000000000000001:{PLACES['client']}")
AUTHORIZATIONS = {
    "as it is": None,
    "bearer": f"Bearer {PLACES['token']}",
    "signed": f"Bearer {PLACES['jwt']}",
    "basic": f"Basic {BASIC}",
    "brought": PLACES["brought"],
    "account": f"Bearer {ACCOUNT}",
    "account as a list": f"Bearer {ACCOUNT_LIST}",
    "client": f"Basic {CLIENT}",
}
# What must be in no line: the secrets, in clear and as they are carried.
SECRETS = (
    *(MARK, BASIC, ACCOUNT, ACCOUNT_LIST, CLIENT, base64.urlsafe_b64encode(f'{{"sub":"{MARK}"}}'.encode()).decode()),
    *(TOKEN[-36:], PASSWORD, _base64(f"default/ada:{PASSWORD}")),
)
# A family's own headers: iolinker's, and NebulaGraph Explorer's.
OWN_HEADERS = {
    "token": PLACES["brought"],
    "user": PLACES["user"],
    "password": PLACES["password"],
    "explorer_token": PLACES["jwt"],
}


def _requests(dialect: str) -> dict[str, str]:
    """Every request of a dialect's cases, by its method and path; what a test alone can make is a secret, too."""
    found: dict[str, str] = {}
    for case in read_cases(dialect).values():
        for exchange in case.exchanges:
            request = re.sub(r"\{[A-Z_]+\}", PLACES["callback"], exchange["request"])
            found.setdefault(" ".join(request.split(" ")[:2]).partition("?")[0], request)
    return found


def _spiked(request: str, authorization: str | None) -> str:
    """Put secrets into a request: query, headers, body, and the credential."""
    head, _, body = request.partition("\n\n")
    first, *fields = head.splitlines()
    method, target, version = first.split(" ")
    query = "&".join(f"{name}={PLACES['query']}" for name in ("access_token", "token", "secret", "password", "x"))
    own = {field.partition(":")[0].lower() for field in fields}
    fields = [field for field in fields if authorization is None or not field.lower().startswith("authorization")]
    fields += [f"{name}: {value}" for name, value in OWN_HEADERS.items() if name not in own]
    fields += [] if authorization is None else [f"Authorization: {authorization}"]
    fields += [
        f"Cookie: session={PLACES['header']}; explorer_token={PLACES['cookie']}",
        f"X-Api-Key: {PLACES['header']}",
        f"Idempotency-Key: {PLACES['header']}{len(head)}",
        f"Callback-Url: https://hooks.example.com/{PLACES['header']}?k={PLACES['header']}",
        f"Flowport-Labels: k={PLACES['header']}",
    ]
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if isinstance(value, dict):
        secret = dict.fromkeys(("password", "note", "access_token", "client_secret"), PLACES["body"])
        body = json.dumps({**value, **secret})
    elif "grant_type=" in body:
        body = re.sub(r"client_secret=[^&\s]*", f"client_secret={PLACES['client']}", body)
    target = f"{target}{'&' if '?' in target else '?'}{query}"
    return "\n".join([f"{method} {target} {version}", *fields]) + "\n\n" + body


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[str]]:
    """What was written to stdout and stderr since the last look, which is what CloudWatch gets."""

    def read() -> list[str]:
        captured = capsys.readouterr()
        return (captured.out + captured.err).splitlines()

    return read


def _assert_clean(written: list[str], what: str) -> None:
    for line in written:
        for secret in SECRETS:
            assert secret not in line, f"{what}: {line}"


def _published(aws: Aws) -> None:
    """Endpoints as the dialects' own tests have them, so that requests come far enough to be refused late."""
    aws.put(
        Endpoint("default", "samples", "rest-api-response", express_arn=EXPRESS_ARN, aliases=("theeye:61f42a86d3c1",)),
        Endpoint("default", "samples", "long", standard_arn=STANDARD_ARN, callback_hosts=("hooks.example.com",)),
        replace(
            Endpoint("default", "samples", "open", express_arn=EXPRESS_ARN, auth=("none",)),
            callback_hosts=("hooks.example.com",),
        ),
    )


@pytest.mark.parametrize("authorization", AUTHORIZATIONS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_request_of_any_dialect_leaves_a_secret_in_the_log(
    published: Aws, load: Callable[..., Handler], lines: Callable[[], list[str]], dialect: str, authorization: str
) -> None:
    _published(published)
    published.sync_executions.answer = {"status": "FAILED", "error": "Boom", "cause": PLACES["body"]}
    gateway = load("GatewayFunction")
    lines()
    requests = _requests(dialect)
    assert requests
    for route, request in requests.items():
        gateway(event_of(_spiked(request, AUTHORIZATIONS[authorization]), REQUEST_IDS[0]), None)
        written = lines()
        assert written or route.startswith("OPTIONS "), route
        _assert_clean(written, route)


@pytest.mark.parametrize("fault", ["JobsTable", "EndpointsTable"])
def test_no_failure_of_ours_leaves_a_secret_in_the_log(
    published: Aws, load: Callable[..., Handler], lines: Callable[[], list[str]], fault: str
) -> None:
    gateway = load("GatewayFunction")
    published.dynamodb.delete_table(TableName=fault)
    lines()
    for name, request in _requests("native").items():
        gateway(event_of(_spiked(request, None), REQUEST_IDS[0]), None)
        _assert_clean(lines(), name)


@pytest.mark.parametrize("path", ["/v1/callbacks/{}", "/v1/jobs/{}", "/callbacks/{}", "/x/{}", "/v1/callbacks/{}/more"])
@pytest.mark.parametrize("place", ["callback", "token"])
def test_a_credential_in_a_path_is_masked(
    published: Aws, load: Callable[..., Handler], lines: Callable[[], list[str]], path: str, place: str
) -> None:
    del published
    gateway = load("GatewayFunction")
    lines()
    gateway(event_of(f"POST {path.format(PLACES[place])} HTTP/1.1\ncontent-type: application/json\n\n{{}}", "x"), None)
    written = lines()
    assert any('"message":"request"' in line for line in written)
    _assert_clean(written, path)


def test_no_admin_route_leaves_a_secret_in_the_log(
    aws: Aws, load: Callable[..., Handler], lines: Callable[[], list[str]]
) -> None:
    admin = Admin(aws, load("AdminFunction"))
    bodies: tuple[Mapping[str, Any], ...] = (
        {"name": "ann", "password": PLACES["password"], "scopes": ["run"]},
        {"name": "ci", "scopes": ["run"], "value": PLACES["brought"]},
        {"value": PLACES["body"] * 3},
        {"password": PLACES["password"] + "-long-enough"},
        {"unknown": PLACES["body"], "sample": PLACES["body"]},
    )
    headers = {"Cookie": PLACES["header"], "X-Api-Key": PLACES["header"]}
    for route in ROUTES:
        for method in route.methods:
            for name in ("ann", PLACES["token"]):
                for body in bodies:
                    path = "/".join(part.replace("{}", name) for part in route.pattern)
                    path = path.replace("keys/ann", "keys/flowport")
                    admin.call(method, path, body, query={"token": [PLACES["query"]]}, headers=headers)
                    _assert_clean(lines(), f"{method} {path}")


def test_a_line_says_which_job_of_which_endpoint_and_for_whom(
    published: Aws, load: Callable[..., Handler], lines: Callable[[], list[str]]
) -> None:
    del published
    gateway = load("GatewayFunction")
    lines()
    answer = gateway(event("apigateway/run_sync"), None)
    gateway(event("apigateway/read_job", path=f"/v1/jobs/{answer['headers']['Flowport-Job-Id']}"), None)
    gateway(event("apigateway/run_without_credential"), None)
    run, read, nobody = [json.loads(line) for line in lines() if '"message":"request"' in line]
    who = {"workspace": "default", "endpoint": "samples/quote", "principal": "token:tok_example"}
    assert run | who | {"job_id": answer["headers"]["Flowport-Job-Id"]} == run
    assert read | who == read
    assert (nobody["endpoint"], nobody["principal"]) == ("samples/quote", "anonymous")
