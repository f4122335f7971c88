"""Local stacks for tests: in a folder of their own, ended with it, and nothing of them left."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos_aura.core.process import ProcessId
from chaos_aura.core.project import Project
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.down import bring_down
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.progress import Silent
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.selection import ALL
from chaos_aura.stack.up import Arrival, Wanted, bring_up

_COMMAND_WITHIN_S = 170
_UP_WITHIN_S = 170  # beside other stacks that start: what a user waits at most is not meant here


@dataclass(frozen=True)
class PlacedStack:
    """A folder in which a stack may run."""

    project: Project
    environ: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def up(self, *services: str, **wanted: Any) -> Arrival:
        return bring_up(self.wanted(*services, **wanted), Silent())

    def wanted(self, *services: str, **wanted: Any) -> Wanted:
        cache = Cache.of_user(self.environ)
        within = {"timeout_s": _UP_WITHIN_S, **wanted}
        return Wanted(self.project, cache, Manifest.bundled(), self.environ, services or ALL, **within)

    def running(self) -> RunningStack:
        return RunningStack.of(self.project)

    def down(self, *, purge: bool = False) -> bool:
        return bring_down(self.project, purge=purge, on_wait=lambda: None)

    def command(self, *words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """`chaos-aura WORDS` in a process of its own, as a user runs it."""
        return subprocess.run(
            chaos_aura(*words),
            cwd=self.project.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            **{"timeout": _COMMAND_WITHIN_S, **options},
            check=False,
        )

    def document(self, *words: str) -> dict[str, Any]:
        return dict(json.loads(self.command(*words, "--json").stdout))

    def processes(self) -> dict[ProcessId, str]:
        """Every living process that works in this folder, with its command line."""
        return processes_in(self.project.root)


@contextmanager
def placed(folder: Path) -> Iterator[PlacedStack]:
    """Purged afterwards. Fails when a process of it is left."""
    one = PlacedStack(Project(folder))
    try:
        yield one
    finally:
        try:
            one.down(purge=True)
        finally:
            left = one.processes()
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        assert not left


def chaos_aura(*words: str) -> list[str]:
    return [str(Path(sys.executable).with_name("chaos-aura")), *words]


def processes_in(folder: Path) -> dict[ProcessId, str]:
    """By the folder in which they run or which they name; not this one, nor the one that runs the tests."""
    found = {}
    for entry in Path("/proc").iterdir():
        process = ProcessId.of(int(entry.name)) if entry.name.isdigit() else None
        if process and process.pid != os.getpid() and _is_in(entry, folder):
            found[process] = _command_line(entry)
    return found


def _is_in(entry: Path, folder: Path) -> bool:
    try:
        cwd = Path(os.readlink(entry / "cwd"))  # noqa: PTH115
    except OSError:
        return False
    return cwd.is_relative_to(folder) or str(folder / ".chaos-aura") in _command_line(entry)


def _command_line(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ").strip()
    except OSError:
        return ""
