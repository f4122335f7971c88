"""A folder with a real supervisor in it, and a way to find every process that came of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from awaiting import wait_until

from chaos_aura.core.errors import StackDown
from chaos_aura.core.process import ProcessId
from chaos_aura.core.project import Project
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.lock import is_held
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.supervision.state import ChildState, ChildStatus

PATIENCE_S = 60.0
MARK = "CHAOS_AURA_TESTED_IN"

# Starts a supervisor as a command of ours does, says so, and goes on until its standard input ends.
LAUNCHER = """
import sys
from pathlib import Path
from chaos_aura.core.errors import SupervisorFailed
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.supervisor.program import Programs
try:
    SupervisorClient(Path(sys.argv[1])).launch(Programs.read(Path(sys.argv[2])))
except SupervisorFailed as failed:
    sys.exit(str(failed))
print("launched", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Home:
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> SupervisorClient:
        return SupervisorClient(self.folder)

    def file(self, name: str) -> Path:
        return self.folder / name

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(encoding="utf-8")

    def program(self, name: str, *argv: str, **more: Any) -> Program:
        return Program(
            name=name,
            argv=argv or ("sleep", "1000"),
            cwd=str(self.folder),
            log=str(self.folder / "logs" / f"{name}.log"),
            **{"env": self.environ, **more},
        )

    def script(self, name: str, code: str, **more: Any) -> Program:
        return self.program(name, sys.executable, "-S", "-c", code, **more)

    def launch(self, *programs: Program, **options: Any) -> SupervisorClient:
        self.client.launch(Programs(programs), **options)
        return self.client

    @contextmanager
    def launching(self, *programs: Program, **options: Any) -> Iterator["subprocess.Popen[str]"]:
        """In a process of its own, which is killed in the end."""
        listed = self.folder.parent / "wanted.json"
        Programs(programs).write(listed)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-c", LAUNCHER, str(self.folder), str(listed)]
        with subprocess.Popen(command, text=True, **{**pipes, **options}) as launcher:
            try:
                yield launcher
            finally:
                launcher.kill()

    def child(self, name: str) -> ChildStatus:
        return self.client.children()[name]

    def await_child(self, name: str, condition: Callable[[ChildStatus], object], what: str) -> ChildStatus:
        def met() -> ChildStatus | None:
            status = self.child(name)
            return status if condition(status) else None

        return wait_until(met, PATIENCE_S, f"{name} {what}; it is {self._described(name)}")

    def await_state(self, name: str, state: ChildState) -> ChildStatus:
        return self.await_child(name, lambda child: child.state is state, state.value)

    def await_running(self, name: str) -> ProcessId:
        process = self.await_child(name, lambda child: child.process, "has a process").process
        assert process is not None
        return process

    def await_file(self, name: str) -> str:
        """Its text, once it has any."""
        path = self.file(name)
        return wait_until(lambda: path.exists() and path.read_text(encoding="utf-8"), PATIENCE_S, f"text in {name}")

    def processes(self) -> dict[ProcessId, str]:
        """All that live with this folder's mark in their environment: launchers, supervisor, children, theirs."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _is_marked(entry, self.folder):
                process = ProcessId.of(int(entry.name))
                if process and process.pid != os.getpid():
                    found[process] = _command_line(entry)
        return found

    def is_deserted(self) -> bool:
        """By the lock, too: a process that is just becoming another program has no environment for that moment."""
        return not (self.processes() or is_held(self.folder))

    def await_nothing_left(self) -> None:
        wait_until(self.is_deserted, PATIENCE_S, "no process is left")

    def clear(self) -> None:
        """Ends everything, and fails when a shutdown did not."""
        left: dict[ProcessId, str] = {}
        try:
            with suppress(StackDown):
                self.client.shut_down(PATIENCE_S)
        finally:
            left = self.processes()
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
        assert left == {}

    def _described(self, name: str) -> str:
        with suppress(StackDown):
            return str(self.child(name))
        return "in no running stack"


@contextmanager
def supervised(parent: Path, environ: dict[str, str]) -> Iterator[Home]:
    project = Project(parent)
    project.make()
    home = Home(project.home, environ)
    try:
        yield home
    finally:
        home.clear()


def _is_marked(entry: Path, folder: Path) -> bool:
    with suppress(OSError):
        return os.fsencode(f"{MARK}={folder.parent}") in (entry / "environ").read_bytes().split(b"\0")
    return False


def _command_line(entry: Path) -> str:
    with suppress(OSError):
        return (entry / "cmdline").read_text(encoding="utf-8", errors="replace").replace("\0", " ")
    return ""
