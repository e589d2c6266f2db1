"""Calls to callbacks' receivers, over real sockets on loopback: what is refused, what is pinned, what is timed."""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flowport.adapters import outbound_http
from flowport.adapters.clock import SystemClock
from flowport.adapters.outbound_http import OutboundHttp, is_public
from flowport.domain.webhooks import CallbackUrl
from flowport.usecases.ports import Posted

LOOPBACK = ("127.0.0.1/32", "::1/128")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Answer = bytes | Callable[[socket.socket], None]


def outbound(*, private: Sequence[str] = LOOPBACK, addresses: Sequence[str] = ("127.0.0.1",)) -> OutboundHttp:
    return OutboundHttp(SystemClock(), private=private, resolver=lambda _host, _port: addresses)


def post(port: int, host: str = "receiver.test", *, body: bytes = b"{}", via: OutboundHttp | None = None) -> Posted:
    target = CallbackUrl("http", host, port, "/hook?key=1")
    return (via or outbound()).post(target, {"content-type": "application/json"}, body)


@contextmanager
def receiver(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """Take one connection after the other; give the port, and what was sent on each."""
    listening = socket.create_server(("127.0.0.1", 0))
    received: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as end:
                    received.append(_read(end))
                    answer(end) if callable(answer) else end.sendall(answer)
            except OSError:
                received.append(b"broke off")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], received
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(timeout=5)


def _read(end: socket.socket) -> bytes:
    sent = b""
    while b"\r\n\r\n" not in sent:
        sent += end.recv(65536)
    head, _, body = sent.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += end.recv(65536)
    return head + b"\r\n\r\n" + body


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104  # refused, not bound
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "224.0.1.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::8.8.8.8",
        "100::1",
        "2001::1",
        "2001:0:0808:0808:0:0:80ff:fffe",  # Teredo: its client is 127.0.0.1
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "4000::1",
    ],
)
def test_no_address_is_public_that_is_not(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_one_address_of_many_that_is_private_is_enough_to_call_none() -> None:
    target = CallbackUrl("https", "receiver.test", 443, "/")
    mixed = outbound(private=(), addresses=("8.8.8.8", "10.0.0.1"))
    assert mixed.post(target, {}, b"") == Posted(error="address-refused")


def test_a_private_network_is_called_only_where_it_is_named() -> None:
    with receiver(OK) as (port, received):
        assert post(port, via=outbound(private=())) == Posted(error="address-refused")
        assert post(port, via=outbound(private=("10.0.0.0/8",))) == Posted(error="address-refused")
        assert received == []
        assert post(port) == Posted(status=200)


def test_a_mapped_address_is_judged_by_what_it_means() -> None:
    with receiver(OK) as (port, _):
        assert post(port, via=outbound(private=(), addresses=("::ffff:127.0.0.1",))) == Posted(error="address-refused")


def test_nothing_is_sent_in_the_clear_but_into_a_named_network() -> None:
    assert post(80, via=outbound(addresses=("8.8.8.8",))) == Posted(error="address-refused")


def test_a_name_that_means_another_address_a_moment_later_changes_nothing() -> None:
    answers = iter((["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"]))
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return next(answers)

    with receiver(OK) as (port, received):
        via = OutboundHttp(SystemClock(), private=LOOPBACK, resolver=rebinding)
        assert post(port, via=via) == Posted(status=200)
        assert (len(received), asked) == (1, ["receiver.test"])
        assert post(port, via=via) == Posted(error="address-refused")


def test_the_connection_goes_to_the_address_and_not_to_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[tuple[str, int]] = []
    real = socket.create_connection

    def remember(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        return real(address, timeout=timeout)

    monkeypatch.setattr(socket, "create_connection", remember)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with receiver(OK) as (port, _):
        assert post(port) == Posted(status=200)
        assert connected == [("127.0.0.1", port)]


def test_an_address_that_does_not_answer_is_passed_over_for_the_next() -> None:
    with receiver(OK) as (port, _):
        assert post(port, via=outbound(addresses=("::1", "127.0.0.1"))) == Posted(status=200)


def test_a_name_that_does_not_resolve_says_so() -> None:
    def no_such_name(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    assert post(80, via=OutboundHttp(SystemClock(), resolver=no_such_name)) == Posted(error="name-not-resolved")
    assert post(80, via=outbound(addresses=())) == Posted(error="name-not-resolved")


def test_a_resolver_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_http, "RESOLVE_SECONDS", 0.1)
    let_go = threading.Event()

    def hangs(_host: str, _port: int) -> Sequence[str]:
        let_go.wait(10)
        return ["8.8.8.8"]

    assert post(80, via=OutboundHttp(SystemClock(), resolver=hangs)) == Posted(error="timed-out")
    let_go.set()


# -- HTTP ------------------------------------------------------------------------------------------------------------


def test_the_request_is_a_post_with_its_host_and_its_length() -> None:
    with receiver(OK) as (port, received):
        post(port, body=b'{"id":"x"}')
    assert received == [
        b"POST /hook?key=1 HTTP/1.1\r\n"
        b"host: receiver.test:%d\r\n"
        b"user-agent: Flowport-Callbacks/1\r\n"
        b"connection: close\r\n"
        b"content-type: application/json\r\n"
        b"content-length: 10\r\n"
        b"\r\n"
        b'{"id":"x"}' % port
    ]


def test_a_large_body_arrives_whole() -> None:
    body = b"x" * 1_000_000
    with receiver(OK) as (port, received):
        assert post(port, body=body) == Posted(status=200)
    assert received[0].endswith(body)


@pytest.mark.parametrize("status", [204, 301, 307, 410, 500])
def test_whatever_the_answer_is_nothing_more_is_sent(status: int) -> None:
    with receiver(OK) as (elsewhere, followed):
        redirect = f"HTTP/1.1 {status} X\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
        with receiver(redirect.encode()) as (port, received):
            assert post(port) == Posted(status=status)
            assert len(received) == 1
        assert followed == []


@pytest.mark.parametrize(
    "answer", [b"", b"what?\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100_000, b"SSH-2.0-x\r\n"]
)
def test_what_is_no_http_says_so(answer: bytes) -> None:
    with receiver(answer) as (port, _):
        assert post(port).error in {"not-http", "not-connected"}


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    def endless(end: socket.socket) -> None:
        end.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            end.sendall(b"x" * 65536)

    began = time.monotonic()
    with receiver(endless) as (port, _):
        assert post(port) == Posted(status=200)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("drip", [b"", b"x"])
def test_an_attempt_ends_in_its_time_however_slowly_it_is_answered(
    drip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbound_http, "ATTEMPT_SECONDS", 0.5)
    over = threading.Event()

    def slowly(end: socket.socket) -> None:
        end.sendall(b"HTTP/1.1 200 OK\r\nx-drip: ")
        while not over.wait(0.05):
            end.sendall(drip)

    began = time.monotonic()
    with receiver(slowly) as (port, _):
        assert post(port) == Posted(error="timed-out")
        over.set()
    assert time.monotonic() - began < 3


def test_a_port_where_nobody_listens_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert post(port) == Posted(error="not-connected")


# -- TLS -------------------------------------------------------------------------------------------------------------


class Authority:
    """Signs certificates that its own `trusting` context accepts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0))

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=name,
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - timedelta(hours=1),
            not_valid_after=now + timedelta(hours=1),
        )
        return builder.add_extension(extension, critical=True).sign(self._key, hashes.SHA256())

    def server(self, host: str) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
        signed = self._sign(name, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        pem = self._folder / f"{host}.pem"
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    def trusting(self) -> ssl.SSLContext:
        pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()
        context = ssl.create_default_context(cadata=pem)
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the short certificates made here lack key identifiers
        return context


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def secured(port: int, tls: Callable[[], ssl.SSLContext]) -> Posted:
    via = OutboundHttp(SystemClock(), private=LOOPBACK, resolver=lambda _host, _port: ["127.0.0.1"], tls=tls)
    return via.post(CallbackUrl("https", "receiver.test", port, "/"), {}, b"{}")


def test_a_certificate_for_the_hosts_name_is_accepted_at_the_pinned_address(authority: Authority) -> None:
    with receiver(OK, authority.server("receiver.test")) as (port, received):
        assert secured(port, authority.trusting) == Posted(status=200)
        assert received[0].startswith(b"POST / HTTP/1.1\r\nhost: receiver.test:")


def test_a_certificate_for_another_name_is_refused_and_nothing_is_sent(authority: Authority) -> None:
    with receiver(OK, authority.server("other.test")) as (port, received):
        assert secured(port, authority.trusting) == Posted(error="tls-failed")
    assert received == [b"broke off"]


def test_a_certificate_of_nobody_who_is_trusted_is_refused(authority: Authority) -> None:
    with receiver(OK, authority.server("receiver.test")) as (port, _):
        assert secured(port, ssl.create_default_context) == Posted(error="tls-failed")


def test_a_receiver_that_speaks_no_tls_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            end, _ = plain.accept()
            with end:
                end.recv(65536)
                end.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert secured(plain.getsockname()[1], ssl.create_default_context) == Posted(error="tls-failed")
        thread.join(timeout=5)
