"""A supervisor of another version of the code: it is told apart, and can be ended all the same."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from supervised import PATIENCE_S, Home

from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.supervision.place import LOCK
from chaos_aura.supervision.state import ChildStatuses

# argv: the answer to status, the answer to shutdown. Holds and signs the lock as every version does.
_OTHER = """
import fcntl, json, os, pathlib, socket, sys
lock = open("supervisor.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
stat = pathlib.Path("/proc/self/stat").read_text()
lock.write(f"{os.getpid()}@{stat.rpartition(')')[2].split()[19]}")
lock.flush()
listener = socket.socket(socket.AF_UNIX)
listener.bind("supervisor.sock")
listener.listen()
print("listens", flush=True)
word = ""
while word != "shutdown":
    connection, _ = listener.accept()
    word = json.loads(connection.recv(4096))["do"]
    connection.sendall(sys.argv[1 if word == "status" else 2].encode() + b"\\n")
    connection.close()
os.unlink("supervisor.sock")
if "--stays" in sys.argv:
    listener.listen()
    listener.accept()
pathlib.Path("ended").write_text("gracefully")
"""
_ODD_CHILD = '{"name": "a", "state": "dancing", "process": null, "restarts": 0, "last_end": "", "retry_in_s": 0}'
_REFUSED = '{"ok": false, "where": "supervisor", "why": "cannot do", "remedy": ""}'


@contextmanager
def _other(home: Home, status: str, shutdown: str, *more: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-S", "-c", _OTHER, status, shutdown, *more]
    with subprocess.Popen(command, cwd=home.folder, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "listens\n"
            yield other
        finally:
            other.kill()


@pytest.mark.parametrize(
    "status",
    [
        '{"ok": true, "pid": 1, "children": []}',
        '{"ok": true, "schema": 2, "pid": 1, "children": []}',
        f'{{"ok": true, "schema": 1, "pid": 1, "children": [{_ODD_CHILD}]}}',
        '{"ok": true, "schema": 1, "pid": 1, "children": [{}]}',
        '{"ok": true, "schema": 1, "pid": 1}',
        "{}",
        "7",
    ],
)
def test_it_is_told_apart(home: Home, status: str) -> None:
    line = "^supervisor: was started by another version of chaos-aura; run: chaos-aura down, then chaos-aura up$"
    with _other(home, status, '{"ok": true}'), pytest.raises(SupervisorFailed, match=line):
        home.client.children()


@pytest.mark.parametrize("shutdown", ['{"ok": true, "pid": %d}', '{"ok": true}'])
def test_it_is_shut_down_gracefully_and_a_stranger_of_its_number_lives_on(home: Home, shutdown: str) -> None:
    with subprocess.Popen(["sleep", "1000"]) as stranger:
        try:
            answer = shutdown % stranger.pid if "%" in shutdown else shutdown
            with _other(home, "{}", answer) as other:
                home.client.shut_down(PATIENCE_S)
                assert other.wait(PATIENCE_S) == 0
            assert home.file("ended").exists()
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("shutdown", [_REFUSED, "7"])
def test_one_that_does_not_know_the_word_is_killed(home: Home, shutdown: str) -> None:
    with _other(home, "{}", shutdown, "--stays") as other:
        home.client.shut_down(PATIENCE_S)
        assert other.wait(PATIENCE_S) == -signal.SIGKILL
    assert home.file(LOCK).exists()


def test_a_service_that_it_does_not_keep() -> None:
    with pytest.raises(SupervisorFailed, match=r"^supervisor: keeps no `mongo`; run: chaos-aura down, "):
        ChildStatuses()["mongo"]
