"""A signed token is good in the family that gave it out, and in no other."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jwt
import pytest

from flowport.domain.records import Credential, Endpoint, client_key, user_key
from flowport.domain.tokens import secret_hash
from flowport.settings import Settings
from flowport.wiring import Parts
from tests.functional.dialects.cases import event_of
from tests.functional.harness import NOW, STANDARD_ARN, Aws, Handler

KEY = "a signing key of more than 32 bytes"
# "123" as Argon2 keeps it, written out: a token holds a mark of it.
HASH = "$argon2id$v=19$m=19456,t=2,p=1$GRQJGDwbgDn9l1rIEa0z1g$0M20PFQ8wMKTL1bSsAQ3iU54yIfn1s7ijT5gvLKgNxw"
ALL = ("run", "jobs:read", "workflow.execute", "job.read", "job.read_all")
CLIENT_ID = "fpc_default_00000000000000000001"
CLIENT = Credential(
    client_key("default", CLIENT_ID), "client", "default", CLIENT_ID, "field app", ALL, secret_hash=secret_hash("fps_x")
)
ROOT = Credential(user_key("default", "root"), "user", "default", "root", "root", ALL, password_hash=HASH, brought=True)
FORM = f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret=fps_x"
REFUSED = (
    "The credential is not valid: unknown, mistyped, revoked or expired. The workspace's administrator can give you "
    "another."
)


@pytest.fixture
def gateway(aws: Aws, load: Callable[..., Handler], published: Aws) -> Handler:
    del published
    aws.put(Endpoint("default", "samples", "w", standard_arn=STANDARD_ARN, aliases=("nebulagraph:7",)), CLIENT, ROOT)
    handler = load("GatewayFunction")
    Parts(Settings.from_environment(), aws.clients()).signing_keys.put("default/flowport", KEY, replaces=None)
    return handler


def _of_workfloplus(gateway: Handler) -> str:
    answer = gateway(event_of(f"POST /connect/token HTTP/1.1\n\n{FORM}", "A="), None)
    assert answer["statusCode"] == 200, answer["body"]
    return str(json.loads(answer["body"])["access_token"])


def _of_explorer(gateway: Handler) -> str:
    connect = "POST /api-open/v1/connect HTTP/1.1\nAuthorization: Bearer cm9vdDoxMjM="
    cookie = gateway(event_of(connect, "B="), None)["headers"]["Set-Cookie"]
    return str(cookie.partition(";")[0].removeprefix("explorer_token="))


def _workfloplus_takes(gateway: Handler, token: str) -> tuple[int, Any]:
    asked = f"GET /jobs/v1/my HTTP/1.1\nAuthorization: Bearer {token}"
    answer = gateway(event_of(asked, "C="), None)
    return answer["statusCode"], json.loads(answer["body"])


def _explorer_takes(gateway: Handler, token: str, field: str = "Cookie: explorer_token=") -> tuple[int, Any]:
    answer = gateway(event_of(f"GET /api-open/v1/jobs HTTP/1.1\n{field}{token}", "D="), None)
    return answer["statusCode"], json.loads(answer["body"])


def test_a_workfloplus_token_opens_no_explorer(gateway: Handler) -> None:
    token = _of_workfloplus(gateway)
    assert _workfloplus_takes(gateway, token) == (200, [])
    for field in ("Cookie: explorer_token=", "explorer_token: "):
        assert _explorer_takes(gateway, token, field) == (401, {"code": 40104000, "message": REFUSED})


def test_an_explorers_token_opens_no_workfloplus(gateway: Handler) -> None:
    token = _of_explorer(gateway)
    assert _explorer_takes(gateway, token)[0] == 200
    assert _workfloplus_takes(gateway, token) == (401, {"message": REFUSED, "errors": []})


@pytest.mark.parametrize(
    ("audience", "workfloplus", "explorer"),
    [
        (None, 200, 200),  # as they were issued before
        ("workfloplus", 200, 401),
        (["nebulagraph", "elsewhere"], 401, 200),
        (["workfloplus", "nebulagraph"], 200, 200),
        ("elsewhere", 401, 401),
        ([], 401, 401),
        (7, 401, 401),
    ],
)
def test_a_token_that_names_no_family_is_good_in_both_and_any_other_where_it_says(
    gateway: Handler, audience: Any, workfloplus: int, explorer: int
) -> None:
    claims = {"sub": "user:root", "ws": "default", "exp": NOW // 1000 + 60, "gen": ROOT.generation}
    token = jwt.encode(claims | ({} if audience is None else {"aud": audience}), KEY, algorithm="HS256")
    assert _workfloplus_takes(gateway, token)[0] == workfloplus
    assert _explorer_takes(gateway, token)[0] == explorer


def test_a_brought_user_that_is_limited_to_its_endpoints_reaches_no_other_by_connecting(
    gateway: Handler, aws: Aws
) -> None:
    other = Endpoint("default", "samples", "other", standard_arn=STANDARD_ARN, aliases=("nebulagraph:8",))
    aws.put(other, replace(ROOT, endpoints=("samples/w",)))
    token = _of_explorer(gateway)

    def added(workflow: int) -> tuple[int, Any]:
        head = f"Content-Type: application/json\nCookie: explorer_token={token}"
        call = event_of(f"POST /api-open/v1/workflows/{workflow}/jobs HTTP/1.1\n{head}\n\n{{}}", f"E{workflow}=")
        answer = gateway(call, None)
        return answer["statusCode"], json.loads(answer["body"])

    assert added(7) == (200, {"code": 0, "data": {"id": 1}, "message": "Success"})
    refused = {"code": 40304000, "message": "The credential is limited to other endpoints than 'samples/other'."}
    assert added(8) == (403, refused)


def test_a_token_keeps_the_shape_that_the_clients_know(gateway: Handler) -> None:
    claims = jwt.decode(_of_workfloplus(gateway), KEY, algorithms=["HS256"], audience="workfloplus", options=_ANY_TIME)
    assert sorted(claims) == ["aud", "exp", "gen", "iat", "iss", "scope", "sub", "ws"]
    claims = jwt.decode(_of_explorer(gateway), KEY, algorithms=["HS256"], audience="nebulagraph", options=_ANY_TIME)
    assert (claims["aud"], claims["sub"]) == ("nebulagraph", "user:root")


_ANY_TIME: Any = {"verify_exp": False, "verify_iat": False}
