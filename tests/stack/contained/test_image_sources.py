"""The image of the stack is made of the same files wherever the program was installed."""

import io
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.docker.compose_file import NAME as COMPOSE
from chaos_aura.stack.docker.sources import Sources

_CARRIED = (COMPOSE, "requirements.lock", "image/Dockerfile", "image/with_ca")


@pytest.fixture
def installed(tmp_path: Path) -> Sources:
    """As a wheel lays it: the package in one place, without what it takes to build; that in another."""
    here = Sources.installed()
    there = Sources(tmp_path / "share", tmp_path / "site-packages")
    shutil.copytree(here.parent / "chaos_aura", there.parent / "chaos_aura")
    for name in _CARRIED:
        (there.root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(here.root / name, there.root / name)
    return there


def context(sources: Sources) -> dict[str, tuple[bytes, int]]:
    with io.BytesIO() as archive:
        sources.context(b"a certificate", archive)
        archive.seek(0)
        with tarfile.open(fileobj=archive) as told:
            return {one.name: (file.read(), one.mode) for one in told if (file := told.extractfile(one))}


def test_those_of_a_wheel_are_those_of_a_checkout(installed: Sources) -> None:
    assert installed.fingerprint == Sources.installed().fingerprint
    assert context(installed) == context(Sources.installed())


def test_what_it_takes_to_build_is_in_the_context(installed: Sources) -> None:
    there = context(installed)
    assert there["image/ca.pem"][0] == b"a certificate"
    assert there["image/with_ca"][1] == 0o755  # whatever an installer made of it
    assert {"image/Dockerfile", "requirements.lock", "chaos_aura/__init__.py", "chaos_aura/stack/manifest.json"} <= set(
        there
    )


@pytest.mark.parametrize("changed", ["image/Dockerfile", "requirements.lock", "chaos_aura/platform/__init__.py"])
def test_other_sources_are_another_image(installed: Sources, changed: str) -> None:
    before = installed.fingerprint
    path = (installed.parent if changed.startswith("chaos_aura") else installed.root) / changed
    path.write_bytes(path.read_bytes() + b"\n")
    assert replace(installed).fingerprint != before


@pytest.mark.parametrize("name", _CARRIED)
def test_what_is_missing_is_told_by_its_name(installed: Sources, name: str) -> None:
    (installed.root / name).unlink()
    with pytest.raises(MachineLacks) as told:
        _ = installed.files
    assert f"there is no {name} in {installed.root}" in str(told.value)
    assert "from its wheel" in str(told.value)
