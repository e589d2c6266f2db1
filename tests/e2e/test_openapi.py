"""The deployed API against its own description: schemathesis makes requests of every operation, right ones and wrong.

What is bounded: requests per operation, and the time of each. The stack's own samples are left alone: everything
happens in a workspace of this test's own.
"""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any, Final

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.conftest import Local

EXAMPLES: Final = 5
SECONDS: Final = 60
AT_MOST: Final = 90.0
CHECKS: Final = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PASS: Final = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}})
BASKET: Final = {
    "type": "object",
    "required": ["sku"],
    "properties": {
        "sku": {"type": "string", "maxLength": 20},
        "quantity": {"type": "integer", "minimum": 1, "default": 1},
        "more": {"$ref": "#/$defs/more"},
    },
    "additionalProperties": False,
    "$defs": {"more": {"type": "array", "maxItems": 3, "items": {"enum": ["milk", "sugar"]}}},
}
# Bodies that are taken: what makes a good one is more than a schema can say.
GOOD: Final[dict[str, Any]] = {
    "POST /v1/admin/tokens": {"name": "caller", "scopes": ["run"], "endpoints": ["fuzz/plain"]},
    "POST /v1/admin/users": {"name": "ada", "scopes": ["run"], "password": "correct horse battery"},
    "POST /v1/admin/clients": {"name": "app", "scopes": ["run"]},
    "POST /v1/admin/api-keys": {"name": "key", "roles": ["runner"]},
    "PATCH /v1/admin/endpoints/{module}/{name}": {"title": "Spare"},
    "PATCH /v1/admin/tokens/{id}": {"limits": {"concurrent": 3}, "expires_in_days": 30},
    "PATCH /v1/admin/users/{id}": {"roles": ["reader"], "scopes": None},
    "PATCH /v1/admin/clients/{id}": {"name": "another", "endpoints": ["fuzz/plain"]},
    "PATCH /v1/admin/api-keys/{id}": {"scopes": ["run"], "roles": []},
    "POST /v1/run/fuzz/strict": {"sku": "tea"},
}
# What each kind of credential is named by.
NAMED: Final = {"tokens": "id", "users": "name", "clients": "client_id", "api-keys": "id"}


@pytest.fixture(scope="module")
def fuzzed(local: Local, operator: httpx.Client, jobs: Any) -> Iterator[httpx.Client]:
    """An administrator of a workspace with endpoints of each kind."""
    name = f"fuzzed{secrets.token_hex(4)}"
    made = jobs.invoke("AdminFunctionName", {"flowport": "bootstrap", "workspace": name})
    machines = local.aws("stepfunctions")
    arns = {
        kind: machines.create_state_machine(
            name=f"{name}-{kind.lower()}",
            definition=PASS,
            type=kind,
            roleArn="arn:aws:iam::000000000000:role/none",
            tags=[{"key": "flowport:publish", "value": name}],
        )["stateMachineArn"]
        for kind in ("EXPRESS", "STANDARD")
    }
    endpoints: dict[str, dict[str, Any]] = {
        "plain": {"express_arn": arns["EXPRESS"], "methods": ["GET", "POST"], "auth": ["token", "none"]},
        "strict": {
            "express_arn": arns["EXPRESS"],
            "input_schema": BASKET,
            "output_mapping": "quantity",
            "output_schema": {"type": "integer"},
            "sample": {"sku": "tea"},
        },
        "async": {"standard_arn": arns["STANDARD"], "mode": "async"},
        "spare": {"express_arn": arns["EXPRESS"]},
    }
    with local.http(made["token"]) as client:
        for endpoint, members in endpoints.items():
            answer = client.put(f"/v1/admin/endpoints/fuzz/{endpoint}", json=members)
            assert answer.status_code == 201, answer.text
        yield client
    for arn in arns.values():
        machines.delete_state_machine(stateMachineArn=arn)
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    operator.delete(f"/v1/admin/workspaces/{name}")


def existing(client: httpx.Client, label: str) -> dict[str, str]:
    """Name what is really there, for the placeholders of an operation's path."""
    if "{job}" in label:
        job = client.post("/v1/run/fuzz/plain", json={}).json()
        return {"job": job["id"]}
    kind = label.partition("/admin/")[2].partition("/")[0]
    if "{id}" in label and kind in NAMED:
        new = GOOD[f"POST /v1/admin/{kind}"] | ({"name": f"u{secrets.token_hex(8)}"} if kind == "users" else {})
        made = client.post(f"/v1/admin/{kind}", json=new)
        return {"id": made.json()[NAMED[kind]]}
    if "/admin/endpoints/{module}" in label:
        return {"module": "fuzz", "name": "spare"}
    return {"module": "fuzz", "name": "plain"} if "{module}" in label else {}


def answered(case: Case[Any], client: httpx.Client, session: requests.Session, found: list[str]) -> None:
    """Make one call; what is wrong with its answer is added to `found`."""
    headers = {"Authorization": client.headers["Authorization"]}
    response = case.call(base_url=str(client.base_url).rstrip("/"), headers=headers, session=session, timeout=SECONDS)
    asked = f"{case.method} {case.formatted_path} {str(case.query)[:200]} {str(case.body)[:300]}"
    shown = f"{asked}\n  -> {response.status_code} {response.text[:400]}"
    source = (response.headers.get("flowport-error-source") or ["none"])[0]
    if response.status_code >= 500 and source != "workflow":
        found.append(f"a server error that is ours: {shown}")
    try:
        case.validate_response(response, checks=CHECKS)
    except BaseExceptionGroup as wrong:
        found.append(f"{[str(one)[:300] for one in wrong.exceptions]}: {shown}")


@pytest.mark.slow
def test_every_described_operation_answers_as_it_is_described(fuzzed: httpx.Client) -> None:
    raw = fuzzed.get("/v1/openapi.json").json()
    assert list(OpenAPIV31SpecValidator(raw).iter_errors()) == []
    document = schemathesis.openapi.from_dict(raw)
    operations = [result.ok() for result in document.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) > 55
    found: list[str] = []
    counts: dict[str, int] = {}
    began = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                named = existing(fuzzed, operation.label) if mode is GenerationMode.POSITIVE else None

                sent = (
                    {"body": GOOD[operation.label], "media_type": "application/json"}
                    if named is not None and operation.label in GOOD
                    else {}
                )

                @given(case=operation.as_strategy(generation_mode=mode, path_parameters=named or None, **sent))
                @settings(
                    max_examples=EXAMPLES,
                    deadline=None,
                    database=None,
                    derandomize=True,
                    phases=[Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                def calls(case: Case[Any]) -> None:
                    # On a machine that is too slow for all, each operation is still called once.
                    if case.operation.label not in counts or time.monotonic() - began < AT_MOST:
                        counts[case.operation.label] = counts.get(case.operation.label, 0) + 1
                        answered(case, fuzzed, session, found)

                # Where anything may be sent, nothing wrong can be.
                with suppress(Unsatisfiable) if mode is GenerationMode.NEGATIVE else nullcontext():
                    calls()
    assert found == []
    assert set(counts) == {operation.label for operation in operations}


def test_an_answer_that_is_not_described_is_found(fuzzed: httpx.Client) -> None:
    raw = fuzzed.get("/v1/openapi.json").json()
    read = raw["paths"]["/v1/jobs/{job}"]["get"]["responses"]
    del read["404"]
    read["200"]["content"]["application/json"]["schema"] = {"required": ["nothing"]}
    operation = schemathesis.openapi.from_dict(raw)["/v1/jobs/{job}"]["GET"]
    found: list[str] = []
    with requests.Session() as session:
        session.trust_env = False
        for job in ("none", existing(fuzzed, "{job}")["job"]):
            answered(operation.Case(path_parameters={"job": job}), fuzzed, session, found)
    assert len(found) == 2
    assert "Undocumented status code" in found[0]
    assert "nothing" in found[1]
    assert "required" in found[1]
