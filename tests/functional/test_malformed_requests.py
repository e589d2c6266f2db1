"""Malformed requests to every route of every family: refused by what is wrong, in the family's own form."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowport.domain.dialect_settings import DialectSettings, PhixFlow
from flowport.domain.records import Credential, Endpoint, Workspace, client_key
from flowport.domain.tokens import new_token, secret_hash
from tests.functional.dialects.cases import event_of, read_cases
from tests.functional.harness import EXPRESS_ARN, NOW, STANDARD_ARN, TOKEN, Aws, Handler, token_credential

EXAMPLES: Final = 40
KEY = "a signing key of more than 32 bytes"
CLIENT_ID = "fpc_default_00000000000000000001"
SCOPES = ("run", "jobs:read", "jobs:write", "workflow.execute", "job.read", "job.read_all", "job.modify")
CLIENT = Credential(
    client_key("default", CLIENT_ID), "client", "default", CLIENT_ID, "app", SCOPES, secret_hash=secret_hash("fps_x")
)
SIGNED = jwt.encode({"sub": CLIENT.principal, "ws": "default", "exp": NOW // 1000 + 9999}, KEY, algorithm="HS256")
PHIXFLOW_TOKEN = new_token("phixflow").text
# What stands in the place of a case's own credential: one that is good, so that the call comes far.
GOOD = {"phixflow": PHIXFLOW_TOKEN, "workfloplus": SIGNED, "nebulagraph": SIGNED}
DIALECTS = ("native", "iolinker", "phixflow", "workfloplus", "theeye", "nebulagraph")

BODIES: Final[tuple[bytes, ...]] = (
    *(b"", b" ", b"{", b"[", b"nul", b"null", b"true", b"1", b'""', b"[]", b"{}", b"[[]]", b'{"a":1,"a":2}', b"{}{}"),
    *(b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e400}', b'{"a":1' + b"0" * 500 + b"}", b'"\\ud800"', b'{"\\ud800":1}'),
    *(b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"\xc3\x28", b"\x00", b'{"a":"\x00"}', b'{"a":"\\u0000"}', b"[" * 3000),
    *(
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b'"' + b"x" * 300_000 + b'"',
        b"\xf0\x9f\x8d\xb5",
        '{"é":"\u2028"}'.encode(),
    ),
    *(b'{"input":[]}', b'{"input":{"t":5}}', b'{"input":{"t":{"p":[]}}}', b'{"address":[],"port":-1}', b'{"filter":1}'),
    *(b'{"metadata":5}', b'{"metadata":{"clientJobId":5}}', b'{"metadata":{"metadata":[]},"completedSteps":{}}'),
    *(b'{"task_arguments":{}}', b'{"access_token":5}', b'{"access_token":"\\ud800"}', b'{"wait_result":[]}'),
    *(b"a=1&a=2", b"%ff=%ff", b"=&=&", b"grant_type=x", b"grant_type=client_credentials&client_id=%00&client_secret=1"),
    *(b'{"isExcluded":true}', b'{"abandonReason":7}', b"<a/>", b"a: b", b"--x\r\n\r\n--x--", b'{"inputs":[1]}'),
)
TYPES: Final = (
    *("", ";", "text/plain", "application/xml", "application/json", "application/json; charset=utf-16", "é/ü"),
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "APPLICATION/JSON", "json", "*/*"),
)
_NO_SUCH_JWT = "eyJhbGciOiJub25lIn0.{}."
FIELDS: Final[tuple[tuple[str, str], ...]] = (
    *(("Authorization", text) for text in ("", "Bearer", "Bearer  ", "Bearer a b", "Basic", "Basic !", "Digest x=y")),
    *(
        ("Authorization", f"Basic {base64.b64encode(raw).decode()}")
        for raw in (b"", b":", b"a", b"\xff:\xff", b"a/b:c")
    ),
    *(("Authorization", f"Bearer {text}") for text in ("a.b.c", "..", "é", "fp_default_", TOKEN[:-1], "x" * 9000)),
    *(
        ("Authorization", "Bearer " + _NO_SUCH_JWT.format(base64.urlsafe_b64encode(raw).decode().rstrip("=")))
        for raw in (
            b"{}",
            b"[]",
            b'{"sub":1}',
            b'{"sub":"client:x","ws":"default","exp":1e999}',
            b'{"sub":"\\ud800"}',
            b"\xff",
        )
    ),
    *(("Cookie", text) for text in ("", ";;", "explorer_token", "explorer_token=", 'explorer_token="', "=x; é=ü")),
    *(("explorer_token", text) for text in ("", "x", "a.b.c", SIGNED + "x")),
    *(("token", text) for text in ("", "é", "x" * 9000, "\u00a0", TOKEN)),
    *(("user", text) for text in ("", "é", "x" * 300, "a/b")),
    *(("password", text) for text in ("", "é", "x" * 9000)),
    *(
        ("Prefer", text)
        for text in ("wait", "wait=", "wait=x", "wait=-1", "wait=1e9", "wait=1, wait=2", "respond-async;", ",")
    ),
    *((name, text) for name in ("Idempotency-Key", "Client-Job-Id") for text in ("", "é", "x" * 300, '"', '"a')),
    *(
        ("If-None-Match", "é"),
        ("If-Match", "*"),
        ("Accept", "é"),
        ("Origin", "null"),
        ("Origin", "é"),
        ("X-Big", "x" * 9000),
    ),
    *(("Flowport-Workspace", text) for text in ("", "../..", "é", "v1", "other", "x" * 300)),
    *(("Flowport-Labels", "é"), ("Flowport-Deadline", "x"), ("Callback-Url", "x://"), ("X-Forwarded-For", ",")),
    *(("Content-Length", "-1"), ("Content-Encoding", "gzip"), ("Transfer-Encoding", "x"), ("Expect", "100-continue")),
)
QUERIES: Final = (
    *(
        "=",
        "&&",
        "a=1&a=2",
        "a",
        "%00=%00",
        "%ff=%ff",
        "%ED%A0%80=%ED%A0%80",
        "x=" + "y" * 9000,
        "timeout=",
        "timeout=x",
    ),
    *(
        "timeout=-1",
        "timeout=1&timeout=2",
        "timeout=99999999999",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=" + "9" * 40,
    ),
    *("skip=x", "skip=-1&limit=101", "page=0", "page=x", "pageSize=1001", "page=999999999", "filter=", "filter=%7B"),
    *("filter=[]", 'filter={"status":"x"}', 'filter={"name":7}', 'filter={"fromCreateTime":1e400}', "filter=%ED%A0%80"),
    *(
        "parse",
        "parse=x",
        "parse=-1",
        "parse=99999999999999999999",
        "result&full&parse",
        "counter=x",
        "counter=-1&limit=",
    ),
    *("wait=x", "wait=-1", "wait=" + "9" * 30, "view=x", "status=x", "cursor=x", "since=x", "since=9" * 9),
    *(
        "access_token=",
        "access_token=a&access_token=b",
        "access_token=%00",
        "workspace=",
        "workspace=%2F",
        "workspace=é",
    ),
    *("task_arguments=x", "task_arguments[]=%ff", "wait_result=true", "userId=%00", "labels=x", "expand=x"),
)
# What the last segment of a path may be instead.
LAST: Final = (
    *(
        "%00",
        "%ff",
        "%ED%A0%80",
        "%2F..%2F",
        "..",
        ".",
        "%",
        "%zz",
        "%25",
        "a+b",
        "x" * 3000,
        "%F0%9F%8D%B5",
        "é",
        "-1",
    ),
    *(
        "9" * 60,
        "0",
        "00000000-0000-0000-0000-000000000000",
        "arn:aws:states:us-east-1:123456789012:execution:a:b",
        "~",
    ),
)
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", "BREW")


@dataclass(frozen=True)
class Malformed:
    """What is done to a request that is good; None, or nothing, leaves it as it is."""

    body: bytes | None
    content_type: str | None
    fields: tuple[tuple[str, str], ...]
    query: str | None
    last: str | None
    method: str | None

    def event(self, request: str, own: str) -> dict[str, Any]:
        """Make API Gateway's event of it, which carries bytes that are no text as base64.

        The path stays where it fits `own`: a neighbour may be another family's, or nobody's.
        """
        head, _, body = request.partition("\n\n")
        first, *kept = head.splitlines()
        method, target, version = first.split(" ")
        path, _, query = target.partition("?")
        if self.last is not None and re.search(own, changed := f" {path.rpartition('/')[0]}/{self.last}"):
            path = changed.strip()
        ours = {name.lower() for name, _ in self.fields} | (
            {"content-type"} if self.content_type is not None else set()
        )
        kept = [field for field in kept if field.partition(":")[0].lower() not in ours]
        kept += [f"{name}: {text}" for name, text in self.fields]
        kept += [] if not self.content_type else [f"Content-Type: {self.content_type}"]
        asked = "&".join(one for one in (query, self.query) if one)
        made = event_of("\n".join([f"{self.method or method} {path}?{asked} {version}", *kept]), f"Malformed{uuid4()}=")
        raw = body.encode() if self.body is None else self.body
        return made | {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}


# Which of a file's requests are the family's own; the others look at its jobs natively.
TERRITORIES: Final[Mapping[str, str]] = {
    "native": r" /v1/(?!api/|webhook/)",
    "iolinker": r" /v1/(api|webhook)/",
    "phixflow": r"/api/1/action/",
    "workfloplus": r" /(jobs|connect)/",
    "theeye": r" /[^/]+/(task|job|status)\b",
    "nebulagraph": r" /api-open/",
}


def _some[T](values: tuple[T, ...]) -> st.SearchStrategy[T | None]:
    """Nothing, twice as often as any of them."""
    return st.none() | st.none() | st.sampled_from(values)


MALFORMED = st.builds(
    Malformed,
    body=_some(BODIES) | st.binary(max_size=40),
    content_type=_some(TYPES),
    fields=st.lists(st.sampled_from(FIELDS), max_size=2).map(tuple),
    query=_some(QUERIES),
    last=_some(LAST),
    method=_some(METHODS),
)


def routes_of(dialect: str) -> list[str]:
    """Give a request to each route that the dialect's cases call, with a credential that is good."""
    found: dict[str, str] = {}
    for case in read_cases(dialect).values():
        for exchange in case.exchanges:
            request = re.sub(r"\{[A-Z_]+\}", GOOD.get(dialect, TOKEN), exchange["request"]).rstrip("\n")
            found.setdefault(" ".join(request.split(" ")[:2]).partition("?")[0], request)
    own = re.compile(TERRITORIES[dialect])
    return [request for route, request in found.items() if own.search(route) and not route.startswith("OPTIONS ")]


@pytest.fixture
def gateway(published: Aws, load: Callable[..., Handler]) -> Handler:
    action = Endpoint("phixflow", "MyApp", "My API", express_arn=EXPRESS_ARN, aliases=("v10:My API",))
    going_on = DialectSettings(phixflow=PhixFlow(abandon_at_timeout=True))
    document = Endpoint("default", "samples", "field-job", standard_arn=STANDARD_ARN)
    published.put(
        Workspace("phixflow", "", "active", 0),
        replace(action, dialects=going_on, auth=("none", "token"), mode="async"),
        Endpoint("default", "samples", "rest-api-response", express_arn=EXPRESS_ARN, aliases=("theeye:61f42a86d3c1",)),
        replace(document, aliases=("workfloplus:b62f2507-b4e7-4248-83d3-29c03a158fbe", "workfloplus:w1")),
        replace(document, name="workflow", aliases=("nebulagraph:4216617528",)),
        CLIENT,
        token_credential(PHIXFLOW_TOKEN),
        token_credential(scopes=SCOPES),
    )
    for workspace, alias in (("default", "flowport"), ("phixflow", "phixflow-api-key")):
        published.secrets.create_secret(Name=f"flowport/flowport/keys/{workspace}/{alias}", SecretString=KEY)
    return load("GatewayFunction")


# -- the forms ---------------------------------------------------------------------------------------------------------


def _native(answer: Mapping[str, Any], document: Any) -> bool:
    return answer["headers"]["Content-Type"] == "application/problem+json" and {"type", "title", "status"} <= set(
        document
    )


def _iolinker(_: Mapping[str, Any], document: Any) -> bool:
    return list(document) == ["response"] and list(document["response"]["error"]) == ["code", "message"]


def _phixflow(_: Mapping[str, Any], document: Any) -> bool:
    return document["success"] is False and [name for name in document if name != "processId"] == ["success", "message"]


def _theeye(answer: Mapping[str, Any], document: Any) -> bool:
    if isinstance(document, str):
        return (answer["statusCode"], document) in {(401, "Unauthorized"), (408, "Request Timeout")}
    return document["status"] == answer["statusCode"] and list(document) in (
        ["message", "status"],
        ["message", "statusCode", "name", "code", "status"],
        ["message", "code", "statusCode", "name", "status"],
    )


def _workfloplus(_: Mapping[str, Any], document: Any) -> bool:
    return list(document) == ["message", "errors"] or list(document) in (["error"], ["error", "error_description"])


def _nebulagraph(answer: Mapping[str, Any], document: Any) -> bool:
    return list(document) == ["code", "message"] and document["code"] // 100_000 == answer["statusCode"]


FORMS: Final[Mapping[str, Callable[[Mapping[str, Any], Any], bool]]] = {
    "native": _native,
    "iolinker": _iolinker,
    "phixflow": _phixflow,
    "workfloplus": _workfloplus,
    "theeye": _theeye,
    "nebulagraph": _nebulagraph,
}


def assert_in_form(dialect: str, answer: Mapping[str, Any], method: str) -> None:
    """Fail unless it is an answer below 500, and a refusal in the family's own form."""
    assert answer["statusCode"] < 500, answer
    refused = answer["statusCode"] >= 400
    assert (answer["headers"].get("Flowport-Error-Source", "gateway") == "gateway") or not refused, answer
    if refused and method != "HEAD":
        assert FORMS[dialect](answer, json.loads(answer["body"])), answer
    elif dialect != "native":
        assert answer["headers"].get("Content-Type") != "application/problem+json", answer
    answer["body"].encode()


# -- the tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_malformed_is_refused_in_the_familys_own_form(gateway: Handler, aws: Aws, dialect: str) -> None:
    routes = routes_of(dialect)

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(request=st.sampled_from(routes), malformed=MALFORMED)
    def hold(request: str, malformed: Malformed) -> None:
        event = malformed.event(request, TERRITORIES[dialect])
        assert_in_form(dialect, gateway(event, None), event["httpMethod"])

    aws.clock.sleep(1)
    hold()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_malformed_body_and_query_is_refused_or_taken_by_what_runs_something(
    gateway: Handler, dialect: str
) -> None:
    run = next(request for request in routes_of(dialect) if request.startswith("POST "))
    nothing = Malformed(None, None, (), None, None, None)
    for malformed in (
        *(replace(nothing, body=body) for body in BODIES),
        *(replace(nothing, query=query) for query in QUERIES),
    ):
        assert_in_form(dialect, gateway(malformed.event(run, TERRITORIES[dialect]), None), "POST")
