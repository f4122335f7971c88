"""What was recorded of a run until now, and what the judges say of it: its baseline, its recovery.

Tenants and the canary are judged apart, because what is late differs: an allocation takes a hundred times as long as a
look at the API. The outage is over when it is over for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaos_aura.core.operation import ALLOCATE, CANARY, RELEASE, Operation
from chaos_aura.judge.backlog import Limits
from chaos_aura.judge.baseline import OPERATIONS, Baseline, baseline
from chaos_aura.judge.capacity import unjustified_refusals
from chaos_aura.judge.joined import joined
from chaos_aura.judge.recovery import Outage, Recovery, State, agreed, recovery
from chaos_aura.judge.seen import Seen, seen
from chaos_aura.run.samples import Samples

TENANTS, CANARIES = "tenants", "canary"
_WHAT = {TENANTS: frozenset({ALLOCATE, RELEASE}), CANARIES: frozenset({CANARY})}
_MARGIN = 10  # some of the last may still be under way
_FLOOR_S = {TENANTS: 1.0, CANARIES: 0.5}


@dataclass(frozen=True)
class Observation:
    """`due_ns`: every arrival that was scheduled, by who asks. `inventory`: how many GPUs were free before, by type."""

    until_ns: int
    operations: Sequence[Operation]
    due_ns: Mapping[str, Sequence[int]]
    samples: Samples
    inventory: Mapping[str, int]
    signals_ns: Sequence[int] = ()
    unjustified: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "unjustified", unjustified_refusals(self.operations, self.inventory))

    def of(self, who: str) -> list[Operation]:
        return [each for each in self.operations if each.what in _WHAT[who]]

    def asked_by(self) -> list[str]:
        """Whoever has anything to do in this run."""
        return [who for who in _WHAT if self.due_ns.get(who)]

    def baselines(self, from_ns: int, until_ns: int) -> dict[str, Baseline]:
        return {
            who: baseline(
                self.of(who),
                from_ns,
                until_ns,
                due_ns=self.due_ns[who],
                floor_s=_FLOOR_S[who],
                unjustified=self.unjustified,
            )
            for who in self.asked_by()
        }

    def since_ns(self, who: str, earliest_ns: int, until_ns: int, least_s: float) -> int:
        """When the shortest stretch began that ends at `until_ns` and is long enough for a baseline."""
        ended = [each.due_ns for each in self.of(who) if each.ended_ns and earliest_ns <= each.due_ns <= until_ns]
        enough_ns = sorted(ended)[-OPERATIONS - _MARGIN] if len(ended) > OPERATIONS + _MARGIN else earliest_ns
        return max(earliest_ns, min(enough_ns, until_ns - int(least_s * 1e9)))

    def usual_backlogs(self, from_ns: int, until_ns: int) -> Limits:
        """How old the oldest entry was when nothing was wrong."""
        oldest = {
            name: [each.oldest_s for each in samples if each.oldest_s is not None and from_ns <= each.at_ns <= until_ns]
            for name, samples in self.samples.backlogs.items()
        }
        return Limits({name: max(ages, default=0.0) for name, ages in oldest.items()})

    def noisy_s(self, from_ns: int) -> float:
        """Since then."""
        return self.samples.noisy_s(from_ns)

    def noisy_ns(self) -> tuple[tuple[int, int], ...]:
        return self.samples.noisy_ns()

    def recoveries(self, outage: Outage, baselines: Mapping[str, Baseline], usual: Limits) -> dict[str, Recovery]:
        """Each judged twice where the machine itself was noisy, the second time without what was late meanwhile, and
        with a budget that is longer by the noise: where the two differ nobody knows.
        """
        return {who: self._recovery(who, outage, each.late_s, usual) for who, each in baselines.items()}

    def recovery(self, outage: Outage, baselines: Mapping[str, Baseline], usual: Limits) -> Recovery:
        return joined(self.recoveries(outage, baselines, usual))

    def _recovery(self, who: str, outage: Outage, late_s: float, usual: Limits) -> Recovery:
        found = recovery(outage, self._seen(who, late_s, usual, ()))
        noisy_ns = self.noisy_ns()
        if not noisy_ns:
            return found
        spared = replace(outage, budget_s=outage.budget_s + self.noisy_s(outage.counts_from_ns))
        excused = recovery(spared, self._seen(who, late_s, usual, noisy_ns))
        # What is late, and may be so because of the noise, is watched on until even the noise explains it no more.
        told = excused if found.state is State.LATE and excused.state is not State.LATE else found
        return replace(found, state=told.state, recovered=told.recovered, judgement=agreed(found, excused))

    def _seen(self, who: str, late_s: float, usual: Limits, noisy_ns: Sequence[tuple[int, int]]) -> Seen:
        has_backlogs = who == TENANTS
        return seen(
            self.of(who),
            self.until_ns,
            late_s=late_s,
            due_ns=self.due_ns[who],
            unjustified=self.unjustified,
            noisy_ns=noisy_ns,
            backlogs=self.samples.backlogs if has_backlogs else {},
            limits=usual if has_backlogs else Limits(),
            signals_ns=self.signals_ns,
        )
