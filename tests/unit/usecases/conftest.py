"""The use cases over the fakes."""

import pytest

from tests.unit.usecases.stack import Stack


@pytest.fixture
def stack() -> Stack:
    """Give a workspace with one endpoint, one token and one user."""
    return Stack()
