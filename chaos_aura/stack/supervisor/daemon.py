"""The loop of the supervisor: one thread that reaps, starts again, and answers requests on a unix socket."""

import os
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from chaos_aura.stack.supervisor.answers import Answers
from chaos_aura.stack.supervisor.children import Children
from chaos_aura.stack.supervisor.program import LOG_LIMIT_BYTES, Programs
from chaos_aura.stack.supervisor.reception import Reception
from chaos_aura.stack.supervisor.rotation import cut
from chaos_aura.stack.supervisor.saying import say
from chaos_aura.stack.supervisor.wakeup import Wakeup
from chaos_aura.supervision.place import CATALOGUE, LOG, PROGRAMS, SOCKET

_IDLE_S = 1.0
_LOGS_EVERY_S = 5.0  # a look is cheap, and much can be written in a minute
_BACKLOG = 4096  # one that finds it full is refused at once, not made to wait


class Supervisor:
    """Owns the children. `run` returns when it was told to shut down and the last child is gone."""

    def __init__(self, programs: Programs, listener: socket.socket) -> None:
        self._children = Children(programs, say)
        self._selector = selectors.DefaultSelector()
        self._wakeup = Wakeup(self._selector)
        self._reception = Reception(listener, self._selector, Answers(self._children).answer)
        self._mark = Path(SOCKET).stat()
        self._logs_due_s = 0.0

    def run(self) -> None:
        self._children.start()
        due_s = self._children.tick()
        while not (self._children.are_ending and self._children.are_quiet):
            self._wait_until(due_s)
            self._reception.tidy()
            self._shorten_logs()
            if not self._children.are_ending and self._should_end():
                self._children.end()
            due_s = self._children.tick()

    @property
    def is_reachable(self) -> bool:
        """By whoever looks into the folder."""
        try:
            return os.path.samestat(self._mark, Path(SOCKET).stat())
        except OSError:
            return False

    def _should_end(self) -> bool:
        """Nobody could end one whose folder was removed, or its services."""
        if not self.is_reachable:
            say("supervisor: its socket is gone, so it ends")
            return True
        return self._wakeup.is_told_to_end

    def _shorten_logs(self) -> None:
        if time.monotonic() < self._logs_due_s:
            return
        self._logs_due_s = time.monotonic() + _LOGS_EVERY_S
        self._children.shorten_logs()
        with suppress(OSError):
            cut(Path(LOG), LOG_LIMIT_BYTES)

    def _wait_until(self, due_s: float) -> None:
        for key, _ in self._selector.select(max(0.0, min(_IDLE_S, due_s - time.monotonic()))):
            key.data()


def serve(home: Path, ready: Callable[[], None]) -> None:
    """Runs until told to end. `home` becomes the current folder, so that long paths fit a socket's name."""
    os.chdir(home)
    programs = Programs.read(home / PROGRAMS)
    Path(SOCKET).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(SOCKET)
        listener.listen(_BACKLOG)
        supervisor = Supervisor(programs, listener)
        try:
            ready()
            say(f"supervisor: process {os.getpid()} keeps {len(programs.programs)} programs")
            supervisor.run()
        finally:
            if supervisor.is_reachable:
                Path(SOCKET).unlink(missing_ok=True)  # first: a catalogue is only missed while somebody listens
                Path(CATALOGUE).unlink(missing_ok=True)
            say("supervisor: ended")
