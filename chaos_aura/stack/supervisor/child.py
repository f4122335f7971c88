"""One supervised process: what it is doing, and what is to happen to it next.

STOPPED --start--> RUNNING --ends--> WAITING --back-off over--> RUNNING
RUNNING --stop--> STOPPING --ends--> STOPPED        a job: RUNNING --ends--> ENDED
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.backoff import Backoff
from chaos_aura.stack.supervisor.program import Program
from chaos_aura.stack.supervisor.rotation import cut
from chaos_aura.stack.supervisor.spawn import spawn
from chaos_aura.supervision.state import ChildState, ChildStatus

_LEAVING = frozenset({ChildState.STOPPING, ChildState.RESTARTING})


class Child:
    """Driven by its owner's loop: `tick` does whatever is due, `due_s` says when there is more."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self.program = program
        self.state = ChildState.STOPPED
        self._say = say
        self._popen: subprocess.Popen[bytes] | None = None
        self._process: ProcessId | None = None
        self._backoff = Backoff()
        self._started_s = 0.0
        self._due_s = float("inf")
        self._restarts = 0
        self._last_end = ""

    @property
    def due_s(self) -> float:
        """When (monotonic) it wants its next `tick`."""
        return self._due_s

    def start(self) -> None:
        """Nothing to do when it runs already. A stop under way is let finish first, then it starts."""
        match self.state:
            case ChildState.STOPPED | ChildState.ENDED | ChildState.WAITING:
                self._backoff = Backoff()
                self._spawn()
            case ChildState.STOPPING:
                self.state = ChildState.RESTARTING
            case _:
                pass

    def stop(self, grace_s: float | None = None) -> None:
        """Asks it to end, kills it after the grace. A grace of 0 kills at once. Asked again, it gets no more time."""
        grace_s = self.program.grace_s if grace_s is None else grace_s
        if self._popen is None:
            self._settle(ChildState.STOPPED)
            return
        kill_s = time.monotonic() + grace_s
        self._due_s = min(self._due_s, kill_s) if self.state in _LEAVING else kill_s
        self.state = ChildState.STOPPING
        if grace_s > 0:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)  # one that is paused would not hear the other
        else:
            self._kill()

    def restart(self, grace_s: float | None = None) -> None:
        self.stop(grace_s)
        self.start()

    def tick(self) -> None:
        """Reaps, starts again, kills what overstays."""
        if self._popen is not None and _has_ended(self._popen.pid):
            self._signal(signal.SIGKILL)  # whatever it started itself ends with it
            self._ended(self._popen.wait())
        if time.monotonic() >= self._due_s:
            self._due()

    def shorten_log(self) -> None:
        with suppress(OSError):  # it may have been removed, or the disk be beyond help: neither ends the service
            if cut(Path(self.program.log), self.program.log_limit_bytes):
                self._say(f"{self.program.name}: cut its log, which had grown too long")

    def status(self) -> ChildStatus:
        return ChildStatus(
            name=self.program.name,
            state=self.state,
            process=self._process,
            restarts=self._restarts,
            last_end=self._last_end,
            retry_in_s=max(0.0, self._due_s - time.monotonic()) if self.state is ChildState.WAITING else 0.0,
            is_job=self.program.is_job,
        )

    def _due(self) -> None:
        if self.state is ChildState.WAITING:
            self._restarts += 1
            self._spawn()
        elif self._popen is not None:
            self._say(f"{self.program.name}: still there after its grace, killed")
            self._kill()

    def _spawn(self) -> None:
        self._due_s = float("inf")
        self._started_s = time.monotonic()
        try:
            self._popen = spawn(self.program)
        except (OSError, ValueError, subprocess.SubprocessError) as cause:
            self._ended_with(f"could not be started: {cause}")
            return
        self._process = ProcessId.of(self._popen.pid)
        self.state = ChildState.RUNNING
        self._say(f"{self.program.name}: started as process {self._popen.pid}")

    def _ended(self, returncode: int) -> None:
        self._popen = self._process = None
        self._ended_with(_describe_end(returncode))

    def _ended_with(self, end: str) -> None:
        self._last_end = end
        if self.state is ChildState.STOPPING:
            self._settle(ChildState.STOPPED)
        elif self.state is ChildState.RESTARTING:
            self.state = ChildState.STOPPED
            self.start()
        elif self.program.is_job:
            self._settle(ChildState.ENDED)
        else:
            self._come_back()

    def _come_back(self) -> None:
        wait_s = self._backoff.next_wait_s(time.monotonic() - self._started_s)
        self.state = ChildState.WAITING
        self._due_s = time.monotonic() + wait_s
        self._say(f"{self.program.name}: {self._last_end}; starts again in {wait_s:g} s")

    def _settle(self, state: ChildState) -> None:
        self.state = state
        self._due_s = float("inf")
        self._say(f"{self.program.name}: {state.value} ({self._last_end or 'never ran'})")

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)
        self._due_s = float("inf")

    def _signal(self, number: signal.Signals) -> None:
        """To the whole process group, which is the child's own."""
        if self._popen is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._popen.pid, number)


def _has_ended(pid: int) -> bool:
    """Looks without reaping: until it is reaped, its number and its group's cannot become a stranger's."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _describe_end(returncode: int) -> str:
    if returncode >= 0:
        return f"exited with {returncode}"
    names = {number.value: number.name for number in signal.Signals}
    return f"killed by {names.get(-returncode, f'signal {-returncode}')}"  # real-time signals have no name
