"""Wire formats, data in and data out: one file each. `dialects/paths.py` says which path is whose."""

from typing import Final

from flowport.dialects import iolinker, native, theeye
from flowport.dialects.paths import NATIVE, territory_of
from flowport.dialects.wire import Dialect, HttpRequest

REGISTRY: Final[dict[str, Dialect]] = {
    "native": native.Native(),
    "iolinker": iolinker.Iolinker(),
    "theeye": theeye.TheEye(),
}


def dialect_of(request: HttpRequest) -> Dialect:
    """Give the dialect that a request speaks, by its path alone."""
    return REGISTRY.get(territory_of(request.segments), REGISTRY[NATIVE])
