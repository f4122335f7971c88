"""scripts/docker_engine: a real engine beside the machine's own, and what it says where there can be none."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_fixtures import NO_ENGINE
from setup_checkout import executable

from chaos_aura.core.process import ProcessId

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "docker_engine"
_WITHIN_S = 90
_GONE_WITHIN_S = 5
_APART = ("unshare", "--net")


@dataclass
class Place:
    """Everything that an engine keeps, in one folder: its socket, its data, its log."""

    folder: Path
    path: str = os.environ["PATH"]
    apart: tuple[str, ...] = ()

    @property
    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": self.path,
            "DOCKER_HOST": f"unix://{self.folder}/sock",
            "CHAOS_AURA_DOCKERD": f"{self.folder}/kept",
        }

    def run(self, *words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            words,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def start(self) -> "subprocess.CompletedProcess[str]":
        """In a network of its own: an engine without a bridge removes the one that the machine's own engine made."""
        words = ("--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec")
        return self.run(*self.apart, SCRIPT, "start", *words, "--bridge", "none", "--iptables=false")

    def stop(self) -> "subprocess.CompletedProcess[str]":
        return self.run(SCRIPT, "stop")

    def processes(self) -> list[str]:
        """Of engines that were started here, and of their containers."""
        lines = subprocess.run(["ps", "-ww", "-e", "-o", "args="], capture_output=True, text=True, check=True).stdout
        return [line for line in lines.splitlines() if f"{self.folder}/" in line]

    def pid(self) -> int:
        return int((self.folder / "kept" / "pid").read_text())


@pytest.fixture
def place() -> Iterator[Place]:
    """Short: the path of a socket has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="dockerd"))
    one = Place(folder)
    yield one
    one.stop()
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in reversed([each for each in mounts if each.startswith(f"{folder}/")]):
        subprocess.run(["umount", mount], check=False)
    shutil.rmtree(folder)


@pytest.fixture
def possible(place: Place) -> None:
    if why := os.environ.get(NO_ENGINE):
        pytest.skip(f"no Docker engine: {why}")
    if os.geteuid() or not shutil.which("dockerd"):
        pytest.skip("an engine of a test's own needs root and dockerd (package docker.io)")
    if subprocess.run([*_APART, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespaces: unshare is refused here")
    place.apart = _APART


@pytest.mark.docker
@pytest.mark.usefixtures("possible")
class TestRealEngine:
    def test_it_answers_and_nothing_is_left_of_it_when_it_was_stopped(self, place: Place) -> None:
        started = place.start()
        assert started.returncode == 0, started.stderr
        assert f"runs at unix://{place.folder}/sock" in started.stderr
        assert place.run("docker", "version").returncode == 0
        assert len(place.processes()) == 2
        stopped = place.stop()
        assert (stopped.returncode, stopped.stderr) == (0, "docker_engine: stopped\n")
        assert place.processes() == []
        assert not (place.folder / "kept").exists()

    def test_one_that_runs_already_is_left_alone(self, place: Place) -> None:
        place.start()
        before = place.pid()
        again = place.start()
        assert again.returncode == 0
        assert "runs already" in again.stderr
        assert place.pid() == before
        other = {**place.environ, "CHAOS_AURA_DOCKERD": f"{place.folder}/other"}
        stopped = subprocess.run([SCRIPT, "stop"], env=other, capture_output=True, text=True, check=True)
        assert "none was started here" in stopped.stderr
        assert place.run("docker", "version").returncode == 0

    def test_what_a_killed_engine_leaves_is_ended(self, place: Place) -> None:
        place.start()
        engine = ProcessId.of(place.pid())
        assert engine
        os.kill(engine.pid, signal.SIGKILL)
        wait_until(lambda: not engine.is_alive(), _GONE_WITHIN_S, "it is dead")
        assert place.stop().returncode == 0
        wait_until(lambda: not place.processes(), _GONE_WITHIN_S, "its containerd is gone")


def fake(place: Place, **programs: str) -> Place:
    """Programs that come first on PATH."""
    for name, script in programs.items():
        executable(place.folder / "bin" / name, f"#!/bin/sh\n{script}\n")
    place.path = f"{place.folder}/bin:{place.path}"
    return place


_ROOT, _NOBODY_ANSWERS = "echo 0", "exit 1"


def test_an_engine_that_cannot_run_here_is_one_line_with_its_reason(place: Place) -> None:
    complaint = "failed to start daemon: Devices cgroup isn't mounted"
    dockerd = f'echo "level=info msg=hello"; echo "{complaint}"; echo bye; exit 1'
    done = fake(place, id=_ROOT, docker=_NOBODY_ANSWERS, dockerd=dockerd).start()
    log = place.folder / "kept" / "log"
    assert done.returncode == 1
    assert done.stderr == f"docker_engine: dockerd ended: {complaint} (all of it: {log})\n"
    assert complaint in log.read_text()


@pytest.mark.parametrize(
    ("programs", "host", "says"),
    [
        ({"id": "echo 1000"}, "", "an engine needs root; run: sudo"),
        ({"id": _ROOT}, "tcp://127.0.0.1:1", "tcp://127.0.0.1:1 does not answer, and is no unix socket"),
    ],
)
def test_what_is_missing_is_one_line(place: Place, programs: dict[str, str], host: str, says: str) -> None:
    fake(place, docker=_NOBODY_ANSWERS, dockerd="exit 1", **programs)
    environ = place.environ | ({"DOCKER_HOST": host} if host else {})
    done = subprocess.run([SCRIPT, "start"], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_other_words_are_refused(place: Place) -> None:
    done = place.run(SCRIPT, "restart")
    assert (done.returncode, done.stderr) == (1, "docker_engine: say start or stop\n")
