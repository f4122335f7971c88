"""The library that gives services clocks: what it moves, what it leaves alone, and who is started with it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from local_stack import PlacedStack

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.project import Project
from chaos_aura.stack import clocks, faketime
from chaos_aura.stack.build import make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.services import LOCAL_SERVICES, Site

Place = Callable[..., PlacedStack]

_STATIC = {"temporal", "toxiproxy"}
_SHARED_MEMORY = Path("/dev/shm")
_ASKED = "import time; print(time.time())"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return clocks.clock_library(Cache(tmp_path / "cache"), os.environ)


def test_it_moves_the_wall_clock_and_follows_its_file(library: Path, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    for content, off_s in ((clocks.RIGHT, 0), ("+3600.000\n", 3600), ("-86400.500\n", -86400.5)):
        file.write_text(content)
        _require_off_by(off_s, library, file)
    file.unlink()
    _require_off_by(0, library, file)


def test_it_is_made_and_tried_once(library: Path, tmp_path: Path) -> None:
    made = library.stat()
    garbled = {**os.environ, "FAKETIME_SHARED": "garbled"}  # with which it would fail if it were tried
    assert clocks.clock_library(Cache(tmp_path / "cache"), garbled) == library
    assert library.stat() == made
    assert list(library.parent.iterdir()) == [library]


def test_as_packaged_it_is_refused_because_waits_end_at_once() -> None:
    with pytest.raises(MachineLacks, match="let a process end its waits at once"):
        clocks.try_out(faketime.packaged(), os.environ)


def test_one_that_moves_nothing_is_refused(library: Path) -> None:
    """It looks for its file under another name. What is told is off by the time that the telling took, too."""
    deaf = library.with_name("deaf.so")
    deaf.write_bytes(library.read_bytes().replace(b"FAKETIME_TIMESTAMP_FILE\0", b"FAKETIME_TIMESTAMP_NONE\0"))
    with pytest.raises(MachineLacks, match=r"moved a clock by -?\d\d? s instead of 7200 s"):
        clocks.try_out(deaf, os.environ)


def test_one_that_ends_its_process_is_refused(library: Path) -> None:
    """It is told of a memory to share, in words that it cannot read."""
    with pytest.raises(MachineLacks, match="let a process fail"):
        clocks.try_out(library, {**os.environ, "FAKETIME_SHARED": "garbled"})


def test_a_folder_that_the_loader_would_split(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "my cache")
    with pytest.raises(MachineLacks, match=r"cannot be loaded from .*my cache"):
        clocks.clock_library(cache, os.environ)
    assert clocks.clock_library_if_any(cache, os.environ) is None
    assert not cache.root.exists()


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF\x02\x01", b"\x7fELF\x02\x01" + bytes(200)])
def test_what_is_no_such_library(content: bytes) -> None:
    with pytest.raises(MachineLacks, match="is not built as expected"):
        faketime.only_telling_time(content)


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert clocks.clock_library_if_any(Cache(tmp_path / "file"), os.environ) is None


def test_a_killed_process_leaves_nothing_to_the_machine(library: Path, tmp_path: Path) -> None:
    waits = [sys.executable, "-I", "-S", "-c", "import time; print(flush=True); time.sleep(60)"]
    left = {}
    for one in (library, faketime.packaged()):
        process = subprocess.Popen(waits, env=clocks.clock_environ(one, tmp_path / "no"), stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        left[one] = list(_SHARED_MEMORY.glob(f"*faketime_*_{process.pid}"))
    for path in left[faketime.packaged()]:
        path.unlink()
    assert left[faketime.packaged()]
    assert left[library] == []


def test_who_is_started_with_one(library: Path, tmp_path: Path) -> None:
    site = _site(tmp_path, library, PATH="/nowhere")
    told = {service.name: service.program(site).env for service in LOCAL_SERVICES}
    assert {name for name, env in told.items() if "LD_PRELOAD" not in env} == _STATIC
    for name in set(told) - _STATIC:
        file = site.project.config(name) / "clock"
        assert clocks.clock_environ(library, file).items() <= told[name].items()
        assert file.read_text() == "+0\n"


def test_nobody_is_where_there_is_no_library(tmp_path: Path) -> None:
    site = _site(tmp_path, None, PATH="/nowhere")
    for service in LOCAL_SERVICES:
        assert not any(name.startswith(("LD_", "FAKETIME")) for name in service.program(site).env)
    assert not list(tmp_path.rglob("clock"))


def test_a_redis_of_the_system_is_not(library: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "redis-server").write_text("#!/bin/sh\necho 'v=7.0.15'\n")
    (programs / "redis-server").chmod(0o755)
    site = _site(tmp_path, library, PATH=f"{programs}:{os.environ['PATH']}")
    (redis,) = [service.program(site) for service in LOCAL_SERVICES if service.name == "redis"]
    assert redis.argv[0] == str(programs / "redis-server")
    assert "LD_PRELOAD" not in redis.env


def test_a_start_sets_all_clocks_right(place: Place) -> None:
    one = place()
    file = one.project.config("redis") / "clock"
    file.parent.mkdir(parents=True)
    file.write_text("+3600.000\n")
    one.up("redis")
    assert file.read_text() == clocks.RIGHT


def _require_off_by(off_s: float, library: Path, file: Path) -> None:
    """Told between two looks at the clock, however far they lie apart."""
    before_s = time.time()
    told_s = _time_with(library, file) - off_s
    assert before_s - 1 < told_s < time.time() + 1


def _time_with(library: Path, file: Path) -> float:
    asked = [sys.executable, "-I", "-S", "-c", _ASKED]
    told = subprocess.run(asked, env=clocks.clock_environ(library, file), capture_output=True, text=True, check=True)
    assert told.stderr == ""
    return float(told.stdout)


def _site(folder: Path, library: Path | None, **environ: str) -> Site:
    project = Project(folder / "project")
    (folder / "project").mkdir()
    project.make()
    ports = range(20_000, 20_000 + len(port_names()))
    site = make_site(project, Cache.of_user(os.environ), Manifest.bundled(), environ, ports)
    return replace(site, clock_library=library)
