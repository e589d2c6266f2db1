"""Wrong passwords, secrets and brought tokens: how they slow whoever sends them down.

Each failure is forgiven after a while, one after the other. Up to `free` of them cost nothing; each one more locks for
twice as long as the last, `longest` at most. A day's worth is remembered, so that however many were sent, a day later
nothing is left of them. Three things are counted:

| what | so that | hits |
|---|---|---|
| a user (or client) at one address | nobody guesses a password | the guesser alone: others' addresses go on |
| an address, over all users of a workspace | nobody tries one password on many users | new users at that address |
| a user, over all addresses | nobody guesses from a thousand addresses | addresses from which the user never came |

An address from which a user has come with the right password in the last 30 days is known, and held to the first of
these only: so nobody can lock a user out of where that user works.
"""

import ipaddress
from dataclasses import dataclass, replace
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
KNOWN_FOR: Final = 30 * 24 * 60 * MINUTE
# A known address is written down again when this much of that time is left.
KNOWN_AGAIN: Final = 29 * 24 * 60 * MINUTE
_IPV6_NETWORK: Final = 64


@dataclass(frozen=True, slots=True)
class Policy:
    """How many failures are free, how long the first and the longest lock last, and when one is forgiven (ms).

    `most` are remembered.
    """

    free: int
    first: int
    longest: int
    forgiven_after: int
    most: int

    def forgiven_at_most(self, now: int) -> int:
        """When all failures are forgiven at the latest."""
        return now + self.most * self.forgiven_after

    def lock(self, forgiven_at: int, now: int) -> int:
        """Until when a failure at `now` locks that has brought `forgiven_at` about; 0: not at all."""
        over = -(-(forgiven_at - now) // self.forgiven_after) - self.free
        return now + min(self.longest, self.first * 2 ** min(over - 1, 20)) if over > 0 else 0


AT_ADDRESS: Final = Policy(free=4, first=2 * SECOND, longest=15 * MINUTE, forgiven_after=60 * MINUTE, most=24)
ADDRESS: Final = Policy(free=30, first=10 * SECOND, longest=15 * MINUTE, forgiven_after=MINUTE, most=1440)
ANYWHERE: Final = Policy(free=100, first=MINUTE, longest=15 * MINUTE, forgiven_after=5 * MINUTE, most=288)


@dataclass(frozen=True, slots=True)
class Attempts:
    """What is remembered: when all failures are forgiven, until when it is locked and known (epoch milliseconds)."""

    forgiven_at: int = 0
    locked_until: int = 0
    known_until: int = 0

    def locked(self, now: int) -> bool:
        """Whether nothing is tried at `now`."""
        return self.locked_until > now

    def known(self, now: int) -> bool:
        """Whether the right password came from there lately."""
        return self.known_until > now

    def clean(self, now: int) -> bool:
        """Whether there is nothing to forgive."""
        return self.forgiven_at <= now


NOTHING: Final = Attempts()


def failed(seen: Attempts, policy: Policy, now: int) -> Attempts:
    """Give what is remembered after one failure more."""
    forgiven_at = min(max(seen.forgiven_at, now) + policy.forgiven_after, policy.forgiven_at_most(now))
    lock = policy.lock(forgiven_at, now)
    return replace(seen, forgiven_at=forgiven_at, locked_until=max(seen.locked_until, lock))


def succeeded(now: int) -> Attempts:
    """Give what is remembered after the right password."""
    return Attempts(known_until=now + KNOWN_FOR)


@dataclass(frozen=True, slots=True)
class GuardKey:
    """Where something is remembered: a partition, and an item in it."""

    partition: str
    item: str


def whole_address(source_ip: str) -> str:
    """Give the address that is counted: of IPv6 the /64, since its holder has all of it."""
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return source_ip
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))
    return str(address)


def partition_of(credential_key: str) -> str:
    """Name what is remembered of a user or client."""
    return f"guard#{credential_key}"


def brought_partition(workspace: str) -> str:
    """Name what is remembered of a workspace's brought tokens, of which a wrong one is nobody's."""
    return f"guard#brought#{workspace}"


def at_address_key(partition: str, address: str) -> GuardKey:
    """Where a user (or the brought tokens) at one address is remembered."""
    return GuardKey(partition, f"from#{address}")


def anywhere_key(partition: str) -> GuardKey:
    """Where a user is remembered, over all addresses."""
    return GuardKey(partition, "anywhere")


def address_key(workspace: str, address: str) -> GuardKey:
    """Where an address is remembered, over all users of a workspace."""
    return GuardKey(f"guard#address#{workspace}#{address}", "address")
