"""The unit level has no network."""

import socket

import pytest
from pytest_socket import SocketBlockedError


def test_no_unit_test_can_open_a_socket() -> None:
    with pytest.raises((SocketBlockedError, UserWarning), match=r"tried to use socket"):
        socket.create_connection(("127.0.0.1", 9))
