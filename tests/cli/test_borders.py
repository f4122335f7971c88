"""What meets a command from outside: signals, full disks, strange users and versions. One line, and the right code."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from awaiting import wait_until
from full_disk import told_to_a_full_disk
from local_stack import PlacedStack, chaos_aura

from chaos_aura.core.project import Project
from chaos_aura.supervision.place import SOCKET

_WITHIN_S = 60
_STRANGER = 54_321
_STATUS_FIELDS = [
    *("schema", "running", "healthy", "stack", "folder", "supervisor", "services", "edges", "jobs", "faults"),
    "error",
]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="not root: can neither mount nor give a file away")


@pytest.fixture
def placed_nowhere(tmp_path: Path) -> PlacedStack:
    (tmp_path / "project").mkdir()
    (tmp_path / "tmp").mkdir()
    return PlacedStack(Project(tmp_path / "project"), {**os.environ, "TMPDIR": str(tmp_path / "tmp")})


@contextmanager
def _begun(one: PlacedStack, *words: str, under: tuple[str, ...] = ()) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [*under, *chaos_aura(*words)],
        cwd=one.project.root,
        env=one.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        try:
            yield command
        finally:
            command.kill()


@contextmanager
def _another_command(project: Project) -> Iterator[None]:
    project.make()
    with project.command_lock.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def waits_for_a_lock(pid: int) -> bool:
    """A signal that comes in the moment before is only heard when the lock is free."""
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return any("->" in words and str(pid) in words for words in map(str.split, lines))


@contextmanager
def _listening(project: Project) -> Iterator[socket.socket]:
    project.make()
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(project.home, os.O_PATH)
        listener.bind(f"/proc/self/fd/{folder}/{SOCKET}")
        os.close(folder)
        listener.listen()
        listener.settimeout(_WITHIN_S)
        yield listener


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=str,
)
def test_an_interrupted_command_ends_with_the_signals_own_code(
    placed_nowhere: PlacedStack, number: int, code: int
) -> None:
    with _another_command(placed_nowhere.project), _begun(placed_nowhere, "down") as command:
        assert command.stderr is not None
        assert command.stderr.readline() == "waiting for another command\n"
        wait_until(lambda: waits_for_a_lock(command.pid), _WITHIN_S, "it waits")
        command.send_signal(number)
        assert command.wait(_WITHIN_S) == code
        assert command.stderr.read() == "interrupted: run chaos-aura down again\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
@pytest.mark.parametrize(("word", "code"), [("--help", 0), ("nonsense", 2)])
def test_a_signal_after_the_last_word_changes_nothing(number: signal.Signals, word: str, code: int) -> None:
    """As late as can be: `last` goes when Python takes the program apart."""
    script = "import os, sys; from chaos_aura.cli.main import main\n"
    script += "class Last:\n def __del__(self, kill=os.kill, write=os.write, me=os.getpid()):\n"
    script += f"  kill(me, {number.value}); write(1, b'signalled')\n"
    script += "last = Last(); main()"
    done = subprocess.run([sys.executable, "-c", script, word], capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    assert done.stdout.endswith("signalled")


def test_an_interrupted_status_claims_nothing(placed_nowhere: PlacedStack) -> None:
    with _listening(placed_nowhere.project) as mute, _begun(placed_nowhere, "status") as command:
        connection, _ = mute.accept()
        with connection:
            command.send_signal(signal.SIGTERM)
            assert command.wait(_WITHIN_S) == 143
        assert command.stderr is not None
        assert command.stderr.read() == "interrupted\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)], ids=str)
def test_only_a_ctrl_c_is_the_proper_end_of_following(placed_nowhere: PlacedStack, number: int, code: int) -> None:
    placed_nowhere.project.make()
    placed_nowhere.project.log("redis").write_text("one\n", encoding="utf-8")
    with _begun(placed_nowhere, "logs", "redis", "-f") as command:
        assert command.stdout is not None
        assert command.stdout.readline() == "one\n"
        with placed_nowhere.project.log("redis").open("a", encoding="utf-8") as log:
            log.write("two\n")
        assert command.stdout.readline() == "two\n"
        command.send_signal(number)
        assert command.wait(_WITHIN_S) == code


def test_a_hang_up_that_is_ignored_stays_so(placed_nowhere: PlacedStack) -> None:
    other = ExitStack()
    other.enter_context(_another_command(placed_nowhere.project))
    with other, _begun(placed_nowhere, "down", under=("nohup",)) as command:
        assert command.stderr is not None
        assert command.stderr.readline() == "waiting for another command\n"
        command.send_signal(signal.SIGHUP)
        other.close()
        assert command.wait(_WITHIN_S) == 0
        assert command.stderr.read() == ""


def test_a_full_standard_output_is_one_line_and_no_file(placed_nowhere: PlacedStack) -> None:
    for words in (["--help"], ["status", "--help"], ["status", "--json"]):
        done = told_to_a_full_disk(chaos_aura(*words), placed_nowhere.environ, placed_nowhere.project.root, _WITHIN_S)
        assert done.returncode == 1
        assert done.stderr.startswith("error: standard output: No space left on device; ")
        assert len(done.stderr.splitlines()) == 1
    assert list((placed_nowhere.project.root.parent / "tmp").iterdir()) == []


@pytest.mark.parametrize("words", [["up"], ["status"], ["logs", "redis"], ["down"], ["doctor"]])
def test_a_current_folder_that_is_gone(placed_nowhere: PlacedStack, words: list[str]) -> None:
    script = f'mkdir gone && cd gone && rmdir ../gone && exec "{chaos_aura()[0]}" {" ".join(words)}'
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=placed_nowhere.project.root,
        env=placed_nowhere.environ,
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    # Below a path with a blank, an installed script is started by a shell, which has its own word on the folder.
    said = [line for line in done.stderr.splitlines() if not line.startswith("sh: ")]
    assert (done.returncode, said) == (1, ["error: current folder: is gone; change to one that exists"])


@pytest.mark.parametrize(
    ("words", "see"),
    [
        (["logs"], "chaos-aura logs --help"),
        (["down", "--nope"], "chaos-aura down --help"),
        (["nope"], "chaos-aura --help"),
    ],
)
def test_misuse_points_to_the_help_that_helps(placed_nowhere: PlacedStack, words: list[str], see: str) -> None:
    assert placed_nowhere.command(*words).stderr.endswith(f" (see: {see})\n")


@needs_root
@pytest.mark.parametrize(
    ("inodes", "file"),
    [(1, ".chaos-aura"), (3, ".chaos-aura"), (5, ".chaos-aura"), (6, ".chaos-aura/command.lock")],
    ids=str,
)
def test_a_disk_without_room_is_one_line(placed_nowhere: PlacedStack, inodes: int, file: str) -> None:
    """However far a command gets: `inodes` files fit, the folder of the disk itself among them."""
    root = placed_nowhere.project.root
    script = f'mount -t tmpfs -o nr_inodes={inodes} tmpfs . && cd "$PWD" && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *chaos_aura("up", "redis")],
        cwd=root,
        env={**placed_nowhere.environ, "TMPDIR": str(root)},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {root}/{file}: ")
    assert "No space left on device" in done.stderr
    assert done.stderr.endswith("; make room on that disk, then run it again\n")


def test_a_crash_without_room_for_its_file_is_told_all_the_same(tmp_path: Path) -> None:
    code = "import sys, tempfile; from chaos_aura.cli.failure import report_crash;"
    code += "tempfile.tempdir = sys.argv[1]; report_crash(ValueError('odd'))"
    for folder, said in ((tmp_path / "gone", ""), (tmp_path, f"; details in {tmp_path}/chaos-aura-crash-")):
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=_WITHIN_S, check=True
        )
        assert done.stderr.startswith(f"error: chaos-aura: failed unexpectedly (ValueError: odd){said}")
        assert len(done.stderr.splitlines()) == 1
    (file,) = tmp_path.glob("chaos-aura-crash-*")
    assert "ValueError: odd" in file.read_text(encoding="utf-8")


@needs_root
def test_a_strangers_folder_is_not_used(placed_nowhere: PlacedStack) -> None:
    home = placed_nowhere.project.home
    placed_nowhere.project.make()
    os.chown(home, _STRANGER, _STRANGER)
    below = placed_nowhere.project.root / "below"
    below.mkdir()
    for words in (["status"], ["down", "--purge"], ["up"], ["logs", "redis"]):
        done = PlacedStack(Project(below), placed_nowhere.environ).command(*words)
        why = f"{home}: belongs to another user (uid {_STRANGER})"
        assert (done.returncode, done.stderr) == (2, f"error: {why}; run as that user, or set CHAOS_AURA_PROJECT\n")
    assert home.exists()


@needs_root
def test_logs_that_may_not_be_looked_at(placed_nowhere: PlacedStack) -> None:
    root = placed_nowhere.project.root
    placed_nowhere.project.make()
    code = (
        "import os, sys; from pathlib import Path; from chaos_aura.stack import logs; import chaos_aura.core.errors\n"
    )
    code += f"os.seteuid({_STRANGER})\ntry: logs.services(Path(sys.argv[1]))\n"
    code += "except chaos_aura.core.errors.MachineLacks as lacking: print(lacking)"
    done = subprocess.run(
        [sys.executable, "-c", code, str(root / ".chaos-aura" / "logs")], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{root}/.chaos-aura/logs: Permission denied; ")


def test_an_error_as_a_document_has_the_fields_of_any_other(placed_nowhere: PlacedStack) -> None:
    nowhere = placed_nowhere.command("status", "--json")
    lost = {**placed_nowhere.environ, "CHAOS_AURA_PROJECT": "/no/such"}
    misled = PlacedStack(placed_nowhere.project, lost).command("status", "--json")
    for done, code, folder in ((nowhere, 1, str(placed_nowhere.project.home)), (misled, 2, None)):
        document = json.loads(done.stdout)
        assert list(document) == _STATUS_FIELDS
        assert (document["schema"], document["running"], document["healthy"]) == (1, False, False)
        assert document["folder"] == folder
        error = document["error"]
        assert done.returncode == code
        assert done.stderr == f"error: {error['where']}: {error['why']}; {error['remedy']}\n"


def test_a_stack_of_another_version_is_told_of(placed_nowhere: PlacedStack) -> None:
    def answer(listener: socket.socket, line: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(line)

    said = "error: supervisor: was started by another version of chaos-aura; "
    said += "run: chaos-aura down, then chaos-aura up\n"
    with _listening(placed_nowhere.project) as listener:
        for line in (b'{"ok": true, "pid": 1, "children": []}\n', b'{"ok": true, "schema": 2}\n', b"[]\n"):
            other = threading.Thread(target=answer, args=(listener, line))
            other.start()
            done = placed_nowhere.command("status")
            other.join()
            assert (done.returncode, done.stderr) == (1, said)
