"""The processes inside of a container, as the kernel of this machine numbers them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from chaos_aura.containers.container import Container
from chaos_aura.core.process import ProcessId
from injectors.docker.kernel import group_folder


def processes_in(now: Container) -> dict[ProcessId, frozenset[str]]:
    """With the names that each goes by: `redis-server`, `python3` and `worker.py`. Empty when they cannot be seen."""
    found = group_folder(now, "pids")
    try:
        pids = (found[1] / "cgroup.procs").read_text(encoding="ascii").split() if found else []
    except OSError:
        return {}  # it has just ended
    there: dict[ProcessId, frozenset[str]] = {}
    for pid in pids:
        with suppress(OSError):  # so has this one of them
            if process := ProcessId.of(int(pid)):
                there[process] = frozenset(_names(pid))
    return there


def named(now: Container, name: str) -> list[ProcessId]:
    return [process for process, names in processes_in(now).items() if name in names]


def _names(pid: str) -> Iterator[str]:
    """What a program was told (`-Xmx1g`, `-a`) is no name."""
    folder = Path("/proc") / pid
    yield (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
    words = [word for word in (folder / "cmdline").read_bytes().split(b"\0")[:2] if not word.startswith(b"-")]
    yield from (name.decode(errors="replace") for word in words if (name := word.rpartition(b"/")[2]))
