"""The port JwtKeys: the fake, and PyJWT with keys in Secrets Manager (moto), keep the same promises."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from flowport.adapters.jwt_tokens import KEPT_SECONDS, READ_AGAIN_AFTER_SECONDS, SignedTokens
from flowport.adapters.secrets_manager import SecretsManager
from flowport.domain.errors import CredentialExpired, CredentialInvalid, KeyMissing, KeyTooShort, Unavailable
from flowport.domain.jwt import Claims
from flowport.usecases.ports import JwtKeys
from tests.fakes import NOW, FakeClock, FakeJwtKeys, FakeSecrets, before, fail

SECONDS = NOW // 1000
KEY = "k" * 32
NEXT = "n" * 32
ANN = Claims("user:ann", "acme", ("run",), SECONDS, SECONDS + 60, "5f5f")
NAME = "acme/flowport"


@dataclass
class Keys:
    """The port, its clock, and how to change the key `flowport` of `acme`."""

    port: JwtKeys
    clock: FakeClock
    rotate: Callable[[], None]
    retire: Callable[[], None]


def _fake() -> Keys:
    clock = FakeClock()
    port = FakeJwtKeys(clock)

    def rotate() -> None:
        port.current, port.previous = f"{port.current}'", port.current

    def retire() -> None:
        port.previous = ""

    return Keys(port, clock, rotate, retire)


def _real(client: Any) -> Keys:
    clock = FakeClock()
    secrets = SecretsManager(lambda: client, "flowport/stack/keys/", clock)
    assert secrets.put(NAME, KEY, replaces=None)

    def rotate() -> None:
        current = secrets.versions(NAME)[0].id
        assert secrets.put(NAME, f"{current}-{NEXT}", replaces=current)

    def retire() -> None:
        assert secrets.retire(NAME, secrets.versions(NAME)[1].id)
        clock.sleep(KEPT_SECONDS)

    return Keys(SignedTokens(secrets, clock), clock, rotate, retire)


@pytest.fixture(params=["fake", "aws"])
def keys(request: pytest.FixtureRequest) -> Iterator[Keys]:
    if request.param == "fake":
        yield _fake()
        return
    with mock_aws():
        yield _real(botocore.session.get_session().create_client("secretsmanager"))


def test_what_was_signed_is_verified_with_all_that_it_says(keys: Keys) -> None:
    assert keys.port.verify(keys.port.issue(ANN, "flowport"), "acme", "flowport") == ANN


def test_a_token_is_good_under_its_own_alias_and_workspace_only(keys: Keys) -> None:
    raw = keys.port.issue(ANN, "flowport")
    for workspace, alias in (("acme", "phixflow-api-key"), ("other", "flowport")):
        with pytest.raises(CredentialInvalid):
            keys.port.verify(raw, workspace, alias)


def test_a_token_ends_at_its_time_and_that_is_told(keys: Keys) -> None:
    raw = keys.port.issue(ANN, "flowport")
    keys.clock.sleep(59)
    assert keys.port.verify(raw, "acme", "flowport") == ANN
    keys.clock.sleep(1)
    with pytest.raises(CredentialExpired):
        keys.port.verify(raw, "acme", "flowport")


def test_both_keys_are_good_while_one_is_rotated_and_a_retired_one_is_not(keys: Keys) -> None:
    long = Claims("user:ann", "acme", None, SECONDS, SECONDS + 86_400)
    first = keys.port.issue(long, "flowport")
    keys.clock.sleep(KEPT_SECONDS)
    keys.rotate()
    second = keys.port.issue(long, "flowport")
    assert first != second
    assert [keys.port.verify(raw, "acme", "flowport") for raw in (first, second)] == [long, long]
    keys.retire()
    assert keys.port.verify(second, "acme", "flowport") == long
    with pytest.raises(CredentialInvalid):
        keys.port.verify(first, "acme", "flowport")


def test_a_key_that_is_there_stays_whoever_makes_one(keys: Keys) -> None:
    raw = keys.port.issue(ANN, "flowport")
    keys.port.make("acme", "flowport")
    assert keys.port.verify(raw, "acme", "flowport") == ANN


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_token_that_was_changed_anywhere_is_refused(keys: Keys, part: int) -> None:
    parts = keys.port.issue(ANN, "flowport").split(".")
    parts[part] = parts[part][:-2] + ("AA" if parts[part][-2:] != "AA" else "BB")
    with pytest.raises(CredentialInvalid):
        keys.port.verify(".".join(parts), "acme", "flowport")


# -- PyJWT's and Secrets Manager's ways ------------------------------------------------------------------------------


def a_jwt(payload: object, key: str = KEY, header: object = None, algorithm: str = "sha256") -> str:
    """Sign by hand, so that nothing of what is tested makes what it is tested with."""
    parts = [json.dumps(one).encode() for one in (header or {"alg": "HS256", "typ": "JWT"}, payload)]
    text = b".".join(base64.urlsafe_b64encode(one).rstrip(b"=") for one in parts)
    signature = hmac.new(key.encode(), text, getattr(hashlib, algorithm)).digest()
    return (text + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def signed(*keys: str, clock: FakeClock | None = None) -> tuple[SignedTokens, FakeSecrets]:
    secrets = FakeSecrets()
    secrets.kept = {"acme/phixflow-api-key": [(f"v{number}", key) for number, key in enumerate(keys)]} if keys else {}
    return SignedTokens(secrets, clock or FakeClock()), secrets


def _verify(tokens: SignedTokens, raw: str) -> Claims:
    return tokens.verify(raw, "acme", "phixflow-api-key")


def test_a_token_that_an_administrator_signed_with_a_brought_key_is_good() -> None:
    tokens, _ = signed(KEY)
    assert _verify(tokens, a_jwt({"sub": "ann"})) == Claims("ann", "acme")


@pytest.mark.parametrize(
    "raw",
    [
        a_jwt({"sub": "ann"}, NEXT),
        a_jwt({"sub": "ann"}, header={"alg": "none"}),
        a_jwt({"sub": "ann"}, header={"alg": "HS512"}, algorithm="sha512"),
        a_jwt({"sub": "ann"}, header={"alg": "RS256"}),
        a_jwt({"sub": "ann"}, header={"alg": "HS256", "crit": ["x"], "x": 1}),
        a_jwt({"sub": "ann"}).rpartition(".")[0] + ".",
        a_jwt({"sub": "ann", "nbf": SECONDS + 1}),
        a_jwt({"sub": "ann", "nbf": "soon"}),
        a_jwt({"sub": 5}),
        a_jwt({}),
        a_jwt([]),
        "",
        "x",
        "a.b.c",
    ],
)
def test_a_token_of_another_algorithm_key_or_form_is_refused(raw: str) -> None:
    tokens, _ = signed(KEY)
    with pytest.raises(CredentialInvalid):
        _verify(tokens, raw)


@given(st.text(max_size=60))
def test_no_text_makes_verifying_fail_otherwise(text: str) -> None:
    tokens, _ = signed(KEY)
    for raw in (text, f"{text}.e30.x", a_jwt({"sub": text, "x": text})[:-1] + text):
        try:
            _verify(tokens, raw)
        except CredentialInvalid:
            continue


@pytest.mark.parametrize(("key", "size"), [("short", 5), ("k" * 31, 31), ("ü" * 15, 30)])
def test_a_key_that_is_too_short_is_refused_by_its_alias_and_with_both_lengths(key: str, size: int) -> None:
    tokens, _ = signed(key)
    claims = Claims("api_key:key_1", "acme")
    for use in (lambda: _verify(tokens, a_jwt({"sub": "ann"}, key)), lambda: tokens.issue(claims, "phixflow-api-key")):
        with pytest.raises(KeyTooShort) as refused:
            use()
        assert refused.value.status == 500
        assert f"'phixflow-api-key' has {size} bytes; HS256 needs at least 32" in refused.value.detail


def test_a_key_of_32_bytes_is_long_enough_whatever_its_characters() -> None:
    tokens, _ = signed("ü" * 16)
    assert _verify(tokens, a_jwt({"sub": "ann"}, "ü" * 16)).subject == "ann"


def test_a_previous_key_that_is_too_short_signs_nothing_and_stops_nothing() -> None:
    tokens, _ = signed(KEY, "short")
    assert _verify(tokens, a_jwt({"sub": "ann"})).subject == "ann"
    with pytest.raises(CredentialInvalid):
        _verify(tokens, a_jwt({"sub": "ann"}, "short"))


def test_without_a_key_no_token_is_good_and_none_is_given() -> None:
    tokens, _ = signed()
    with pytest.raises(CredentialInvalid):
        _verify(tokens, a_jwt({"sub": "ann"}))
    with pytest.raises(KeyMissing, match="flowport keys create phixflow-api-key"):
        tokens.issue(Claims("ann", "acme"), "phixflow-api-key")


def _counting(secrets: FakeSecrets) -> list[str]:
    reads: list[str] = []
    before(secrets, "values", lambda: reads.append("read"))
    return reads


def test_keys_are_read_once_a_minute_however_many_tokens_come() -> None:
    clock = FakeClock()
    tokens, secrets = signed(KEY, clock=clock)
    reads = _counting(secrets)
    for _ in range(5):
        _verify(tokens, a_jwt({"sub": "ann"}))
    assert len(reads) == 1
    clock.sleep(KEPT_SECONDS)
    _verify(tokens, a_jwt({"sub": "ann"}))
    assert len(reads) == 2


def test_a_new_key_is_good_at_once_where_the_last_one_is_kept() -> None:
    clock = FakeClock()
    tokens, secrets = signed(KEY, clock=clock)
    _verify(tokens, a_jwt({"sub": "ann"}))
    clock.sleep(READ_AGAIN_AFTER_SECONDS)
    secrets.kept["acme/phixflow-api-key"].insert(0, ("v9", NEXT))
    assert _verify(tokens, a_jwt({"sub": "ann"}, NEXT)).subject == "ann"


def test_a_stream_of_forged_tokens_reads_the_keys_now_and_then_only() -> None:
    clock = FakeClock()
    tokens, secrets = signed(KEY, clock=clock)
    reads = _counting(secrets)
    for _ in range(100):
        with pytest.raises(CredentialInvalid):
            _verify(tokens, a_jwt({"sub": "ann"}, NEXT))
        clock.sleep(0.1)
    assert len(reads) <= 3


def test_a_first_key_is_seen_soon_by_who_has_asked_before() -> None:
    clock = FakeClock()
    tokens, secrets = signed(clock=clock)
    with pytest.raises(CredentialInvalid):
        _verify(tokens, a_jwt({"sub": "ann"}))
    secrets.kept["acme/phixflow-api-key"] = [("v1", KEY)]
    clock.sleep(READ_AGAIN_AFTER_SECONDS)
    assert _verify(tokens, a_jwt({"sub": "ann"})).subject == "ann"


def test_keys_that_cannot_be_read_are_not_taken_for_missing() -> None:
    tokens, secrets = signed(KEY)
    fail(secrets, "values", Unavailable("busy"))
    with pytest.raises(Unavailable):
        _verify(tokens, a_jwt({"sub": "ann"}))
    assert _verify(tokens, a_jwt({"sub": "ann"})).subject == "ann"


def test_of_two_who_make_the_first_key_at_once_both_sign_with_one() -> None:
    clock, secrets = FakeClock(), FakeSecrets()
    first, second = SignedTokens(secrets, clock), SignedTokens(secrets, clock)
    for one in (first, second):
        with pytest.raises(KeyMissing):
            one.issue(ANN, "flowport")
    first.make("acme", "flowport")
    second.make("acme", "flowport")
    assert len(secrets.kept[NAME]) == 1
    assert first.verify(second.issue(ANN, "flowport"), "acme", "flowport") == ANN
    assert second.verify(first.issue(ANN, "flowport"), "acme", "flowport") == ANN
