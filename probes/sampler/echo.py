"""A round trip over loopback, between two threads, that touches no service."""

import socket
import threading
import time

_LONGEST_S = 10.0


class Echo:
    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._near = socket.create_connection(listener.getsockname())
            self._far, _ = listener.accept()
        self._near.settimeout(_LONGEST_S)
        for end in (self._near, self._far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=self._answer, daemon=True, name="echo").start()

    def round_trip_s(self) -> float:
        began_s = time.monotonic()
        self._near.sendall(b"?")
        self._near.recv(1)
        return time.monotonic() - began_s

    def close(self) -> None:
        self._near.close()

    def _answer(self) -> None:
        with self._far:
            while asked := self._far.recv(1):
                self._far.sendall(asked)
