"""Start-up caches: made in the background, used by the next JVM even after a kill, made again when stale or damaged."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from awaiting import wait_until
from hurting import process_of
from local_stack import PlacedStack

from chaos_aura.stack.aot import AotCache
from chaos_aura.stack.build import aot_caches, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest
from chaos_aura.supervision.place import TRAINING

Place = Callable[..., PlacedStack]


@pytest.fixture
def kafka_alone(place: Place, tmp_path: Path, whole_cache: Cache) -> PlacedStack:
    """With a cache of its own: links to the user's, but for one jar of Kafka and the start-up caches."""
    one = place()
    own = Cache(tmp_path / "cache")
    for part in whole_cache.parts(Manifest.bundled(), Manifest.bundled().products):
        (own.root / part.path).parent.mkdir(parents=True, exist_ok=True)
        (own.root / part.path).symlink_to(whole_cache.root / part.path)
    changeable = _changeable_jar(own)
    changeable.unlink()
    shutil.copy2(whole_cache.root / changeable.relative_to(own.root), changeable)
    shutil.copy2(whole_cache.root / "receipts.json", own.root)
    return PlacedStack(one.project, {**os.environ, "CHAOS_AURA_CACHE": str(own.root)})


@pytest.mark.timeout(1200)
def test_a_start_up_cache_is_made_used_and_made_again(kafka_alone: PlacedStack) -> None:
    assert kafka_alone.up("kafka").training == ("kafka",)
    first = _expected_cache(kafka_alone)
    assert not first.is_used_by(_kafka_pid(kafka_alone))
    _await_training(kafka_alone)
    assert first.is_undamaged()

    _kill_kafka(kafka_alone)
    wait_until(lambda: _is_healthy(kafka_alone), within_s=120, what="kafka healthy again")
    assert first.is_used_by(_kafka_pid(kafka_alone))
    kafka_alone.down()

    content = bytearray(first.path.read_bytes())
    for at in range(len(content) // 4, len(content) // 2, 4096):
        content[at] ^= 0xFF
    first.path.write_bytes(content)
    assert not first.is_undamaged()
    assert kafka_alone.up("kafka").training == ("kafka",)
    assert not first.is_used_by(_kafka_pid(kafka_alone))
    _await_training(kafka_alone)
    assert first.is_undamaged()
    kafka_alone.down()
    assert kafka_alone.up("kafka").training == ()
    kafka_alone.down()

    os.utime(_changeable_jar(Cache.of_user(kafka_alone.environ)))
    second = _expected_cache(kafka_alone)
    assert second.path != first.path
    assert kafka_alone.up("kafka").training == ("kafka",)


@pytest.mark.timeout(600)
def test_training_ends_with_its_stack(kafka_alone: PlacedStack) -> None:
    kafka_alone.up("kafka")
    wait_until(lambda: _runs_training_server(kafka_alone), within_s=240, what="a server being trained")
    supervisor = kafka_alone.running().supervisor.pid()
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not kafka_alone.processes(), within_s=60, what="no process left")


def _runs_training_server(one: PlacedStack) -> bool:
    folder = str(one.project.home / TRAINING)
    return any(folder in line and "kafka.Kafka" in line for line in one.processes().values())


def _expected_cache(one: PlacedStack) -> AotCache:
    cache = Cache.of_user(one.environ)
    site = make_site(one.project, cache, Manifest.bundled(), one.environ, range(1, len(port_names()) + 1))
    return aot_caches(site)["kafka"]


def _changeable_jar(cache: Cache) -> Path:
    return next(path for path in cache.classpath("kafka") if path.name.startswith("slf4j-simple"))


def _kafka_pid(one: PlacedStack) -> int:
    return process_of(one.running(), "kafka").pid


def _kill_kafka(one: PlacedStack) -> None:
    """One that is only just being killed may still answer."""
    process = process_of(one.running(), "kafka")
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not process.is_alive(), within_s=60, what="the death of kafka")


def _is_healthy(one: PlacedStack) -> bool:
    return next(row for row in one.running().health() if row.name == "kafka").is_healthy


def _await_training(one: PlacedStack) -> None:
    wait_until(lambda: one.running().jobs()[TRAINING].process is None, within_s=400, what="the training done")
    assert one.running().jobs()[TRAINING].last_end == "exited with 0", one.project.log(TRAINING).read_text(
        encoding="utf-8"
    )
