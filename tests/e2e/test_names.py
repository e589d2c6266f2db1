"""Endpoints whose names are not plain, published and called over HTTP and by the command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from tests.e2e.conftest import Local

NAMES = [
    ("My API", "My%20API", "My API"),
    ("a+b", "a+b", "a+b"),
    ("50%", "50%25", "50%25"),
    ("%2F", "%252F", "%252F"),
    ("x/y", "x%2Fy", "x%2Fy"),
    ("Käse", "K%C3%A4se", "Käse"),
    ("見積 #1?", "%E8%A6%8B%E7%A9%8D%20%231%3F", "見積 %231?"),
]


def _flowport(local: Local, *arguments: str) -> str:
    environment = os.environ | {
        "FLOWPORT_BASE_URL": local.base_url,
        "FLOWPORT_TOKEN": local.description["admin_token"],
        "NO_PROXY": "127.0.0.1",
    }
    command = [str(Path(sys.executable).parent / "flowport"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("name", "encoded", "written"), NAMES)
def test_a_name_is_decoded_exactly_once_on_its_way_in(
    local: Local, admin: httpx.Client, name: str, encoded: str, written: str
) -> None:
    of_admin = f"/v1/admin/endpoints/t%2Fn/{encoded}"
    made = admin.put(of_admin, json={"express_arn": local.machines["HelloExpressArn"]})
    try:
        assert made.status_code in {200, 201}, made.text
        assert (made.json()["module"], made.json()["name"]) == ("t/n", name)
        assert made.json()["endpoint"] == f"t%2Fn/{written}"
        assert admin.get(of_admin).json()["name"] == name

        run = admin.post(f"/v1/run/t%2Fn/{encoded}", json={"name": "Ada"})
        assert run.status_code == 200, run.text
        assert run.json()["endpoint"] == f"t%2Fn/{written}"
        listed = admin.get("/v1/jobs", params={"endpoint": f"t%2Fn/{written}"}).json()["items"]
        assert run.json()["id"] in [job["id"] for job in listed]
    finally:
        assert admin.delete(of_admin).status_code == 204


def test_a_percent_sign_is_not_decoded_twice(local: Local, admin: httpx.Client) -> None:
    body = {"express_arn": local.machines["HelloExpressArn"]}
    try:
        admin.put("/v1/admin/endpoints/twice/x%2525", json=body).raise_for_status()
        assert admin.post("/v1/run/twice/x%2525", json={}).status_code == 200
        assert admin.post("/v1/run/twice/x%25", json={}).status_code == 404
        assert admin.post("/v1/run/twice/x", json={}).status_code == 404
    finally:
        admin.delete("/v1/admin/endpoints/twice/x%2525")


def test_the_command_publishes_and_calls_by_the_address_that_the_api_writes(local: Local, admin: httpx.Client) -> None:
    address = "cli%2Ftests/100%25 Käse + more"
    try:
        _flowport(local, "publish", address, "--express", local.machines["HelloExpressArn"])
        shown = json.loads(_flowport(local, "--json", "endpoints", "show", address))
        assert (shown["module"], shown["name"]) == ("cli/tests", "100% Käse + more")
        assert shown["endpoint"] == address
        job = json.loads(_flowport(local, "--json", "call", address, "{}"))
        assert job["endpoint"] == address
        listed = json.loads(_flowport(local, "--json", "jobs", "list", "--endpoint", address))
        assert job["id"] in [item["id"] for item in listed["items"]]
    finally:
        admin.delete(f"/v1/admin/endpoints/cli%2Ftests/{quote('100% Käse + more', safe='')}")


def test_slashes_and_dots_in_a_path_are_not_tidied_up(local: Local, caller: httpx.Client) -> None:
    hello = local.samples["hello"]
    assert caller.post(f"/v1/run/{hello}/", json={}).status_code == 200
    assert caller.post(f"/v1/run//{hello}", json={}).status_code == 404
