"""From a state machine to a published, called, limited, watched and revoked endpoint, with the command alone."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Local

HELLO = {"name": "hello world"}
FLOWPORT = str(Path(sys.executable).parent / "flowport")


class Newcomer:
    """Somebody with a token at a terminal."""

    def __init__(self, local: Local, token: str) -> None:
        self._environment = os.environ | {
            "FLOWPORT_BASE_URL": local.base_url,
            "FLOWPORT_TOKEN": token,
            "NO_PROXY": "127.0.0.1",
            "COLUMNS": "200",
        }

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FLOWPORT, *words], env=self._environment, capture_output=True, text=True, check=False, timeout=120
        )

    def says(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def document(self, *words: str) -> Any:
        return json.loads(self.says("--json", *words))

    def refused(self, *words: str) -> str:
        done = self.run(*words)
        assert done.returncode != 0, done.stdout
        return done.stderr


@pytest.fixture
def owner(local: Local) -> Newcomer:
    return Newcomer(local, local.description["admin_token"])


@pytest.fixture
def address(owner: Newcomer) -> Iterator[str]:
    made = f"e2e/cli-{secrets.token_hex(4)}"
    yield made
    owner.run("endpoints", "delete", made)


def test_a_newcomer_publishes_calls_limits_watches_and_revokes_with_the_command_alone(
    local: Local, owner: Newcomer, address: str
) -> None:
    machine = local.machines["HelloExpressArn"]
    assert machine in [one["arn"] for one in owner.document("machines")["items"]]
    sample = '{"name": "Ada"}'
    assert address in owner.says("publish", address, "--machine", machine, "--sample", sample, "--rate", "3/86400")
    assert json.loads(owner.says("call", address, "--sample")) == HELLO

    partner_token = owner.document("tokens", "create", "partner", "--scope", "run", "--endpoint", address)
    partner = Newcomer(local, partner_token["token"])
    assert json.loads(partner.says("call", address, '{"name": "Bo"}')) == HELLO
    assert "403" in partner.refused("call", local.samples["hello"], "{}")
    partner.says("call", address, "{}")
    assert "rate-limited" in partner.refused("call", address, "{}")

    jobs = owner.document("jobs", "list", "--endpoint", address)["items"]
    assert [job["status"] for job in jobs] == ["SUCCEEDED"] * 3
    series = owner.document("metrics", "--endpoint", address)["series"]
    assert sum(one["calls"] for one in series) == 3
    assert sum(one["failures"] for one in series) == 0

    owner.says("publish", address, "--machine", machine, "--sample", sample)
    owner.says("disable", address)
    assert "403" in partner.refused("call", address, "{}")
    owner.says("enable", address)
    partner.says("call", address, "{}")
    owner.says("tokens", "revoke", partner_token["id"])
    assert "401" in partner.refused("call", address, "{}")

    acts = [act["act"] for act in owner.document("audit", "--what", f"endpoint:{address}")["items"]]
    assert len(acts) == 4, acts
    owner.says("endpoints", "delete", address)
    assert "404" in owner.refused("call", address, "{}")
