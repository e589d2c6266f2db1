"""From what a caller presents to what it may do, with one look-up each."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from flowport.domain import errors
from flowport.domain.access import Presented
from flowport.domain.numbers import JobNumber
from flowport.domain.records import Workspace
from flowport.domain.tokens import new_token
from flowport.usecases.access import Caller
from tests.fakes import (
    ACCOUNT,
    ACME,
    JOB_ID,
    NOW,
    a_credential,
    a_job,
    a_user,
    an_endpoint,
    presented_user,
)
from tests.unit.usecases.stack import Stack

if TYPE_CHECKING:
    from flowport.usecases.ports import JobNumbers

ARN = f"{ACCOUNT}:execution:durable:fp-{JOB_ID}"
ANONYMOUS = {"presented": None}


def _every_use(stack: Stack) -> list[Callable[[Caller], object]]:
    return [
        lambda caller: stack.access.to_run(caller, "billing/quote", "POST"),
        lambda caller: stack.access.to_read_job(caller, JOB_ID),
        stack.access.to_list_jobs,
        lambda caller: stack.access.with_scope(caller, "run"),
    ]


def test_every_use_asks_the_directory_once(stack: Stack) -> None:
    stack.jobs.create(a_job())
    for number, use in enumerate(_every_use(stack), 1):
        use(stack.caller())
        assert len(stack.directory.asked) == number


def test_a_revoked_token_is_refused_at_the_very_next_call(stack: Stack) -> None:
    stack.jobs.create(a_job())
    for use in _every_use(stack):
        use(stack.caller())
        stack.directory.add(a_credential(stack.token, revoked_at=NOW))
        with pytest.raises(errors.Unauthenticated):
            use(stack.caller())
        stack.directory.add(a_credential(stack.token))


def test_a_disabled_endpoint_is_refused_at_the_very_next_call(stack: Stack) -> None:
    stack.access.to_run(stack.caller(), "billing/quote", "POST")
    stack.directory.add(an_endpoint(enabled=False))
    with pytest.raises(errors.EndpointDisabled):
        stack.access.to_run(stack.caller(), "billing/quote", "POST")


def test_a_disabled_workspace_refuses_every_credential(stack: Stack) -> None:
    stack.jobs.create(a_job())
    stack.directory.add(replace(ACME, status="disabled"))
    for use in _every_use(stack):
        with pytest.raises(errors.WorkspaceDisabled):
            use(stack.caller())


def test_a_credential_that_asks_for_another_workspace_finds_none(stack: Stack) -> None:
    stack.directory.add(Workspace("other", "", "active", NOW))
    for use in _every_use(stack):
        with pytest.raises(errors.OtherWorkspace):
            use(stack.caller(workspace="other"))


def test_a_credential_may_name_its_own_workspace(stack: Stack) -> None:
    stack.access.to_run(stack.caller(workspace="acme"), "billing/quote", "POST")


def test_a_token_of_another_workspace_does_not_find_the_endpoint(stack: Stack) -> None:
    token = new_token("other")
    stack.directory.add(Workspace("other", "", "active", NOW), a_credential(token))
    with pytest.raises(errors.NotFound):
        stack.access.to_run(stack.caller(presented=Presented.of_token(token)), "billing/quote", "POST")


def test_an_invalid_credential_is_told_before_a_missing_endpoint(stack: Stack) -> None:
    with pytest.raises(errors.Unauthenticated):
        stack.access.to_run(stack.caller(presented=Presented.of_token(new_token("acme"))), "no/such", "POST")


def test_a_foreign_address_costs_no_password_hash(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("password",), ip_allow=("10.0.0.0/8",)))
    with pytest.raises(errors.AddressRefused):
        stack.access.to_run(stack.caller(presented=presented_user()), "billing/quote", "POST")
    assert stack.passwords.verified == []


def test_a_user_runs_what_takes_passwords(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("password",)))
    principal, _ = stack.access.to_run(stack.caller(presented=presented_user()), "billing/quote", "POST")
    assert principal.name == "user:ann"


@pytest.mark.parametrize(("named", "runs"), [("acme", True), (None, True), ("other", False)])
def test_a_caller_without_credential_is_in_the_workspace_it_names_or_else_in_the_default(
    stack: Stack, named: str | None, runs: bool
) -> None:
    stack.directory.add(an_endpoint(auth=("none",)), Workspace("other", "", "active", NOW))
    caller = stack.caller(**ANONYMOUS, workspace=named)
    if runs:
        assert stack.access.to_run(caller, "billing/quote", "POST")[0].name == "anonymous"
    else:
        with pytest.raises(errors.NotFound):
            stack.access.to_run(caller, "billing/quote", "POST")


# -- jobs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", [JOB_ID, JOB_ID.upper(), ARN])
def test_a_job_is_read_by_each_of_its_names(stack: Stack, reference: str) -> None:
    stack.jobs.create(a_job())
    assert stack.access.to_read_job(stack.caller(), reference)[1] == a_job()


@pytest.mark.parametrize(
    "reference",
    [
        "0199b6f2-0000-8000-8000-00000000dead",
        f"{ACCOUNT}:execution:other-machine:fp-{JOB_ID}",
        f"{ACCOUNT}:execution:durable:hello",
        "no such thing",
        "",
    ],
)
def test_a_name_of_no_job_is_not_found(stack: Stack, reference: str) -> None:
    stack.jobs.create(a_job())
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(), reference)


def test_a_job_of_another_workspace_is_not_found(stack: Stack) -> None:
    stack.jobs.create(a_job(workspace="other"))
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(), JOB_ID)


def test_an_anonymous_job_is_found_in_its_own_workspace_only(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="anonymous"))
    assert stack.access.to_read_job(stack.caller(**ANONYMOUS, workspace="acme"), JOB_ID)
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(**ANONYMOUS, workspace="other"), JOB_ID)


def test_an_anonymous_job_is_read_without_credential_by_its_id_and_not_by_its_arn(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="anonymous"))
    assert stack.access.to_read_job(stack.caller(**ANONYMOUS), JOB_ID)[1].id == JOB_ID
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(**ANONYMOUS), ARN)


def _with(stack: Stack, workspace: str = "acme", **members: Any) -> Caller:
    token = new_token(workspace)
    stack.directory.add(a_credential(token, **{"scopes": ("run",), "credential_id": "tok_2"} | members))
    return stack.caller(presented=Presented.of_token(token))


@pytest.mark.parametrize("principal", ["anonymous", "the system"])
def test_whoever_shows_a_credential_reads_and_changes_an_anonymous_job_as_one_who_shows_none(
    stack: Stack, principal: str
) -> None:
    stack.jobs.create(a_job(principal=principal))
    for caller in (stack.caller(**ANONYMOUS), _with(stack), _with(stack, endpoints=("other/one",))):
        assert stack.access.to_read_job(caller, JOB_ID)[1].id == JOB_ID
        assert stack.access.to_change_job(caller, JOB_ID)[1].id == JOB_ID


def test_a_credential_finds_an_anonymous_job_by_nothing_that_can_be_guessed(stack: Stack) -> None:
    number = JobNumber("nebulagraph", 7)
    stack.jobs.create(a_job(principal="anonymous", number=number))
    stack.access = replace(stack.access, numbers=cast("JobNumbers", _Numbers()))
    for reference in (ARN, number):
        with pytest.raises(errors.NotFound):
            stack.access.to_read_job(_with(stack), reference)
    reader = _with(stack, scopes=("jobs:read",))
    assert stack.access.to_read_job(reader, number)[1].id == JOB_ID


class _Numbers:
    def find(self, _workspace: str, _number: JobNumber, *, deadline: float | None = None) -> str:
        del deadline
        return JOB_ID


def test_a_credential_of_another_workspace_does_not_find_an_anonymous_job(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="anonymous"))
    stack.directory.add(Workspace("other", "", "active", NOW))
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(_with(stack, "other"), JOB_ID)


def test_an_anonymous_job_of_a_disabled_workspace_is_given_to_nobody(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="anonymous"))
    stack.directory.add(replace(ACME, status="disabled"))
    with pytest.raises(errors.WorkspaceDisabled):
        stack.access.to_read_job(stack.caller(**ANONYMOUS), JOB_ID)


def test_a_job_of_a_credential_is_not_found_without_one(stack: Stack) -> None:
    stack.jobs.create(a_job())
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(**ANONYMOUS), JOB_ID)


def test_an_invalid_credential_is_told_before_a_missing_job(stack: Stack) -> None:
    with pytest.raises(errors.Unauthenticated):
        stack.access.to_read_job(stack.caller(presented=presented_user(password="wrong")), JOB_ID)


def test_listing_needs_a_credential_with_a_scope_for_it(stack: Stack) -> None:
    with pytest.raises(errors.Unauthenticated):
        stack.access.to_list_jobs(stack.caller(**ANONYMOUS))
    stack.directory.add(a_user(scopes=("admin",)))
    with pytest.raises(errors.Forbidden):
        stack.access.to_list_jobs(stack.caller(presented=presented_user()))


def test_administration_needs_its_scope(stack: Stack) -> None:
    with pytest.raises(errors.Forbidden):
        stack.access.with_scope(stack.caller(), "admin")
    with pytest.raises(errors.Unauthenticated):
        stack.access.with_scope(stack.caller(**ANONYMOUS), "admin")
    stack.directory.add(a_credential(stack.token, scopes=("admin",)))
    assert stack.access.with_scope(stack.caller(), "admin").name == "token:tok_1"


def test_an_expired_job_is_not_found_although_its_row_is_still_there(stack: Stack) -> None:
    stack.jobs.create(a_job(expires_at=NOW + 1000))
    assert stack.access.to_read_job(stack.caller(), JOB_ID)[1].id == JOB_ID
    stack.clock.sleep(1)
    with pytest.raises(errors.NotFound):
        stack.access.to_read_job(stack.caller(), JOB_ID)


def test_a_credential_that_is_not_needed_does_no_harm_where_the_family_says_so(stack: Stack) -> None:
    stack.directory.add(a_credential(stack.token, revoked_at=NOW))
    stack.directory.add(an_endpoint(auth=("none",)))
    principal, _ = stack.access.to_run(stack.caller(optional=True), "billing/quote", "POST")
    assert principal.credential is None
    with pytest.raises(errors.CredentialInvalid):
        stack.access.to_run(stack.caller(), "billing/quote", "POST")


def test_a_credential_that_is_needed_is_refused_however_optional(stack: Stack) -> None:
    stack.directory.add(a_credential(stack.token, revoked_at=NOW))
    with pytest.raises(errors.CredentialInvalid):
        stack.access.to_run(stack.caller(optional=True), "billing/quote", "POST")
