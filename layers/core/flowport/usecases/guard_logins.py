"""Slow down whoever sends wrong passwords, secrets or brought tokens (`domain/guard.py` has the rules).

    read, with everything else ── locked? 429 ── counted ── slow hash ── right: forgotten · wrong: the rest counted, 401

What is remembered is read in the one call that a request makes anyway, so that whoever is locked costs nothing more.
A password is counted before its hash is computed, not after: of a thousand guesses at one time a few are looked at. A
user that does not exist is counted, and locked, like any other. Tokens that cannot be guessed pay for none of it.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from flowport.domain.access import Presented
from flowport.domain.errors import TooManyAttempts, Unavailable
from flowport.domain.guard import (
    ADDRESS,
    ANYWHERE,
    AT_ADDRESS,
    KNOWN_AGAIN,
    NOTHING,
    Attempts,
    GuardKey,
    address_key,
    anywhere_key,
    at_address_key,
    brought_partition,
    failed,
    partition_of,
    succeeded,
    whole_address,
)
from flowport.usecases.ports import AttemptStore, Clock, Passwords

# Each round that is lost is one that another attempt won, and after a few of those the address is locked.
_ROUNDS: Final = 8
WRITE_WITHIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class GuardLogins:
    """Makes attempts."""

    store: AttemptStore
    passwords: Passwords
    clock: Clock

    def keys(self, presented: Presented | None, source_ip: str) -> tuple[GuardKey, ...]:
        """Say what is to be read with a request: nothing where nothing can be guessed."""
        if presented is None or (presented.kind == "token" and not presented.brought) or presented.kind == "jwt":
            return ()
        address = whole_address(source_ip)
        over_all = address_key(presented.workspace, address)
        if presented.kind in {"user", "client"}:
            partition = partition_of(presented.key)
            return at_address_key(partition, address), over_all, anywhere_key(partition)
        return at_address_key(brought_partition(presented.workspace), address), over_all

    def begin(
        self, presented: Presented, source_ip: str, seen: Mapping[GuardKey, Attempts], deadline: float
    ) -> "Attempt | None":
        """Begin an attempt; raise `TooManyAttempts` where it is locked. None where nothing can be guessed."""
        keys = self.keys(presented, source_ip)
        if not keys:
            return None
        attempt = Attempt(self, keys, {key: seen.get(key, NOTHING) for key in keys}, deadline)
        attempt.check()
        return attempt


@dataclass(slots=True)
class Attempt:
    """One attempt. The first key is that of the user, or the brought tokens, at this address."""

    guard: GuardLogins
    keys: tuple[GuardKey, ...]
    seen: dict[GuardKey, Attempts]
    deadline: float
    counted: bool = field(default=False)

    def check(self) -> None:
        """Refuse what is locked."""
        now = self.guard.clock.now()
        own = self.seen[self.keys[0]]
        # A known address is held to what its own attempts did.
        held_to = (own,) if own.known(now) else tuple(self.seen.values())
        locked = max((one.locked_until for one in held_to if one.locked(now)), default=None)
        if locked is not None:
            raise _refusal(locked - now)

    def verify(self, stored: str | None, password: str) -> bool:
        """Compare a password, counted before the slow hash unless this process knows that it fits."""
        if stored is not None and self.guard.passwords.knows(stored, password):
            return True
        self._count_first()
        return self.guard.passwords.verify(stored, password)

    def failed(self) -> None:
        """Count a failure wherever it was not counted yet."""
        own = self.keys[0]
        known = self.seen[own].known(self.guard.clock.now())
        # A known address is not held to these, so it does not move them either: nobody's own mistakes lock others.
        left = [(key, ADDRESS if key.item == "address" else ANYWHERE) for key in self.keys[1:] if not known]
        if not self.counted:
            left.insert(0, (own, AT_ADDRESS))
        for key, policy in left:
            with suppress(Unavailable):  # the attempt itself is refused in any case
                now, seen = self.guard.clock.now(), self.seen[key]
                self.guard.store.count(key, policy, now, seen=seen, deadline=self._until())

    def succeeded(self) -> None:
        """Forget the failures of the user at this address, and know the address from now on."""
        now, own = self.guard.clock.now(), self.keys[0]
        seen = self.seen[own]
        if len(self.keys) == len(("own", "address")):
            return  # of brought tokens, where one that is right says nothing of the others
        if self.counted or not seen.clean(now) or seen.known_until <= now + KNOWN_AGAIN:
            with suppress(Unavailable):
                self.guard.store.save(own, succeeded(now), seen=seen, deadline=self._until())

    def _count_first(self) -> None:
        own = self.keys[0]
        for _ in range(_ROUNDS):
            now = self.guard.clock.now()
            seen = self.seen[own]
            counted = failed(seen, AT_ADDRESS, now)
            found = self.guard.store.save(own, counted, seen=seen, deadline=self._until())
            if found is None:
                self.seen[own] = counted
                self.counted = True
                return
            self.seen[own] = found
            if found.locked(now):
                raise _refusal(found.locked_until - now)
        raise _refusal(1)

    def _until(self) -> float:
        return max(self.deadline, self.guard.clock.monotonic() + WRITE_WITHIN)


def _refusal(milliseconds: int) -> TooManyAttempts:
    seconds = max(1, -(-milliseconds // 1000))
    message = (
        f"Too many wrong passwords or secrets were sent. For {seconds} s none is looked at, a right one neither; the "
        "workspace's administrator can lift that for a user."
    )
    return TooManyAttempts(message, headers={"Retry-After": str(seconds)})
