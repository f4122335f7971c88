import hashlib
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.cache import Cache, FlawKind, Receipt, receipt_of, sha256_of
from chaos_aura.stack.manifest import Jar, JavaProduct, Manifest

CONTENT = b"a jar"
PRODUCTS = ("kafka", "toxiproxy")


@pytest.fixture
def manifest() -> Manifest:
    jar = Jar("org.a", "b", "1", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    return replace(Manifest.bundled(), java_products={"kafka": JavaProduct(("org.a:b:1",), (jar,))})


@pytest.fixture
def cache(tmp_path: Path, manifest: Manifest) -> Cache:
    """A whole one."""
    whole = Cache(tmp_path)
    [jar] = whole.classpath("kafka", manifest)
    for path in (jar, whole.toxiproxy):
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
    whole.toxiproxy.chmod(0o755)
    whole.write_receipts(
        {str(path.relative_to(tmp_path)): receipt_of(path, sha256_of(path)) for path in (jar, whole.toxiproxy)}
    )
    return whole


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"CHAOS_AURA_CACHE": "/own", "XDG_CACHE_HOME": "/xdg", "HOME": "/people/me"}, "/own"),
        ({"XDG_CACHE_HOME": "/xdg", "HOME": "/people/me"}, "/xdg/chaos-aura"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/people/me"}, "/people/me/.cache/chaos-aura"),
        ({"XDG_CACHE_HOME": "", "CHAOS_AURA_CACHE": "", "HOME": "/people/me"}, "/people/me/.cache/chaos-aura"),
        ({"CHAOS_AURA_CACHE": "beside"}, f"{Path.cwd()}/beside"),
        ({}, f"{Path.home().resolve()}/.cache/chaos-aura"),
    ],
)
def test_where_the_users_cache_is(environ: dict[str, str], root: str) -> None:
    assert Cache.of_user(environ).root == Path(root)


def test_a_home_may_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/people/me")
    assert Cache.of_user({"CHAOS_AURA_CACHE": "~/here"}).root == Path("/people/me/here")


def test_it_is_named_without_links(tmp_path: Path) -> None:
    """As the kernel names the files that a process has mapped."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    real = tmp_path.resolve()
    assert Cache.of_user({"CHAOS_AURA_CACHE": str(tmp_path / "link")}).root == real / "real"
    assert Cache.of_user({"XDG_CACHE_HOME": str(tmp_path / "link")}).root == real / "real" / "chaos-aura"
    assert Cache.of_user({"CHAOS_AURA_CACHE": str(tmp_path / "circle")}).root == real / "circle"


def test_a_home_of_nobody() -> None:
    line = r"^CHAOS_AURA_CACHE: ~nosuch-user/x names a home folder that is not known; name a folder that you may write$"
    with pytest.raises(BadInput, match=line):
        Cache.of_user({"CHAOS_AURA_CACHE": "~nosuch-user/x"})


def test_the_class_path_is_in_the_manifests_order(tmp_path: Path) -> None:
    jars = Manifest.bundled().java_products["neo4j"].jars
    assert [path.name for path in Cache(tmp_path).classpath("neo4j")] == [jar.name for jar in jars]


def test_where_the_rest_lies(tmp_path: Path) -> None:
    assert Cache(tmp_path).toxiproxy == tmp_path / "bin" / "toxiproxy-2.12.0"
    assert Cache(tmp_path).aot_dir == tmp_path / "aot"


def test_a_whole_cache_is_sound_either_way(cache: Cache, manifest: Manifest) -> None:
    for soundness in (cache.quick_soundness(manifest, PRODUCTS), cache.full_soundness(manifest, PRODUCTS)):
        assert soundness.is_whole
        assert (soundness.parts, soundness.flaws, soundness.renewed) == (2, (), {})


def test_an_empty_cache_misses_everything(tmp_path: Path) -> None:
    soundness = Cache(tmp_path / "none").quick_soundness(Manifest.bundled(), Manifest.bundled().products)
    assert not soundness.is_whole
    assert {flaw.kind for flaw in soundness.flaws} == {FlawKind.MISSING}
    assert len(soundness.flaws) == soundness.parts == 272
    assert str(soundness.flaws[-1]) == "bin/toxiproxy-2.12.0 is missing"


def test_damage_that_changes_nothing_but_the_bytes_is_found_by_hashing_all(cache: Cache, manifest: Manifest) -> None:
    [path] = cache.classpath("kafka", manifest)
    before = path.stat()
    path.write_bytes(b"A JAR")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.quick_soundness(manifest, PRODUCTS).is_whole
    [flaw] = cache.full_soundness(manifest, PRODUCTS).flaws
    assert (flaw.part.path, flaw.kind) == ("jars/org/a/b/1/b-1.jar", FlawKind.DAMAGED)


def test_damage_that_changes_the_time_is_found_quickly(cache: Cache, manifest: Manifest) -> None:
    cache.classpath("kafka", manifest)[0].write_bytes(b"A JAR")
    [flaw] = cache.quick_soundness(manifest, PRODUCTS).flaws
    assert flaw.kind is FlawKind.DAMAGED


def test_a_touched_file_is_hashed_and_its_receipt_renewed(cache: Cache, manifest: Manifest) -> None:
    [path] = cache.classpath("kafka", manifest)
    os.utime(path, ns=(1, 1))
    soundness = cache.quick_soundness(manifest, PRODUCTS)
    assert soundness.is_whole
    assert soundness.renewed == {"jars/org/a/b/1/b-1.jar": Receipt(sha256_of(path), len(CONTENT), 1)}


def test_a_receipt_of_another_version_vouches_for_nothing(cache: Cache, manifest: Manifest) -> None:
    [jar] = manifest.java_products["kafka"].jars
    newer = replace(manifest.java_products["kafka"], jars=(replace(jar, sha256="0" * 64),))
    [flaw] = cache.quick_soundness(replace(manifest, java_products={"kafka": newer}), PRODUCTS).flaws
    assert flaw.kind is FlawKind.DAMAGED


def test_a_program_without_receipt_is_nobodys(cache: Cache, manifest: Manifest) -> None:
    cache.write_receipts({})
    [flaw] = cache.quick_soundness(manifest, PRODUCTS).flaws
    assert (flaw.part.product, flaw.kind) == ("toxiproxy", FlawKind.UNVERIFIED)


def test_receipts_of_files_that_are_gone_are_forgotten(cache: Cache) -> None:
    cache.toxiproxy.unlink()
    cache.write_receipts(cache.receipts())
    assert list(cache.receipts()) == ["jars/org/a/b/1/b-1.jar"]


def test_an_unknown_product_is_named(cache: Cache, manifest: Manifest) -> None:
    with pytest.raises(BadInput, match="`redis` is not a product; known: kafka, toxiproxy"):
        cache.quick_soundness(manifest, ["redis"])


def test_a_whole_cache_of_the_real_size_is_checked_at_once(tmp_path: Path) -> None:
    cache, manifest = Cache(tmp_path), Manifest.bundled()
    receipts = {}
    for part in cache.parts(manifest, ("kafka", "neo4j")):
        path = tmp_path / part.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as sparse:
            sparse.truncate(part.jar.size if part.jar else 0)
        receipts[part.path] = receipt_of(path, part.jar.sha256 if part.jar else "")
    cache.write_receipts(receipts)
    began = time.process_time()
    soundness = cache.quick_soundness(manifest, ("kafka", "neo4j"))
    assert time.process_time() - began < 0.5  # some 0.03 on an idle machine; nothing is hashed, or all were damaged
    assert (soundness.parts, soundness.flaws) == (271, ())
