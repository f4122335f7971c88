"""Faults planted in a cache, which must be found."""

import os
import shutil
from pathlib import Path

from confined import confined
from findings_of import doctor

from chaos_aura.core.project import Project
from chaos_aura.stack.build import aot_caches
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.doctor import Finding, Scene, State, local_stack_can_run
from chaos_aura.stack.doctor.examination import Check, examine
from chaos_aura.stack.doctor.finding import Group
from chaos_aura.stack.doctor.holdings import look_at_folder, look_at_parts, look_at_startup_caches
from chaos_aura.stack.doctor.ingredients import look_at_toxiproxy

CHECKS = (
    Check("cache", Group.CACHE, look_at_folder),
    Check("parts", Group.CACHE, look_at_parts, is_needed=True, hashes=True),
    Check("start-up caches", Group.CACHE, look_at_startup_caches, hashes=True),
    Check("toxiproxy", Group.STACK, look_at_toxiproxy, is_needed=True),
)


def findings(cache: Cache, project: Path, *, deep: bool = False) -> dict[str, Finding]:
    scene = Scene(Project(project), os.environ | {"CHAOS_AURA_CACHE": str(cache.root)}, is_deep=deep)
    return {finding.subject: finding for finding in examine(CHECKS, scene)}


def a_jar(cache: Cache) -> Path:
    return cache.classpath("kafka")[3]


def damage(path: Path, *, unnoticed: bool) -> None:
    """What the link leads to stays as it is."""
    origin = path.resolve()
    path.unlink()
    shutil.copy2(origin, path)
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    if unnoticed:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_whole_cache_is_sound(linked_cache: Cache, project_folder: Path) -> None:
    for deep in (False, True):
        found = findings(linked_cache, project_folder, deep=deep)
        assert found["parts"].is_ok
        assert found["toxiproxy"].is_ok
        assert found["cache"].is_ok
        assert local_stack_can_run(found.values())


def test_a_damaged_jar_is_named(linked_cache: Cache, project_folder: Path) -> None:
    damage(a_jar(linked_cache), unnoticed=False)
    parts = findings(linked_cache, project_folder)["parts"]
    assert (parts.state, parts.blocks, parts.remedy) == (State.BROKEN, True, "chaos-aura up")
    assert a_jar(linked_cache).name in parts.seen
    assert parts.seen.startswith("1 of ")


def test_damage_that_a_start_would_trust_is_found_by_hashing(linked_cache: Cache, project_folder: Path) -> None:
    damage(a_jar(linked_cache), unnoticed=True)
    assert findings(linked_cache, project_folder)["parts"].is_ok
    parts = findings(linked_cache, project_folder, deep=True)["parts"]
    assert (parts.state, parts.blocks) == (State.BROKEN, True)
    assert parts.remedy == f"rm {a_jar(linked_cache)} && chaos-aura up"


def test_of_many_flaws_the_first_few_are_named(linked_cache: Cache, project_folder: Path) -> None:
    for jar in linked_cache.classpath("kafka")[:5]:
        damage(jar, unnoticed=False)
    parts = findings(linked_cache, project_folder)["parts"]
    assert parts.seen.startswith("5 of ")
    assert parts.seen.endswith(" and 2 more")


def test_an_empty_cache_is_no_obstacle(tmp_path: Path, project_folder: Path) -> None:
    found = findings(Cache(tmp_path / "empty"), project_folder)
    assert found["parts"].state is State.MISSING
    assert found["toxiproxy"].state is State.MISSING
    assert found["parts"].remedy == found["toxiproxy"].remedy == "chaos-aura up"
    assert found["start-up caches"].state is State.LIMITED
    assert local_stack_can_run(found.values())
    assert not (tmp_path / "empty").exists()


def test_an_empty_cache_that_cannot_be_filled_is_one(project_folder: Path) -> None:
    found = findings(Cache(Path("/proc/no-cache")), project_folder)
    assert found["cache"].state is State.LIMITED
    assert "cannot be written" in found["cache"].seen
    assert (found["parts"].state, found["parts"].blocks) == (State.MISSING, True)


def test_a_toxiproxy_that_does_not_run(linked_cache: Cache, project_folder: Path) -> None:
    linked_cache.toxiproxy.unlink()
    linked_cache.toxiproxy.write_bytes(b"\x7fELF but not for this machine")
    linked_cache.toxiproxy.chmod(0o755)
    found = findings(linked_cache, project_folder)
    assert (found["toxiproxy"].state, found["toxiproxy"].blocks) == (State.BROKEN, True)
    assert found["parts"].state is State.BROKEN


def test_startup_caches_made_and_damaged(linked_cache: Cache, project_folder: Path) -> None:
    subject = "start-up cache kafka"
    assert findings(linked_cache, project_folder)[subject].state is State.LIMITED
    scene = Scene(Project(project_folder), os.environ | {"CHAOS_AURA_CACHE": str(linked_cache.root)})
    startup = aot_caches(scene.site)["kafka"]
    startup.path.parent.mkdir()
    startup.in_the_making.write_bytes(b"classes" * 1000)
    startup.take_over()
    assert findings(linked_cache, project_folder, deep=True)[subject].is_ok
    content = startup.path.read_bytes()
    startup.path.write_bytes(b"x" + content[1:])
    assert findings(linked_cache, project_folder)[subject].is_ok
    found = findings(linked_cache, project_folder, deep=True)[subject]
    assert (found.state, found.blocks) == (State.BROKEN, False)
    assert startup.path.name in found.seen


def test_those_of_other_versions_are_counted(linked_cache: Cache, project_folder: Path) -> None:
    linked_cache.aot_dir.mkdir()
    (linked_cache.aot_dir / "kafka-0123456789abcdef.aot").write_bytes(b"x" * 3_000_000)
    seen = findings(linked_cache, project_folder)["start-up caches of others"].seen
    assert seen.startswith("1, 3 MB")


def test_a_cache_that_may_not_be_looked_into(linked_cache: Cache, project_folder: Path) -> None:
    """Root gives away its right to look anywhere first: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH."""
    setup = "if not uid: assert not libc.prctl(24, 1, 0, 0, 0) | libc.prctl(24, 2, 0, 0, 0)"
    linked_cache.root.chmod(0)
    try:
        command, environ = confined(setup, "0"), {"CHAOS_AURA_CACHE": str(linked_cache.root)}
        answer = doctor(project_folder, command=command, environ=environ)
    finally:
        linked_cache.root.chmod(0o755)
    assert answer.code == 1
    assert "cannot be written (Permission denied)" in answer["cache"]["seen"]
    assert (answer["parts"]["state"], answer["parts"]["blocks"]) == ("broken", True)
    assert "cannot be read" in answer["parts"]["seen"]
    assert [row for row in answer.document["findings"] if "could not be looked at" in row["seen"]] == []


def test_the_command_fails_on_a_damaged_jar(linked_cache: Cache, project_folder: Path) -> None:
    environ = {"CHAOS_AURA_CACHE": str(linked_cache.root)}
    assert doctor(project_folder, environ=environ).document["local_stack_can_run"]
    damage(a_jar(linked_cache), unnoticed=False)
    answer = doctor(project_folder, environ=environ)
    assert answer.code == 1
    assert answer.document["summary"] == "The local stack cannot run as things are: parts."
