"""What lies in the tables while we measure, and the requests that callers send."""

import base64
import time
from typing import Any

from bench.environment import ACCOUNT, REGION, TABLES
from bench.loopback import Items
from flowport.adapters import directory_items as items
from flowport.adapters.attempts_table import guard_item_key
from flowport.adapters.items import encode_item
from flowport.adapters.passwords import Argon2Passwords
from flowport.domain.guard import at_address_key, partition_of, succeeded
from flowport.domain.records import Credential, Endpoint, Workspace, user_key
from flowport.domain.tokens import new_token

_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:"
EXPRESS_ARN = _ARN + "quote-express"
STANDARD_ARN = _ARN + "quote-standard"
INPUT = '{"items":[{"sku":"tea","quantity":2},{"sku":"mug","quantity":1}],"currency":"EUR","discount_percent":10}'
OUTPUT = '{"currency":"EUR","lines":2,"subtotal_cents":2150,"discount_cents":215,"total_cents":1935}'
LARGE = '{"text":"' + "x" * 20_000 + '"}'

# API Gateway's extended request id; a job's id follows from it.
REQUEST_ID = "NvWWKHZuoAMEdQg="
TOKEN = new_token("default")
_CALLER = "203.0.113.7"
_ADDRESS = at_address_key(partition_of(user_key("default", "ci")), _CALLER)
_PASSWORD = "correct horse battery staple"  # noqa: S105  # made up
BEARER = f"Bearer {TOKEN.text}"
BASIC = "Basic " + base64.b64encode(f"default/ci:{_PASSWORD}".encode()).decode()


def rows() -> Items:
    """Give the directory: one workspace, three endpoints, a token and a user."""
    at = 1_795_314_000_000
    now = time.time_ns() // 1_000_000  # a use is noted once an hour: these were noted just now
    common: dict[str, Any] = {"workspace": "default", "module": "billing", "created_at": at, "updated_at": at}
    endpoints = (
        Endpoint(name="quote", express_arn=EXPRESS_ARN, title="Prices a basket", **common),
        Endpoint(name="quote-standard", standard_arn=STANDARD_ARN, title="Prices a basket", **common),
        Endpoint(name="quote-user", express_arn=EXPRESS_ARN, auth=("password",), **common),
    )
    credentials = (
        Credential(
            TOKEN.key, "token", "default", "tok_7Xk2", "ci", ("run", "jobs:read"), created_at=at, last_used_at=now
        ),
        Credential(
            user_key("default", "ci"),
            "user",
            "default",
            "ci",
            "ci",
            ("run",),
            password_hash=_hash(),
            created_at=at,
            last_used_at=now,
        ),
    )
    return {
        TABLES["ENDPOINTS_TABLE"]: [
            encode_item(items.workspace_row(Workspace("default", "Default", "active", at))),
            *(encode_item(items.endpoint_row(endpoint)) for endpoint in endpoints),
        ],
        TABLES["CREDENTIALS_TABLE"]: [encode_item(items.credential_row(credential)) for credential in credentials],
        # The user came from this address before: that is noted once a day.
        TABLES["JOBS_TABLE"]: [
            {**guard_item_key(_ADDRESS), **encode_item({"known_until": succeeded(now).known_until})}
        ],
    }


def _hash() -> str:
    return Argon2Passwords().hash(_PASSWORD)


def request(method: str, path: str, *, auth: str = BEARER, body: str | None = None, prefer: str = "") -> dict[str, Any]:
    """Give the event that API Gateway makes of a request (REST API, payload format 1.0)."""
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Authorization": auth,
        "Content-Type": "application/json",
        "Host": f"a1b2c3d4e5.execute-api.{REGION}.amazonaws.com",
        "User-Agent": "python-httpx/0.28.1",
        "X-Amzn-Trace-Id": "Root=1-6f4c9c3e-3f2a1b4c5d6e7f8091a2b3c4",
        "X-Forwarded-For": _CALLER,
        "X-Forwarded-Port": "443",
        "X-Forwarded-Proto": "https",
    } | ({"Prefer": prefer} if prefer else {})
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": {"proxy": path.removeprefix("/")},
        "stageVariables": None,
        "requestContext": {
            "resourceId": "abc123",
            "resourcePath": "/{proxy+}",
            "httpMethod": method,
            "extendedRequestId": REQUEST_ID,
            "requestTime": "22/Nov/2026:02:19:59 +0000",
            "path": f"/bench{path}",
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": "bench",
            "domainPrefix": "a1b2c3d4e5",
            "requestTimeEpoch": 1_795_314_000_000,
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "identity": {"sourceIp": _CALLER, "userAgent": "python-httpx/0.28.1"},
            "domainName": f"a1b2c3d4e5.execute-api.{REGION}.amazonaws.com",
            "apiId": "a1b2c3d4e5",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def completion(execution_arn: str, output: str) -> dict[str, Any]:
    """Give EventBridge's event of a Standard execution that succeeded."""
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": ACCOUNT,
        "time": "2026-11-22T02:20:00Z",
        "region": REGION,
        "resources": [execution_arn],
        "detail": {
            "executionArn": execution_arn,
            "stateMachineArn": STANDARD_ARN,
            "name": execution_arn.rpartition(":")[2],
            "status": "SUCCEEDED",
            "startDate": 1_795_314_000_100,
            "stopDate": 1_795_314_000_400,
            "input": INPUT,
            "output": output,
            "inputDetails": {"included": True},
            "outputDetails": {"included": True},
            "error": None,
            "cause": None,
        },
    }
