"""Runs in a container: HTTP on 8000 (GET /SIZE answers so many bytes, POST takes any), datagrams on 9000.

A datagram comes back; how many came is in /datagrams, which is read without any network. Standard library only.
"""

import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.tell(int(self.path[1:] or 2))

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.tell(2)

    def tell(self, size: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(b"x" * size)

    def log_message(self, *_: object) -> None:
        pass


def echo(server: socket.socket) -> None:
    came = 0
    while True:
        data, sender = server.recvfrom(2000)
        came += 1
        Path("/datagrams").write_text(str(came))
        try:
            server.sendto(data, sender)
        except OSError:  # its own way out may be forbidden
            continue


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Path("/datagrams").write_text("0")
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams.bind(("::", 9000))  # before HTTP answers, which is how others know that it is well
    threading.Thread(target=echo, args=(datagrams,), daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", 8000), Answers).serve_forever()
