"""The load's process: how it begins, is looked at, stops, and does not outlive whoever started it."""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from awaiting import wait_until
from loads import ENDS_WITHIN_S, planned, running
from scripted_api import HANG, Asked, Said, refused, scripted_api

from chaos_aura.core.errors import LoadFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.load.process import start
from chaos_aura.load.shapes import steady
from chaos_aura.load.state import Doing

PLENTY = dict.fromkeys(("t4", "v100", "a100", "h100"), 10_000)
_SOON_S = 60.0
_PARENT = """
import subprocess, sys, time
from pathlib import Path
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.process import start
folder = Path(sys.argv[1])
if len(sys.argv) > 2:
    subprocess.PIPE = int(sys.argv[2])
load = start(LoadPlan.read(folder), folder, folder / "load.log")
load.await_running(60)
print(load.pid, flush=True)
time.sleep(600)
"""


def every_other_in_doubt(asked: Asked) -> Said | None:
    is_odd = asked.request_id[-1:] in {"1", "3", "5", "7", "9"}
    return refused(503, "temporal_away") if is_odd and asked.method != "CANARY" and asked.nth == 1 else None


@pytest.mark.parametrize("way", ["stop", "SIGTERM"])
def test_an_end_gives_everything_back(tmp_path: Path, way: str) -> None:
    with scripted_api(every_other_in_doubt, inventory=PLENTY) as api:
        with running(planned(api.url, per_s=10, hold_s=300, drain_s=30), tmp_path) as load:
            wait_until(lambda: len(api.held) >= 5, _SOON_S, "some are held")
            assert load.state().state is Doing.RUNNING
            if way == "SIGTERM":
                load.process.send_signal(signal.SIGTERM)
                load.process.wait(ENDS_WITHIN_S)
            state = load.stop(ENDS_WITHIN_S)
        assert (load.process.returncode, load.is_alive) == (0, False)
        assert api.held == {}
        assert len(api.ended) == state.ok == state.begun >= 5
    assert (state.state, state.held, state.info, state.under_way, state.why) == (Doing.ENDED, 0, 0, 0, "")


def test_a_drain_has_an_end(tmp_path: Path) -> None:
    def never_takes_back(asked: Asked) -> Said | str | None:
        return HANG if asked.method == "DELETE" else None

    with scripted_api(never_takes_back, inventory=PLENTY) as api:
        phases = (steady("load", 0.5, 10), steady("rest", 60, 0))  # none is being granted when it is to stop
        with running(planned(api.url, phases=phases, hold_s=300, timeout_s=60, drain_s=1), tmp_path) as load:
            wait_until(lambda: load.state().held == 5, _SOON_S, "all are held, and the load knows of it")
            state = load.stop(ENDS_WITHIN_S)
        assert load.process.returncode == 0
    assert (state.state, state.held, len(api.held)) == (Doing.ENDED, 5, 5)
    assert state.why == "5 not given back"


def test_one_that_does_not_end_in_time_is_killed_and_has_failed(tmp_path: Path) -> None:
    with scripted_api() as api, running(planned(api.url), tmp_path) as load:
        load.process.send_signal(signal.SIGSTOP)
        state = load.stop(0.2)
        assert not load.is_alive
    assert (state.state, state.why) == (Doing.FAILED, "it did not end within 0.2 s: killed")


def test_a_full_disk_is_a_failure_and_leaves_nothing_held(tmp_path: Path) -> None:
    with scripted_api(inventory=PLENTY) as api:
        with running(planned(api.url, per_s=10, hold_s=300), tmp_path) as load:
            wait_until(lambda: len(api.held) >= 3, _SOON_S, "some are held")
            _, hard = resource.prlimit(load.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(load.pid, resource.RLIMIT_FSIZE, (100, hard))
            held = len(api.held)
            wait_until(lambda: len(api.held) >= held + 5, _SOON_S, "more are held")
            state = load.stop(ENDS_WITHIN_S)
        assert api.held == {}
    assert state.state is Doing.FAILED
    assert state.why.startswith("its process ended with 1")


def test_one_that_was_killed_has_failed(tmp_path: Path) -> None:
    with scripted_api() as api, running(planned(api.url), tmp_path) as load:
        load.process.send_signal(signal.SIGKILL)
        state = wait_until(lambda: not load.is_alive and load.state(), _SOON_S, "it is dead")
    assert (state.state, state.why) == (Doing.FAILED, "its process ended with -9")


def test_ctrl_c_in_a_terminal_does_not_reach_it(tmp_path: Path) -> None:
    """A terminal signals the foreground group of its session: the load is in neither."""
    with scripted_api() as api, running(planned(api.url), tmp_path) as load:
        assert os.getsid(load.pid) == load.pid
        assert os.getpgid(load.pid) != os.getpgrp()


def test_it_ends_with_whoever_started_it(tmp_path: Path) -> None:
    with scripted_api(inventory=PLENTY) as api:
        planned(api.url, per_s=10, hold_s=300).write(tmp_path)
        with subprocess.Popen([sys.executable, "-c", _PARENT, str(tmp_path)], stdout=subprocess.PIPE) as parent:
            assert parent.stdout
            load = ProcessId.of(int(parent.stdout.readline()))
            assert load
            wait_until(lambda: len(api.held) >= 5, _SOON_S, "some are held")
            parent.kill()
        wait_until(lambda: not load.is_alive(), _SOON_S, "the load ends")
        assert api.held == {}
        assert len(api.ended) >= 5


def test_it_ends_with_whoever_started_it_also_when_somebody_else_holds_its_input(tmp_path: Path) -> None:
    with scripted_api() as api:
        planned(api.url, per_s=10).write(tmp_path)
        reading, writing = os.pipe()
        command = [sys.executable, "-c", _PARENT, str(tmp_path), str(reading)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[reading]) as parent:
            assert parent.stdout
            load = ProcessId.of(int(parent.stdout.readline()))
            assert load
            parent.kill()
        wait_until(lambda: not load.is_alive(), _SOON_S, "the load ends")
        os.close(reading)
        os.close(writing)


def test_a_load_that_would_hold_too_much_is_refused(tmp_path: Path) -> None:
    with scripted_api(inventory={"t4": 1}) as api:
        load = start(planned(api.url, per_s=10), tmp_path, tmp_path / "load.log")
        with pytest.raises(LoadFailed, match=r"up to 10 a second, held for 0\.05 s each, are more than half of"):
            load.await_running(_SOON_S)
        assert load.process.wait(ENDS_WITHIN_S) == 1
        load.kill()


def test_a_folder_that_holds_a_history_already_is_refused(tmp_path: Path) -> None:
    (tmp_path / "history-load.jsonl").touch()
    with scripted_api() as api:
        load = start(planned(api.url), tmp_path, tmp_path / "load.log")
        with pytest.raises(LoadFailed, match=r"history-load\.jsonl: File exists"):
            load.await_running(_SOON_S)
        load.kill()


def test_a_plan_that_cannot_be_understood_is_told(tmp_path: Path) -> None:
    (tmp_path / "load.json").write_text('{"url": 3}', encoding="utf-8")
    command = [sys.executable, "-P", "-m", "chaos_aura.load", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "load: tag is missing; every load has url, tag, phases and seed\n")


def test_whoever_starts_it_imports_nothing_of_locust() -> None:
    script = (
        "import sys, chaos_aura.load.process, chaos_aura.load.capacity\n"
        "print(sorted({'locust', 'gevent', 'orjson', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
