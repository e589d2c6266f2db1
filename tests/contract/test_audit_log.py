"""The audit trail on DynamoDB: an act and what it tells of are written together, and a trail is read in pieces."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from botocore.exceptions import ReadTimeoutError

from flowport.adapters.audit_log import DynamoAuditLog
from flowport.adapters.aws import AnyClient
from flowport.adapters.directory import Tables
from flowport.adapters.registry_credentials import DynamoCredentialRegistry
from flowport.adapters.registry_endpoints import DynamoEndpointRegistry
from flowport.adapters.registry_workspaces import DynamoWorkspaceRegistry
from flowport.domain.audit import Act
from flowport.domain.errors import FlowportError
from flowport.domain.records import Credential, Endpoint
from flowport.usecases.admin.audit import Wanted
from tests.fakes import ACME, EXPRESS_ARN, NOW, FakeClock

QUOTE = Endpoint("acme", "billing", "quote", express_arn=EXPRESS_ARN, aliases=("v10:a",), created_at=NOW)
ANN = Credential("user#acme#ann", "user", "acme", "ann", "ann", ("run",), created_at=NOW, password_hash="$1")
ACT = Act(
    "acme", "a0", NOW, "token:tok_1", "endpoint.create", "endpoint:billing/quote", None, {"title": "é"}, "r1", 1_900_000
)


class World:
    """The three registries and the trail, over one client and fresh tables."""

    def __init__(self, client: AnyClient, tables: Tables) -> None:
        clock = FakeClock()
        self.client, self.tables = client, tables
        self.deadline = clock.monotonic() + 10
        self.log = DynamoAuditLog(client, tables.endpoints, clock)
        self.endpoints = DynamoEndpointRegistry(client, tables.endpoints, clock)
        self.credentials = DynamoCredentialRegistry(client, tables.credentials, tables.endpoints, clock)
        self.workspaces = DynamoWorkspaceRegistry(client, tables, clock)

    def trail(self, wanted: Wanted | None = None, limit: int = 100) -> list[str]:
        """The ids of a trail's acts, read in pages of `limit`."""
        found: list[str] = []
        after: str | None = None
        while True:
            page = self.log.page("acme", wanted or Wanted(), limit, after, deadline=self.deadline)
            assert len(page.items) <= limit
            found += [act.act_id for act in page.items]
            after = page.after
            if after is None:
                return found


@pytest.fixture
def world(dynamodb: AnyClient, endpoints_table: str, credentials_table: str) -> World:
    made = World(dynamodb, Tables(endpoints_table, credentials_table, "no-jobs"))
    assert made.workspaces.create(ACME, now=NOW, write_id="w0", deadline=made.deadline)
    assert made.endpoints.create(QUOTE, write_id="w1", deadline=made.deadline)
    assert made.credentials.create(ANN, write_id="w2", deadline=made.deadline)
    return made


def _act(name: str) -> tuple[Act, ...]:
    return (replace(ACT, act_id=name),)


NEW = replace(QUOTE, name="new", aliases=())
CHANGED = replace(QUOTE, title="changed", version=2)
WRITES: dict[str, Callable[[World], object]] = {
    "create": lambda w: w.endpoints.create(NEW, write_id="x", deadline=w.deadline, acts=_act("create")),
    "replace": lambda w: w.endpoints.replace(
        CHANGED, seen=QUOTE, write_id="x", deadline=w.deadline, acts=_act("replace")
    ),
    "aliases": lambda w: w.endpoints.replace(
        replace(CHANGED, aliases=()), seen=QUOTE, write_id="x", deadline=w.deadline, acts=_act("aliases")
    ),
    "switch": lambda w: w.endpoints.switch(CHANGED, seen=QUOTE, write_id="x", deadline=w.deadline, acts=_act("switch")),
    "delete": lambda w: w.endpoints.delete(QUOTE, deadline=w.deadline, acts=_act("delete")),
    "credential": lambda w: w.credentials.create(
        replace(ANN, key="user#acme#bob"), write_id="x", deadline=w.deadline, acts=_act("credential")
    ),
    "revoke": lambda w: w.credentials.revoke(ANN, at=NOW + 1, write_id="x", deadline=w.deadline, acts=_act("revoke")),
    "password": lambda w: w.credentials.set_password(
        replace(ANN, password_hash="$2"), write_id="x", deadline=w.deadline, acts=_act("password")
    ),
    "settings": lambda w: w.credentials.change(
        replace(ANN, scopes=()), seen=ANN, write_id="x", deadline=w.deadline, acts=_act("settings")
    ),
    "workspace": lambda w: w.workspaces.create(
        replace(ACME, name="blue"), now=NOW, write_id="x", deadline=w.deadline, acts=_act("workspace")
    ),
    "status": lambda w: w.workspaces.set_status(
        "acme", "disabled", only_from=("active",), deadline=w.deadline, acts=_act("status")
    ),
}
# What lets the condition of each write fail: what it was to change is not as it was.
SPOILED: dict[str, Callable[[World], object]] = {
    "create": lambda w: w.endpoints.create(NEW, write_id="other", deadline=w.deadline),
    "credential": lambda w: w.credentials.create(
        replace(ANN, key="user#acme#bob"), write_id="other", deadline=w.deadline
    ),
    "revoke": lambda w: w.credentials.revoke(ANN, at=NOW, write_id="other", deadline=w.deadline),
    "password": lambda w: w.credentials.revoke(ANN, at=NOW, write_id="other", deadline=w.deadline),
    "settings": lambda w: w.credentials.revoke(ANN, at=NOW, write_id="other", deadline=w.deadline),
    "workspace": lambda w: w.workspaces.create(
        replace(ACME, name="blue"), now=NOW, write_id="other", deadline=w.deadline
    ),
    "status": lambda w: w.workspaces.set_status("acme", "disabled", only_from=("active",), deadline=w.deadline),
}


def _spoiled_endpoint(world: World) -> None:
    theirs = replace(QUOTE, title="theirs", version=2)
    assert world.endpoints.replace(theirs, seen=QUOTE, write_id="other", deadline=world.deadline)


@pytest.mark.parametrize("write", WRITES)
def test_every_write_and_its_act_are_made_together(world: World, write: str) -> None:
    assert WRITES[write](world) is True
    assert world.trail() == [write]


@pytest.mark.parametrize("write", WRITES)
def test_a_write_that_is_not_made_leaves_no_act(world: World, write: str) -> None:
    SPOILED.get(write, _spoiled_endpoint)(world)
    assert WRITES[write](world) is False
    assert world.trail() == []


@pytest.mark.parametrize("write", [name for name in WRITES if name != "status"])
@pytest.mark.parametrize("worked", [True, False])
def test_a_write_whose_answer_was_lost_has_one_act(world: World, write: str, worked: bool) -> None:
    class Lossy:
        lost = 0

        def __getattr__(self, name: str) -> object:
            return getattr(world.client, name)

        def transact_write_items(self, **request: object) -> object:
            if self.lost == 0:
                self.lost = 1
                if worked:
                    world.client.transact_write_items(**request)
                raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")
            return world.client.transact_write_items(**request)

    assert WRITES[write](World(Lossy(), world.tables)) is True
    assert world.trail() == [write]


def test_an_act_is_read_as_it_was_written(world: World) -> None:
    acts = [
        ACT,
        replace(ACT, act_id="a1", before={"a": [1, None, True]}, after=None, request_id=None, outcome="begun"),
    ]
    world.log.write(acts, deadline=world.deadline)
    page = world.log.page("acme", Wanted(), 10, None, deadline=world.deadline)
    assert page.items == (acts[1], acts[0])


def test_an_outcome_is_written_over_the_beginning(world: World) -> None:
    for outcome in ("begun", "done"):
        world.log.write([replace(ACT, outcome=outcome)], deadline=world.deadline)
    page = world.log.page("acme", Wanted(), 10, None, deadline=world.deadline)
    assert [act.outcome for act in page.items] == ["done"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_a_trail_is_read_newest_first_whatever_is_filtered_and_however_it_is_cut(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr("flowport.adapters.audit_log._LOOK_AT", 3)
    monkeypatch.setattr("flowport.adapters.audit_log._LOOKS", 2)
    for number in range(12):
        act = replace(
            ACT,
            act_id=f"n{number:02d}",
            at=NOW + number // 2,
            who="user:ann" if number % 3 == 0 else "token:tok_1",
            what="endpoint:billing/quote" if number % 2 else "endpoint-like:x",
        )
        world.log.write([act, replace(act, trail="other", act_id="theirs")], deadline=world.deadline)

    def ids(*numbers: int) -> list[str]:
        return [f"n{number:02d}" for number in numbers]

    assert world.trail(None, limit) == ids(*range(11, -1, -1))
    assert world.trail(Wanted(who="user:ann"), limit) == ids(9, 6, 3, 0)
    assert world.trail(Wanted(what="endpoint:billing/quote"), limit) == ids(11, 9, 7, 5, 3, 1)
    assert world.trail(Wanted(what="endpoint"), limit) == ids(11, 9, 7, 5, 3, 1)
    assert world.trail(Wanted(what="endpoint:billing"), limit) == []
    assert world.trail(Wanted(since=NOW + 2, until=NOW + 3), limit) == ids(7, 6, 5, 4)
    assert world.trail(Wanted(who="user:ann", what="endpoint", since=NOW + 1), limit) == ids(9, 3)


def test_an_act_of_an_inactive_workspace_is_not_written_without_its_endpoint(world: World) -> None:
    world.workspaces.set_status("acme", "disabled", only_from=("active",), deadline=world.deadline)
    with pytest.raises(FlowportError):
        WRITES["create"](world)
    assert world.trail() == []


def test_a_purge_leaves_the_trail_of_what_was_there(world: World) -> None:
    world.log.write([ACT], deadline=world.deadline)
    assert world.workspaces.purge("acme", made_before=NOW + 1, deadline=world.deadline)
    assert world.trail() == ["a0"]
