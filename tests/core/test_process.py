"""Who a process is, and whether it lives."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from awaiting import wait_until

from chaos_aura.core.process import ProcessId

_WITHIN_S = 30.0


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def _of(process: "subprocess.Popen[bytes]") -> ProcessId:
    found = ProcessId.of(process.pid)
    assert found is not None
    return found


def test_one_that_runs_is_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    assert process.pid == sleeper.pid
    assert process.is_alive()
    assert ProcessId.of(sleeper.pid) == process


def test_a_zombie_is_dead(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert Path(f"/proc/{sleeper.pid}").exists()
    assert not process.is_alive()
    assert ProcessId.of(sleeper.pid) is None
    assert process.uptime_s() == 0


def test_one_that_is_gone_is_dead(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    sleeper.kill()
    sleeper.wait()
    assert not process.is_alive()
    assert process.uptime_s() == 0


def test_a_paused_one_is_alive(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    sleeper.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED)
    assert process.is_alive()


def test_a_number_used_again_is_somebody_else(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    for former in (ProcessId(process.pid, process.start_ticks - 1), ProcessId(process.pid, 0)):
        assert not former.is_alive()
        assert former.uptime_s() == 0


@pytest.mark.parametrize("pid", [-1, 0, 2**22 + 1, 2**40])
def test_a_number_that_nobody_has(pid: int) -> None:
    assert ProcessId.of(pid) is None


@pytest.mark.parametrize("name", ["a b", "a) Z 1 (b", ") S 1 2 3", "ünï", "((("])
def test_a_name_cannot_disguise_the_state(tmp_path: Path, name: str) -> None:
    disguised = tmp_path / name
    shutil.copy(shutil.which("sleep") or "", disguised)
    with subprocess.Popen([disguised, "1000"]) as process:
        try:
            comm = Path(f"/proc/{process.pid}/comm")
            wait_until(lambda: comm.read_text(encoding="utf-8").strip() == name, _WITHIN_S, "it bears the name")
            assert _of(process).is_alive()
        finally:
            process.kill()


def test_uptime_grows_from_the_start(sleeper: "subprocess.Popen[bytes]") -> None:
    process = _of(sleeper)
    began_s = time.monotonic()
    first_s = process.uptime_s()
    assert 0 <= first_s < _WITHIN_S
    wait_until(lambda: process.uptime_s() >= first_s + 0.1, _WITHIN_S, "a tenth of a second more")
    assert time.monotonic() - began_s >= 0.08


def test_as_text_and_back() -> None:
    process = ProcessId(17, 4711)
    assert str(process) == "17@4711"
    assert ProcessId.parse("17@4711") == process
    for wrong in ("", "17", "@", "17@", "a@b"):
        with pytest.raises(ValueError, match="invalid literal"):
            ProcessId.parse(wrong)
