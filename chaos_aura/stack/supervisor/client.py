"""Starts the supervisor of one stack, gives it jobs, ends it."""

from typing import Any

from chaos_aura.core.errors import BadInput, StackDown, SupervisorFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.stack.supervisor.ending import await_end
from chaos_aura.stack.supervisor.launch import launch
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.place import LOCK


class SupervisorClient(Supervision):
    """All that the stack's own commands need."""

    __slots__ = ()

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

    def run_job(self, program: Program) -> None:
        """Unless it is running already."""
        self._ask({"do": "run_job", "program": program.to_dict()})

    def shut_down(self, within_s: float) -> None:
        """Returns when the daemon and its children are gone; one that overstays is killed, and they with it."""
        try:
            process = _answerer(self._ask({"do": "shutdown"})) or signer(self.home / LOCK)
        except (SupervisorFailed, BadInput):  # mute, or of a version that does not know the word
            process = signer(self.home / LOCK)
            within_s = 0.0
        except StackDown:
            await_end(self.home, None, within_s)  # of what a killed one has left
            raise
        await_end(self.home, process, within_s)


def _answerer(answer: dict[str, Any]) -> ProcessId | None:
    """None for one of another version that tells a bare pid only, which may be a stranger's by now."""
    try:
        return ProcessId.parse(answer["process"])
    except (KeyError, ValueError, AttributeError):
        return None
