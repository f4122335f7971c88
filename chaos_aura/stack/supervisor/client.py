"""Talks to the supervisor of one stack, or starts it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput, StackDown, SupervisorFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.supervisor.ending import await_end
from chaos_aura.stack.supervisor.exchange import exchange
from chaos_aura.stack.supervisor.launch import launch
from chaos_aura.stack.supervisor.lock import signer
from chaos_aura.stack.supervisor.place import LOG
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.stack.supervisor.state import SCHEMA, START_AGAIN, ChildStatus, ChildStatuses


@dataclass(frozen=True, slots=True)
class SupervisorClient:
    """`home` is the stack's folder. Every call is one connection, one line out and one line in."""

    home: Path

    def launch(self, programs: Programs, inherit: tuple[int, ...] = (), until_ready: tuple[int, ...] = ()) -> None:
        """Returns when the daemon listens. It keeps the inherited descriptors open for as long as it lives.

        Those of `until_ready` stay open until it listens, even if this process is killed before.
        """
        launch(self.home, programs, self.is_running, inherit, until_ready)

    def is_running(self) -> bool:
        """In whatever version."""
        try:
            self._ask({"do": "status"})
        except StackDown:
            return False
        return True

    def children(self) -> ChildStatuses:
        status = self._status()
        try:
            return ChildStatuses((row["name"], ChildStatus.from_dict(row)) for row in status["children"])
        except (TypeError, ValueError, KeyError) as cause:
            raise _of_another_version() from cause

    def pid(self) -> int:
        return int(self._status()["pid"])

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
            process = _answerer(self._ask({"do": "shutdown"})) or signer(self.home)
        except (SupervisorFailed, BadInput):  # mute, or of a version that does not know the word
            process = signer(self.home)
            within_s = 0.0
        except StackDown:
            await_end(self.home, None, within_s)  # of what a killed one has left
            raise
        await_end(self.home, process, within_s)

    def _status(self) -> dict[str, Any]:
        status = self._ask({"do": "status"})
        if status.get("schema") != SCHEMA:
            raise _of_another_version()
        return status

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = json.loads(exchange(self.home, json.dumps(request).encode() + b"\n"))
        except (FileNotFoundError, ConnectionRefusedError) as cause:
            raise StackDown(f"stack of {self.home.parent}", "is not running", "run: chaos-aura up") from cause
        except PermissionError as cause:
            why = f"may not be spoken to (Permission denied: {self.home})"
            raise SupervisorFailed("supervisor", why, "run as the user whose stack it is") from cause
        except (OSError, ValueError) as cause:
            raise SupervisorFailed(
                "supervisor", f"gave no answer ({cause})", f"run: chaos-aura down; its log: {self.home / LOG}"
            ) from cause
        if not isinstance(answer, dict) or "ok" not in answer:
            raise _of_another_version()
        if not answer["ok"]:
            raise BadInput(*(str(answer.get(part, "")) for part in ("where", "why", "remedy")))
        return answer


def _answerer(answer: dict[str, Any]) -> ProcessId | None:
    """None for one of another version that tells a bare pid only, which may be a stranger's by now."""
    try:
        return ProcessId.parse(answer["process"])
    except (KeyError, ValueError, AttributeError):
        return None


def _of_another_version() -> SupervisorFailed:
    return SupervisorFailed("supervisor", "was started by another version of chaos-aura", START_AGAIN)
