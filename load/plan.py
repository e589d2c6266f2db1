"""Which calls are made: a mixture chosen by a seed, the same again for the same seed and number."""

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Inputs = dict[str, Any]

# The endpoints that the load publishes: a path, and the machine behind it.
EXPRESS: Final = "load/express"
STANDARD: Final = "load/standard"
ENDPOINTS: Final = {EXPRESS: "TallyExpressArn", STANDARD: "TallyStandardArn"}

# Of a thousand calls.
SHARES: Final = {
    "sync": 330,
    "sync, fails": 30,
    "async": 220,
    "wait": 70,
    "poll": 60,
    "batch": 30,
    "key": 110,
    "cancel": 40,
    "deadline": 30,
    "wrong credential": 40,
    "hang-up": 40,
}
WRONG_CREDENTIALS: Final = ("none", "unknown token", "mistyped token", "wrong scope")
# Calls for one key: enough to come together, few enough that many keys are used.
CALLS_FOR_A_KEY: Final = 5
OTHER_INPUTS_FOR_A_KEY: Final = 0.2
KEYED_BATCHES: Final = 0.5


@dataclass(frozen=True, slots=True)
class Call:
    """One call, or several that belong together: a start and its poll, a start and its cancel.

    `inputs` has one entry, for a batch several. `key` is shared by the calls that repeat one another.
    """

    number: int
    kind: str
    endpoint: str
    inputs: tuple[Inputs, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    credential: str = "good"
    hang_up_after: float = 0.0


def make(seed: int, calls: int) -> list[Call]:
    """Choose the calls."""
    chance = random.Random(seed)
    kinds = _kinds(chance, calls)
    return [_MAKE[kind](chance, number, kind, counter) for number, (kind, counter) in enumerate(_numbered(kinds))]


def _kinds(chance: random.Random, calls: int) -> list[str]:
    """Give each kind its share, the rest to the most frequent, in an order by chance."""
    shares = {kind: calls * share // sum(SHARES.values()) for kind, share in SHARES.items()}
    shares["sync"] += calls - sum(shares.values())
    kinds = [kind for kind, share in shares.items() for _ in range(share)]
    chance.shuffle(kinds)
    return kinds


def _numbered(kinds: list[str]) -> list[tuple[str, int]]:
    """Count each kind by itself."""
    seen: Counter[str] = Counter()
    numbered = []
    for kind in kinds:
        numbered.append((kind, seen[kind]))
        seen[kind] += 1
    return numbered


def _endpoint(chance: random.Random, express: float) -> str:
    return EXPRESS if chance.random() < express else STANDARD


def _sync(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    return Call(number, kind, _endpoint(chance, 0.7), ({"n": number},))


def _fails(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    return Call(number, kind, _endpoint(chance, 0.5), ({"n": number, "fail": True},))


def _async(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    return Call(number, kind, _endpoint(chance, 0.4), ({"n": number},), {"Prefer": "respond-async"})


def _wait(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    headers = {"Prefer": f"wait={chance.choice((0, 1, 5))}"}
    return Call(number, kind, _endpoint(chance, 0.4), ({"n": number, "seconds": chance.choice((1, 2))},), headers)


def _batch(chance: random.Random, number: int, kind: str, counter: int) -> Call:
    """Every other batch is one of a pair with the same key and the same inputs."""
    pair = counter // 2
    keyed = pair % 2 == 0
    size = 3 + pair % 6
    inputs = tuple({"batch": pair if keyed else number, "n": index, "fail": index == 1} for index in range(size))
    headers = {"Prefer": "respond-async"} if chance.random() < KEYED_BATCHES and not keyed else {}
    return Call(number, kind, EXPRESS if pair % 4 else STANDARD, inputs, headers, f"batch-{pair}" if keyed else None)


def _key(chance: random.Random, number: int, kind: str, counter: int) -> Call:
    key = counter // CALLS_FOR_A_KEY
    other = chance.random() < OTHER_INPUTS_FOR_A_KEY
    headers = {"Prefer": "respond-async"} if key % 4 == 0 else {}
    inputs: Inputs = {"key": key, "seconds": key % 2} | ({"other": True} if other else {})
    return Call(number, kind, EXPRESS if key % 3 else STANDARD, (inputs,), headers, f"key-{key}")


def _slow(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    return Call(number, kind, _endpoint(chance, 0.4), ({"n": number, "seconds": 5},), {"Prefer": "respond-async"})


def _deadline(chance: random.Random, number: int, kind: str, counter: int) -> Call:
    headers = {"Flowport-Deadline": "1"} | ({"Prefer": "respond-async"} if counter % 2 else {})
    return Call(number, kind, _endpoint(chance, 0.3), ({"n": number, "seconds": 6},), headers)


def _wrong(_chance: random.Random, number: int, kind: str, counter: int) -> Call:
    credential = WRONG_CREDENTIALS[counter % len(WRONG_CREDENTIALS)]
    return Call(number, kind, EXPRESS if counter % 2 else STANDARD, ({"n": number},), credential=credential)


def _hang_up(chance: random.Random, number: int, kind: str, _counter: int) -> Call:
    """Some hang up before anybody can have read the call, some while it runs."""
    after = chance.choice((0.0, 0.05, 0.5, 1.5))
    inputs = ({"n": number, "seconds": chance.choice((1, 3))},)
    return Call(number, kind, _endpoint(chance, 0.6), inputs, hang_up_after=after)


_MAKE: Final[dict[str, Callable[[random.Random, int, str, int], Call]]] = {
    "sync": _sync,
    "sync, fails": _fails,
    "async": _async,
    "wait": _wait,
    "poll": _async,
    "batch": _batch,
    "key": _key,
    "cancel": _slow,
    "deadline": _deadline,
    "wrong credential": _wrong,
    "hang-up": _hang_up,
}
