"""What the kernel really does to a container: read from its control groups, on this machine or from inside."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import run_inside
from chaos_aura.core.control_groups import group_of, hierarchy_with
from chaos_aura.core.errors import NotAnswered

_INSIDE = "/sys/fs/cgroup"
_UNLIMITED = "max"


@dataclass(frozen=True, slots=True)
class Controls:
    """The same thing in both versions of control groups: `Controls("memory", "memory.limit_in_bytes", "memory.max")`"""

    controller: str
    first: str
    second: str


@dataclass(frozen=True)
class Kernel:
    engine: Engine

    def words(self, container: Container, file: Controls) -> list[str]:
        """NoSuchTool when it cannot be read from here, and there is no `cat` inside."""
        folder = group_folder(container, file.controller)
        if folder is None:
            return self._inside(container, file)
        version, path = folder
        try:
            return (path / (file.first if version == 1 else file.second)).read_text(encoding="ascii").split()
        except OSError as cause:
            raise NotAnswered(container.name, f"its {file.controller} cannot be read ({cause.strerror})") from cause

    def number(self, container: Container, file: Controls) -> int | None:
        """None: as much as it likes."""
        word = self.words(container, file)[0]
        return None if word == _UNLIMITED else int(word)

    def figures(self, container: Container, file: Controls) -> Mapping[str, int]:
        """Of a file with a name and a number in each line."""
        words = self.words(container, file)
        return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=False) if value.isdecimal()}

    def _inside(self, container: Container, file: Controls) -> list[str]:
        for path in (f"{_INSIDE}/{file.controller}/{file.first}", f"{_INSIDE}/{file.second}"):
            done = run_inside(self.engine, container, ("cat", path))
            if done.code == 0:
                return done.said.split()
        why = f"its {file.controller} can be read neither from here nor from inside ({done.last_line})"
        raise NotAnswered(container.name, why, "run as root on the machine of its engine")


def group_folder(container: Container, controller: str) -> tuple[int, Path] | None:
    """With the version of its control groups. None when that is not to be seen from here."""
    process = container.process
    try:
        hierarchy = hierarchy_with(controller)
        folder = group_of(process.pid, controller, hierarchy) if process and hierarchy else None
    except OSError:
        return None  # it has just ended
    return (hierarchy.version, folder) if hierarchy and folder and folder.is_dir() else None


def frozen(container: Container) -> bool | None:
    """None when it cannot be seen from here."""
    for controller, file, sign in (("freezer", "freezer.state", "FROZEN"), ("pids", "cgroup.events", "frozen 1")):
        found = group_folder(container, controller)
        with suppress(OSError):
            if found:
                return sign in (found[1] / file).read_text(encoding="ascii")
    return None
