"""One line out to a supervisor, one line back."""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.signature import signer
from chaos_aura.supervision.place import LOCK, SOCKET

_ANSWER_WITHIN_S = 5.0
_TRY_EVERY_S = 0.02


def exchange(home: Path, line: bytes) -> bytes:
    """FileNotFoundError or ConnectionRefusedError when there is none, another OSError when it does not answer.

    One that lives but does not listen is about to do so, or about to end: that is waited for.
    """
    deadline_s = time.monotonic() + _ANSWER_WITHIN_S
    while True:
        try:
            with _connected(home) as connection:
                return _answer(connection, line)
        except (FileNotFoundError, ConnectionRefusedError, BlockingIOError):  # the last: too many ask at once
            if signer(home / LOCK) is None or time.monotonic() > deadline_s:
                raise
        except ConnectionResetError:
            _refuse_the_dead(home, deadline_s)
            raise
        time.sleep(_TRY_EVERY_S)


def _connected(home: Path) -> socket.socket:
    """Through a descriptor of the folder: a socket's path may have 107 bytes, and a checkout's has more."""
    folder = os.open(home, os.O_PATH | os.O_DIRECTORY)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_ANSWER_WITHIN_S)
        connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _answer(connection: socket.socket, line: bytes) -> bytes:
    with suppress(ConnectionError):  # refused before it was read to its end: the answer says why
        connection.sendall(line)
    with connection.makefile("rb") as lines:
        answer = lines.readline()
    if not answer.endswith(b"\n"):
        raise ConnectionResetError("it closed the connection")
    return answer


def _refuse_the_dead(home: Path, deadline_s: float) -> None:
    """ConnectionRefusedError for one that was about to end when it was asked."""
    while signer(home / LOCK) is not None:
        if time.monotonic() > deadline_s:
            return
        time.sleep(_TRY_EVERY_S)
    raise ConnectionRefusedError("it has ended")
