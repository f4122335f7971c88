import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from awaiting import wait_until

from chaos_aura.core.errors import FaultRefused
from chaos_aura.run.turn import turn

_WITHIN_S = 30.0
_HOLDS = """
import sys
from pathlib import Path
from chaos_aura.run.turn import turn
with turn(Path(sys.argv[1]), "20261129T093012-first", "the first", 0, print):
    print("taken", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> "subprocess.Popen[str]":
    """Another process that has its turn."""
    command = [sys.executable, "-P", "-c", _HOLDS, str(tmp_path / "home")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "taken\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_who_cannot_wait_is_told_whose_turn_it_is(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    said: list[str] = []
    whose = rf"run 20261129T093012-first \(the first\), process {other.pid}"
    with (
        pytest.raises(FaultRefused, match=f"is being used by {whose}; "),
        turn(tmp_path / "home", "b", "b", 0, said.append),
    ):
        pass
    assert said == []
    with (
        pytest.raises(FaultRefused, match=f"is being used by {whose} after 0.3 s of waiting"),
        turn(tmp_path / "home", "b", "b", 0.3, said.append),
    ):
        pass
    end(other)


def test_who_waits_comes_next_even_after_one_that_was_killed(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    said: list[str] = []

    def kill() -> None:
        wait_until(lambda: said, _WITHIN_S, "it waits")
        other.kill()

    killing = threading.Thread(target=kill)
    killing.start()
    with turn(tmp_path / "home", "second", "the second", _WITHIN_S, said.append):
        killing.join()
        with (
            pytest.raises(FaultRefused, match=rf"run second \(the second\), process {os.getpid()}"),
            turn(tmp_path / "home", "third", "", 0, said.append),
        ):
            pass
    assert said == [f"waiting for run 20261129T093012-first (the first), process {other.pid}"]
    end(other)


def test_a_turn_ends_with_whatever_happens_in_it(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turn(tmp_path / "home", "a", "a", 0, print):
            raise ZeroDivisionError
