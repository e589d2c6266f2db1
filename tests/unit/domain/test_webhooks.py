"""Callback URLs, what they are allowed to be, and the signature of a message."""

import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from flowport.domain.webhooks import (
    Attempt,
    CallbackUrl,
    CallbackUrlRefused,
    Delivery,
    host_allowed,
    is_host_pattern,
    key_of,
    message_id,
    new_secret,
    parse_callback_url,
    shown_url,
    signature,
    status_after,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hooks.example.com", CallbackUrl("https", "hooks.example.com", 443, "/")),
        ("https://Hooks.Example.COM/a?b=c", CallbackUrl("https", "hooks.example.com", 443, "/a?b=c")),
        ("https://hooks.example.com:8443/a%20b", CallbackUrl("https", "hooks.example.com", 8443, "/a%20b")),
        ("https://192.0.2.7/", CallbackUrl("https", "192.0.2.7", 443, "/")),
        ("https://[2001:DB8::1]:443/", CallbackUrl("https", "2001:db8::1", 443, "/")),
        ("https://a.example?x=1", CallbackUrl("https", "a.example", 443, "/?x=1")),
    ],
)
def test_a_url_is_read_in_its_parts(text: str, url: CallbackUrl) -> None:
    assert parse_callback_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.com",
        "//hooks.example.com/",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com\\@evil.example/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nhost: evil.example",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:/",
        "https://hooks..example.com/",
        "https://.example.com/",
        "https://example.com./",
        "https://-a.example/",
        "https://höks.example/",
        "https://a.example/%00é",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 127 + "example/",
        "https://a.example/" + "x" * 2048,
        # Addresses as only some read them.
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1.0x1/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:127.0.0.1/",
        "https://[v1.x]/",
        "https://[12345::]/",
    ],
)
def test_what_is_no_plain_https_url_is_refused(text: str) -> None:
    with pytest.raises(CallbackUrlRefused):
        parse_callback_url(text)


def test_http_is_for_deployments_that_may_call_private_networks() -> None:
    assert parse_callback_url("http://127.0.0.1:8080/x", plain=True) == CallbackUrl("http", "127.0.0.1", 8080, "/x")


@pytest.mark.parametrize(
    ("text", "authority"),
    [
        ("https://a.example/", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("https://a.example:80/", "a.example:80"),
        ("https://[2001:db8::1]:8443/", "[2001:db8::1]:8443"),
    ],
)
def test_the_host_header_names_a_port_that_is_not_the_schemes(text: str, authority: str) -> None:
    assert parse_callback_url(text).authority == authority


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("hooks.example.com", True),
        ("a.wild.example", True),
        ("a.b.wild.example", True),
        ("wild.example", False),
        ("evilwild.example", False),
        ("example.com", False),
        ("hooks.example.com.evil.example", False),
    ],
)
def test_a_host_is_allowed_by_its_name_or_by_what_it_lies_below(host: str, allowed: bool) -> None:
    assert host_allowed(host, ("hooks.example.com", "*.wild.example")) is allowed


def test_no_host_is_allowed_where_none_is_named() -> None:
    assert not host_allowed("hooks.example.com", ())


@pytest.mark.parametrize("text", ["hooks.example.com", "*.example.com", "127.0.0.1", "localhost"])
def test_these_can_stand_in_a_list_of_hosts(text: str) -> None:
    assert is_host_pattern(text)


@pytest.mark.parametrize(
    "text", ["", "*", "*.", "a.*.example", "https://a.example", "a.example:443", "A.example", "a/"]
)
def test_these_cannot_stand_in_a_list_of_hosts(text: str) -> None:
    assert not is_host_pattern(text)


def test_a_url_is_shown_without_its_query() -> None:
    assert shown_url("https://a.example/hook?key=secret") == "https://a.example/hook?…"
    assert shown_url("https://a.example/hook") == "https://a.example/hook"
    assert shown_url("https://a.example/secret?key=secret", path=False) == "https://a.example/…"


# -- messages --------------------------------------------------------------------------------------------------------


def test_a_signature_is_the_one_that_the_specification_gives_as_its_example() -> None:
    key = key_of(SECRET)
    assert key is not None
    signed = signature([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_two_keys_sign_and_each_receiver_finds_its_own() -> None:
    old, new = new_secret(), new_secret()
    keys = [key for key in map(key_of, (new, old)) if key]
    now = int(time.time())
    headers = {
        "webhook-id": message_id("j", 1),
        "webhook-timestamp": str(now),
        "webhook-signature": signature(keys, message_id("j", 1), now, b"{}"),
    }
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (old, new):
        assert Webhook(secret).verify("{}", headers) == {}
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify("{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new).verify('{"more":1}', headers)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_short", "whsec_!!!", "whsec_" + "QUJD" * 40])
def test_what_is_no_secret_gives_no_key(secret: str) -> None:
    assert key_of(secret) is None


def test_a_new_secret_has_32_random_bytes() -> None:
    first, second = new_secret(), new_secret()
    assert first.startswith("whsec_")
    assert first != second
    assert len(key_of(first) or b"") == 32


# -- deliveries ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "number", "stands"),
    [
        (200, None, 1, "delivered"),
        (204, None, 8, "delivered"),
        (299, None, 1, "delivered"),
        (301, None, 1, "pending"),
        (302, None, 8, "failed"),
        (400, None, 1, "pending"),
        (410, None, 1, "gone"),
        (429, None, 1, "pending"),
        (503, None, 8, "failed"),
        (None, "timed-out", 1, "pending"),
        (None, "address-refused", 8, "failed"),
    ],
)
def test_only_a_2xx_is_a_delivery_and_only_410_ends_it_early(
    status: int | None, error: str | None, number: int, stands: str
) -> None:
    assert status_after(Attempt(0, number, 0, 1, status, error), 8) == stands


def test_an_attempt_is_known_by_its_run_and_number() -> None:
    delivery = Delivery("j", 1, "https://a.example/", attempts=(Attempt(1, 2, 0, 1),))
    assert [delivery.attempted(*pair) for pair in ((0, 9), (1, 1), (1, 2), (1, 3), (2, 1))] == [True] * 3 + [False] * 2
