"""Wire formats, data in and data out: a module or package each. `dialects/paths.py` says which path is whose.

A dialect is imported by the first request that speaks it, so that a call pays for no other family's code. Only the
native one comes with the function itself: most calls speak it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Final

from flowport.dialects.native import Native
from flowport.dialects.paths import NATIVE, territory_of
from flowport.dialects.wire import Dialect, HttpRequest


def _iolinker() -> Dialect:
    from flowport.dialects.iolinker import Iolinker  # noqa: PLC0415

    return Iolinker()


def _phixflow() -> Dialect:
    from flowport.dialects.phixflow import PhixFlow  # noqa: PLC0415

    return PhixFlow()


def _workfloplus() -> Dialect:
    from flowport.dialects.workfloplus import WorkfloPlus  # noqa: PLC0415

    return WorkfloPlus()


def _theeye() -> Dialect:
    from flowport.dialects.theeye import TheEye  # noqa: PLC0415

    return TheEye()


def _nebulagraph() -> Dialect:
    from flowport.dialects.nebulagraph import NebulaGraph  # noqa: PLC0415

    return NebulaGraph()


class Registry(Mapping[str, Dialect]):
    """The dialects by their names, each made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Dialect]]) -> None:
        """Make none yet."""
        self.makers: dict[str, Callable[[], Dialect]] = {name: cache(make) for name, make in makers.items()}

    def __getitem__(self, name: str) -> Dialect:
        """Give a dialect, the same one every time."""
        return self.makers[name]()

    def __contains__(self, name: object) -> bool:
        """Say whether there is one of that name, without making it."""
        return name in self.makers

    def __iter__(self) -> Iterator[str]:
        """Give the names, in the table's order."""
        return iter(self.makers)

    def __len__(self) -> int:
        """Count them."""
        return len(self.makers)


REGISTRY: Final = Registry(
    {
        NATIVE: Native,
        "iolinker": _iolinker,
        "phixflow": _phixflow,
        "workfloplus": _workfloplus,
        "theeye": _theeye,
        "nebulagraph": _nebulagraph,
    }
)


def dialect_of(request: HttpRequest) -> Dialect:
    """Give the dialect that a request speaks, by its path alone."""
    name = territory_of(request.segments)
    return REGISTRY[name if name in REGISTRY else NATIVE]
