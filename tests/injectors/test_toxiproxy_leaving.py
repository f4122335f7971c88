"""A connection is closed when its other half has ended, and not before."""

import os
import socket
from collections.abc import Iterator

import pytest

from injectors.toxiproxy.leaving import Leaving

_WITHIN_S = 30


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours and theirs."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = socket.create_connection(listening.getsockname())
        theirs, _ = listening.accept()
    with ours, theirs:
        theirs.settimeout(_WITHIN_S)
        yield ours, theirs


def test_what_is_still_on_the_way_is_taken(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    leaving = Leaving()
    theirs.sendall(b"a piece")
    leaving.leave(ours)
    assert theirs.recv(1) == b""
    for _ in range(100):
        theirs.sendall(b"a piece")  # one that was gone would reset it
    leaving.await_ends(0.05)
    assert len(leaving) == 1
    theirs.shutdown(socket.SHUT_WR)
    leaving.await_ends(_WITHIN_S)
    assert len(leaving) == 0


def test_one_that_has_ended_is_closed_with_the_next(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    descriptor = ours.fileno()
    theirs.close()
    leaving = Leaving()
    leaving.leave(ours)
    leaving.await_ends(_WITHIN_S)
    assert len(leaving) == 0
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_no_more_are_kept_than_a_process_can_afford() -> None:
    leaving = Leaving()
    with socket.create_server(("127.0.0.1", 0), backlog=300) as listening:
        for _ in range(150):
            leaving.leave(socket.create_connection(listening.getsockname()))
        assert len(leaving) == 100
    leaving.await_ends(_WITHIN_S)
    assert len(leaving) == 0
