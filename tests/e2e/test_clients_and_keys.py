"""Clients, API keys and signing keys on the deployed stack: Secrets Manager keeps the keys, and nobody sees one."""

import secrets
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.conftest import Local


@pytest.fixture
def keeper(local: Local, operator: httpx.Client) -> Iterator[httpx.Client]:
    """An administrator of a workspace of the test's own, whose keys nobody else rotates."""
    name = f"keys{secrets.token_hex(4)}"
    assert operator.post("/v1/admin/workspaces", json={"name": name}).status_code == 201
    functions = local.aws("lambda")
    answer = functions.invoke(
        FunctionName=local.outputs["AdminFunctionName"],
        Payload=f'{{"flowport":"bootstrap","workspace":"{name}"}}'.encode(),
    )
    with local.http(httpx.Response(200, content=answer["Payload"].read()).json()["token"]) as client:
        yield client
    operator.post(f"/v1/admin/workspaces/{name}/disable")
    assert operator.delete(f"/v1/admin/workspaces/{name}").status_code == 204


def test_a_key_is_made_with_the_first_client_rotated_and_retired(keeper: httpx.Client) -> None:
    assert keeper.get("/v1/admin/keys").json() == {"items": [], "cursor": None}
    client = keeper.post("/v1/admin/clients", json={"name": "field app", "scopes": ["workflow.execute"]})
    assert client.status_code == 201, client.text
    (first,) = keeper.get("/v1/admin/keys").json()["items"]
    assert (first["alias"], first["previous_created_at"]) == ("flowport", None)

    rotated = keeper.post("/v1/admin/keys/flowport")
    assert (rotated.status_code, rotated.json()["previous_created_at"]) == (200, first["created_at"])
    retired = keeper.post("/v1/admin/keys/flowport/retire")
    assert (retired.status_code, retired.json()["previous_created_at"]) == (200, None)
    assert keeper.post("/v1/admin/keys/flowport/retire").status_code == 404


def test_an_api_key_is_signed_by_a_brought_key(keeper: httpx.Client) -> None:
    brought = keeper.post("/v1/admin/keys/phixflow-api-key", json={"value": "k" * 32})
    assert (brought.status_code, "kkk" in brought.text) == (201, False)
    made = keeper.post("/v1/admin/api-keys", json={"name": "phix", "roles": ["runner"]})
    assert made.status_code == 201, made.text
    assert made.json()["api_key"].count(".") == 2
    assert keeper.post(f"/v1/admin/api-keys/{made.json()['id']}/revoke").status_code == 200


def test_an_endpoint_has_its_aliases_alone(local: Local, endpoint: Callable[..., str]) -> None:
    number = f"nebulagraph:{secrets.randbelow(10**12)}"
    numbered = {"aliases": [number], "standard_arn": local.machines["HelloStandardArn"]}
    first = endpoint(**numbered)
    with local.http(local.description["admin_token"]) as client:
        taken = client.put(f"/v1/admin/endpoints/tests/t{secrets.token_hex(6)}", json=numbered)
        assert (taken.status_code, taken.json()["endpoint"]) == (409, first)
        assert client.patch(f"/v1/admin/endpoints/{first}", json={"aliases": []}).status_code == 200
    assert endpoint(**numbered) != first
