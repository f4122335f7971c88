"""What this machine has to build with: its own Go, and the uv that can bring one in."""

import re
import shutil
from collections.abc import Mapping


def find_go(environ: Mapping[str, str]) -> str | None:
    return shutil.which("go", path=environ.get("PATH", ""))


def find_uv(environ: Mapping[str, str]) -> str | None:
    """The package's, else the one on PATH."""
    try:
        # Only here: whoever has Go may well live without the package.
        import uv  # noqa: PLC0415

        return str(uv.find_uv_bin())
    except (ModuleNotFoundError, FileNotFoundError):
        return shutil.which("uv", path=environ.get("PATH", ""))


def version_question(go: str, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Program and environment. Its own version is asked for, not that of a newer one that it might download."""
    return [go, "env", "GOVERSION"], {**environ, "GOTOOLCHAIN": "local"}


def version_in(answer: str) -> str | None:
    """`1.26.8` of `go1.26.8`; None of a self-built one, which says `devel`."""
    found = re.match(r"go(\d+(\.\d+)*)", answer)
    return found[1] if found else None
