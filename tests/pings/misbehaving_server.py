"""A loopback server that does with each connection what a test tells it to, and nothing a client hopes for."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from chaos_aura.core.address import Address

type Behaviour = Callable[[socket.socket, threading.Event], None]

PATIENT_S = 20.0  # for a client whose answer has to come, on a busy machine, too
_HEARS_OUT_S = 60


class MisbehavingServer:
    """The event that a behaviour gets is set when the test is over."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]

    @property
    def address(self) -> Address:
        return Address(*self._listener.getsockname())

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):  # the listener is shut down
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may hang up at any time
            connection.settimeout(_HEARS_OUT_S)
            self.behaviour(connection, self._over)


def says(answer: bytes) -> Behaviour:
    """Answers, then listens until the client hangs up."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(answer)
        _hear_out(connection)

    return behave


def says_and_closes(answer: bytes) -> Behaviour:
    """Hears the question first: closing with bytes unread would reset the connection."""

    def behave(connection: socket.socket, over: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        _hear_out(connection)

    return behave


def drips(answer: bytes, pause_s: float) -> Behaviour:
    def behave(connection: socket.socket, over: threading.Event) -> None:
        for byte in answer:
            connection.sendall(bytes((byte,)))
            if over.wait(pause_s):
                return
        _hear_out(connection)

    return behave


def resets(connection: socket.socket, over: threading.Event) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _hear_out(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass
