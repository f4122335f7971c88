"""A small Maven repository on loopback that can misbehave in every way a real one does."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """How one request is answered: wholly, or with a fault."""

    status: int = 200
    cut_after: int | None = None
    other_bytes: bytes | None = None
    page: bytes | None = None
    ranges: bool = True
    hold: threading.Event | None = None
    hold_after: int = 0


@dataclass
class MavenServer:
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range header of each, in order."""
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    on_request: Callable[[str], None] = lambda path: None
    url: str = ""
    _plans: dict[str, deque[Answer]] = field(default_factory=dict)

    def plan(self, path: str, *answers: Answer) -> None:
        """For the next requests of this path; all later ones are answered well."""
        self._plans[path] = deque(answers)

    def next_answer(self, path: str) -> Answer:
        plan = self._plans.get(path)
        return plan.popleft() if plan else Answer()

    def ranges_of(self, path: str) -> list[str]:
        return [wanted for asked, wanted in self.requests if asked == path]


@contextmanager
def running_maven_server() -> Iterator[MavenServer]:
    maven = MavenServer()

    class Handler(_Handler):
        server_state = maven

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    maven.url = f"http://127.0.0.1:{server.server_address[1]}/maven"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield maven
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_state: MavenServer
    protocol_version = "HTTP/1.1"
    # Headers and body in two small packets would wait for each other's acknowledgement.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        # A client that was killed resets its connections: no reason to write tracebacks.
        with suppress(ConnectionResetError):
            super().handle()

    def do_GET(self) -> None:
        maven, path = self.server_state, self.path.removeprefix("/maven/")
        maven.requests.append((path, self.headers.get("Range", "")))
        maven.arrived.release()
        maven.on_request(path)
        answer = maven.next_answer(path)
        try:
            self._answer(answer, maven.files.get(path))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, answer: Answer, content: bytes | None) -> None:
        if content is None and answer.page is None:
            answer = Answer(status=404, page=b"<h1>no such file</h1>")
        if answer.page is not None or answer.status != 200:
            self._send(answer.status, answer.page or b"sorry", Answer(), "text/html")
            return
        content = content or b""
        start = int(self.headers.get("Range", "bytes=0-")[6:-1]) if answer.ranges else 0
        body = (answer.other_bytes if answer.other_bytes is not None else content)[start:]
        self._send(206 if start else 200, body, answer, "application/java-archive", start)

    def _send(self, status: int, body: bytes, answer: Answer, kind: str, start: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{start + len(body)}")
        self.end_headers()
        if answer.hold is not None:
            self.wfile.write(body[: answer.hold_after])
            answer.hold.wait()
            body = body[answer.hold_after :]
        if answer.cut_after is not None:
            self.wfile.write(body[: answer.cut_after])
            self.close_connection = True
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
