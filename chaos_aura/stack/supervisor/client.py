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
from chaos_aura.stack.supervisor.state import ChildStatus


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
            process = signer(self.home)
            within_s = 0.0
        except StackDown:
            await_end(self.home, None, within_s)  # of what a killed one has left
            raise
        await_end(self.home, process, within_s)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = json.loads(exchange(self.home, json.dumps(request).encode() + b"\n"))
        except (FileNotFoundError, ConnectionRefusedError) as cause:
            raise StackDown(f"stack of {self.home.parent}", "is not running", "run: chaos-aura up") from cause
        except (OSError, ValueError) as cause:
            raise SupervisorFailed(
                "supervisor", f"gave no answer ({cause})", f"run: chaos-aura down; its log: {self.home / LOG}"
            ) from cause
        if not answer["ok"]:
            raise BadInput(answer["where"], answer["why"], answer["remedy"])
        return dict(answer)
