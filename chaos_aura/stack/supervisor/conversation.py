"""One request and its answer, a JSON line each, without ever waiting for a slow asker."""

import json
import selectors
import socket
from collections.abc import Callable
from typing import Any

_LONGEST_BYTES = 64 * 1024


class Conversation:
    """Registers itself with the selector and leaves it when done."""

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        answer: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> None:
        self._connection = connection
        self._selector = selector
        self._answer = answer
        self._received = b""
        self._to_send = b""
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self._receive)

    def _receive(self) -> None:
        try:
            part = self._connection.recv(_LONGEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        self._received += part
        if b"\n" in self._received:
            self._reply(self._received.partition(b"\n")[0])
        elif not part or len(self._received) > _LONGEST_BYTES:
            self._close()

    def _reply(self, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = {}
        self._to_send = json.dumps(self._answer(request if isinstance(request, dict) else {})).encode() + b"\n"
        self._selector.modify(self._connection, selectors.EVENT_WRITE, self._send)
        self._send()  # at once: after this answer the daemon may be about to end

    def _send(self) -> None:
        try:
            sent = self._connection.send(self._to_send)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            return
        self._to_send = self._to_send[sent:]
        if not self._to_send:
            self._close()

    def _close(self) -> None:
        self._selector.unregister(self._connection)
        self._connection.close()
