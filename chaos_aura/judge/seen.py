"""What was seen of a system until a moment, and how much of it is decided."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chaos_aura.core.operation import Operation
from chaos_aura.judge.backlog import BacklogSample, Limits
from chaos_aura.judge.quality import Graded, decided_until_ns, graded

_NS = 1e9
_NO_BACKLOGS: Mapping[str, Sequence[BacklogSample]] = {}
_NO_LIMITS = Limits()


@dataclass(frozen=True)
class Seen:
    """All that was seen until `until_ns`: operations, graded; backlogs; what the system itself said was wrong.

    `due_ns`: all arrivals that were scheduled, in order, whether or not the load managed to begin them. What was meant
    to begin before `known_until_ns` is all decided. Every backlog of `limits` must have been looked at.
    """

    until_ns: int
    known_until_ns: int
    operations: Sequence[Graded]
    late_s: float
    due_ns: Sequence[int]
    backlogs: Mapping[str, Sequence[BacklogSample]] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    signals_ns: Sequence[int] = ()

    @cached_property
    def scheduled(self) -> frozenset[int]:
        """What is asked for again was not scheduled, and makes up for nothing that was not begun."""
        return frozenset(self.due_ns)


def seen(
    operations: Sequence[Operation],
    until_ns: int,
    *,
    late_s: float,
    due_ns: Sequence[int],
    unjustified: Collection[str] = (),
    noisy_ns: Sequence[tuple[int, int]] = (),
    backlogs: Mapping[str, Sequence[BacklogSample]] = _NO_BACKLOGS,
    limits: Limits = _NO_LIMITS,
    signals_ns: Sequence[int] = (),
) -> Seen:
    """Where the history ends although arrivals were due, whoever wrote it has died: what is later was not seen, and
    what was under way then is nobody's fault."""
    ended_ns = max((_last_ns(each, until_ns) for each in operations), default=until_ns)
    is_cut = any(ended_ns + late_s * _NS < each <= until_ns for each in due_ns)
    known_ns = ended_ns if is_cut else until_ns
    return Seen(
        until_ns,
        decided_until_ns(operations, late_s=late_s, until_ns=known_ns),
        graded(operations, late_s=late_s, until_ns=known_ns, unjustified=unjustified, noisy_ns=noisy_ns),
        late_s,
        due_ns,
        backlogs,
        limits,
        signals_ns,
    )


def _last_ns(operation: Operation, until_ns: int) -> int:
    moments = (operation.invoked_ns, operation.ended_ns or 0)
    return max(each for each in (*moments, 0) if each <= until_ns)
