"""Talks to the supervisor of one stack, or starts it."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput, StackDown, SupervisorFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.place import LOCK, LOG, PROGRAMS, SOCKET
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.stack.supervisor.state import ChildStatus

_ANSWER_WITHIN_S = 5.0
_START_WITHIN_S = 20.0
_TRY_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class SupervisorClient:
    """`home` is the stack's folder. Every call is one connection, one line out and one line in."""

    home: Path

    def launch(self, programs: Programs, inherit: tuple[int, ...] = (), until_ready: tuple[int, ...] = ()) -> None:
        """Returns when the daemon listens. It keeps the inherited descriptors open for as long as it lives.

        Those of `until_ready` stay open until it listens, even if this process is killed before.
        """
        programs.write(self.home / PROGRAMS)
        starter = subprocess.run(
            [sys.executable, "-m", "chaos_aura.stack.supervisor", str(self.home), *map(str, until_ready)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_WITHIN_S,
            check=False,
            pass_fds=(*inherit, *until_ready),
            start_new_session=True,  # a Ctrl-C meant for the command must not reach the daemon
        )
        if starter.returncode:
            why = starter.stderr.strip().splitlines()[-1:] or ["died without a word"]
            raise SupervisorFailed("supervisor", why[0].removeprefix("supervisor: "), f"its log: {self.home / LOG}")

    def is_running(self) -> bool:
        try:
            self.children()
        except StackDown:
            return False
        return True

    def children(self) -> dict[str, ChildStatus]:
        return {row["name"]: ChildStatus.from_dict(row) for row in self._ask({"do": "status"})["children"]}

    def pid(self) -> int:
        return int(self._ask({"do": "status"})["pid"])

    def start(self, name: str) -> None:
        self._ask({"do": "start", "name": name})

    def stop(self, name: str, grace_s: float | None = None) -> None:
        self._ask({"do": "stop", "name": name, "grace_s": grace_s})

    def restart(self, name: str, grace_s: float | None = None) -> None:
        self._ask({"do": "restart", "name": name, "grace_s": grace_s})

    def run_job(self, program: Program) -> None:
        """Unless it is running already."""
        self._ask({"do": "run_job", "program": program.to_dict()})

    def shut_down(self, within_s: float) -> None:
        """Returns when the daemon and its children are gone; one that overstays is killed, and they with it."""
        try:
            process = ProcessId.of(int(self._ask({"do": "shutdown"})["pid"]))
        except SupervisorFailed:
            process = self._signed()
            within_s = 0.0
        if process:
            _await_end(process, within_s)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = json.loads(self._exchange_with_patience(json.dumps(request).encode() + b"\n"))
        except (FileNotFoundError, ConnectionRefusedError) as cause:
            raise StackDown(f"stack of {self.home.parent}", "is not running", "run: chaos-aura up") from cause
        except (OSError, ValueError) as cause:
            raise SupervisorFailed(
                "supervisor", f"gave no answer ({cause})", f"run: chaos-aura down; its log: {self.home / LOG}"
            ) from cause
        if not answer["ok"]:
            raise BadInput(answer["where"], answer["why"], answer["remedy"])
        return dict(answer)

    def _exchange_with_patience(self, line: bytes) -> bytes:
        """One that lives but does not listen is about to do so, or about to end."""
        deadline_s = time.monotonic() + _ANSWER_WITHIN_S
        while True:
            try:
                return self._exchange(line)
            except (FileNotFoundError, ConnectionRefusedError):
                process = self._signed()
                if process is None or time.monotonic() > deadline_s:
                    raise
                time.sleep(_TRY_EVERY_S)

    def _signed(self) -> ProcessId | None:
        """The living daemon of this folder, by the lock that it signed."""
        try:
            process = ProcessId.parse((self.home / LOCK).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return process if process.is_alive() else None

    def _exchange(self, line: bytes) -> bytes:
        """Through a descriptor of the folder: a socket's path may have 107 bytes, and a checkout's has more."""
        folder = os.open(self.home, os.O_PATH | os.O_DIRECTORY)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_ANSWER_WITHIN_S)
                connection.connect(f"/proc/self/fd/{folder}/{SOCKET}")
                connection.sendall(line)
                with connection.makefile("rb") as answer:
                    return answer.readline()
        finally:
            os.close(folder)


def _await_end(process: ProcessId, within_s: float) -> None:
    """By its descriptor, so that no other process can be meant."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_alive() and not select.select([handle], [], [], within_s)[0]:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], _ANSWER_WITHIN_S)
    finally:
        os.close(handle)
