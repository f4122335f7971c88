"""How a run stands at this moment, from what has been recorded of it. Looked at several times a second."""

import time
from collections import deque
from collections.abc import Mapping, Sequence

from chaos_aura.core.operation import CANARY, Operation, Outcome
from chaos_aura.judge.percentile import percentile
from chaos_aura.judge.quality import NO_CAPACITY
from chaos_aura.record.following import Following
from chaos_aura.record.lines import Lines
from chaos_aura.record.samples import parsed
from chaos_aura.run.evidence import Evidence
from chaos_aura.run.faults import FaultStory, stories
from chaos_aura.run.run import Run
from chaos_aura.run.samples import Samples
from chaos_aura.run.standing import FaultNow, LoadNow, Phase, Standing

_RECENT_S = 5.0
_MOST_REMEMBERED = 10_000
_NS = 1e9


class Present:
    def __init__(self, run: Run, evidence: Evidence) -> None:
        self._run = run
        self._evidence = evidence
        self._following = Following(run.folder.path)
        self._samples = Lines(run.folder.samples)
        self._breakers: Mapping[str, str] = {}
        self._health: dict[str, bool | None] = {}
        self._recent: deque[Operation] = deque(maxlen=_MOST_REMEMBERED)

    def standing(self) -> Standing:
        now_ns = time.monotonic_ns()
        recent = self._recently(now_ns)
        self._sampled()
        return Standing(
            self._run.phase,
            (now_ns - self._run.phase_began_ns) / _NS,
            self._run.options.budget_s if self._run.phase is Phase.RECOVERY else None,
            faults=tuple(_now(story, now_ns) for story in stories(self._run.folder.timeline)),
            load=self._load(),
            success_rate=_success_rate(recent),
            p95_s=percentile([_took_s(each) for each in recent], 0.95) if recent else None,
            breakers=self._breakers,
            health=dict(self._health),
        )

    def _sampled(self) -> None:
        samples = Samples(tuple(parsed(self._samples.read_on())))
        self._health |= samples.health()
        self._breakers = samples.breakers() or self._breakers

    def _recently(self, now_ns: int) -> list[Operation]:
        """Of tenants only: the canary does not ask for anything."""
        self._recent.extend(each for each in self._following.read_on() if each.what != CANARY)
        since_ns = now_ns - int(_RECENT_S * _NS)
        while self._recent and (self._recent[0].ended_ns or 0) < since_ns:
            self._recent.popleft()
        return [each for each in self._recent if (each.ended_ns or 0) >= since_ns]

    def _load(self) -> LoadNow | None:
        tenants = self._evidence.tenants
        if tenants is None or tenants.ended is not None:
            return None
        state = tenants.state
        return LoadNow(state.rate_per_s, state.under_way)


def _success_rate(recent: Sequence[Operation]) -> float | None:
    """Answered rightly: a refusal for want of capacity is an answer."""
    if not recent:
        return None
    fine = sum(each.outcome is Outcome.OK or each.why == NO_CAPACITY for each in recent)
    return fine / len(recent)


def _took_s(operation: Operation) -> float:
    return ((operation.ended_ns or operation.due_ns) - operation.due_ns) / _NS


def _now(story: FaultStory, now_ns: int) -> FaultNow:
    if story.healed_ns is not None:
        began_ns = story.in_force_ns or story.asked_ns
        return FaultNow(str(story), "gone", (story.healed_ns - began_ns) / _NS)
    if story.wrong or story.stuck:
        return FaultNow(str(story), "stuck" if story.stuck else "failed", 0.0)
    if story.in_force_ns is None:
        return FaultNow(str(story), "being injected", (now_ns - story.asked_ns) / _NS)
    return FaultNow(str(story), "in force", (now_ns - story.in_force_ns) / _NS)
