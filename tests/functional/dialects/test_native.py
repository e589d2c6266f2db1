"""The native contract's literal exchanges."""

from collections.abc import Callable

import pytest

from tests.functional.dialects.cases import Case, play, read_cases
from tests.functional.harness import Aws, Handler

CASES = read_cases("native")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_native(case: Case, published: Aws, load: Callable[..., Handler]) -> None:
    play(case, published, load("GatewayFunction"), load("RecordCompletionFunction"))
