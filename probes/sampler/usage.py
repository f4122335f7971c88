"""How much processor time a group of processes has used between two looks at them, though some of them come and go."""

from collections.abc import Collection, Iterable, Mapping

from chaos_aura.core.process import ProcessId
from probes.sampler.census import TICKS_A_SECOND, Census, Process

_DEBT_LASTS = 2  # looks


class Usage:
    """Of one group, look by look.

    What a process used that began and ended between two looks is told by its parent, which adds the times of children
    that have ended to a count of its own. Of a child that was seen before, that count repeats what has been counted
    already: so much of it is owed. Who reads /proc may find a child gone before its parent knows of it: so a debt lasts
    for a while, and then lapses, as nobody of the group took notice.
    """

    def __init__(self) -> None:
        self._before: Census | None = None
        self._members: Mapping[ProcessId, Process] = {}
        self._debts: list[tuple[int, int]] = []

    def cores(self, census: Census, pids: Collection[int]) -> float | None:
        """On average since the look before; None at the first."""
        before, former = self._before, self._members
        self._before = census
        self._members = {census.processes[pid].id: census.processes[pid] for pid in pids if pid in census.processes}
        if before is None or census.at_s <= before.at_s:
            return None
        used = [_since(each, former, before) for each in self._members.values()]
        self._owe(each for process, each in former.items() if process not in self._members)
        ticks = sum(own for own, _ in used) + self._without_debts(sum(of_children for _, of_children in used))
        return ticks / TICKS_A_SECOND / (census.at_s - before.at_s)

    def _owe(self, gone: Iterable[Process]) -> None:
        lasting = [(ticks, looks - 1) for ticks, looks in self._debts if looks > 1]
        self._debts = [*lasting, *((each.used + each.of_children, _DEBT_LASTS) for each in gone)]

    def _without_debts(self, ticks: int) -> int:
        left = []
        for owed, looks in self._debts:
            paid = min(owed, ticks)
            ticks -= paid
            if owed > paid:
                left.append((owed - paid, looks))
        self._debts = left
        return ticks


def _since(now: Process, former: Mapping[ProcessId, Process], before: Census) -> tuple[int, int]:
    """Of its own, and of its children that have ended."""
    if then := former.get(now.id):
        return now.used - then.used, now.of_children - then.of_children
    if (known := before.processes.get(now.id.pid)) is not None and known.id == now.id:
        return 0, 0  # it lived already, and is of the group from now on
    return now.used, now.of_children
