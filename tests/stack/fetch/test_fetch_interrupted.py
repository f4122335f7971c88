"""A fetch that is ended in the middle leaves parts to go on with, and nothing else."""

import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import await_line, await_that, child_argv, finished, is_alive, started
from little_stack import Little
from maven_server import Answer

from chaos_aura.stack.manifest import Jar

NETWORK_IS_GIVEN_UP_S = 15


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """Holds the server's answers back until set."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("with_what", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_fetch_stops_soon_and_is_resumed(
    little: Little, released: threading.Event, with_what: signal.Signals
) -> None:
    jar = max(little.jars, key=lambda jar: jar.size)
    little.maven.plan(jar.repository_path, Answer(hold=released, hold_after=400_000))
    with started(child_argv(little.cache.root, little.manifest), little.environ) as child:
        await_that(lambda: only_lacks(little, jar, 300_000))
        asked = time.monotonic()
        child.send_signal(with_what)
        written, _ = child.communicate(timeout=60)
        assert time.monotonic() - asked < NETWORK_IS_GIVEN_UP_S
    assert child.returncode == 130
    assert "Traceback" not in written
    assert not little.path(jar).exists()
    assert little.leftovers() == [little.part(jar)]
    little.fetch()
    assert little.is_whole()
    assert int(little.maven.ranges_of(jar.repository_path)[-1][6:-1]) > 300_000


def test_a_fetch_killed_in_the_middle_is_resumed(little: Little, released: threading.Event) -> None:
    jar = max(little.jars, key=lambda jar: jar.size)
    little.maven.plan(jar.repository_path, Answer(hold=released, hold_after=400_000))
    with started(child_argv(little.cache.root, little.manifest), little.environ) as child:
        await_that(lambda: only_lacks(little, jar, 300_000))
        child.kill()
        child.wait(timeout=60)
    little.fetch()
    assert little.is_whole()


def test_the_second_of_two_fetches_waits_and_fetches_nothing(little: Little, released: threading.Event) -> None:
    jar = little.jars[0]
    little.maven.plan(jar.repository_path, Answer(hold=released))
    argv = child_argv(little.cache.root, little.manifest)
    with started(argv, little.environ) as first:
        assert little.maven.arrived.acquire(timeout=60)
        with started(argv, little.environ) as second:
            await_line(second, "cache: waiting for another fetch to end")
            released.set()
            said, _ = second.communicate(timeout=60)
        first.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert said.splitlines() == ["cache: the other fetch has ended"]
    assert sorted(path for path, _ in little.maven.requests) == sorted(jar.repository_path for jar in little.jars)
    assert little.is_whole()


def test_a_fetch_that_waits_for_another_can_be_interrupted(little: Little, released: threading.Event) -> None:
    little.maven.plan(little.jars[0].repository_path, Answer(hold=released))
    argv = child_argv(little.cache.root, little.manifest)
    with started(argv, little.environ):
        assert little.maven.arrived.acquire(timeout=60)
        with started(argv, little.environ) as second:
            await_line(second, "cache: waiting for another fetch to end")
            second.send_signal(signal.SIGINT)
            second.communicate(timeout=60)
        released.set()
    assert second.returncode == 130


def only_lacks(little: Little, jar: Jar, part_bytes: int) -> bool:
    others = all(little.path(other).exists() for other in little.jars if other is not jar)
    return others and little.part(jar).exists() and little.part(jar).stat().st_size > part_bytes


SLOW_GO = """#!/bin/sh
case "$1" in
env) echo go1.26.0 ;;
install) sleep 1000 & echo "$$ $!" > "$PIDS.part"; mv "$PIDS.part" "$PIDS"; wait ;;
esac
"""


@pytest.mark.parametrize("with_what", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_build_dies_with_all_its_processes(
    little: Little, tmp_path: Path, with_what: signal.Signals
) -> None:
    pids = slow_go(little, tmp_path, SLOW_GO)
    with started(child_argv(little.cache.root, little.manifest, ["toxiproxy"]), little.environ) as child:
        await_that(pids.exists)
        child.send_signal(with_what)
        child.communicate(timeout=60)
    assert child.returncode == 130
    # It has killed them all, but has waited for its own child only.
    await_that(lambda: not any(is_alive(int(pid)) for pid in pids.read_text().split()))
    assert list(little.cache.temporary_dir.iterdir()) == []


def test_a_build_dies_with_a_fetch_that_is_killed(little: Little, tmp_path: Path) -> None:
    pids = slow_go(
        little, tmp_path, SLOW_GO.replace("sleep 1000 &", "").replace("$!", "").replace("wait", "exec sleep 1000")
    )
    with started(child_argv(little.cache.root, little.manifest, ["toxiproxy"]), little.environ) as child:
        await_that(pids.exists)
        child.kill()
    await_that(lambda: not is_alive(int(pids.read_text())))


def test_what_a_killed_build_left_is_swept_away(little: Little) -> None:
    (little.cache.temporary_dir / "left" / "over").mkdir(parents=True)
    code, said = finished(child_argv(little.cache.root, little.manifest), little.environ)
    assert code == 0, said
    assert not list(little.cache.temporary_dir.glob("*"))


def slow_go(little: Little, tmp_path: Path, script: str) -> Path:
    """The file in which it will tell its process ids."""
    go = tmp_path / "path" / "go"
    go.parent.mkdir()
    go.write_text(script)
    go.chmod(0o755)
    pids = tmp_path / "pids"
    little.environ |= {"PATH": f"{go.parent}:{little.environ['PATH']}", "PIDS": str(pids)}
    return pids
