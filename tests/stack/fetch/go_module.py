"""A tiny Go program and a folder that serves it as Go's module mirror does."""

import base64
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.stack.manifest import GoModule, GoProgram

MODULE = "chaos.example/tiny"
SAYS = "a tiny server"
_MAIN = f'package main\n\nimport "chaos.example/word"\n\nfunc main() {{ println("{SAYS}" + word.Stop) }}\n'
_SOURCES = {
    MODULE: {
        "go.mod": f"module {MODULE}\n\ngo 1.23\n\nrequire chaos.example/word v1.0.0\n",
        "cmd/server/main.go": _MAIN,
    },
    "chaos.example/word": {
        "go.mod": "module chaos.example/word\n\ngo 1.23\n",
        "word.go": 'package word\n\nconst Stop = "."\n',
    },
}


@dataclass(frozen=True)
class TinyProgram:
    program: GoProgram
    environ: dict[str, str]
    """What makes Go ask the folder, and nothing else."""


def tiny_program(folder: Path) -> TinyProgram:
    sources = {module: dict(files) for module, files in _SOURCES.items()}
    word = _published(folder / "mirror", "chaos.example/word", sources["chaos.example/word"])
    sums = f"{word.path} v1.0.0 {word.h1}\n{word.path} v1.0.0/go.mod {_h1({'go.mod': sources[word.path]['go.mod']})}\n"
    sources[MODULE]["go.sum"] = sums
    tiny = _published(folder / "mirror", MODULE, sources[MODULE])
    environ = {
        "GOPROXY": (folder / "mirror").as_uri(),
        "GOSUMDB": "off",
        "GOMODCACHE": str(folder / "modules"),
    }
    return TinyProgram(GoProgram(f"{MODULE}/cmd/server", tiny, (word,)), environ)


def _published(mirror: Path, module: str, files: dict[str, str]) -> GoModule:
    versions = mirror / module / "@v"
    versions.mkdir(parents=True)
    (versions / "list").write_text("v1.0.0\n")
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(files["go.mod"])
    inside = {f"{module}@v1.0.0/{name}": text for name, text in files.items()}
    with zipfile.ZipFile(versions / "v1.0.0.zip", "w") as archive:
        for name, text in inside.items():
            archive.writestr(name, text)
    return GoModule(module, "v1.0.0", _h1(inside))


def _h1(files: dict[str, str]) -> str:
    """Go's hash of a module: of the lines `sha256  name`, sorted by name."""
    lines = [f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(files.items())]
    return "h1:" + base64.b64encode(hashlib.sha256("".join(lines).encode()).digest()).decode()
