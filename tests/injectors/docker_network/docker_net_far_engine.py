"""The engine as if it were on another machine: reached over TCP, its containers' networks cannot be entered."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_MOST = 65_536


@contextmanager
def far_engine(path: str) -> Iterator[str]:
    """Its DOCKER_HOST. What is sent there goes to the socket at `path`, and back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pairs: list[tuple[threading.Thread, socket.socket]] = []
        accepting = threading.Thread(target=_accept, args=(server, path, pairs))
        accepting.start()
        try:
            yield f"tcp://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for each, client in pairs:
                with suppress(OSError):  # of a test that failed, whose client lives on
                    client.shutdown(socket.SHUT_RDWR)
                each.join(10)


def _accept(server: socket.socket, path: str, pairs: list[tuple[threading.Thread, socket.socket]]) -> None:
    while True:
        try:
            client = server.accept()[0]
        except OSError:
            return
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(path)
        pair = threading.Thread(target=_both, args=(client, engine))
        pairs.append((pair, client))
        pair.start()


def _both(client: socket.socket, engine: socket.socket) -> None:
    with client, engine:
        back = threading.Thread(target=_pass_on, args=(engine, client))
        back.start()
        _pass_on(client, engine)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_MOST):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
