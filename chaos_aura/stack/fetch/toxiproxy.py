"""Builds toxiproxy from its sources, and believes the build only if it is made of the pinned modules."""

from pathlib import Path

from chaos_aura.core.errors import FetchFailed
from chaos_aura.stack.fetch.command import CommandFailed
from chaos_aura.stack.fetch.go import Go, fitting_go
from chaos_aura.stack.fetch.retry import until_reached
from chaos_aura.stack.fetch.sources import explained
from chaos_aura.stack.fetch.workshop import Workshop
from chaos_aura.stack.manifest import GoProgram, Manifest

BUILD_BYTES = 60_000_000
_SOURCE = "Go's module mirror"


def build_toxiproxy(manifest: Manifest, path: Path, workshop: Workshop) -> None:
    program = manifest.toxiproxy
    go = fitting_go(manifest, workshop)
    workshop.progress.begin("toxiproxy", f"building {program.version}")
    binary = _built(program, go, workshop)
    _require_pinned_modules(program, workshop.run([go.program, "version", "-m", str(binary)], go.environ))
    path.parent.mkdir(exist_ok=True)
    workshop.stop.check()
    binary.replace(path)
    workshop.progress.end("toxiproxy", f"built {program.version}")


def _built(program: GoProgram, go: Go, workshop: Workshop) -> Path:
    until_reached(lambda: _install(program, go, workshop), workshop.stop)
    [binary] = (workshop.folder / "bin").iterdir()
    return binary


def _install(program: GoProgram, go: Go, workshop: Workshop) -> None:
    try:
        told_version = f"-ldflags=-X {program.module.path}.Version={program.version}"  # it would call itself `git`
        workshop.run([go.program, "install", told_version, f"{program.package}@{program.module.version}"], go.environ)
    except CommandFailed as problem:
        raise explained(problem, "toxiproxy", _SOURCE, "GOPROXY") from problem


def _require_pinned_modules(program: GoProgram, told: str) -> None:
    """`told` is what `go version -m` says: lines such as `dep  github.com/gorilla/mux  v1.8.1  h1:TuBL...`.

    Fewer modules than pinned are well: what a program needs depends on the processor.
    """
    rows = [line.split() for line in told.splitlines()]
    used = {tuple(row[1:]) for row in rows if row[:1] in (["mod"], ["dep"], ["=>"])}
    pinned = {(one.path, one.version, one.h1) for one in (program.module, *program.dependencies)}
    own = program.module
    if strange := sorted(used - pinned) or sorted({(own.path, own.version, own.h1)} - used):
        names = ", ".join(" ".join(module) for module in strange)
        why = f"what was built is not made of the pinned modules ({names})"
        raise FetchFailed("toxiproxy", why, "check GOPROXY, GONOSUMDB and GOFLAGS, then try again")
