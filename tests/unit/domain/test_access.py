"""Who may do what, and in which order that is asked."""

from dataclasses import replace

import pytest

from flowport.domain import errors
from flowport.domain.access import (
    Presented,
    Principal,
    address_allowed,
    check_address,
    check_credential,
    check_run,
    check_workspace,
    may_read,
)
from flowport.domain.records import Credential, Workspace
from flowport.domain.tokens import new_token
from tests.fakes import ACME, NOW, FakePasswords, a_credential, a_job, a_user, an_endpoint, presented_user

TOKEN = new_token("acme")
PRESENTED = Presented.of_token(TOKEN)
CI = a_credential(TOKEN)
NOBODY = Principal("acme")


def _check(presented: Presented, record: Credential | None) -> Credential:
    return check_credential(presented, record, NOW, FakePasswords().verify)


# -- credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [CI, replace(CI, expires_at=NOW + 1)])
def test_a_good_token_is_accepted(record: Credential) -> None:
    assert _check(PRESENTED, record) == record


@pytest.mark.parametrize(
    "record",
    [None, replace(CI, revoked_at=NOW - 1), replace(CI, expires_at=NOW), replace(CI, workspace="other")],
    ids=["unknown", "revoked", "expired", "of another workspace"],
)
def test_every_bad_token_is_refused_in_the_same_words(record: Credential | None) -> None:
    with pytest.raises(errors.Unauthenticated) as refused:
        _check(PRESENTED, record)
    assert refused.value.status == 401
    assert refused.value.headers == {
        "WWW-Authenticate": 'Bearer realm="flowport", error="invalid_token", Basic realm="flowport", charset="UTF-8"'
    }
    assert refused.value.detail == (
        "The credential is not valid: unknown, mistyped, revoked or expired. The workspace's administrator can give "
        "you another."
    )


def test_a_user_with_the_right_password_is_accepted() -> None:
    assert _check(presented_user(), a_user()) == a_user()


@pytest.mark.parametrize(
    ("password", "record"),
    [
        ("wrong", a_user()),
        ("", a_user()),
        ("correct horse", None),
        ("correct horse", a_user(revoked_at=NOW)),
        ("correct horse", a_user(password_hash=None)),
    ],
)
def test_a_user_is_refused_for_a_wrong_password_or_record(password: str, record: Credential | None) -> None:
    with pytest.raises(errors.Unauthenticated):
        _check(presented_user(password=password), record)


def test_an_unknown_user_costs_a_comparison_too() -> None:
    passwords = FakePasswords()
    with pytest.raises(errors.Unauthenticated):
        check_credential(presented_user(), None, NOW, passwords.verify)
    assert passwords.verified == [None]


# -- workspace and address -------------------------------------------------------------------------------------------


def test_an_active_workspace_is_let_in() -> None:
    check_workspace(ACME, "acme")


@pytest.mark.parametrize("workspace", [None, replace(ACME, status="deleted")])
def test_a_missing_or_deleted_workspace_is_not_found(workspace: Workspace | None) -> None:
    with pytest.raises(errors.NotFound):
        check_workspace(workspace, "acme")


def test_a_disabled_workspace_says_so() -> None:
    with pytest.raises(errors.WorkspaceDisabled) as refused:
        check_workspace(replace(ACME, status="disabled"), "acme")
    assert refused.value.status == 403


@pytest.mark.parametrize(
    ("address", "allow", "allowed"),
    [
        ("192.0.2.1", (), True),
        ("", (), True),
        ("192.0.2.1", ("192.0.2.0/24",), True),
        ("192.0.3.1", ("192.0.2.0/24",), False),
        ("192.0.2.1", ("192.0.2.1/32",), True),
        ("192.0.2.2", ("192.0.2.1/32",), False),
        ("192.0.2.1", ("192.0.2.1",), True),
        ("192.0.2.77", ("192.0.2.1/24",), True),
        ("192.0.2.1", ("10.0.0.0/8", "192.0.2.0/24"), True),
        ("2001:db8::1", ("2001:db8::/32",), True),
        ("2001:db9::1", ("2001:db8::/32",), False),
        ("2001:db8::1", ("0.0.0.0/0",), False),
        ("192.0.2.1", ("::/0",), False),
        ("::ffff:192.0.2.1", ("192.0.2.0/24",), True),
        ("::ffff:10.0.0.1", ("192.0.2.0/24",), False),
        ("", ("0.0.0.0/0",), False),
        ("not an address", ("0.0.0.0/0", "::/0"), False),
        ("192.0.2.1, 10.0.0.1", ("0.0.0.0/0",), False),
    ],
)
def test_an_address_is_allowed_inside_the_listed_networks_only(
    address: str, allow: tuple[str, ...], allowed: bool
) -> None:
    assert address_allowed(address, allow) is allowed


def test_a_foreign_address_is_refused_by_name() -> None:
    with pytest.raises(errors.AddressRefused, match=r"192\.0\.2\.1"):
        check_address(an_endpoint(ip_allow=("10.0.0.0/8",)), "192.0.2.1")


# -- running ---------------------------------------------------------------------------------------------------------


def test_an_endpoint_without_authentication_lets_anybody_in() -> None:
    check_run(an_endpoint(auth=("none",)), NOBODY, "POST")


def test_an_endpoint_without_authentication_asks_a_credential_for_nothing() -> None:
    limited = a_credential(TOKEN, scopes=(), endpoints=("other/one",))
    check_run(an_endpoint(auth=("none", "token")), Principal("acme", limited), "POST")


@pytest.mark.parametrize(
    ("auth", "challenge"),
    [
        (("token",), 'Bearer realm="flowport"'),
        (("password",), 'Basic realm="flowport", charset="UTF-8"'),
        (("token", "password"), 'Bearer realm="flowport", Basic realm="flowport", charset="UTF-8"'),
    ],
)
def test_a_caller_without_credential_is_told_which_to_send(auth: tuple[str, ...], challenge: str) -> None:
    with pytest.raises(errors.Unauthenticated) as refused:
        check_run(an_endpoint(auth=auth), NOBODY, "POST")
    assert refused.value.headers == {"WWW-Authenticate": challenge}


@pytest.mark.parametrize(
    ("auth", "credential"),
    [
        (("password",), CI),
        (("token",), a_user()),
        (("token",), replace(CI, scopes=("jobs:read", "admin"))),
        (("token",), replace(CI, endpoints=())),
        (("token",), replace(CI, endpoints=("billing/other", "billing"))),
    ],
    ids=["token for password", "user for token", "no scope run", "no endpoint", "other endpoints"],
)
def test_a_credential_that_does_not_fit_is_forbidden(auth: tuple[str, ...], credential: Credential) -> None:
    with pytest.raises(errors.Forbidden) as refused:
        check_run(an_endpoint(auth=auth), Principal("acme", credential), "POST")
    assert type(refused.value) in {errors.Forbidden, errors.CredentialUnfit}


@pytest.mark.parametrize("credential", [CI, replace(CI, endpoints=("billing/quote",))])
def test_a_credential_that_fits_runs_the_endpoint(credential: Credential) -> None:
    check_run(an_endpoint(), Principal("acme", credential), "POST")


def test_a_disabled_endpoint_is_refused() -> None:
    with pytest.raises(errors.EndpointDisabled):
        check_run(an_endpoint(enabled=False), Principal("acme", CI), "POST")


def test_a_method_that_the_endpoint_does_not_take_is_refused_with_those_that_it_does() -> None:
    with pytest.raises(errors.MethodNotAllowed) as refused:
        check_run(an_endpoint(methods=("GET", "POST")), Principal("acme", CI), "PUT")
    assert refused.value.headers == {"Allow": "GET, POST"}


def test_whoever_may_not_run_an_endpoint_does_not_learn_that_it_is_disabled_or_of_its_methods() -> None:
    closed = an_endpoint(enabled=False, methods=())
    with pytest.raises(errors.Unauthenticated):
        check_run(closed, NOBODY, "POST")
    with pytest.raises(errors.Forbidden, match="scope"):
        check_run(closed, Principal("acme", replace(CI, scopes=())), "POST")


def test_a_disabled_endpoint_does_not_tell_its_methods() -> None:
    with pytest.raises(errors.EndpointDisabled):
        check_run(an_endpoint(enabled=False, methods=()), Principal("acme", CI), "POST")


# -- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "principal", "visible"),
    [
        ({}, Principal("acme", CI), True),
        ({"principal": "user:bob"}, Principal("acme", CI), True),
        ({"principal": "user:bob"}, Principal("acme", replace(CI, scopes=("run",))), False),
        ({}, Principal("acme", replace(CI, scopes=("run",))), True),
        ({}, Principal("acme", replace(CI, scopes=())), True),
        ({}, Principal("acme", replace(CI, endpoints=("a/b",), scopes=())), True),
        ({"principal": "user:bob"}, Principal("acme", replace(CI, scopes=("admin",))), False),
        ({"workspace": "other"}, Principal("acme", CI), False),
        ({"principal": "user:bob", "endpoint": "a/b"}, Principal("acme", replace(CI, endpoints=("c/d",))), False),
        ({}, Principal("acme", replace(CI, endpoints=("billing/quote",))), True),
        ({"principal": "anonymous"}, NOBODY, True),
        ({"principal": "anonymous", "workspace": "other"}, NOBODY, True),
        ({}, NOBODY, False),
    ],
)
def test_a_job_is_visible_to_its_caller_and_to_readers_of_its_endpoint(
    changes: dict[str, str], principal: Principal, visible: bool
) -> None:
    assert may_read(a_job(**changes), principal) is visible


def test_jobs_record_who_acted() -> None:
    assert [Principal("acme", one).name for one in (CI, a_user(), None)] == ["token:tok_1", "user:ann", "anonymous"]
