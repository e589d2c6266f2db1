"""The deployed functions' logs: who called what, and no secret."""

import base64
import json
import secrets
import time
from typing import Any

import httpx

from tests.e2e.conftest import Local


def _lines(local: Local, since: int) -> list[str]:
    """Everything that the stack's functions have logged since a time (epoch milliseconds)."""
    client: Any = local.aws("logs")
    groups = [
        group["logGroupName"] for group in client.describe_log_groups(logGroupNamePrefix="/flowport/")["logGroups"]
    ]
    assert groups
    return [
        event["message"]
        for group in groups
        for event in client.filter_log_events(logGroupName=group, startTime=since)["events"]
    ]


def test_no_secret_of_a_request_is_in_the_log_of_any_function(
    local: Local, caller: httpx.Client, admin: httpx.Client
) -> None:
    mark, since = f"s3cr3t{secrets.token_hex(8)}", int(time.time() * 1000) - 1000
    basic = base64.b64encode(f"default/nobody:{mark}".encode()).decode()
    hello = f"/v1/run/{local.samples['hello']}"
    run = caller.post(hello, params={"token": mark}, headers={"X-Api-Key": mark}, json={"name": mark})
    assert run.status_code == 200
    with local.http(None) as nobody:
        assert nobody.post(hello, headers={"Authorization": f"Basic {basic}"}, json={}).status_code == 401
        assert nobody.post(hello, headers={"Authorization": f"Bearer fp_default_{mark}"}, json={}).status_code == 401
        nobody.post(f"/v1/callbacks/cb_{mark}", json={"name": mark})
    made = admin.post("/v1/admin/users", json={"name": f"u{mark[6:]}", "password": mark * 2, "scopes": ["run"]})
    assert made.status_code == 201

    job_id, lines = run.headers["Flowport-Job-Id"], list[str]()
    for _ in range(40):  # the engine writes logs a moment later
        lines = _lines(local, since)
        if any(job_id in line for line in lines) and any("/v1/admin/users" in line for line in lines):
            break
        time.sleep(0.25)
    assert [line for line in lines if mark in line or basic in line] == []
    (line,) = [json.loads(text) for text in lines if job_id in text and '"message":"request"' in text]
    assert (line["endpoint"], line["workspace"], line["status"]) == (local.samples["hello"], "default", 200)
    assert line["principal"].startswith("token:tok_")
