"""The load's process, as whoever starts it knows it: begin, look, stop. Nothing of Locust is imported here."""

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from chaos_aura.core.errors import LoadFailed
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.state import STATE, Doing, LoadState

_LOOKS_EVERY_S = 0.02


def start(plan: LoadPlan, folder: Path, log_path: Path) -> "LoadProcess":
    """In a session of its own: Ctrl-C in a terminal is for whoever started it, who then says `stop`.

    When that one dies, the load gives back what it holds and ends.
    """
    plan.write(folder)
    command = [sys.executable, "-P", "-m", "chaos_aura.load", str(folder)]
    with log_path.open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True)
    return LoadProcess(process, folder, log_path)


@dataclass(frozen=True)
class LoadProcess:
    process: "subprocess.Popen[bytes]"
    folder: Path
    log_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def state(self) -> LoadState:
        """As it told last. One that died without a word has failed."""
        is_alive = self.is_alive  # before the look: what it says at its end is then in the file
        told = LoadState.read(self.folder / STATE)
        if is_alive or told.is_over:
            return told
        return replace(told, state=Doing.FAILED, why=f"its process ended with {self.process.returncode}{self._last()}")

    def await_running(self, within_s: float) -> LoadState:
        """LoadFailed when it does not begin by then."""
        deadline_s = time.monotonic() + within_s
        while (told := self.state()).state is Doing.STARTING:
            if time.monotonic() > deadline_s:
                raise LoadFailed("load", f"has not begun within {within_s:g} s", f"look at {self.log_path}")
            time.sleep(_LOOKS_EVERY_S)
        if told.state is Doing.FAILED:
            raise LoadFailed("load", told.why, f"its log is {self.log_path}")
        return told

    def stop(self, within_s: float) -> LoadState:
        """No new arrivals; it gives everything back and ends. Killed when it has not by then, which is a failure."""
        self._say_stop()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            return replace(self.state(), state=Doing.FAILED, why=f"it did not end within {within_s:g} s: killed")
        self._close()
        return self.state()

    def leave(self) -> None:
        """Waits for nothing: it gives back what it holds, as when whoever started it is dead, and ends by itself."""
        self._close()

    def kill(self) -> None:
        """At once. What it holds stays held until its hours are over."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _say_stop(self) -> None:
        """Its input stays open: the end of that would say that nobody is there any more."""
        if self.process.stdin and not self.process.stdin.closed:
            with suppress(OSError):
                self.process.stdin.write(b"stop\n")
                self.process.stdin.flush()

    def _close(self) -> None:
        if self.process.stdin:
            with suppress(OSError):
                self.process.stdin.close()

    def _last(self) -> str:
        with suppress(OSError):
            lines = self.log_path.read_text(encoding="utf-8", errors="replace").split("\n")
            return next((f": {line.strip()}" for line in reversed(lines) if line.strip()), "")
        return ""
