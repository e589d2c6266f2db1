"""Signed tokens for clients and users: what they say, how long they are good, and who gets none."""

import pytest

from flowport.domain import errors
from flowport.domain.access import Presented
from flowport.domain.records import Credential
from flowport.usecases.access import Caller
from flowport.usecases.issue_token import IssueToken, IssueTokens, ScopeRefused
from tests.fakes import NOW, a_client, a_user, after, before
from tests.unit.usecases.stack import Stack

CLIENT = a_client()
HOUR = IssueToken(3600)


def _issue(stack: Stack) -> IssueTokens:
    return IssueTokens(stack.access, stack.jwt_keys, stack.clock)


def _client(stack: Stack) -> Caller:
    stack.directory.add(CLIENT)
    return stack.caller(presented=Presented.of_client(CLIENT.credential_id, "fps_secret"))


def _holder(stack: Stack, token: str) -> Caller:
    return stack.caller(presented=Presented.of_jwt(token, "flowport"))


def test_a_clients_token_acts_as_the_client_with_its_scopes_until_its_time(stack: Stack) -> None:
    issued = _issue(stack)(_client(stack), HOUR)
    assert (issued.expires_in, issued.scopes) == (3600, ("job.read", "workflow.execute"))
    principal = stack.access.identified(_holder(stack, issued.token))
    assert principal.name == CLIENT.principal
    assert principal.has("workflow.execute")
    stack.clock.sleep(3600)
    with pytest.raises(errors.CredentialExpired):
        stack.access.identified(_holder(stack, issued.token))


def test_a_token_has_the_scopes_that_were_asked_for_and_no_other(stack: Stack) -> None:
    issued = _issue(stack)(_client(stack), IssueToken(3600, ("job.read", "job.read")))
    assert issued.scopes == ("job.read",)
    principal = stack.access.identified(_holder(stack, issued.token))
    assert principal.has("job.read")
    assert not principal.has("workflow.execute")


def test_a_scope_that_the_client_has_not_is_refused_by_name(stack: Stack) -> None:
    with pytest.raises(ScopeRefused, match=r"'job\.admin'"):
        _issue(stack)(_client(stack), IssueToken(3600, ("job.read", "job.admin")))


def test_a_token_ends_with_its_credential(stack: Stack) -> None:
    caller = _client(stack)
    stack.directory.add(a_client(expires_at=NOW + 90_000))
    assert _issue(stack)(caller, HOUR).expires_in == 90


def test_a_user_gets_a_token_for_a_password_also_for_a_brought_one(stack: Stack) -> None:
    stack.directory.add(a_user(password="123", brought=True))
    caller = stack.caller(presented=Presented.of_user("acme", "ann", "123", brought=True))
    issued = _issue(stack)(caller, HOUR)
    assert stack.access.identified(_holder(stack, issued.token)).name == "user:ann"


def test_a_signed_token_cannot_be_made_into_a_newer_one(stack: Stack) -> None:
    issued = _issue(stack)(_client(stack), HOUR)
    with pytest.raises(errors.Forbidden):
        _issue(stack)(_holder(stack, issued.token), HOUR)


def test_an_opaque_token_and_nobody_get_none(stack: Stack) -> None:
    with pytest.raises(errors.Forbidden):
        _issue(stack)(stack.caller(), HOUR)
    with pytest.raises(errors.CredentialMissing):
        _issue(stack)(stack.caller(presented=None), HOUR)


@pytest.mark.parametrize("record", [a_client(revoked_at=NOW), a_client("fps_other")])
def test_a_revoked_client_or_one_with_another_secret_loses_its_tokens_at_once(stack: Stack, record: Credential) -> None:
    issued = _issue(stack)(_client(stack), HOUR)
    stack.directory.add(record)
    with pytest.raises(errors.CredentialInvalid):
        stack.access.identified(_holder(stack, issued.token))


def test_the_first_token_of_a_workspace_makes_its_key(stack: Stack) -> None:
    stack.jwt_keys.current = ""
    issued = _issue(stack)(_client(stack), HOUR)
    assert stack.access.identified(_holder(stack, issued.token)).name == CLIENT.principal


@pytest.mark.parametrize("broken", ["before", "after"])
def test_a_process_that_dies_around_making_the_key_leaves_the_next_one_to_sign(stack: Stack, broken: str) -> None:
    caller = _client(stack)
    stack.jwt_keys.current = ""

    def die() -> None:
        raise errors.Unavailable("gone")

    make = stack.jwt_keys.make
    (before if broken == "before" else after)(stack.jwt_keys, "make", die)
    with pytest.raises(errors.Unavailable):
        _issue(stack)(caller, HOUR)
    assert bool(stack.jwt_keys.current) is (broken == "after")
    stack.jwt_keys.make = make  # type: ignore[method-assign]
    issued = _issue(stack)(caller, HOUR)
    assert stack.access.identified(_holder(stack, issued.token)).name == CLIENT.principal


def test_a_family_keeps_claims_of_its_own_that_decide_nothing(stack: Stack) -> None:
    further = {"address": "192.168.8.111", "sub": "user:root", "scope": "admin"}
    issued = _issue(stack)(_client(stack), IssueToken(3600, ("job.read",), further))
    principal = stack.access.identified(_holder(stack, issued.token))
    assert (principal.name, principal.has("admin")) == (CLIENT.principal, False)


def test_without_a_key_the_refusal_says_how_to_make_one(stack: Stack) -> None:
    caller = _client(stack)
    stack.jwt_keys.broken = errors.KeyMissing("make one with `flowport keys create flowport`")
    with pytest.raises(errors.KeyMissing, match="flowport keys create"):
        _issue(stack)(caller, HOUR)
