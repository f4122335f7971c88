"""The engine is believed by what it answers on its socket, and only so long."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chaos_aura.core.project import Project
from chaos_aura.stack.doctor.docker import look_at_client, look_at_compose, look_at_engine
from chaos_aura.stack.doctor.finding import Finding, State
from chaos_aura.stack.doctor.scene import Scene

_CORRECT = "unset DOCKER_HOST, or set it to where the engine listens"
_PATIENT_S = 60.0  # with whoever does answer, and may have to wait for a processor
VERSION = b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"Version": "28.2.2"}'


@contextmanager
def listening(path: Path, serve: Callable[[socket.socket], object]) -> Iterator[None]:
    """One connection is served."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def accept() -> None:
            with suppress(OSError):
                connection = server.accept()[0]
                with connection:
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Short enough for a socket."""
    return Path(os.path.relpath(tmp_path / "docker.sock"))


def engine(host: str, **limit: float) -> Finding:
    [finding] = look_at_engine(Scene(Project(Path()), {"DOCKER_HOST": host}), **limit)
    return finding


def until_closed(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def test_an_engine_that_answers(place: Path) -> None:
    def serve(connection: socket.socket) -> None:
        assert connection.recv(4096).startswith(b"GET /version HTTP/1.0\r\n")
        connection.sendall(VERSION)

    with listening(place, serve):
        finding = engine(f"unix://{place}", within_s=_PATIENT_S)
    assert finding.is_ok
    assert finding.seen.startswith("28.2.2, ")
    assert finding.cannot == ()


def test_one_that_accepts_and_never_answers_is_cut_off(place: Path) -> None:
    began_s = time.monotonic()
    with listening(place, until_closed):
        finding = engine(f"unix://{place}")
    assert finding.state is State.BROKEN
    assert "gave no answer within 1.5 s" in finding.seen
    assert finding.cannot == ("faults on containers",)
    assert time.monotonic() - began_s < _PATIENT_S


def test_one_that_never_stops_answering_is_cut_off(place: Path) -> None:
    def drip(connection: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection.sendall(b"x")
                time.sleep(0.05)

    with listening(place, drip):
        finding = engine(f"unix://{place}")
    assert "gave no answer within 1.5 s" in finding.seen


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.0 500 Oh\r\n\r\n{}", b"HTTP/1.0 200 OK\r\n\r\n[1]"])
def test_one_that_talks_nonsense(place: Path, answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    with listening(place, serve):
        finding = engine(f"unix://{place}", within_s=_PATIENT_S)
    assert finding.state is State.BROKEN
    assert "nonsense" in finding.seen


def test_nobody_behind_the_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place))
    finding = engine(f"unix://{place}")
    assert (finding.state, finding.remedy) == (State.MISSING, f"start it there, or {_CORRECT}")


def test_no_socket_where_it_was_told_to_look(place: Path) -> None:
    finding = engine(f"unix://{place}")
    assert (finding.state, finding.seen) == (State.MISSING, f"no socket at {place}")
    assert finding.remedy == _CORRECT


def test_a_path_is_no_address() -> None:
    finding = engine("/var/run/docker.sock")
    assert (finding.state, finding.seen) == (State.MISSING, "$DOCKER_HOST is /var/run/docker.sock, which is no address")
    assert finding.remedy == "write unix:///var/run/docker.sock"


def test_an_engine_elsewhere_is_not_asked_and_its_password_not_told() -> None:
    finding = engine("tcp://me:secret@docker.invalid:2375")
    assert finding.state is State.LIMITED
    assert "docker.invalid" in finding.seen
    assert "secret" not in finding.seen


def test_programs_of_docker_are_asked(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Docker version 28 || echo 2.40.0\n')
    docker.chmod(0o755)
    scene = Scene(Project(tmp_path), {"PATH": str(tmp_path)})
    [client], [compose] = list(look_at_client(scene)), list(look_at_compose(scene))
    assert (client.state, compose.state) == (State.OK, State.OK)
    assert client.seen == f"Docker version 28, {docker}"
    assert compose.seen == f"2.40.0, {docker}"
