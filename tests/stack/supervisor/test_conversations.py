"""Askers may be rude, slow, many or dead: the others are answered, and no child notices."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from awaiting import wait_until
from supervised import PATIENCE_S, Home

from chaos_aura.core.errors import BadInput
from chaos_aura.core.process import ProcessId
from chaos_aura.supervision.place import SOCKET

_GARBAGE = [
    b"\n",
    b"hello\n",
    b"\xff\xfe\x00\n",
    b"[]\n",
    b"5\n",
    b"null\n",
    b"{}\n",
    b'{"do": null}\n',
    b'{"do": ["status"]}\n',
    b'{"do": "dance"}\n',
    b'{"do": "stop"}\n',
    b'{"do": "stop", "name": ["a"]}\n',
    b'{"do": "stop", "name": {}}\n',
    b'{"do": "stop", "name": "a", "grace_s": "x"}\n',
    b'{"do": "stop", "name": "a", "grace_s": NaN}\n',
    b'{"do": "stop", "name": "a", "grace_s": 1e999}\n',
    b'{"do": "stop", "name": "a", "grace_s": -1}\n',
    b'{"do": "restart", "name": "a", "grace_s": true}\n',
    b'{"do": "run_job"}\n',
    b'{"do": "run_job", "program": 5}\n',
    b'{"do": "run_job", "program": {"name": "x"}}\n',
    b'{"do": "\\ud800", "name": "\\ud800"}\n',
    b'{"do": ' + b"9" * 10_000 + b"}\n",
    b"[" * 100_000 + b"\n",
]


@contextmanager
def _connected(home: Home) -> Iterator[socket.socket]:
    folder = os.open(home.folder, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_S)
        connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
        os.close(folder)
        yield connection


def _said_to(home: Home, line: bytes) -> dict[str, Any]:
    with _connected(home) as connection:
        connection.sendall(line)
        with connection.makefile("rb") as answer:
            return dict(json.loads(answer.readline()))


@pytest.fixture
def process(home: Home) -> ProcessId:
    home.launch(home.program("a"))
    return home.await_running("a")


def test_garbage_is_answered_and_does_no_harm(home: Home, process: ProcessId) -> None:
    for line in _GARBAGE:
        answer = _said_to(home, line)
        assert answer["ok"] is False, line
        assert answer["why"], line
        assert "\n" not in answer["why"]
    assert home.child("a").process == process


@pytest.mark.parametrize(
    "wrong",
    [
        {"argv": []},
        {"argv": "sleep"},
        {"argv": [1]},
        {"argv": ["a\0b"]},
        {"name": 5},
        {"env": {"A": 5}},
        {"env": []},
        {"cwd": None},
        {"nice": "x"},
        {"grace_s": "x"},
        {"log_limit_bytes": None},
        {"colour": "red"},
    ],
)
def test_a_job_that_makes_no_sense_is_refused(home: Home, process: ProcessId, wrong: dict[str, Any]) -> None:
    program = {**home.program("job", is_job=True).to_dict(), **wrong}
    answer = _said_to(home, json.dumps({"do": "run_job", "program": program}).encode() + b"\n")
    assert answer["ok"] is False
    assert "request not understood" in answer["why"]
    assert set(home.client.children()) == {"a"}
    assert home.child("a").process == process


@pytest.mark.parametrize("more", [{"env": {"A=B": "x"}}, {"argv": ["\ud800"]}, {"cwd": "/nowhere/\ud800"}])
def test_a_job_that_no_system_can_start_is_ended(home: Home, process: ProcessId, more: dict[str, Any]) -> None:
    program = {**home.program("\ud800 job", is_job=True).to_dict(), **more}
    assert _said_to(home, json.dumps({"do": "run_job", "program": program}).encode() + b"\n")["ok"]
    assert "could not be started" in home.child("\ud800 job").last_end
    assert home.child("a").process == process


def test_silent_paused_and_broken_askers_hold_nobody_up(home: Home, process: ProcessId) -> None:
    paused = "import os, signal, socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
    paused += 's.send(b\'{"do": "status"}\\n\'); os.kill(os.getpid(), signal.SIGSTOP)'
    with subprocess.Popen([sys.executable, "-S", "-c", paused, SOCKET], cwd=home.folder) as stopped:
        os.waitid(os.P_PID, stopped.pid, os.WSTOPPED)
        with _connected(home), _connected(home) as half, _connected(home) as gone:
            half.sendall(b'{"do": "sta')
            gone.sendall(b'{"do": "status"}\n')
            gone.close()
            assert home.child("a").process == process
        stopped.kill()
    assert home.child("a").process == process


def test_a_request_may_come_in_pieces(home: Home, process: ProcessId) -> None:
    with _connected(home) as connection:
        for byte in b'{"do": "status"}\n':
            connection.sendall(bytes([byte]))
        with connection.makefile("rb") as answer:
            assert json.loads(answer.readline())["children"][0]["process"]["pid"] == process.pid


def test_answers_are_signed(home: Home, process: ProcessId) -> None:
    """A number alone may be a stranger's by the time it is used."""
    supervisor = str(ProcessId.of(home.client.pid()))
    assert _said_to(home, b'{"do": "status"}\n')["process"] == supervisor
    assert process.is_alive()
    assert _said_to(home, b'{"do": "shutdown"}\n')["process"] == supervisor


def test_two_hundred_requests_side_by_side(home: Home, process: ProcessId) -> None:
    with ThreadPoolExecutor(max_workers=200) as side_by_side:
        seen = list(side_by_side.map(lambda _: home.client.children()["a"].process, range(200)))
    assert seen == [process] * 200


def test_hundreds_of_silent_askers_use_up_no_descriptors(home: Home, process: ProcessId) -> None:
    supervisor = home.client.pid()
    with ExitStack() as silent:
        for _ in range(400):
            silent.enter_context(_connected(home))
        assert home.child("a").process == process
        assert len(os.listdir(f"/proc/{supervisor}/fd")) < 256  # noqa: PTH208
        os.kill(process.pid, signal.SIGKILL)
        home.await_child("a", lambda child: child.restarts == 1 and child.process, "restarted")


def test_a_silent_asker_is_shown_out(home: Home, process: ProcessId) -> None:
    with _connected(home) as connection:
        assert connection.recv(1) == b""
    assert home.child("a").process == process


def test_a_long_request_is_read_and_a_longer_one_refused(home: Home, process: ProcessId) -> None:
    home.client.run_job(home.program("long", "true", is_job=True, env={"A": "x" * 100_000}))
    wait_until(lambda: home.child("long").last_end == "exited with 0", PATIENCE_S, "the long one ran")
    with pytest.raises(BadInput, match=r"^supervisor: a request may have 1048576 bytes$"):
        home.client.run_job(home.program("longer", "true", is_job=True, env={"A": "x" * 3_000_000}))
    assert home.child("a").process == process


def test_a_long_line_that_never_ends_is_refused(home: Home, process: ProcessId) -> None:
    with _connected(home) as connection:
        with pytest.raises(ConnectionError):
            connection.sendall(b"x" * 9_000_000)
        with connection.makefile("rb") as answer:
            assert json.loads(answer.readline())["ok"] is False
    assert home.child("a").process == process
