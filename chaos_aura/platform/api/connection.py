"""One client's connection: what uvicorn leaves open is bounded here, in time, in size and in number."""

import asyncio
import uuid
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from chaos_aura.platform.api.answers import encoded
from chaos_aura.platform.api.problem import Problem

MOST_HEAD_BYTES = 16 * 1024

_GARBLED = Problem(400, "not_http", "this is no HTTP request that could be understood")
_TOO_LONG = Problem(431, "too_large", f"address and headers may have at most {MOST_HEAD_BYTES} bytes", field="headers")
_TOO_SLOW = Problem(408, "too_slow", "the request did not arrive in time", field="headers")


class _HeadTooLong(Exception):
    pass


class Connection(HttpToolsProtocol):
    """Whoever does not say in time what it wants, or says too much, is told so and closed."""

    head_within_s: ClassVar = 10.0
    most_connections: ClassVar = 800  # below the files that a process may usually have open

    _patience: asyncio.TimerHandle | None = None  # while the head of a request is not whole
    _head_bytes = 0  # of the finished part
    _unfinished_bytes = 0  # the parser keeps an unfinished header to itself, however long it grows
    _has_just_begun = False
    _is_too_long = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.transport.abort()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_just_begun = False
        super().data_received(data)
        if self._patience and not self._has_just_begun:
            self._unfinished_bytes += len(data)
            if self._unfinished_bytes > MOST_HEAD_BYTES:
                self._end_with(_TOO_LONG)

    def on_message_begin(self) -> None:
        self._head_bytes = self._unfinished_bytes = 0
        self._has_just_begun = True
        self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._take(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._take(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        self._end_with(_TOO_LONG if self._is_too_long else _GARBLED)

    def _take(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MOST_HEAD_BYTES:
            self._is_too_long = True
            raise _HeadTooLong

    def _await_head(self) -> None:
        self._stop_waiting()
        self._patience = self.loop.call_later(self.head_within_s, self._end_with, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None

    @property
    def _is_between_answers(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _end_with(self, problem: Problem) -> None:
        """Without a word while another answer is due on this connection: it would be taken for that."""
        self._stop_waiting()
        if self.transport.is_closing():
            return
        if self._is_between_answers:
            self.transport.write(_raw(problem))
        self.transport.close()


def _raw(problem: Problem) -> bytes:
    request_id = uuid.uuid4().hex
    body = encoded(problem.document(request_id))
    head = (
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"x-request-id: {request_id}\r\nconnection: close\r\n\r\n"
    )
    return STATUS_LINE[problem.status] + head.encode("ascii") + body
