"""A scenario, played to its end and checked, and walks over all of its calls."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flowport.domain.preferences import Preference
from flowport.domain.records import Endpoint
from tests.fakes import EXPRESS_ARN, STANDARD_ARN, an_endpoint
from tests.world.stack import World
from tests.world.wire import Fault

LARGE = '{"text":"' + "x" * 5000 + '"}'
SYNC = Preference()
ASYNC = Preference(respond_async=True)
WAIT = Preference(wait=5)
EXPRESS = an_endpoint(express_arn=EXPRESS_ARN, standard_arn=None)
STANDARD = an_endpoint(express_arn=None, standard_arn=STANDARD_ARN)
LONG_RUN = 20 * 60.0  # seconds: a run that ends by itself long after a stop would have

Action = Callable[[World], object]


@dataclass(frozen=True)
class Scenario:
    """What callers do, one after the other, and how AWS behaves (`world`: arguments of World)."""

    actions: tuple[Action, ...]
    world: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def call(
        cls,
        endpoint: Endpoint,
        preference: Preference = SYNC,
        body: str = "{}",
        options: dict[str, Any] | None = None,
        **world: Any,
    ) -> "Scenario":
        """Make the scenario of one call of an endpoint."""
        return cls((lambda it: it.call(endpoint, preference, body, **(options or {})),), {"run_seconds": 0.3} | world)

    def then(self, *actions: Action, **world: Any) -> "Scenario":
        """Let more happen after it."""
        return Scenario((*self.actions, *actions), self.world | world)


class Played:
    """Plays scenarios in worlds prepared by a function, and checks them."""

    def __init__(self, dynamodb: Any, new_table: Callable[[], str]) -> None:
        self._dynamodb, self._new_table = dynamodb, new_table

    def __call__(self, scenario: Scenario, prepare: Action = lambda _: None, **world: Any) -> World:
        it = World(self._dynamodb, self._new_table(), **(scenario.world | world))
        prepare(it)
        try:
            for action in scenario.actions:
                action(it)
            it.settle()
            it.check()
        except AssertionError as broken:
            raise AssertionError(f"{broken}\n{story(it)}") from broken
        return it


def story(world: World) -> str:
    """Tell what happened."""
    calls = [f"{number:3} {call} {world.wire.faults.get(number, '')}" for number, call in enumerate(world.wire.calls)]
    rows = [f"{row['job_id']} {row['status']} {row.get('error', '')}" for row in world.rows()]
    told = [f"told: {asked.answer!r}" for asked in world.asked] + [f"{changed}" for changed in world.changed]
    return "\n".join((f"outage: {world.wire.outage}, ahead: {world.ahead}", *calls, *rows, *told))


def walk(
    played: Played, scenario: Scenario, fault: Fault, prepare: Action = lambda _: None, **world: Any
) -> Iterator[tuple[int, World]]:
    """Play a scenario once for each of its calls, with that one call broken; give the call's number and the world."""
    number = 0
    while True:

        def breaks(it: World, number: int = number) -> None:
            prepare(it)
            it.wire.faults[number] = fault

        it = played(scenario, breaks, **world)
        if len(it.wire.calls) <= number:
            assert number >= 2, "there was nothing to walk over"
            return
        yield number, it
        number += 1


def interleave(
    played: Played,
    scenario: Scenario,
    meanwhile: Action,
    prepare: Action = lambda _: None,
    at: str = "",
    first: int | None = None,
    **world: Any,
) -> Iterator[tuple[int, World]]:
    """Play a scenario once for each of its calls, and let something happen right before that call.

    Only for calls that begin with `at`, and for no more than the `first` calls.
    """
    calls = played(scenario, prepare, **world).wire.calls[:first]
    for number in [number for number, call in enumerate(calls) if call.startswith(at)]:

        def prepares(it: World, number: int = number) -> None:
            prepare(it)
            it.wire.meanwhile[number] = lambda: meanwhile(it)

        yield number, played(scenario, prepares, **world)
