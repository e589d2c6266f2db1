"""Clients, signed tokens, brought values, roles, aliases, and the policies that dialects have of their own."""

from dataclasses import replace

import pytest

from flowport.domain import errors
from flowport.domain.access import Presented
from flowport.domain.jwt import Claims
from flowport.domain.records import Credential, Workspace, brought_token_key
from flowport.usecases.access import Caller
from flowport.usecases.read_jobs import ListJobs
from tests.fakes import NOW, a_client, a_credential, a_job, a_user, an_endpoint
from tests.unit.usecases.stack import Stack

SECONDS = NOW // 1000
CLIENT = a_client()
EXECUTE = frozenset({"workflow.execute"})


def _signed(stack: Stack, credential: Credential, alias: str = "flowport", **changes: object) -> Caller:
    claims = Claims(credential.principal, "acme", None, SECONDS, SECONDS + 60, credential.generation)
    raw = stack.jwt_keys.issue(replace(claims, **changes), alias)  # type: ignore[arg-type]
    return stack.caller(presented=Presented.of_jwt(raw, alias))


def _run(stack: Stack, caller: Caller) -> str:
    return stack.access.to_run(caller, "billing/quote", "POST")[0].name


# -- clients -----------------------------------------------------------------------------------------------------------


def test_a_client_is_known_by_its_id_and_secret(stack: Stack) -> None:
    stack.directory.add(CLIENT)
    presented = Presented.of_client(CLIENT.credential_id, "fps_secret")
    assert stack.access.identified(stack.caller(presented=presented)).name == f"client:{CLIENT.credential_id}"


@pytest.mark.parametrize("secret", ["", "fps_secreT", "fps_secret ", CLIENT.secret_hash, "\udfff"])
def test_a_wrong_secret_is_refused(stack: Stack, secret: str) -> None:
    stack.directory.add(CLIENT)
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(stack.caller(presented=Presented.of_client(CLIENT.credential_id, secret)))


def test_a_client_that_is_not_there_is_refused_also_without_any_secret(stack: Stack) -> None:
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(stack.caller(presented=Presented.of_client(CLIENT.credential_id, "")))


def test_a_client_without_a_secret_is_let_in_by_none(stack: Stack) -> None:
    stack.directory.add(replace(CLIENT, secret_hash=None))
    for secret in ("", "fps_secret"):
        with pytest.raises(errors.CredentialInvalid):
            stack.access.identified(stack.caller(presented=Presented.of_client(CLIENT.credential_id, secret)))


@pytest.mark.parametrize("client_id", ["", "fpc_acme", "fpc__operator_00000000000000000001", "acme"])
def test_what_is_no_clients_id_is_refused_without_a_read(client_id: str) -> None:
    with pytest.raises(errors.CredentialInvalid):
        Presented.of_client(client_id, "fps_secret")


def test_no_secret_is_in_what_a_presented_credential_prints() -> None:
    assert "fps_secret" not in repr(Presented.of_client(CLIENT.credential_id, "fps_secret"))


# -- signed tokens -----------------------------------------------------------------------------------------------------


def test_a_signed_token_acts_as_the_credential_that_it_names(stack: Stack) -> None:
    key = Credential("api_key#acme#key_1", "api_key", "acme", "key_1", "phix", (), roles=("runner",))
    stack.directory.add(key)
    assert _run(stack, _signed(stack, key)) == "api_key:key_1"


def test_a_signed_token_is_refused_at_the_very_next_call_when_its_credential_is_revoked(stack: Stack) -> None:
    caller = _signed(stack, a_user())
    stack.directory.add(an_endpoint(auth=("password",)))
    assert _run(stack, caller) == "user:ann"
    stack.directory.add(a_user(revoked_at=NOW))
    with pytest.raises(errors.CredentialInvalid):
        _run(stack, caller)


def test_another_password_ends_the_tokens_that_were_given_for_the_last_one(stack: Stack) -> None:
    caller = _signed(stack, a_user())
    stack.directory.add(an_endpoint(auth=("password",)), a_user(password="another horse"))
    with pytest.raises(errors.CredentialInvalid):
        _run(stack, caller)


def test_a_key_that_is_rotated_leaves_the_last_ones_tokens_valid_and_a_retired_one_does_not(stack: Stack) -> None:
    caller = _signed(stack, a_user())
    stack.jwt_keys.current, stack.jwt_keys.previous = "k2", "k1"
    assert stack.access.identified(caller).name == "user:ann"
    stack.jwt_keys.previous = ""
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(caller)


def test_an_expired_token_is_told_from_an_invalid_one_by_its_class_and_not_by_its_words(stack: Stack) -> None:
    with pytest.raises(errors.CredentialExpired) as expired:
        stack.access.identified(_signed(stack, a_user(), expires_at=SECONDS))
    with pytest.raises(errors.CredentialInvalid) as invalid:
        stack.access.identified(_signed(stack, a_user(), generation="other"))
    assert type(invalid.value) is errors.CredentialInvalid
    assert expired.value.detail == invalid.value.detail


def test_a_token_grants_no_scope_that_its_credential_has_not(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("token",)))
    caller = _signed(stack, a_user(scopes=("run", "admin")), scopes=("jobs:read", "admin"))
    stack.directory.add(a_user(scopes=("run", "admin")))
    principal = stack.access.identified(caller)
    assert principal.credential is not None
    assert principal.credential.granted == {"admin"}
    with pytest.raises(errors.Forbidden, match="'run'"):
        _run(stack, caller)


def test_a_token_from_before_its_credential_was_made_is_of_another_one_of_that_name(stack: Stack) -> None:
    stack.directory.add(a_user(created_at=NOW + 120_000))
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(_signed(stack, a_user()))
    stack.directory.add(a_user(created_at=NOW + 30_000))  # clocks differ
    stack.access.identified(_signed(stack, a_user()))


def test_no_key_is_read_for_a_workspace_that_is_not_there(stack: Stack) -> None:
    stack.jwt_keys.broken = AssertionError("a key was read")  # type: ignore[assignment]
    raw = "e30.eyJzdWIiOiJhbm4iLCJ3cyI6Im5vbmUifQ.x"  # {"sub":"ann","ws":"none"}
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(stack.caller(presented=Presented.of_jwt(raw, "flowport")))


def test_a_short_key_stops_signed_tokens_and_nothing_else(stack: Stack) -> None:
    caller = _signed(stack, a_user())
    stack.jwt_keys.broken = errors.KeyTooShort("too short")
    with pytest.raises(errors.KeyTooShort):
        stack.access.identified(caller)
    assert _run(stack, stack.caller()) == "token:tok_1"


def test_a_token_of_another_workspace_finds_nothing_at_this_address(stack: Stack) -> None:
    stack.directory.add(Workspace("other", "", "active", NOW))
    caller = replace(_signed(stack, a_user()), workspace="other")
    with pytest.raises(errors.NotFound):
        stack.access.identified(caller)


@pytest.mark.parametrize("raw", ["", "x", "a.b.c", "fp_acme_x"])
def test_what_is_no_signed_token_is_refused_without_a_read(raw: str) -> None:
    with pytest.raises(errors.CredentialInvalid):
        Presented.of_jwt(raw, "flowport", "acme")


# -- brought values ----------------------------------------------------------------------------------------------------

BROUGHT = Credential(brought_token_key("acme", "123456"), "token", "acme", "tok_2", "old", ("run",), brought=True)


def test_a_brought_token_is_taken_where_a_dialects_header_carries_it(stack: Stack) -> None:
    stack.directory.add(BROUGHT)
    assert _run(stack, stack.caller(presented=Presented.of_any_token("123456", "acme"))) == "token:tok_2"


def test_the_same_value_of_another_workspace_is_not_that_token(stack: Stack) -> None:
    stack.directory.add(BROUGHT, Workspace("other", "", "active", NOW))
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(stack.caller(presented=Presented.of_any_token("123456", "other")))


def test_two_workspaces_keep_the_same_value_apart() -> None:
    assert brought_token_key("acme", "123456") != brought_token_key("other", "123456")
    assert "123456" not in brought_token_key("acme", "123456")


def test_that_header_also_carries_a_token_of_ours(stack: Stack) -> None:
    assert Presented.of_any_token(stack.token.text, "other") == Presented.of_token(stack.token)


def test_a_brought_password_opens_nothing_by_basic_authentication(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("password",)), a_user(password="123456", brought=True))
    with pytest.raises(errors.CredentialInvalid):
        _run(stack, stack.caller(presented=Presented.of_user("acme", "ann", "123456")))
    assert _run(stack, stack.caller(presented=Presented.of_user("acme", "ann", "123456", brought=True))) == "user:ann"


def test_a_good_password_is_taken_by_that_header_too(stack: Stack) -> None:
    caller = stack.caller(presented=Presented.of_user("acme", "ann", "correct horse", brought=True))
    assert stack.access.identified(caller).name == "user:ann"


# -- roles and policies ------------------------------------------------------------------------------------------------


def test_a_user_runs_by_its_role(stack: Stack) -> None:
    stack.directory.add(an_endpoint(auth=("password",)), a_user(scopes=(), roles=("runner",)))
    caller = stack.caller(presented=Presented.of_user("acme", "ann", "correct horse"))
    assert _run(stack, caller) == "user:ann"
    stack.directory.add(a_user(scopes=(), roles=("reader", "no such role")))
    with pytest.raises(errors.Forbidden):
        _run(stack, caller)


def test_a_dialects_scope_runs_only_under_the_dialects_policy(stack: Stack) -> None:
    stack.directory.add(CLIENT)
    caller = _signed(stack, CLIENT)
    assert _run(stack, replace(caller, any_of=EXECUTE)).startswith("client:")
    with pytest.raises(errors.Forbidden, match="'run'"):
        _run(stack, caller)
    with pytest.raises(errors.Forbidden, match=r"'job\.admin' or 'job\.modify'"):
        _run(stack, replace(caller, any_of=frozenset({"job.modify", "job.admin"})))


def test_under_a_policy_a_job_is_read_and_changed_with_one_of_its_scopes(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="user:bob"))
    stack.directory.add(CLIENT)
    reads = replace(_signed(stack, CLIENT), any_of=frozenset({"job.read", "job.admin"}))
    assert stack.access.to_read_job(reads, a_job().id)[1].id == a_job().id
    assert stack.access.to_change_job(reads, a_job().id)[1].id == a_job().id
    with pytest.raises(errors.Forbidden):
        stack.access.to_read_job(replace(reads, any_of=frozenset({"job.admin"})), a_job().id)


def test_under_a_policy_ones_own_job_needs_its_scope_too(stack: Stack) -> None:
    stack.jobs.create(a_job(principal=CLIENT.principal))
    stack.directory.add(CLIENT)
    with pytest.raises(errors.Forbidden):
        stack.access.to_read_job(replace(_signed(stack, CLIENT), any_of=frozenset({"job.admin"})), a_job().id)


def test_under_a_policy_all_jobs_are_listed_or_ones_own(stack: Stack) -> None:
    stack.jobs.create(a_job(principal="user:bob"))
    stack.directory.add(CLIENT)
    caller = replace(_signed(stack, CLIENT), any_of=frozenset({"job.read"}))
    assert [job.id for job in stack.reader.list(caller, ListJobs()).jobs] == [a_job().id]
    assert stack.reader.list(caller, ListJobs(own=True)).jobs == ()
    with pytest.raises(errors.Forbidden):
        stack.reader.list(replace(caller, any_of=frozenset({"job.admin"})), ListJobs())


# -- missing, and aliases ----------------------------------------------------------------------------------------------


def test_a_missing_credential_is_told_from_a_wrong_one_by_its_class(stack: Stack) -> None:
    nobody = stack.caller(presented=None)
    for ask in (
        lambda: _run(stack, nobody),
        lambda: stack.access.identified(nobody),
        lambda: stack.access.to_list_jobs(nobody),
        lambda: stack.access.with_scope(nobody, "admin"),
    ):
        with pytest.raises(errors.CredentialMissing):
            ask()


def test_an_endpoint_is_run_by_its_alias(stack: Stack) -> None:
    stack.directory.add(an_endpoint(aliases=("nebulagraph:107",)))
    assert stack.access.to_run(stack.caller(), None, "POST", "nebulagraph:107")[1].path == "billing/quote"
    with pytest.raises(errors.NotFound, match="nebulagraph:108"):
        stack.access.to_run(stack.caller(), None, "POST", "nebulagraph:108")


def test_a_limit_to_endpoints_holds_for_their_aliases(stack: Stack) -> None:
    stack.directory.add(an_endpoint(aliases=("v10:q",)), a_credential(stack.token, endpoints=("billing/other",)))
    with pytest.raises(errors.Forbidden, match="limited"):
        stack.access.to_run(stack.caller(), None, "POST", "v10:q")
