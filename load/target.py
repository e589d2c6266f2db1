"""The deployed stack that is called, and what can be asked about it besides: the engine, the workflows' own table."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from dev import engine as engines
from dev.deploy import client
from dev.engine import Engine
from dev.home import DevError, Home
from flowport.domain.tokens import new_token
from load.effects import Effect, executed, tallied
from load.observed import Row
from load.plan import ENDPOINTS

PAGE = 100
TRIES = 30


@dataclass(frozen=True, slots=True)
class Target:
    """A stack on the local engine, by the description that `make up` wrote."""

    described: dict[str, Any]
    engine: Engine

    @classmethod
    def at(cls, local_json: Path) -> "Target":
        """Read the description, and find the engine whose folder it lies in."""
        engine = engines.find(Home(local_json.parent, None))
        if engine is None:
            raise DevError(f"No engine runs in {local_json.parent}.")
        return cls(json.loads(local_json.read_text()), engine)

    def http(self, token: str | None = None) -> httpx.Client:
        """Open connections of one client."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.described["base_url"], headers=headers, timeout=120, trust_env=False)

    @contextmanager
    def endpoints(self) -> Iterator[dict[str, str | None]]:
        """Publish the load's endpoints and make its credentials; delete the former at the end, as they hold nothing."""
        with self.http(self.described["admin_token"]) as admin:
            for path, machine in ENDPOINTS.items():
                arn = self.described["samples_outputs"][machine]
                named = {"standard_arn" if "Standard" in machine else "express_arn": arn}
                _sure(admin, "PUT", f"/v1/admin/endpoints/{path}", json=named)
            reader = _sure(admin, "POST", "/v1/admin/tokens", json={"name": "load", "scopes": ["jobs:read"]})
            good = self.described["run_token"]
            yield {
                "good": good,
                "none": None,
                "unknown token": new_token("default").text,
                "mistyped token": good[:-1] + ("A" if good[-1] != "A" else "B"),
                "wrong scope": reader.json()["token"],
            }
            for path in ENDPOINTS:
                _sure(admin, "DELETE", f"/v1/admin/endpoints/{path}")

    def rows(self, label: str) -> list[Row]:
        """List this load's jobs as any caller can."""
        rows: list[Row] = []
        with self.http(self.described["run_token"]) as caller:
            params: dict[str, str | int] = {"label": f"load={label}", "limit": PAGE}
            while True:
                page = _sure(caller, "GET", "/v1/jobs", params=params).json()
                rows += [Row(job["id"], int(job["labels"]["n"]), job["status"], job["error"]) for job in page["items"]]
                if page["cursor"] is None:
                    return rows
                params["cursor"] = page["cursor"]

    def sweep(self) -> None:
        """Let the sweep run now, as its schedule does every minute."""
        function = f"{self.described['outputs']['SweepJobsFunctionName']}:live"
        client("lambda", self.engine).invoke(FunctionName=function, Payload=b"{}")

    def effects(self) -> dict[str, Effect]:
        """Give the workflows' own counts, of all runs that there ever were."""
        return tallied(client("dynamodb", self.engine), self.described["samples_outputs"]["TallyTableName"])

    def executions(self) -> dict[str, str]:
        """Give what the engine lists of the load's machines."""
        states = client("stepfunctions", self.engine)
        machines = [self.described["samples_outputs"][machine] for machine in ENDPOINTS.values()]
        return {job_id: status for arn in machines for job_id, status in executed(states, arn)}

    def bare_call_seconds(self) -> float:
        """Take the time of a bare StartSyncExecution of a workflow that does nothing: the engine's own share."""
        states = client("stepfunctions", self.engine)
        began = time.monotonic()
        states.start_sync_execution(stateMachineArn=self.described["samples_outputs"]["HelloExpressArn"], input="{}")
        return time.monotonic() - began


def _sure(http: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - of httpx
    """Ask until there is an answer: what is asked about the load must not suffer from it."""
    for _ in range(TRIES):
        try:
            answer = http.request(method, path, **request)
        except httpx.TransportError:
            continue
        if not answer.is_server_error:
            return answer.raise_for_status()
        time.sleep(1)
    raise DevError(f"{method} {path} was not answered in {TRIES} tries.")
