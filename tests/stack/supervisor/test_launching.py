"""One daemon a folder, out of reach of whoever started it, and one clear line where none can be."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from ordinary_user import as_ordinary_user
from supervised import MARK, PATIENCE_S, Home, supervised

from chaos_aura.core.errors import StackDown, SupervisorFailed
from chaos_aura.stack.supervisor.lock import is_held, is_taken, open_lock
from chaos_aura.stack.supervisor.program import Programs
from chaos_aura.supervision.place import LOCK, PROGRAMS, SOCKET


def test_a_second_launch_says_that_there_is_one(home: Home) -> None:
    home.launch(home.program("a"))
    process, pid = home.await_running("a"), home.client.pid()
    with pytest.raises(SupervisorFailed, match=r"^supervisor: another one runs this stack already; run: chaos-aura"):
        home.launch(home.program("b"))
    assert home.client.pid() == pid
    assert home.child("a").process == process
    assert Programs.read(home.file(PROGRAMS)).programs[0].name == "a"


def test_of_many_launches_at_once_one_starts_and_the_others_say_so(home: Home) -> None:
    with ExitStack() as all_at_once:
        launchers = [all_at_once.enter_context(home.launching(home.program("a"))) for _ in range(5)]
        wait_until(lambda: sum(one.poll() is None for one in launchers) == 1, PATIENCE_S, "all but one have given up")
        failed = [one for one in launchers if one.poll() is not None]
        winner = next(one for one in launchers if one not in failed)
        assert winner.stdout is not None
        assert winner.stdout.readline() == "launched\n"
        for one in failed:
            assert "another one runs this stack already" in one.communicate()[1]
        # Whoever has just been forked has the daemon's command line until it becomes what it is to be.
        wait_until(lambda: _daemons(home) == 1, PATIENCE_S, "one daemon")


def test_a_stale_socket_and_lock_are_no_obstacle(home: Home) -> None:
    home.launch(home.program("a"))
    os.kill(home.client.pid(), signal.SIGKILL)
    home.await_nothing_left()
    assert home.file(SOCKET).is_socket()
    assert home.file(LOCK).read_text(encoding="ascii")
    assert not home.client.is_running()
    home.launch(home.program("a"))
    home.await_running("a")


def test_a_long_path_with_spaces_and_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ("a folder " * 12).strip() / ("ünïcödé " * 12).strip()
    folder.mkdir(parents=True)
    monkeypatch.setenv(MARK, str(folder))
    with supervised(folder, dict(os.environ)) as home:
        assert len(str(home.folder)) > 200
        home.launch(home.program("a"))
        home.await_running("a")
        home.client.shut_down(PATIENCE_S)


def test_a_path_that_is_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"odd \xff name")
    folder.mkdir()
    monkeypatch.setenv(MARK, str(folder))
    with supervised(folder, dict(os.environ)) as home:
        home.launch(home.program("a"), home.program("b", str(folder / "missing")))
        home.await_running("a")
        home.await_child("b", lambda child: child.restarts >= 2, "was tried again")


def test_modules_in_the_current_folder_are_not_ours(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("selectors", "signal", "chaos_aura", "platform"):
        (home.folder / f"{name}.py").write_text("raise SystemExit('a stranger')\n", encoding="utf-8")
    monkeypatch.chdir(home.folder)
    home.launch(home.program("a"))
    home.await_running("a")


def test_a_relative_home(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home.folder.parent)
    relative = Home(Path(home.folder.name), home.environ)
    relative.launch(home.program("a"))
    assert relative.child("a").process == home.child("a").process


def test_a_folder_that_may_not_be_written(home: Home) -> None:
    home.folder.chmod(0o500)
    with as_ordinary_user(), pytest.raises(SupervisorFailed) as failed:
        home.launch()
    home.folder.chmod(0o700)
    assert str(failed.value) == (
        f"supervisor: {home.folder} cannot be written (Permission denied); make it a folder that you may write"
    )


def test_a_folder_that_vanished(home: Home) -> None:
    shutil.rmtree(home.folder)
    with pytest.raises(SupervisorFailed, match=r"cannot be written \(No such file or directory\)"):
        home.launch()
    with pytest.raises(StackDown):
        home.client.children()


def test_no_folder_for_logs(home: Home) -> None:
    home.file("logs").rmdir()
    with pytest.raises(SupervisorFailed, match=r"^supervisor: .*No such file or directory: .*logs.*; its log: [^\n]*$"):
        home.launch()
    home.file("logs").mkdir()
    home.launch()


def test_something_in_the_place_of_the_socket(home: Home) -> None:
    home.file(SOCKET).mkdir()
    with pytest.raises(SupervisorFailed, match=r"^supervisor: [^\n]*supervisor.sock[^\n]*$"):
        home.launch()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        '{"programs": 5}',
        '{"programs": [{"name": "a"}]}',
        '{"programs": [5]}',
        "[" * 100_000,
        '{"programs": [{"name": "a", "argv": "x", "cwd": "/", "log": "/dev/null"}]}',
    ],
)
def test_a_corrupt_list_of_programs(home: Home, text: str) -> None:
    home.file(PROGRAMS).write_text(text, encoding="utf-8")
    with pytest.raises(
        SupervisorFailed, match=r"^/[^\n]*programs.json: cannot be read \([^\n]*\); run: chaos-aura up$"
    ):
        Programs.read(home.file(PROGRAMS))
    lock = open_lock(home.folder)
    assert not is_taken(lock)
    started = subprocess.run(
        [sys.executable, "-m", "chaos_aura.stack.supervisor", str(home.folder), str(lock)],
        pass_fds=[lock],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    os.close(lock)
    assert started.returncode == 1
    assert "programs.json: cannot be read" in started.stderr.splitlines()[-1]
    home.await_nothing_left()
    wait_until(lambda: not is_held(home.folder), PATIENCE_S, "the lock is free")


def test_the_list_of_programs_is_its_owners_only_and_comes_back_as_written(home: Home) -> None:
    programs = Programs((home.program("a", "x", "y z", env={"A": "ü"}, nice=3), home.program("b", is_job=True)))
    programs.write(home.file(PROGRAMS))
    programs.write(home.file(PROGRAMS))
    assert Programs.read(home.file(PROGRAMS)) == programs
    assert home.file(PROGRAMS).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.folder.iterdir() if "programs" in path.name] == [PROGRAMS]
    assert json.loads(home.file(PROGRAMS).read_text(encoding="utf-8"))["programs"][1]["is_job"] is True


def test_an_interrupt_of_the_launching_command_reaches_neither_daemon_nor_child(home: Home) -> None:
    with home.launching(home.program("a"), start_new_session=True) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "launched\n"
        process, pid = home.await_running("a"), home.client.pid()
        os.killpg(launcher.pid, signal.SIGINT)
        assert launcher.wait(PATIENCE_S) != 0
    assert home.client.pid() == pid
    assert home.child("a").process == process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_in_the_middle_of_a_launch_leaves_a_whole_daemon_or_none(home: Home, number: int) -> None:
    for step in range(12):
        with home.launching(home.program("a"), start_new_session=True) as launcher:
            wait_until(lambda: is_held(home.folder) or launcher.poll() is not None, PATIENCE_S, "it has begun")
            time.sleep(step * 0.008)  # another moment in each round: there is no condition for "in the middle"
            os.killpg(launcher.pid, number)
            launcher.wait(PATIENCE_S)
        wait_until(lambda: home.client.is_running() or home.is_deserted(), PATIENCE_S, "a whole daemon or none")
        if home.client.is_running():
            home.await_running("a")
            home.client.shut_down(PATIENCE_S)
        assert home.processes() == {}
    home.launch(home.program("a"))
    home.await_running("a")


def test_a_daemon_whose_launch_was_given_up_starts_nothing(home: Home) -> None:
    os.mkfifo(home.file("logs/supervisor.log"))  # it cannot get further than its log until somebody reads that
    with home.launching(home.program("a"), start_new_session=True) as launcher:
        wait_until(lambda: _daemons(home) == 2, PATIENCE_S, "one waits for the other")
        wait_until(lambda: _is_detached(home, launcher.pid), PATIENCE_S, "the daemon hears no signal of the launcher's")
        os.killpg(launcher.pid, signal.SIGINT)
        launcher.wait(PATIENCE_S)
        wait_until(lambda: _daemons(home) == 1, PATIENCE_S, "only the daemon is left")
    log = os.open(home.file("logs/supervisor.log"), os.O_RDWR | os.O_NONBLOCK)
    said: list[str] = []

    def has_said_why() -> bool:
        with suppress(BlockingIOError):
            said.append(os.read(log, 65_536).decode())
        return "whoever started it is gone" in "".join(said)

    wait_until(has_said_why, PATIENCE_S, "it says why it ends")
    home.await_nothing_left()
    has_said_why()
    os.close(log)
    assert "started as process" not in "".join(said)


def _is_detached(home: Home, session: int) -> bool:
    """One that is only just forked is still in the session of the launcher."""
    with suppress(ProcessLookupError):
        return any(os.getsid(process.pid) != session for process in home.processes())
    return False


def _daemons(home: Home) -> int:
    return sum("-m chaos_aura.stack.supervisor" in line for line in home.processes().values())


def test_the_end_of_the_terminal_does_not_end_it(home: Home) -> None:
    terminal, side = pty.openpty()
    with home.launching(home.program("a"), start_new_session=True, preexec_fn=lambda: _make_own(side)) as launcher:
        assert launcher.stdout is not None
        assert launcher.stdout.readline() == "launched\n"
        os.close(side)
        process, pid = home.await_running("a"), home.client.pid()
        os.close(terminal)
        assert launcher.wait(PATIENCE_S) == -signal.SIGHUP
    assert home.client.pid() == pid
    assert home.child("a").process == process


def _make_own(side: int) -> None:
    """The first terminal that a session leader opens becomes its session's."""
    os.close(os.open(os.ttyname(side), os.O_RDWR))
