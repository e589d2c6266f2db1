"""POST to a URL that somebody else named, and never into a private network.

    resolve the host ── refuse unless every address is public ── connect to one of these ── TLS by the host's name

The name is resolved once, and the connection goes to an address that was checked: a name that means another address a
moment later changes nothing. There is no proxy, no redirect is followed, and all of it ends within its time however
slowly the other side answers.
"""

import http.client
import io
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from flowport.domain.webhooks import CallbackUrl
from flowport.usecases.ports import Clock, Posted

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

ATTEMPT_SECONDS: Final = 15.0
RESOLVE_SECONDS: Final = 5.0
CONNECT_SECONDS: Final = 5.0
ADDRESSES_AT_MOST: Final = 4
ANSWER_BYTES_AT_MOST: Final = 65_536
_PIECE: Final = 65_536
USER_AGENT: Final = "Flowport-Callbacks/1"

# What IANA gives to the public: everything else of IPv6 is local, reserved or not given out.
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_RELAYS: Final = ipaddress.IPv4Network("192.88.99.0/24")  # 6to4's, out of use since RFC 7526

# What can fail before there is an answer; the names are what the log of deliveries shows.
NOT_RESOLVED: Final = "name-not-resolved"
REFUSED: Final = "address-refused"
NOT_CONNECTED: Final = "not-connected"
TLS_FAILED: Final = "tls-failed"
TIMED_OUT: Final = "timed-out"
NOT_HTTP: Final = "not-http"


class _Failed(Exception):
    """What failed before there was an answer."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver, in the order that it prefers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(address: Address) -> bool:
    """Whether an address is one of the public Internet, and so is every IPv4 address that it carries inside."""
    if isinstance(address, ipaddress.IPv4Address):
        # Python counts public multicast groups and the relays as global.
        return address.is_global and not address.is_multicast and not address.is_reserved and address not in _RELAYS
    if address.scope_id is not None:
        return False
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in _NAT64:
        return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    inside = [*([address.sixtofour] if address.sixtofour else []), *(address.teredo or ())]
    return address in _GLOBAL_V6 and address.is_global and all(map(is_public, inside))


def _within[T](seconds: float, call: Callable[[], T]) -> T:
    """Make a call that knows no time limit; what comes later is dropped."""
    answers: queue.Queue[T | Exception] = queue.Queue(1)

    def run() -> None:
        try:
            answers.put(call())
        except Exception as error:  # noqa: BLE001  # raised again by who waits for it
            answers.put(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    return answer


class OutboundHttp:
    """Calls to callbacks' receivers. `private` are networks that may be called although they are not public."""

    def __init__(
        self,
        clock: Clock,
        *,
        private: Sequence[str] = (),
        resolver: Resolver = resolve,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        """Keep how names are resolved and how TLS trusts; the context is made when it is first needed."""
        self._clock = clock
        self._private: tuple[Network, ...] = tuple(ipaddress.ip_network(text) for text in private)
        self._resolver = resolver
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None

    def post(self, target: CallbackUrl, headers: Mapping[str, str], body: bytes) -> Posted:
        """Make one attempt of at most 15 s."""
        deadline = self._clock.monotonic() + ATTEMPT_SECONDS
        try:
            addresses = self._addresses(target)
            with self._connect(addresses, target.port, deadline) as bare:
                if target.scheme == "http":
                    return Posted(status=self._exchange(bare, target, headers, body, deadline))
                bare.settimeout(self._left(deadline))
                with self._context().wrap_socket(bare, server_hostname=target.host) as secured:
                    return Posted(status=self._exchange(secured, target, headers, body, deadline))
        except _Failed as failed:
            error = failed.error
        except TimeoutError:
            error = TIMED_OUT
        except ssl.SSLError:
            error = TLS_FAILED
        except OSError:
            error = NOT_CONNECTED
        except (http.client.HTTPException, ValueError):
            error = NOT_HTTP
        return Posted(error=error)

    def _addresses(self, target: CallbackUrl) -> Sequence[str]:
        """Resolve the host, once; one address that may not be called is enough to call none."""
        try:
            addresses = _within(RESOLVE_SECONDS, lambda: self._resolver(target.host, target.port))
        except TimeoutError:
            raise
        except (OSError, UnicodeError):
            raise _Failed(NOT_RESOLVED) from None
        if not addresses:
            raise _Failed(NOT_RESOLVED)
        if not all(self._allowed(address, target.scheme) for address in addresses):
            raise _Failed(REFUSED)
        return addresses

    def _allowed(self, text: str, scheme: str) -> bool:
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        if any(plain in network for network in self._private):
            return True
        # Nothing that is signed crosses the Internet in the clear.
        return scheme == "https" and is_public(address)

    def _connect(self, addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
        until = min(deadline, self._clock.monotonic() + CONNECT_SECONDS)
        for address in addresses[:ADDRESSES_AT_MOST]:
            left = until - self._clock.monotonic()
            if left <= 0:
                break
            try:
                return socket.create_connection((address, port), timeout=left)
            except OSError:
                continue
        raise _Failed(NOT_CONNECTED)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = self._make_tls()
        return self._tls

    def _exchange(
        self, connection: socket.socket, target: CallbackUrl, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> int:
        """Send, and give the answer's status."""
        sent = {"host": target.authority, "user-agent": USER_AGENT, "connection": "close", **headers}
        lines = [f"POST {target.target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
        head = "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode("ascii")
        message = memoryview(head + body)
        while message:
            connection.settimeout(self._left(deadline))
            message = message[connection.send(message[:_PIECE]) :]
        answer = http.client.HTTPResponse(_Readable(connection, lambda: self._left(deadline)), method="POST")  # type: ignore[arg-type]
        answer.begin()
        status = answer.status
        # Some receivers take a connection that closes early for a failure; their words are of no interest.
        with suppress(OSError, http.client.HTTPException, ValueError):
            answer.read(ANSWER_BYTES_AT_MOST)
        return status

    def _left(self, deadline: float) -> float:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Readable(io.RawIOBase):
    """A socket as http.client reads it, each read within what is left of the time."""

    def __init__(self, connection: socket.socket, left: Callable[[], float]) -> None:
        super().__init__()
        self._connection = connection
        self._left = left

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._connection.settimeout(self._left())
        return self._connection.recv_into(buffer)
