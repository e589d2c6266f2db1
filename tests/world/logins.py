"""Attempts to log in: the real guard over the real table, whose every call to AWS can break."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowport.adapters.attempts_table import DynamoAttemptStore, attempts_of, guard_item_key
from flowport.adapters.aws import repeat
from flowport.adapters.items import decode_item
from flowport.domain.errors import CredentialInvalid, TooManyAttempts
from flowport.domain.guard import Attempts, GuardKey
from flowport.usecases.access import Access, Caller
from flowport.usecases.guard_logins import GuardLogins
from flowport.usecases.ports import Clock, Found, Wanted
from tests.fakes import ACME, FakeDirectory, FakeJobStore, FakePasswords, a_user, presented_user
from tests.world.stack import World
from tests.world.wire import Life, ProcessDied

HOME = "192.0.2.1"
RIGHT = "correct horse"


@dataclass(frozen=True)
class Tried:
    """What became of an attempt: `in`, `wrong`, `locked` (for so many seconds), `failed`, or `died`."""

    said: str
    seconds: int = 0
    looked_at: bool = False


class _Directory(FakeDirectory):
    """Records that never break, and what is remembered of attempts from the table, in one call."""

    def __init__(self, client: Any, table: str, clock: Clock) -> None:
        super().__init__(FakeJobStore())
        self._client, self._table, self._clock = client, table, clock
        self.add(ACME, a_user())

    def look_up(self, wanted: Wanted, *, deadline: float | None = None) -> Found:
        found = super().look_up(wanted)
        keys = [guard_item_key(key) for key in wanted.guards]
        if not keys:
            return found
        request = {self._table: {"Keys": keys, "ConsistentRead": True}}
        answer = repeat(
            lambda: self._client.batch_get_item(RequestItems=request), what="it", clock=self._clock, deadline=deadline
        )
        found.guards.update(  # type: ignore[attr-defined]  # the fake's is a dict
            {
                GuardKey(row["job_id"], row["item"]): attempts_of(row)
                for row in map(decode_item, answer["Responses"][self._table])
            }
        )
        return found


class Logins:
    """Attempts of users of one workspace, each in a process of its own, in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.looked_at = 0
        self.tried: list[Tried] = []

    def __call__(self, password: str = "wrong", *, name: str = "ann", source_ip: str = HOME) -> Tried:
        """Make one attempt."""
        process = self.world.process("gateway")
        client = self.world.wire.client("dynamodb", self.world.dynamodb, Life())
        passwords = FakePasswords()
        guard = GuardLogins(DynamoAttemptStore(client, self.world.table, process.clock), passwords, process.clock)
        directory = _Directory(client, self.world.table, process.clock)
        access = Access(directory, passwords, process.clock, guard=guard)
        caller = Caller(presented_user(name, password), None, "acme", source_ip, process.clock.monotonic() + 5)
        said, seconds = _outcome(lambda: access.identified(caller))
        tried = Tried(said, seconds, looked_at=bool(passwords.verified))
        self.looked_at += tried.looked_at
        self.tried.append(tried)
        return tried

    def fail(self, times: int, **attempt: str) -> None:
        """Send a wrong password so often, and wait whenever that is asked for."""
        for _ in range(times):
            tried = self(**attempt)
            while tried.said == "locked":
                self.world.clock.sleep(tried.seconds)
                tried = self(**attempt)

    def remembered(self, key: GuardKey) -> Attempts:
        """Read what is remembered, past the wire."""
        item = self.world.dynamodb.get_item(TableName=self.world.table, Key=guard_item_key(key)).get("Item", {})
        return attempts_of(decode_item(item))


def _outcome(attempt: Callable[[], object]) -> tuple[str, int]:
    try:
        attempt()
    except CredentialInvalid:
        return "wrong", 0
    except TooManyAttempts as refused:
        return "locked", int(refused.headers["Retry-After"])
    except ProcessDied:
        return "died", 0
    except AssertionError:
        raise
    except Exception:  # noqa: BLE001  # AWS did not answer: 503
        return "failed", 0
    return "in", 0
