"""Histories of a system whose outage is known exactly."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.operation import CANARY, Operation, Outcome
from chaos_aura.judge.recovery import Outage
from chaos_aura.judge.seen import Seen, seen

MS = 1_000_000
S = 1000 * MS
LATE_S = 0.3


def operation(
    due_ns: int,
    outcome: Outcome | None = Outcome.OK,
    *,
    took_ns: int = 5 * MS,
    what: str = CANARY,
    why: str = "",
    name: str = "",
    **asked: Any,
) -> Operation:
    answered: Mapping[str, str] = {"why": why} if why else {}
    ended_ns = None if outcome is None else due_ns + took_ns
    return Operation(name or f"w-{due_ns}", what, "tenant-1", due_ns, due_ns, ended_ns, outcome, asked, answered)


@dataclass(frozen=True)
class System:
    """Well, but from `down_ns` until `up_ns`: then it refuses at once, or answers when it is up again."""

    down_ns: int
    up_ns: int
    hangs: bool = False
    gives_up_s: float = 2.0
    travels_ns: int = 1 * MS  # at most, to it
    works_ns: int = 5 * MS

    def asked(self, due_ns: int, chance: random.Random) -> Operation:
        arrives_ns = due_ns + chance.randint(0, self.travels_ns)
        if not self.down_ns <= arrives_ns < self.up_ns:
            return operation(due_ns, took_ns=arrives_ns - due_ns + self.works_ns)
        if not self.hangs:
            return operation(due_ns, Outcome.FAIL, took_ns=arrives_ns - due_ns + MS, why="unavailable")
        if self.up_ns - due_ns > self.gives_up_s * S:
            return operation(due_ns, Outcome.INFO, took_ns=int(self.gives_up_s * S), why="timeout")
        return operation(due_ns, took_ns=self.up_ns - due_ns + self.works_ns)


def history(system: System, rate: float, lasts_s: float, seed: int = 0) -> list[Operation]:
    """Constant arrivals from 0 on."""
    chance = random.Random(seed)
    return [system.asked(int(nth * S / rate), chance) for nth in range(int(lasts_s * rate))]


def seen_until(
    until_ns: int, operations: Sequence[Operation], due_ns: Sequence[int] | None = None, **more: Any
) -> Seen:
    """Every arrival has begun, unless others are told."""
    due_ns = sorted(each.due_ns for each in operations) if due_ns is None else due_ns
    return seen(operations, until_ns, due_ns=due_ns, **{"late_s": LATE_S, **more})


def held(from_ns: int, until_ns: int, budget_s: float = 30.0) -> Outage:
    """A fault that was held: the budget counts from its end."""
    return Outage(from_ns - MS, from_ns, until_ns, budget_s)
