"""Where an engine of this machine usually listens."""

from collections.abc import Mapping
from pathlib import Path

SYSTEM = Path("/var/run/docker.sock")


def usual_sockets(environ: Mapping[str, str]) -> list[Path]:
    """The machine's own, those of an engine without root, and that of a desktop."""
    sockets = [SYSTEM]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        sockets.append(Path(runtime) / "docker.sock")
    if home := environ.get("HOME"):
        sockets += [Path(home) / ".docker" / place / "docker.sock" for place in ("run", "desktop")]
    return sockets


def usual_address(environ: Mapping[str, str]) -> str:
    """That of the first that is there, else of the machine's own."""
    return f"unix://{next((path for path in usual_sockets(environ) if _is_there(path)), SYSTEM)}"


def _is_there(path: Path) -> bool:
    """Also one that this user may not look at."""
    try:
        return path.is_socket() or path.exists()
    except PermissionError:
        return True
