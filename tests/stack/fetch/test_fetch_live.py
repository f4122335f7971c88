"""The real parts from the real places, into the user's own cache."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from little_stack import Told

from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def cache() -> Cache:
    whole = Cache.of_user(os.environ)
    fetch(Manifest.bundled().products, whole, Manifest.bundled(), Silent())
    return whole


@pytest.mark.timeout(600)
def test_every_real_part_is_what_the_manifest_names(cache: Cache) -> None:
    soundness = cache.full_soundness(Manifest.bundled(), Manifest.bundled().products)
    assert (soundness.parts, soundness.flaws) == (272, ())


def test_the_real_toxiproxy_tells_its_version(cache: Cache) -> None:
    told = subprocess.run([cache.toxiproxy, "-version"], env={}, capture_output=True, text=True, timeout=20, check=True)
    assert "toxiproxy-server" in told.stdout


def test_a_damaged_real_jar_is_fetched_again(cache: Cache, tmp_path: Path, told: Told) -> None:
    copy = Cache(tmp_path / "cache")
    manifest = Manifest.bundled()
    for path in cache.classpath("kafka"):
        into = copy.root / path.relative_to(cache.root)
        into.parent.mkdir(parents=True)
        shutil.copyfile(path, into)
    damaged = copy.classpath("kafka")[1]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:100] + b"\0" + whole[101:])
    fetch(["kafka"], copy, manifest, told)
    assert damaged.read_bytes() == whole
    assert told.totals == {"kafka": len(whole)}
