"""A stack's Toxiproxy seen through a relay that keeps silent about one proxy, as a deadlocked one does, for certain."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from hurting import process_of

from chaos_aura.core.address import LOOPBACK, Address
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.running import RunningStack

_ANSWERS_WITHIN_S = 10
_LOOK_EVERY_S = 0.01


@contextmanager
def silent_about(stack: RunningStack, proxy: str) -> Iterator[Address]:
    """For as long as that Toxiproxy lives which is there now. All else it is asked, and so is its successor."""
    with silent_before(stack.catalogue.service("toxiproxy").address, proxy, process_of(stack, "toxiproxy")) as address:
        yield address


@contextmanager
def silent_before(server: Address, proxy: str, process: ProcessId) -> Iterator[Address]:
    """The same of any Toxiproxy that this process is."""
    relay = _Relay(server, proxy, process)
    serving = threading.Thread(target=relay.serve_forever, args=(_LOOK_EVERY_S,))
    serving.start()
    try:
        yield Address(LOOPBACK, relay.server_port)
    finally:
        relay.over.set()
        relay.shutdown()
        serving.join()
        relay.server_close()


class _Relay(ThreadingHTTPServer):
    def __init__(self, upstream: Address, proxy: str, deadlocked: ProcessId) -> None:
        super().__init__((LOOPBACK, 0), _Asked)
        self.over = threading.Event()
        self.upstream = upstream
        self._proxy = proxy
        self._deadlocked = deadlocked

    def keep_silent(self, path: str) -> bool:
        """Returns when that process is dead. False at once for what it answers."""
        if self._proxy not in path.split("/") or not self._deadlocked.is_alive():
            return False
        while self._deadlocked.is_alive() and not self.over.wait(_LOOK_EVERY_S):
            pass
        return True


class _Asked(BaseHTTPRequestHandler):
    server: _Relay

    def relay(self) -> None:
        """One request a connection; one that cannot be answered ends it."""
        self.close_connection = True
        question = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.keep_silent(self.path):
            return
        upstream = HTTPConnection(self.server.upstream.host, self.server.upstream.port, timeout=_ANSWERS_WITHIN_S)
        try:
            upstream.request(self.command, self.path, question or None)
            answer = upstream.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            return
        finally:
            upstream.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = do_DELETE = relay  # noqa: N815 - as the library calls them

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - as the library calls it
        """To nobody."""
