"""The loop of the supervisor: one thread that reaps, starts again, and answers requests on a unix socket."""

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput, ChaosAuraError
from chaos_aura.stack.supervisor.child import Child
from chaos_aura.stack.supervisor.conversation import Conversation
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.stack.supervisor.state import ChildState

_IDLE_S = 1.0
_QUIET = frozenset({ChildState.STOPPED, ChildState.ENDED})


class Supervisor:
    """Owns the children. `run` returns when it was told to shut down and the last child is gone."""

    def __init__(self, programs: Programs, listener: socket.socket) -> None:
        self._children = {program.name: Child(program, say) for program in programs.programs}
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._was_signalled = False
        self._is_ending = False
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "status": self._status,
            "start": self._start,
            "stop": self._stop,
            "restart": self._restart,
            "run_job": self._run_job,
            "shutdown": self._shutdown,
        }

    def run(self) -> None:
        self._listen()
        for child in self._children.values():
            if child.program.starts:
                child.start()
        while not (self._is_ending and self._all_quiet()):
            due_s = min((child.tick() for child in self._children.values()), default=float("inf"))
            self._wait_until(due_s)
            if self._was_signalled and not self._is_ending:
                self.begin_shutdown()

    def begin_shutdown(self) -> None:
        """All at once: nothing here depends on another to end well."""
        self._is_ending = True
        for child in self._children.values():
            if child.state not in _QUIET:
                child.stop()

    def _listen(self) -> None:
        waker, wakened = socket.socketpair()
        for end in (waker, wakened, self._listener):
            end.setblocking(False)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        self._waker = waker
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wakened, selectors.EVENT_READ, lambda: self._drain(wakened))
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _note_signal(self, *_: object) -> None:
        """Only noted: it may have come in the middle of a child's change of state."""
        self._was_signalled = True

    def _wait_until(self, due_s: float) -> None:
        for key, _ in self._selector.select(max(0.0, min(_IDLE_S, due_s - time.monotonic()))):
            key.data()

    def _drain(self, wakened: socket.socket) -> None:
        with suppress(BlockingIOError):
            while wakened.recv(512):
                pass

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            Conversation(connection, self._selector, self.answer)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Never raises: a bad request is the asker's trouble, not the children's."""
        try:
            verb = self._answers.get(str(request.get("do")))
            if verb is None:
                raise BadInput("supervisor", f"cannot do {request.get('do')!r}", f"ask for: {', '.join(self._answers)}")
            return {"ok": True, **verb(request)}
        except ChaosAuraError as refused:
            return {"ok": False, "where": refused.where, "why": refused.why, "remedy": refused.remedy}
        except (TypeError, ValueError, KeyError) as cause:
            return {
                "ok": False,
                "where": "supervisor",
                "why": f"request not understood: {cause!r}",
                "remedy": "",
            }

    def _status(self, _: dict[str, Any]) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "children": [child.status().to_dict() for child in self._children.values()],
        }

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        self._refuse_when_ending()
        self._child(request).start()
        return {}

    def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self._child(request).stop(request.get("grace_s"))
        return {}

    def _restart(self, request: dict[str, Any]) -> dict[str, Any]:
        self._refuse_when_ending()
        self._child(request).restart(request.get("grace_s"))
        return {}

    def _run_job(self, request: dict[str, Any]) -> dict[str, Any]:
        self._refuse_when_ending()
        program = Program.from_dict(request["program"])
        running = self._children.get(program.name)
        if running is None or running.state in _QUIET:
            self._children[program.name] = Child(program, say)
            self._children[program.name].start()
        return {}

    def _shutdown(self, _: dict[str, Any]) -> dict[str, Any]:
        self.begin_shutdown()
        return {"pid": os.getpid()}

    def _child(self, request: dict[str, Any]) -> Child:
        name = request["name"]
        if name not in self._children:
            raise BadInput(str(name), "no such program", f"there are: {', '.join(self._children)}")
        return self._children[name]

    def _refuse_when_ending(self) -> None:
        if self._is_ending:
            raise BadInput("supervisor", "is shutting down", "wait for it, then run: chaos-aura up")

    def _all_quiet(self) -> bool:
        return all(child.state in _QUIET for child in self._children.values())


def say(line: str) -> None:
    """One dated line in the supervisor's own log."""
    print(time.strftime("%Y-%m-%dT%H:%M:%S%z"), line, file=sys.stdout, flush=True)  # noqa: T201 - its log is stdout


def serve(home: Path, socket_name: str, programs_name: str, ready: Callable[[], None]) -> None:
    """Runs until told to end. `home` becomes the current folder, so that long paths fit a socket's name."""
    os.chdir(home)
    programs = Programs.read(Path(programs_name))
    Path(socket_name).unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(socket_name)
        listener.listen(16)
        say(f"supervisor: process {os.getpid()} keeps {len(programs.programs)} programs")
        ready()
        try:
            Supervisor(programs, listener).run()
        finally:
            Path(socket_name).unlink(missing_ok=True)
            say("supervisor: ended")
