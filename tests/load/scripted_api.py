"""A small API over real sockets that grants what it is asked for, and otherwise does what a test has told it to.

It knows who holds what, and what it was asked, in order. Like the real one it grants the same request once.
"""

import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

INVENTORY = {"t4": 40, "v100": 40, "a100": 40, "h100": 40}


@dataclass(frozen=True)
class Asked:
    """`nth`: how often that was asked of that request, with this."""

    method: str
    request_id: str
    nth: int
    body: dict[str, Any]


@dataclass(frozen=True)
class Said:
    status: int
    document: dict[str, Any]


HANG, RESET = "hang", "reset"
Script = Callable[[Asked], Said | str | None]


def refused(status: int, reason: str) -> Said:
    return Said(status, {"error": {"reason": reason, "message": reason}})


def granting(_: Asked) -> None:
    """As asked."""


@dataclass
class ScriptedApi:
    script: Script = granting
    inventory: dict[str, int] = field(default_factory=lambda: dict(INVENTORY))
    asked: list[Asked] = field(default_factory=list)
    held: dict[str, list[str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    closing: threading.Event = field(default_factory=threading.Event)
    silent_about_gpus: int = 0  # so often
    url: str = ""
    _counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Said | str:
        if path == "/gpus" and self.silent_about_gpus:
            self.silent_about_gpus -= 1
            return refused(503, "nobody_answers")
        if path == "/gpus":
            return Said(200, {"total": self.inventory, "free": {}, "holders": []})
        if path == "/readyz":
            return self.script(Asked("CANARY", "", 0, {})) or Said(200, {"status": "ready"})
        request_id = body.get("request_id") or path.rpartition("/")[2]
        with self._lock:
            self._counts[method, request_id] += 1
            asked = Asked(method, request_id, self._counts[method, request_id], body)
            self.asked.append(asked)
        said = self.script(asked)
        return said if said is not None else self.by_default(asked)

    def by_default(self, asked: Asked) -> Said:
        with self._lock:
            if asked.method == "DELETE":
                return self._release(asked.request_id)
            if asked.request_id in self.ended:
                return Said(200, {"state": "released", "grant": {"gpu_ids": ["gone"]}})
            known = asked.request_id in self.held
            self.held.setdefault(asked.request_id, [f"gpu-of-{asked.request_id}"])
            document = {"state": "granted", "grant": {"gpu_ids": self.held[asked.request_id]}}
            return Said(200 if known or asked.method == "GET" else 201, document)

    def posted(self) -> list[dict[str, Any]]:
        """What was asked for, in order of the requests."""
        first = [each.body for each in self.asked if each.method == "POST" and each.nth == 1]
        return sorted(first, key=lambda body: int(body["request_id"].rpartition("-")[2]))

    def _release(self, request_id: str) -> Said:
        if request_id in self.ended:
            return refused(409, "already_released")
        if self.held.pop(request_id, None) is None:
            return refused(404, "not_found")
        self.ended.add(request_id)
        return Said(200, {"state": "released"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ClassVar[ScriptedApi]

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else {}
        said = self.api.answer(self.command, self.path, body)
        if said == HANG:
            self.api.closing.wait()
            self.close_connection = True
        elif said == RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            assert isinstance(said, Said)
            self._say(said)

    def _say(self, said: Said) -> None:
        content = json.dumps(said.document).encode()
        self.send_response(said.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None: ...


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def shutdown_request(self, request: Any) -> None:
        """Without the goodbye that would come before a reset."""
        self.close_request(request)

    def handle_error(self, *_: Any) -> None:
        """A client that has gone is the test's affair."""


@contextmanager
def scripted_api(script: Script = granting, **more: Any) -> Iterator[ScriptedApi]:
    api = ScriptedApi(script, **more)
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"api": api}))
    api.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    try:
        yield api
    finally:
        api.closing.set()
        server.shutdown()
        serving.join()
        server.server_close()
