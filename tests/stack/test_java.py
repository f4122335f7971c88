"""Which Java runtime is taken."""

from pathlib import Path

import pytest

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.java import Jre, find_jre

_TOO_NEW = 999


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """Looks like an old one: what is asked of it is read from its `release` file alone."""
    home = tmp_path / "java-17"
    for file in ("bin/java", "lib/server/libjvm.so"):
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).touch(mode=0o755)
    (home / "release").write_text('IMPLEMENTOR="x"\nJAVA_VERSION="17.0.15"\n', encoding="utf-8")
    return home


def test_the_packaged_one_is_taken_and_complete() -> None:
    jre = find_jre({}, at_least=25)
    assert jre.major >= 25
    assert jre.java.exists()
    assert jre.library.exists()


def test_one_that_is_too_old_is_named(runtime: Path) -> None:
    with pytest.raises(MachineLacks, match=rf"needs {_TOO_NEW} or newer, found .*17\.0\.15 at {runtime}"):
        find_jre({"JAVA_HOME": str(runtime)}, at_least=_TOO_NEW)


def test_one_on_path_is_found_behind_its_link(runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(runtime / "bin" / "java")
    with pytest.raises(MachineLacks, match=rf"17\.0\.15 at {runtime}"):
        find_jre({"PATH": str(tmp_path / "bin")}, at_least=_TOO_NEW)


def test_as_new_as_asked_for_is_new_enough() -> None:
    major = find_jre({}, at_least=1).major
    assert find_jre({}, at_least=major).major == major
    with pytest.raises(MachineLacks):
        find_jre({}, at_least=major + 1)


def test_a_folder_that_is_no_runtime_is_passed_over(tmp_path: Path) -> None:
    with pytest.raises(MachineLacks) as caught:
        find_jre({"JAVA_HOME": str(tmp_path)}, at_least=_TOO_NEW)
    assert str(tmp_path) not in str(caught.value)


def test_the_major_version() -> None:
    assert Jre(Path("/j"), "25.0.2").major == 25
    assert Jre(Path("/j"), "25").major == 25
