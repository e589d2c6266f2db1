"""A small load: nothing may be lost, doubled, stuck or told otherwise than it was. `make load` is the large one."""

import logging
import os
from pathlib import Path

import pytest

from load import session
from load.target import Target

logger = logging.getLogger(__name__)


@pytest.mark.slow
def test_of_two_hundred_mixed_calls_from_eight_clients_nothing_is_lost_doubled_or_stuck() -> None:
    target = Target.at(Path(os.environ.get("FLOWPORT_LOCAL_JSON", ".flowport/local.json")).resolve())
    done = session.run(target, seed=20_261_122, calls=200, clients=8, say=logger.info)
    counted = done.audit
    assert counted is not None
    assert (counted.lost, counted.doubled, counted.stuck, counted.contradicted) == ((), (), (), ())
    assert counted.calls == 200
    assert counted.ended == counted.recorded > 180
