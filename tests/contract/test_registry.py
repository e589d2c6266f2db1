"""The registry on DynamoDB: each write's condition, its own first try, and what the tables then hold."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from flowport.adapters.aws import AnyClient
from flowport.adapters.directory import DynamoDirectory, Tables
from flowport.adapters.items import decode_item
from flowport.adapters.registry_credentials import DynamoCredentialRegistry
from flowport.adapters.registry_endpoints import DynamoEndpointRegistry
from flowport.adapters.registry_workspaces import DynamoWorkspaceRegistry
from flowport.domain.errors import Unavailable, UnknownOutcome, WorkspaceDisabled
from flowport.domain.limits import Limits, Rate
from flowport.domain.records import Credential, Endpoint, Workspace
from flowport.usecases.admin.errors import AliasTaken
from flowport.usecases.ports import Wanted
from tests.fakes import ACME, EXPRESS_ARN, NOW, FakeClock

SOON = 10.0
QUOTE = Endpoint(
    "acme",
    "billing",
    "quote",
    express_arn=EXPRESS_ARN,
    sample={"a": [1, None]},
    input_schema='{"type":"object"}',
    output_schema="{}",
    output_mapping="a.b",
    created_at=NOW,
    updated_at=NOW,
)
TOKEN = Credential("5f" * 32, "token", "acme", "tok_AAAAAAAAAAAAAAAAAAAA", "ci", ("run",), created_at=NOW)
ANN = Credential("user#acme#ann", "user", "acme", "ann", "ann", ("run",), created_at=NOW, password_hash="$argon2id$")


class Flaky:
    """A client whose named operations fail `times` times: after they worked, or before."""

    def __init__(self, client: AnyClient, operation: str, error: Exception, *, times: int = 1, worked: bool) -> None:
        self.client = client
        self.operation = operation
        self.error = error
        self.left = times
        self.worked = worked
        self.requests: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        operation: Callable[..., Any] = getattr(self.client, name)
        return operation if name != self.operation else self._fail

    def _fail(self, **request: Any) -> Any:
        self.requests.append(request)
        if self.left <= 0:
            return getattr(self.client, self.operation)(**request)
        self.left -= 1
        if self.worked:
            getattr(self.client, self.operation)(**request)
        raise self.error


LOST = ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
THROTTLED = ClientError({"Error": {"Code": "ThrottlingException"}}, "Any")


class Registry:
    """The three registries over one client and fresh tables."""

    def __init__(self, client: AnyClient, tables: Tables) -> None:
        self.client = client
        self.tables = tables
        self.clock = FakeClock()
        self.endpoints = DynamoEndpointRegistry(client, tables.endpoints, self.clock)
        self.credentials = DynamoCredentialRegistry(client, tables.credentials, tables.endpoints, self.clock)
        self.workspaces = DynamoWorkspaceRegistry(client, tables, self.clock)
        self.directory = DynamoDirectory(client, tables, self.clock)

    @property
    def deadline(self) -> float:
        return self.clock.monotonic() + SOON

    def over(self, operation: str, error: Exception = LOST, *, times: int = 1, worked: bool = True) -> "Registry":
        """The same tables over a client that fails."""
        return Registry(Flaky(self.client, operation, error, times=times, worked=worked), self.tables)

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [decode_item(item) for item in self.client.scan(TableName=table)["Items"]]


@pytest.fixture
def registry(dynamodb: AnyClient, endpoints_table: str, credentials_table: str) -> Registry:
    made = Registry(dynamodb, Tables(endpoints_table, credentials_table, "no-jobs"))
    assert made.workspaces.create(ACME, now=NOW, write_id="w0", deadline=made.deadline)
    return made


# -- endpoints ---------------------------------------------------------------------------------------------------------


def test_the_gateway_reads_an_endpoint_as_the_registry_wrote_it(registry: Registry) -> None:
    assert registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    assert registry.endpoints.get("acme", "billing/quote", deadline=registry.deadline) == QUOTE
    assert registry.directory.look_up(Wanted("acme", endpoint="billing/quote")).endpoint == QUOTE


def test_an_endpoint_is_created_once(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    second = replace(QUOTE, title="second")
    assert registry.endpoints.create(second, write_id="w2", deadline=registry.deadline) is False
    assert registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline) is True
    assert registry.endpoints.get("acme", "billing/quote", deadline=registry.deadline) == QUOTE


@pytest.mark.parametrize("status", ["disabled", "deleted", None])
def test_nothing_is_added_to_a_workspace_that_is_not_active(registry: Registry, status: str | None) -> None:
    acme = ACME.name
    if status is None:
        registry.client.delete_item(
            TableName=registry.tables.endpoints, Key={"workspace": {"S": acme}, "item": {"S": "workspace"}}
        )
    else:
        registry.workspaces.set_status(acme, status, only_from=("active",), deadline=registry.deadline)
    with pytest.raises(WorkspaceDisabled):
        registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    for credential in (TOKEN, ANN):
        with pytest.raises(WorkspaceDisabled):
            registry.credentials.create(credential, write_id="w1", deadline=registry.deadline)
    assert registry.rows(registry.tables.credentials) == []


def test_an_endpoint_is_replaced_only_as_it_was_seen(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    second = replace(QUOTE, title="second", version=2)
    assert registry.endpoints.replace(second, seen=QUOTE, write_id="w2", deadline=registry.deadline)
    third = replace(QUOTE, title="third", version=2)
    assert not registry.endpoints.replace(third, seen=QUOTE, write_id="w3", deadline=registry.deadline)
    other = replace(second, created_at=NOW - 1)
    assert not registry.endpoints.replace(third, seen=other, write_id="w4", deadline=registry.deadline)
    assert registry.endpoints.get("acme", "billing/quote", deadline=registry.deadline) == second


def test_a_replacement_never_brings_an_endpoint_back(registry: Registry) -> None:
    changed = replace(QUOTE, version=2)
    assert not registry.endpoints.replace(changed, seen=QUOTE, write_id="w1", deadline=registry.deadline)
    assert registry.endpoints.get("acme", "billing/quote", deadline=registry.deadline) is None


def test_a_switch_leaves_the_rest_as_it_is(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    off = replace(QUOTE, enabled=False, version=2, updated_at=NOW + 5)
    told = replace(off, title="which a switch does not write")
    for _ in range(2):  # the second is the same write again
        assert registry.endpoints.switch(told, seen=QUOTE, write_id="w2", deadline=registry.deadline)
        assert registry.endpoints.get("acme", "billing/quote", deadline=registry.deadline) == off
    assert not registry.endpoints.switch(told, seen=QUOTE, write_id="w3", deadline=registry.deadline)
    missing = replace(off, name="none")
    assert not registry.endpoints.switch(missing, seen=QUOTE, write_id="w4", deadline=registry.deadline)
    assert registry.endpoints.get("acme", "billing/none", deadline=registry.deadline) is None


def test_a_deletion_takes_only_what_was_seen_and_is_content_with_nothing(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    assert not registry.endpoints.delete(replace(QUOTE, version=2), deadline=registry.deadline)
    assert registry.endpoints.delete(QUOTE, deadline=registry.deadline)
    assert registry.endpoints.delete(QUOTE, deadline=registry.deadline)


ALIASED = replace(QUOTE, aliases=("nebulagraph:107", "v10:My API"))


def _aliases(registry: Registry) -> dict[str, str]:
    rows = registry.rows(registry.tables.endpoints)
    return {row["item"].removeprefix("alias#"): row["path"] for row in rows if row["item"].startswith("alias#")}


def _found(registry: Registry, alias: str) -> Endpoint | None:
    return registry.directory.look_up(Wanted("acme", alias=alias)).endpoint


def test_the_gateway_finds_an_endpoint_by_the_aliases_that_were_written_with_it(registry: Registry) -> None:
    assert registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    assert [_found(registry, alias) for alias in ALIASED.aliases] == [ALIASED, ALIASED]


def test_aliases_come_and_go_with_what_replaces_their_endpoint(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    changed = replace(ALIASED, aliases=("nebulagraph:107", "theeye:5f"), version=2)
    assert registry.endpoints.replace(changed, seen=ALIASED, write_id="w2", deadline=registry.deadline)
    assert _aliases(registry) == {"nebulagraph:107": "billing/quote", "theeye:5f": "billing/quote"}
    plain = replace(QUOTE, version=3)
    assert registry.endpoints.replace(plain, seen=changed, write_id="w3", deadline=registry.deadline)
    assert _aliases(registry) == {}


def test_an_alias_leads_to_one_endpoint_only_and_the_refusal_names_it(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    other = replace(QUOTE, name="other")
    with pytest.raises(AliasTaken, match="'v10:My API' belongs to the endpoint 'billing/quote'"):
        registry.endpoints.create(
            replace(other, aliases=("theeye:1", "v10:My API")), write_id="w2", deadline=registry.deadline
        )
    assert registry.endpoints.get("acme", "billing/other", deadline=registry.deadline) is None
    registry.endpoints.create(other, write_id="w3", deadline=registry.deadline)
    taking = replace(other, aliases=("v10:My API",), version=2)
    with pytest.raises(AliasTaken) as refused:
        registry.endpoints.replace(taking, seen=other, write_id="w4", deadline=registry.deadline)
    assert refused.value.members == {"alias": "v10:My API", "endpoint": "billing/quote"}
    assert _aliases(registry) == dict.fromkeys(ALIASED.aliases, "billing/quote")


def test_an_alias_may_be_the_same_in_another_workspace(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    registry.workspaces.create(Workspace("blue", "", "active", NOW), now=NOW, write_id="w2", deadline=registry.deadline)
    assert registry.endpoints.create(replace(ALIASED, workspace="blue"), write_id="w3", deadline=registry.deadline)


def test_a_deleted_endpoint_leaves_no_alias(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    assert not registry.endpoints.delete(replace(ALIASED, version=2), deadline=registry.deadline)
    assert len(_aliases(registry)) == 2
    assert registry.endpoints.delete(ALIASED, deadline=registry.deadline)
    assert _aliases(registry) == {}
    assert registry.endpoints.delete(ALIASED, deadline=registry.deadline)


def test_an_alias_that_is_free_again_can_be_given_to_another_endpoint(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    registry.endpoints.delete(ALIASED, deadline=registry.deadline)
    other = replace(ALIASED, name="other")
    assert registry.endpoints.create(other, write_id="w2", deadline=registry.deadline)
    assert _found(registry, "nebulagraph:107") == other


def test_a_replacement_with_aliases_is_made_only_over_what_was_seen(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    changed = replace(QUOTE, version=3, aliases=("theeye:5f",))
    stale = replace(QUOTE, version=2)
    assert not registry.endpoints.replace(changed, seen=stale, write_id="w2", deadline=registry.deadline)
    assert len(_aliases(registry)) == 2
    registry.workspaces.set_status("acme", "disabled", only_from=("active",), deadline=registry.deadline)
    with pytest.raises(WorkspaceDisabled):
        registry.endpoints.replace(replace(changed, version=2), seen=ALIASED, write_id="w3", deadline=registry.deadline)


@pytest.mark.parametrize("worked", [True, False])
def test_a_write_of_aliases_whose_answer_was_lost_is_made_once_and_known(registry: Registry, worked: bool) -> None:
    flaky = registry.over("transact_write_items", times=2, worked=worked)
    assert flaky.endpoints.create(ALIASED, write_id="w1", deadline=flaky.deadline)
    changed = replace(ALIASED, aliases=("theeye:5f",), version=2)
    flaky = registry.over("transact_write_items", times=2, worked=worked)
    assert flaky.endpoints.replace(changed, seen=ALIASED, write_id="w2", deadline=flaky.deadline)
    flaky = registry.over("transact_write_items", times=2, worked=worked)
    assert flaky.endpoints.delete(changed, deadline=flaky.deadline)
    assert _aliases(registry) == {}


def test_a_deleted_workspace_leaves_no_alias(registry: Registry) -> None:
    registry.endpoints.create(ALIASED, write_id="w1", deadline=registry.deadline)
    assert registry.workspaces.purge("acme", made_before=NOW + 1, deadline=registry.deadline)
    assert _aliases(registry) == {}


def test_twenty_aliases_replaced_by_twenty_others_fit_one_transaction(registry: Registry) -> None:
    many = replace(QUOTE, aliases=tuple(f"nebulagraph:{number}" for number in range(20)))
    registry.endpoints.create(many, write_id="w1", deadline=registry.deadline)
    others = replace(QUOTE, version=2, aliases=tuple(f"nebulagraph:{number}" for number in range(20, 40)))
    assert registry.endpoints.replace(others, seen=many, write_id="w2", deadline=registry.deadline)
    assert set(_aliases(registry)) == set(others.aliases)


def test_endpoints_are_paged_by_path_within_their_workspace(registry: Registry) -> None:
    for number in range(7):
        endpoint = replace(QUOTE, name=f"e{number}")
        registry.endpoints.create(endpoint, write_id=f"e{number}", deadline=registry.deadline)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = registry.endpoints.page("acme", 3, after, deadline=registry.deadline)
        seen += [item.name for item in page.items]
        after = page.after
        if after is None:
            break
    assert seen == [f"e{number}" for number in range(7)]
    assert registry.endpoints.page("other", 3, None, deadline=registry.deadline).items == ()


def test_existing_endpoints_are_told_from_others(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    paths = ("billing/quote", "billing/none", "billing/quote")
    assert registry.endpoints.existing("acme", paths, deadline=registry.deadline) == {"billing/quote"}


def test_keys_that_dynamodb_left_unprocessed_are_asked_for_again(registry: Registry) -> None:
    registry.endpoints.create(QUOTE, write_id="w1", deadline=registry.deadline)
    real, asked = registry.client.batch_get_item, []

    class Lazy:
        def batch_get_item(self, **request: Any) -> Any:
            asked.append(request)
            if len(asked) == 1:
                return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}
            return real(**request)

    lazy = DynamoEndpointRegistry(Lazy(), registry.tables.endpoints, registry.clock)
    assert lazy.existing("acme", ("billing/quote",), deadline=registry.deadline) == {"billing/quote"}
    assert len(asked) == 2


# -- credentials -------------------------------------------------------------------------------------------------------


def test_the_gateway_reads_a_credential_as_the_registry_wrote_it(registry: Registry) -> None:
    for credential in (TOKEN, ANN):
        assert registry.credentials.create(credential, write_id=credential.name, deadline=registry.deadline)
        assert registry.directory.look_up(Wanted("acme", credential_key=credential.key)).credential == credential


def test_a_tokens_reference_finds_it_and_is_not_listed(registry: Registry) -> None:
    registry.credentials.create(TOKEN, write_id="w1", deadline=registry.deadline)
    find = registry.credentials.token_key
    assert find("acme", TOKEN.credential_id, deadline=registry.deadline) == TOKEN.key
    assert find("other", TOKEN.credential_id, deadline=registry.deadline) is None
    page = registry.credentials.page("acme", "token", 10, None, deadline=registry.deadline)
    assert (page.items, page.after) == ((TOKEN,), None)


@pytest.mark.parametrize("credential", [TOKEN, ANN])
def test_a_credential_is_written_once(registry: Registry, credential: Credential) -> None:
    assert registry.credentials.create(credential, write_id="w1", deadline=registry.deadline)
    assert registry.credentials.create(credential, write_id="w1", deadline=registry.deadline)
    assert registry.credentials.revoke(credential, at=NOW + 1, write_id="w9", deadline=registry.deadline)
    other = replace(credential, name="other")
    assert not registry.credentials.create(other, write_id="w2", deadline=registry.deadline)
    # the same write again does not undo the revocation either
    assert registry.credentials.create(credential, write_id="w1", deadline=registry.deadline)
    found = registry.directory.look_up(Wanted("acme", credential_key=credential.key)).credential
    assert found == replace(credential, revoked_at=NOW + 1)


def _present(registry: Registry, credential: Credential) -> Credential | None:
    return registry.credentials.get(credential.workspace, credential.key, deadline=registry.deadline)


def test_a_credential_is_read_by_its_own_workspace_only(registry: Registry) -> None:
    registry.credentials.create(TOKEN, write_id="w1", deadline=registry.deadline)
    assert _present(registry, TOKEN) == TOKEN
    assert registry.credentials.get("other", TOKEN.key, deadline=registry.deadline) is None
    assert registry.credentials.get("acme", "none", deadline=registry.deadline) is None


def test_a_revocation_keeps_its_first_time_and_its_workspace(registry: Registry) -> None:
    registry.credentials.create(TOKEN, write_id="w1", deadline=registry.deadline)
    revoke, deadline = registry.credentials.revoke, registry.deadline
    assert not revoke(replace(TOKEN, workspace="other"), at=NOW + 1, write_id="w2", deadline=deadline)
    assert not revoke(replace(TOKEN, key="none"), at=NOW + 1, write_id="w3", deadline=deadline)
    for _ in range(2):  # the second is the same write again
        assert revoke(TOKEN, at=NOW + 2, write_id="w4", deadline=deadline)
    revoked = replace(TOKEN, revoked_at=NOW + 2)
    assert not revoke(TOKEN, at=NOW + 3, write_id="w5", deadline=deadline)
    assert revoke(revoked, at=NOW + 3, write_id="w6", deadline=deadline)
    assert _present(registry, TOKEN) == revoked
    assert len(registry.rows(registry.tables.credentials)) == 2


def test_a_password_is_written_and_nothing_else_of_a_user_who_is_not_revoked(registry: Registry) -> None:
    for credential in (ANN, TOKEN):
        registry.credentials.create(credential, write_id=credential.name, deadline=registry.deadline)
    change = registry.credentials.set_password
    changed = replace(ANN, password_hash="$argon2id$2", brought=True)
    told = replace(changed, scopes=("admin",))
    for _ in range(2):
        assert change(told, write_id="w1", deadline=registry.deadline)
    assert _present(registry, ANN) == changed
    assert not change(replace(TOKEN, password_hash="x"), write_id="w2", deadline=registry.deadline)
    registry.credentials.revoke(changed, at=NOW, write_id="w3", deadline=registry.deadline)
    assert not change(replace(ANN, password_hash="x"), write_id="w4", deadline=registry.deadline)


SETTLED: dict[str, Any] = {
    "name": "another",
    "scopes": ("jobs:read",),
    "endpoints": ("billing/quote",),
    "expires_at": NOW + 100,
    "limits": Limits(Rate(100, 60), 5),
}


@pytest.mark.parametrize("credential", [TOKEN, ANN])
def test_settings_are_written_and_nothing_else_of_a_credential(registry: Registry, credential: Credential) -> None:
    registry.credentials.create(credential, write_id="w1", deadline=registry.deadline)
    registry.client.update_item(
        TableName=registry.tables.credentials,
        Key={"id": {"S": credential.key}},
        UpdateExpression="SET last_used_at = :at",
        ExpressionAttributeValues={":at": {"N": str(NOW + 7)}},
    )
    changed = replace(credential, **SETTLED, roles=("reader",))
    told = replace(changed, revoked_at=NOW, password_hash="x", created_at=1, kind="client", brought=True)
    for _ in range(2):  # the second is the same write again
        assert registry.credentials.change(told, seen=credential, write_id="w2", deadline=registry.deadline)
    present = _present(registry, credential)
    assert present == replace(changed, last_used_at=NOW + 7)
    assert present is not None
    assert present.change_id == "w2"
    plain = replace(credential, scopes=())
    assert registry.credentials.change(plain, seen=present, write_id="w3", deadline=registry.deadline)
    assert _present(registry, credential) == replace(plain, last_used_at=NOW + 7)
    names = {"name", "scopes", "roles", "endpoints", "expires_at", "limits"}
    (row,) = [row for row in registry.rows(registry.tables.credentials) if row["id"] == credential.key]
    assert names & row.keys() == {"name", "scopes"}


def test_settings_are_written_only_over_what_was_seen(registry: Registry) -> None:
    registry.credentials.create(ANN, write_id="w1", deadline=registry.deadline)
    change, deadline = registry.credentials.change, registry.deadline
    changed = replace(ANN, name="second")
    assert change(changed, seen=ANN, write_id="w2", deadline=deadline)
    assert not change(replace(ANN, name="third"), seen=ANN, write_id="w3", deadline=deadline)
    other = replace(ANN, change_id="w9")
    assert not change(replace(ANN, name="third"), seen=other, write_id="w4", deadline=deadline)
    seen = _present(registry, ANN)
    assert seen == changed
    registry.credentials.set_password(replace(ANN, password_hash="$2"), write_id="w5", deadline=deadline)
    assert seen is not None
    assert not change(replace(seen, name="fourth"), seen=seen, write_id="w6", deadline=deadline)
    assert _present(registry, ANN) == replace(changed, password_hash="$2")


def test_settings_of_what_is_revoked_or_gone_or_anothers_are_not_written(registry: Registry) -> None:
    change, deadline = registry.credentials.change, registry.deadline
    assert not change(replace(TOKEN, name="x"), seen=TOKEN, write_id="w1", deadline=deadline)
    assert registry.rows(registry.tables.credentials) == []
    registry.credentials.create(TOKEN, write_id="w2", deadline=deadline)
    assert not change(replace(TOKEN, workspace="other", name="x"), seen=TOKEN, write_id="w3", deadline=deadline)
    registry.credentials.revoke(TOKEN, at=NOW + 1, write_id="w4", deadline=deadline)
    revoked = _present(registry, TOKEN)
    assert revoked is not None
    assert revoked.change_id == "w4"
    for seen in (TOKEN, revoked):
        assert not change(replace(TOKEN, name="x"), seen=seen, write_id="w5", deadline=deadline)
    assert _present(registry, TOKEN) == revoked == replace(TOKEN, revoked_at=NOW + 1)


@pytest.mark.parametrize("worked", [True, False])
def test_a_change_of_settings_whose_answer_was_lost_is_made_once(registry: Registry, worked: bool) -> None:
    registry.credentials.create(TOKEN, write_id="w1", deadline=registry.deadline)
    flaky = registry.over("transact_write_items", times=2, worked=worked)
    changed = replace(TOKEN, name="second")
    assert flaky.credentials.change(changed, seen=TOKEN, write_id="w2", deadline=flaky.deadline)
    assert _present(registry, TOKEN) == changed


def test_each_kind_is_listed_by_itself_however_many_there_are_of_the_other(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flowport.adapters.registry_credentials._LOOK_AT", 3)
    monkeypatch.setattr("flowport.adapters.registry_credentials._LOOKS", 2)
    users = [replace(ANN, key=f"user#acme#u{n}", credential_id=f"u{n}", name=f"u{n}") for n in range(4)]
    tokens = [replace(TOKEN, key=f"{n:064x}", credential_id=f"tok_{n:020d}") for n in range(9)]
    for number, credential in enumerate([*users, *tokens]):
        registry.credentials.create(credential, write_id=f"c{number}", deadline=registry.deadline)

    for kind, expected in (("user", users), ("token", tokens)):
        for limit in (1, 2, 3, 4, 100):
            seen: list[Credential] = []
            after: str | None = None
            while True:
                page = registry.credentials.page(
                    "acme",
                    "user" if kind == "user" else "token",
                    limit,
                    after,
                    deadline=registry.deadline,
                )
                assert len(page.items) <= limit
                seen += page.items
                after = page.after
                if after is None:
                    break
            assert seen == expected


# -- workspaces --------------------------------------------------------------------------------------------------------


def test_a_workspace_and_its_place_in_the_list_always_say_the_same(registry: Registry) -> None:
    def both() -> tuple[object, ...]:
        listed = registry.workspaces.page(10, None, deadline=registry.deadline).items
        return registry.workspaces.get("acme", deadline=registry.deadline), *listed

    assert both() == (ACME, ACME)
    assert registry.workspaces.set_status("acme", "disabled", only_from=("active",), deadline=registry.deadline)
    disabled = replace(ACME, status="disabled")
    assert both() == (disabled, disabled)
    assert not registry.workspaces.set_status("acme", "active", only_from=("active",), deadline=registry.deadline)
    gone = replace(ACME, status="deleted", reserved_until=NOW + 100)
    assert registry.workspaces.set_status(
        "acme", "deleted", only_from=("disabled",), reserved_until=NOW + 100, deadline=registry.deadline
    )
    assert both() == (gone, gone)


def test_a_status_is_not_given_to_a_workspace_that_is_not_there(registry: Registry) -> None:
    before = registry.rows(registry.tables.endpoints)
    assert not registry.workspaces.set_status("none", "active", only_from=("disabled",), deadline=registry.deadline)
    assert registry.rows(registry.tables.endpoints) == before


def test_a_name_is_free_only_when_a_deleted_one_is_no_longer_reserved(registry: Registry) -> None:
    again = Workspace("acme", "again", "active", NOW + 500)

    def create(now: int, write_id: str) -> bool:
        return registry.workspaces.create(again, now=now, write_id=write_id, deadline=registry.deadline)

    assert not create(NOW + 500, "w1")
    registry.workspaces.set_status(
        "acme", "deleted", only_from=("active",), reserved_until=NOW + 500, deadline=registry.deadline
    )
    assert not create(NOW + 499, "w2")
    assert create(NOW + 500, "w3")
    assert create(NOW + 500, "w3")
    assert not create(NOW + 500, "w4")
    assert registry.workspaces.get("acme", deadline=registry.deadline) == again


def test_a_purge_takes_all_of_one_workspace_that_is_old_enough(registry: Registry) -> None:
    registry.workspaces.create(
        Workspace("other", "", "active", NOW), now=NOW, write_id="wo", deadline=registry.deadline
    )
    for number in range(3):
        registry.endpoints.create(replace(QUOTE, name=f"e{number}"), write_id=f"e{number}", deadline=registry.deadline)
    new = replace(QUOTE, name="new", created_at=NOW + 100)
    theirs = replace(QUOTE, workspace="other"), replace(TOKEN, workspace="other", key="ab" * 32)
    registry.endpoints.create(new, write_id="e", deadline=registry.deadline)
    registry.endpoints.create(theirs[0], write_id="t0", deadline=registry.deadline)
    for number, credential in enumerate((TOKEN, ANN, theirs[1])):
        registry.credentials.create(credential, write_id=f"c{number}", deadline=registry.deadline)

    assert registry.workspaces.purge("acme", made_before=NOW + 100, deadline=registry.deadline)
    left = {row["item"] for row in registry.rows(registry.tables.endpoints) if row["workspace"] == "acme"}
    assert left == {"workspace", "endpoint#billing/new"}
    assert registry.endpoints.get("other", "billing/quote", deadline=registry.deadline) == theirs[0]
    assert {row["id"] for row in registry.rows(registry.tables.credentials)} == {
        "ab" * 32,
        f"ref#other#{TOKEN.credential_id}",
    }


@pytest.mark.parametrize("crash_at", range(1, 9))
def test_a_purge_that_dies_anywhere_is_finished_by_the_next(registry: Registry, crash_at: int) -> None:
    for number in range(3):
        registry.endpoints.create(replace(QUOTE, name=f"e{number}"), write_id=f"e{number}", deadline=registry.deadline)
    for number, credential in enumerate((TOKEN, replace(TOKEN, key="cd" * 32, credential_id="tok_B"), ANN)):
        registry.credentials.create(credential, write_id=f"c{number}", deadline=registry.deadline)

    calls = 0

    class Dying:
        def __getattr__(self, name: str) -> Any:
            return getattr(registry.client, name)

        def delete_item(self, **request: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == crash_at:
                raise KeyboardInterrupt
            return registry.client.delete_item(**request)

    dying = Registry(Dying(), registry.tables)
    with pytest.raises(KeyboardInterrupt):
        dying.workspaces.purge("acme", made_before=NOW + 1, deadline=dying.deadline)
    assert registry.workspaces.purge("acme", made_before=NOW + 1, deadline=registry.deadline)
    assert registry.rows(registry.tables.credentials) == []
    left = [row["item"] for row in registry.rows(registry.tables.endpoints) if row["workspace"] == "acme"]
    assert left == ["workspace"]


# -- lost answers ------------------------------------------------------------------------------------------------------


def _writes(registry: Registry) -> dict[str, Callable[[], object]]:
    """Every write, each as its use case calls it."""
    deadline = registry.deadline
    return {
        "create_endpoint": lambda: registry.endpoints.create(QUOTE, write_id="x1", deadline=deadline),
        "create_token": lambda: registry.credentials.create(TOKEN, write_id="x2", deadline=deadline),
        "create_user": lambda: registry.credentials.create(ANN, write_id="x3", deadline=deadline),
        "create_workspace": lambda: registry.workspaces.create(
            Workspace("blue", "", "active", NOW), now=NOW, write_id="x4", deadline=deadline
        ),
    }


@pytest.mark.parametrize("write", ["create_endpoint", "create_token", "create_user", "create_workspace"])
@pytest.mark.parametrize("worked", [True, False])
def test_a_creation_whose_answer_was_lost_is_made_once_and_known(registry: Registry, write: str, worked: bool) -> None:
    flaky = registry.over("transact_write_items", times=2, worked=worked)
    assert _writes(flaky)[write]() is True
    first, *again = flaky.client.requests
    assert first["ClientRequestToken"].startswith("x")
    assert again
    assert all(request == first for request in again)


@pytest.mark.parametrize("error", [LOST, THROTTLED])
def test_a_creation_that_stays_open_is_told_from_one_that_was_never_made(registry: Registry, error: Exception) -> None:
    flaky = registry.over("transact_write_items", error, times=1000, worked=False)
    with pytest.raises(UnknownOutcome if error is LOST else Unavailable):
        _writes(flaky)["create_token"]()


def test_an_error_that_nobody_foresaw_goes_through(registry: Registry) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException"}}, "Any")
    flaky = registry.over("transact_write_items", denied, worked=False)
    with pytest.raises(ClientError):
        _writes(flaky)["create_token"]()


def test_no_password_hash_or_key_is_in_what_a_page_ends_with(registry: Registry) -> None:
    registry.credentials.create(ANN, write_id="w1", deadline=registry.deadline)
    registry.credentials.create(TOKEN, write_id="w2", deadline=registry.deadline)
    page = registry.credentials.page("acme", "token", 1, None, deadline=registry.deadline)
    assert TOKEN.key not in json.dumps(page.after)
