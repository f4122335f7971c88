"""One request and its answer, a JSON line each, without ever waiting for a slow asker."""

import json
import selectors
import socket
from collections.abc import Callable
from typing import Any

LONGEST_BYTES = 1024 * 1024
_PART_BYTES = 64 * 1024

Answer = dict[str, Any]


class Conversation:
    """Registers itself with the selector and leaves it when done."""

    def __init__(
        self,
        connection: socket.socket,
        selector: selectors.BaseSelector,
        answer: Callable[[bytes], Answer],
        began_s: float,
    ) -> None:
        self.began_s = began_s
        self.is_open = True
        self._connection = connection
        self._selector = selector
        self._answer = answer
        self._received = bytearray()
        self._to_send = b""
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, self._receive)

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self._selector.unregister(self._connection)
            self._connection.close()

    def _receive(self) -> None:
        if not self.is_open:
            return  # closed by another event of the same moment
        try:
            part = self._connection.recv(_PART_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._received += part
        if len(self._received) > LONGEST_BYTES:
            self._reply(_refusal(f"a request may have {LONGEST_BYTES} bytes"))
        elif b"\n" in part:
            self._reply(self._answer(bytes(self._received.partition(b"\n")[0])))
        elif not part:
            self.close()

    def _reply(self, answer: Answer) -> None:
        self._to_send = json.dumps(answer).encode() + b"\n"
        self._selector.modify(self._connection, selectors.EVENT_WRITE, self._send)
        self._send()  # at once: after this answer the daemon may be about to end

    def _send(self) -> None:
        if not self.is_open:
            return
        try:
            sent = self._connection.send(self._to_send)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._to_send = self._to_send[sent:]
        if not self._to_send:
            self.close()


def _refusal(why: str) -> Answer:
    return {"ok": False, "where": "supervisor", "why": why, "remedy": ""}
