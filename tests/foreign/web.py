"""A small service of somebody else: it is well when its Redis answers. `web.py check` asks it from beside it."""

import json
import os
import signal
import socket
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 8000
WITHIN_S = 1.5


def redis_says(command: bytes) -> str:
    """A connection for each question, so that what becomes of the way there shows at once."""
    host, _, port = os.environ.get("REDIS", "redis:6379").partition(":")
    with socket.create_connection((host, int(port)), WITHIN_S) as redis:
        redis.settimeout(WITHIN_S)
        redis.sendall(command + b"\r\n")
        answer = redis.recv(1000).decode().strip()
    if not answer.startswith(("+", ":")):
        raise OSError(answer or "closed")
    return answer[1:]


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        questions = {"/healthz": b"PING", "/count": b"INCR count"}
        if self.path == "/alive":
            self.tell(200, {})
        elif self.path not in questions:
            self.tell(404, {})
        else:
            try:
                self.tell(200, {"redis": redis_says(questions[self.path])})
            except OSError as cause:
                self.tell(503, {"redis": str(cause) or type(cause).__name__})

    def tell(self, status: int, answer: dict[str, str]) -> None:
        body = json.dumps({"host": socket.gethostname(), **answer}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *words: object) -> None:
        print(form % words, flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/healthz", timeout=2 * WITHIN_S)
    else:
        # The first process of a container is ended by no signal that it does not handle.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        ThreadingHTTPServer(("0.0.0.0", PORT), Answers).serve_forever()
