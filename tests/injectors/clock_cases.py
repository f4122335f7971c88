"""How a clock is set wrong and right again in tests."""

import os
from collections.abc import Callable

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.kinds import KINDS
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.ground import Ground
from chaos_aura.stack.running import RunningStack
from injectors.clock import ClockInjector

_WITHIN_S = 60.0


def injector(stack: RunningStack) -> ClockInjector:
    return ClockInjector(Ground(stack.project.home, dict(os.environ)))


def skew(name: str, offset_s: float) -> Fault:
    return Fault("clock_skew", name, KINDS["clock_skew"].read({"offset_s": offset_s}), 30)


def awaited(look: Callable[[Undo], Proof], undo: Undo) -> Proof:
    """As the contract does it: one that a busy machine keeps from telling the time is asked again."""

    def seen() -> Proof:
        try:
            return look(undo)
        except TargetUnfit as cause:
            return Proof(holds=False, seen=str(cause))

    return await_proof(seen, _WITHIN_S)
