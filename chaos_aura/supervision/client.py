"""Asks the supervisor of one stack."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.errors import BadInput, StackDown, SupervisorFailed
from chaos_aura.supervision.exchange import exchange
from chaos_aura.supervision.place import LOG
from chaos_aura.supervision.state import SCHEMA, START_AGAIN, ChildStatus, ChildStatuses


@dataclass(frozen=True, slots=True)
class Supervision:
    """`home` is the stack's folder. Every call is one connection, one line out and one line in."""

    home: Path

    def children(self) -> ChildStatuses:
        """StackDown when nobody supervises."""
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


def _of_another_version() -> SupervisorFailed:
    return SupervisorFailed("supervisor", "was started by another version of chaos-aura", START_AGAIN)
