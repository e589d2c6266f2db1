"""What the crash walks share."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.world import DirectDynamoDB, Played


@pytest.fixture
def played(dynamodb: Any, new_jobs_table: Callable[[Any], str]) -> Played:
    """Play scenarios, each over an empty Jobs table of its own, and check them."""
    direct = DirectDynamoDB(dynamodb.meta.region_name)
    return Played(direct, lambda: new_jobs_table(direct))
