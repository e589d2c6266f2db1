"""Wire formats, data in and data out: one file each. `REGISTRY` is asked in its order; the last takes what is left."""

from typing import Final

from flowport.dialects import native
from flowport.dialects.wire import Dialect

REGISTRY: Final[dict[str, Dialect]] = {"native": native.Native()}
