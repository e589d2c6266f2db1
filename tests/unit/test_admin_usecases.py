"""The administration's decisions, on fakes: publishing, optimistic locking, deletion, bootstrap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from flowport.domain.audit import Act
from flowport.domain.errors import Conflict, FlowportError, NotFound, PreconditionFailed, Unavailable
from flowport.domain.records import Credential, Endpoint, Workspace
from flowport.usecases.admin.bootstrap import Bootstrap
from flowport.usecases.admin.credentials import Grant, ManageCredentials
from flowport.usecases.admin.endpoints import ARNS, ManageEndpoints
from flowport.usecases.admin.errors import ConsentMissing, PublishingRefused, WorkspaceEnabled, WorkspaceReserved
from flowport.usecases.admin.keys import ManageKeys
from flowport.usecases.admin.ports import Actor, CredentialKind, MachineState, Page
from flowport.usecases.admin.preconditions import Precondition
from flowport.usecases.admin.publishing import check_publishing
from flowport.usecases.admin.webhook_secrets import ManageWebhookSecrets
from flowport.usecases.admin.workspaces import ManageWorkspaces
from tests.fakes import FakeSecrets, an_audit, fail

NOW = 1_795_310_400_000
DAY = 86_400_000
ARN = "arn:aws:states:eu-central-1:123456789012:stateMachine:quick"
ACTOR = Actor("acme", 15.0, "token:tok_example")
OPERATOR = Actor("_operator", 15.0, "token:tok_operator")
QUOTE = Endpoint("acme", "billing", "quote", express_arn=ARN, created_at=NOW, updated_at=NOW)


@dataclass
class FixedClock:
    at: int = NOW

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@dataclass
class Machines:
    known: dict[str, MachineState] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def describe(self, arn: str, *, deadline: float) -> MachineState | None:
        assert deadline == ACTOR.deadline
        self.asked.append(arn)
        return self.known.get(arn)


@dataclass
class Endpoints:
    """The endpoints of a registry; the first `races` writes find that somebody was faster."""

    rows: dict[str, Endpoint] = field(default_factory=dict)
    races: int = 0
    write_ids: list[str] = field(default_factory=list)

    def get(self, workspace: str, path: str, *, deadline: float) -> Endpoint | None:
        return self.rows.get(path)

    def existing(self, workspace: str, paths: Sequence[str], *, deadline: float) -> frozenset[str]:
        return frozenset(self.rows) & frozenset(paths)

    def page(self, workspace: str, limit: int, after: str | None, *, deadline: float) -> Page[Endpoint]:
        return Page(tuple(self.rows.values()), None)

    def create(self, endpoint: Endpoint, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        if endpoint.path in self.rows:
            return False
        self.rows[endpoint.path] = endpoint
        return True

    def replace(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        self.write_ids.append(write_id)
        if self.races:
            self.races -= 1
            present = self.rows[endpoint.path]
            self.rows[endpoint.path] = replace(present, enabled=False, version=present.version + 1)
        if self.rows.get(endpoint.path) != seen:
            return False
        self.rows[endpoint.path] = endpoint
        return True

    def switch(
        self, endpoint: Endpoint, *, seen: Endpoint, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        raise AssertionError(endpoint)

    def delete(self, seen: Endpoint, *, deadline: float, acts: Sequence[Act] = ()) -> bool:
        return False


@dataclass
class Credentials:
    rows: dict[str, Credential] = field(default_factory=dict)

    def create(self, credential: Credential, *, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        return self.rows.setdefault(credential.key, credential) is credential

    def get(self, workspace: str, key: str, *, deadline: float) -> Credential | None:
        return self.rows.get(key)

    def set_password(
        self,
        changed: Credential,
        *,
        write_id: str,
        deadline: float,
        acts: Sequence[Act] = (),
        over: str | None = None,
    ) -> bool:
        raise AssertionError(changed)

    def token_key(self, workspace: str, credential_id: str, *, deadline: float) -> str | None:
        return next((row.key for row in self.rows.values() if row.credential_id == credential_id), None)

    def revoke(self, seen: Credential, *, at: int, write_id: str, deadline: float, acts: Sequence[Act] = ()) -> bool:
        raise AssertionError(seen)

    def change(
        self, changed: Credential, *, seen: Credential, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        raise AssertionError(changed)

    def page(
        self, workspace: str, kind: CredentialKind, limit: int, after: str | None, *, deadline: float
    ) -> Page[Credential]:
        return Page(tuple(self.rows.values()), None)


@dataclass
class Workspaces:
    """The workspaces of a registry; `log` holds what was done, in order."""

    rows: dict[str, Workspace] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def get(self, name: str, *, deadline: float) -> Workspace | None:
        return self.rows.get(name)

    def page(self, limit: int, after: str | None, *, deadline: float) -> Page[Workspace]:
        return Page(tuple(self.rows.values()), None)

    def create(
        self, workspace: Workspace, *, now: int, write_id: str, deadline: float, acts: Sequence[Act] = ()
    ) -> bool:
        self.log.append("create")
        present = self.rows.get(workspace.name)
        if present is not None and not (present.status == "deleted" and (present.reserved_until or 0) <= now):
            return False
        self.rows[workspace.name] = workspace
        return True

    def set_status(
        self,
        name: str,
        status: str,
        *,
        only_from: Sequence[str],
        reserved_until: int | None = None,
        deadline: float,
        acts: Sequence[Act] = (),
    ) -> bool:
        self.log.append(status)
        present = self.rows.get(name)
        if present is None or present.status not in only_from:
            return False
        self.rows[name] = replace(present, status=status, reserved_until=reserved_until)
        return True

    def purge(self, name: str, *, made_before: int, deadline: float) -> bool:
        self.log.append(f"purge before {made_before - NOW}")
        return True


class NoPasswords:
    def hash(self, password: str) -> str:
        return "hash"

    def knows(self, stored: str, password: str) -> bool:
        raise AssertionError

    def verify(self, stored: str | None, password: str) -> bool:
        raise AssertionError


def machines(*, kind: str = "EXPRESS", status: str = "ACTIVE", tags: Mapping[str, str] | None = None) -> Machines:
    return Machines({ARN: MachineState(kind, status, tags or {"flowport:publish": "acme"})})


# -- publishing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "published"),
    [
        ("acme", True),
        ("other acme", True),
        ("@all", True),
        ("*", True),
        ("other @all", True),
        ("  acme  ", True),
        ("", False),
        ("acme2", False),
        ("acm", False),
        ("other,acme", False),
        ("ACME", False),
    ],
)
def test_consent_is_a_word_of_the_tags_value(value: str, published: bool) -> None:
    found = machines(tags={"flowport:publish": value})
    if published:
        check_publishing(QUOTE, ARNS, found, ACTOR.deadline)
        return
    with pytest.raises(ConsentMissing):
        check_publishing(QUOTE, ARNS, found, ACTOR.deadline)


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (Machines(), "state-machine-missing"),
        (machines(status="DELETING"), "state-machine-missing"),
        (machines(kind="STANDARD"), "state-machine-type"),
        (machines(tags={"other": "acme"}), "consent-missing"),
    ],
)
def test_each_reason_against_publishing_has_its_own_name(found: Machines, kind: str) -> None:
    with pytest.raises(PublishingRefused) as caught:
        check_publishing(QUOTE, ARNS, found, ACTOR.deadline)
    assert (caught.value.kind, caught.value.status) == (kind, 422)
    assert [error["pointer"] for error in caught.value.members["errors"]] == ["/express_arn"]


def test_only_the_named_machines_are_looked_at() -> None:
    found = machines()
    check_publishing(QUOTE, {"standard_arn"}, found, ACTOR.deadline)
    check_publishing(QUOTE, (), found, ACTOR.deadline)
    assert found.asked == []


# -- locking -----------------------------------------------------------------------------------------------------------


def test_a_change_is_made_anew_on_what_somebody_faster_wrote() -> None:
    registry = Endpoints({QUOTE.path: QUOTE}, races=2)
    manage = ManageEndpoints(registry, machines(), FixedClock(NOW + 5), an_audit())
    seen: list[int] = []

    def make(current: Endpoint | None) -> Endpoint:
        assert current is not None
        seen.append(current.version)
        return replace(current, title="new")

    written, created = manage.change(ACTOR, QUOTE.path, make, precondition=None, check=())
    assert (seen, created) == ([1, 2, 3], False)
    assert written == replace(QUOTE, title="new", enabled=False, version=4, updated_at=NOW + 5)
    assert len(set(registry.write_ids)) == 3  # DynamoDB refuses one request token for two different writes


def test_a_change_for_one_version_is_not_made_on_another() -> None:
    registry = Endpoints({QUOTE.path: QUOTE}, races=1)
    manage = ManageEndpoints(registry, machines(), FixedClock(), an_audit())
    with pytest.raises(PreconditionFailed):
        manage.change(ACTOR, QUOTE.path, lambda _: QUOTE, precondition=Precondition(frozenset({"1"})), check=())
    assert registry.rows[QUOTE.path].version == 2


def test_a_change_gives_up_when_others_are_always_faster() -> None:
    manage = ManageEndpoints(Endpoints({QUOTE.path: QUOTE}, races=1000), machines(), FixedClock(), an_audit())
    with pytest.raises(Conflict):
        manage.change(ACTOR, QUOTE.path, lambda _: QUOTE, precondition=None, check=())
    with pytest.raises(Conflict):
        manage.delete(ACTOR, QUOTE.path, precondition=None)


def test_nothing_is_written_that_may_not_be_published() -> None:
    registry = Endpoints()
    manage = ManageEndpoints(registry, Machines(), FixedClock(), an_audit())
    with pytest.raises(PublishingRefused):
        manage.create(ACTOR, QUOTE)
    with pytest.raises(PublishingRefused):
        manage.change(ACTOR, QUOTE.path, lambda _: QUOTE, precondition=None, check=ARNS)
    assert registry.rows == {}


# -- workspaces --------------------------------------------------------------------------------------------------------


def managed(status: str, reserved_until: int | None = None) -> tuple[ManageWorkspaces, Workspaces]:
    registry = Workspaces({"acme": Workspace("acme", "", status, NOW - DAY, reserved_until)})
    return ManageWorkspaces(registry, FixedClock(), 30 * DAY, an_audit()), registry


def test_a_deletion_marks_before_it_removes() -> None:
    manage, registry = managed("disabled")
    manage.delete(OPERATOR, "acme")
    assert registry.log == ["deleted", f"purge before {30 * DAY}"]


def test_a_repeated_deletion_removes_again_and_reserves_no_longer() -> None:
    manage, registry = managed("deleted", NOW + 5)
    manage.delete(OPERATOR, "acme")
    assert registry.log == ["purge before 5"]


def test_a_deleted_workspace_leaves_no_key_or_secret_to_the_next_one_of_its_name() -> None:
    registry = Workspaces({"acme": Workspace("acme", "", "disabled", NOW - DAY, None)})
    keys, hooks = FakeSecrets(), FakeSecrets(acme="whsec_1", other="whsec_2")
    keys.kept = {
        "acme/flowport": [("v1", "a")],
        "acme/phixflow-api-key": [("v1", "b")],
        "other/flowport": [("v1", "c")],
    }
    belongings = (ManageKeys(keys, an_audit()), ManageWebhookSecrets(hooks, str, an_audit()))
    manage = ManageWorkspaces(registry, FixedClock(), 30 * DAY, an_audit(), belongings)
    manage.delete(OPERATOR, "acme")
    assert (list(keys.kept), list(hooks.kept)) == (["other/flowport"], ["other"])


def test_a_secret_that_cannot_be_removed_now_is_removed_when_the_deletion_is_repeated() -> None:
    registry = Workspaces({"acme": Workspace("acme", "", "disabled", NOW - DAY, None)})
    hooks = FakeSecrets(acme="whsec_1")
    fail(hooks, "delete", Unavailable("busy"))
    manage = ManageWorkspaces(
        registry, FixedClock(), 30 * DAY, an_audit(), (ManageWebhookSecrets(hooks, str, an_audit()),)
    )
    with pytest.raises(Unavailable):
        manage.delete(OPERATOR, "acme")
    assert registry.log == ["deleted"]
    manage.delete(OPERATOR, "acme")
    assert (hooks.kept, registry.log) == ({}, ["deleted", f"purge before {30 * DAY}"])


def test_an_active_workspace_loses_nothing() -> None:
    manage, registry = managed("active")
    with pytest.raises(WorkspaceEnabled):
        manage.delete(OPERATOR, "acme")
    assert registry.log == []


def test_a_reserved_name_stays_reserved_to_the_millisecond() -> None:
    manage, registry = managed("deleted", NOW + 1)
    with pytest.raises(WorkspaceReserved):
        manage.create(OPERATOR, "acme", "")
    assert registry.log == []


def test_a_free_name_is_swept_before_it_is_used_again() -> None:
    manage, registry = managed("deleted", NOW)
    manage.create(OPERATOR, "acme", "")
    assert registry.log == ["purge before 0", "create"]
    assert registry.rows["acme"] == Workspace("acme", "", "active", NOW)


def test_a_deleted_workspace_cannot_be_enabled() -> None:
    manage, _ = managed("deleted", NOW)
    with pytest.raises(NotFound):
        manage.switch(OPERATOR, "acme", enabled=True)


# -- bootstrap and credentials -----------------------------------------------------------------------------------------


def a_bootstrap(workspaces: Workspaces) -> tuple[Bootstrap, Credentials]:
    credentials = Credentials()
    clock = FixedClock()
    manage = ManageWorkspaces(workspaces, clock, 30 * DAY, an_audit())
    return Bootstrap(manage, ManageCredentials(credentials, Endpoints(), NoPasswords(), clock, an_audit())), credentials


def test_bootstrap_is_safe_to_repeat_for_a_workspace() -> None:
    bootstrap, credentials = a_bootstrap(Workspaces())
    first = bootstrap.workspace("acme", Grant("bootstrap", ("admin",)), deadline=15.0)
    second = bootstrap.workspace("acme", Grant("bootstrap", ("admin",)), deadline=15.0)
    assert (first.created, second.created) == (True, False)
    assert set(credentials.rows) == {first.token.key, second.token.key}


def test_an_operators_token_has_one_scope_and_no_workspace() -> None:
    bootstrap, credentials = a_bootstrap(Workspaces())
    made = bootstrap.operator("bootstrap", deadline=15.0)
    (row,) = credentials.rows.values()
    assert (row.workspace, row.scopes, row.endpoints, row.key) == ("_operator", ("operator",), None, made.token.key)
    assert made.token.text not in repr(row)


def test_a_grant_for_an_endpoint_that_is_not_there_is_refused() -> None:
    credentials = Credentials()
    manage = ManageCredentials(credentials, Endpoints({QUOTE.path: QUOTE}), NoPasswords(), FixedClock(), an_audit())
    with pytest.raises(FlowportError) as caught:
        manage.create_token(ACTOR, Grant("x", ("run",), (QUOTE.path, "billing/none")))
    assert [error["pointer"] for error in caught.value.members["errors"]] == ["/endpoints/1"]
    assert credentials.rows == {}
