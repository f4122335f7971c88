"""An injector's hold on the helper that carries one of its faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place
from chaos_aura.faults.lasting.end import end
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.faults.lasting.report import figures_of, last_words
from chaos_aura.faults.lasting.start import checked, start
from chaos_aura.faults.proving import PROVEN_WITHIN_S


@dataclass(frozen=True, slots=True)
class Carrier:
    """For one program. What it needs of an undo is what its `undo` puts there."""

    ground: Ground
    program: Path

    def undo(
        self,
        fault: Fault,
        lease_id: str,
        arguments: Sequence[object],
        touches: Sequence[str],
        *,
        takes_s: float = 0.0,
        **more: Any,
    ) -> Undo:
        """`takes_s`: what the injector says of that fault, if it says anything."""
        data = {
            **more,
            "lease": checked(lease_id),
            "kind": fault.kind,
            "target": fault.target,
            "lasts_s": fault.lasts_s,
            "proving_s": PROVEN_WITHIN_S + takes_s,
            "arguments": [str(argument) for argument in arguments],
        }
        return Undo(data, tuple(touches), by_hand(lease_id))

    def inject(self, undo: Undo) -> None:
        """The time of a fault begins when it is in force, that of its helper now."""
        data = undo.data
        lasts_s = data["proving_s"] + data["lasts_s"]
        start(self.ground, data["lease"], self.program, data["arguments"], lasts_s)

    def heal(self, undo: Undo) -> None:
        end(self.ground, undo.data["lease"])

    def helper(self, undo: Undo) -> ProcessId | None:
        """None when none lives."""
        found = helpers_of(undo.data["lease"])
        return found[0] if found else None

    def figures(self, undo: Undo) -> Mapping[str, float]:
        return figures_of(self.ground, undo.data["lease"])

    def dead(self, undo: Undo) -> Proof:
        """What to say when it should live."""
        why = last_words(self.ground, undo.data["lease"])
        return Proof(False, "no helper lives" + (f": {why}" if why else ""))

    def gone(self, undo: Undo) -> Proof:
        found = helpers_of(undo.data["lease"])
        if found:
            return Proof(False, f"helper {found[0].pid} lives", {"helpers": [str(process) for process in found]})
        return Proof(True, "no helper of it lives")


def by_hand(lease_id: str) -> str:
    """The brackets keep it from finding, and killing, the shell that runs it."""
    mark = place.mark(lease_id)
    return f"pkill -KILL -f '{mark[:-1]}[{mark[-1]}]'"
