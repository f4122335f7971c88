"""A small HTTP server of a test: each page is answered with its number."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from chaos_aura.core.address import Address


@contextmanager
def pages(numbers: Mapping[str, int]) -> Iterator[Address]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(numbers.get(self.path, 404))
            self.end_headers()

        def log_message(self, form: str, *words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Address("127.0.0.1", server.server_port)
        finally:
            server.shutdown()
            thread.join()
