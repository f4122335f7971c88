"""What a run comes to: all that speaks against a pass is collected, and only what was seen to be good lets it pass."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chaos_aura.core.outcome import RunOutcome, worst
from chaos_aura.core.verdict import Judgement, Verdict

_OF_VERDICT = {Verdict.FAIL: RunOutcome.FAILED, Verdict.UNKNOWN: RunOutcome.INCONCLUSIVE}


class Conclusion(NamedTuple):
    """`Conclusion(RunOutcome.NOT_HELD, ("stop of neo4j: was lost after 3.1 s: it runs",))`"""

    outcome: RunOutcome
    reasons: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        return self.outcome.verdict


@dataclass
class Verdicts:
    """Filled by several threads. A run that nobody has brought to its end has not passed, whatever was good in it."""

    judged: list[tuple[str, Judgement]] = field(default_factory=list)
    _against: list[tuple[RunOutcome, str]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def against(self, outcome: RunOutcome, reason: str) -> None:
        """The same thing told twice is told once."""
        with self._lock:
            if (outcome, reason) not in self._against:
                self._against.append((outcome, reason))

    def judge(self, what: str, judgement: Judgement) -> None:
        with self._lock:
            self.judged.append((what, judgement))

    def explains(self, text: str) -> bool:
        """Whether something told before says why."""
        with self._lock:
            return any(reason in text for _, reason in self._against)

    @property
    def speaks_against(self) -> bool:
        return bool(self._against)

    @property
    def outcomes_against(self) -> frozenset[RunOutcome]:
        with self._lock:
            return frozenset(outcome for outcome, _ in self._against)

    def reasons_of(self, outcome: RunOutcome) -> tuple[str, ...]:
        with self._lock:
            return tuple(reason for each, reason in self._against if each is outcome)

    def conclude(self, *, missing: Sequence[str] = ()) -> Conclusion:
        """`missing`: what should have been done for a pass, and was not, though nothing tells why."""
        with self._lock:
            against = list(self._against) or [(RunOutcome.INCONCLUSIVE, each) for each in missing]
            for what, judgement in self.judged:
                if not judgement.has_passed:
                    against.append((_OF_VERDICT[judgement.verdict], f"{what}: {_why(judgement)}"))
            if not self.judged and not against:
                against.append((RunOutcome.INCONCLUSIVE, "nothing was judged: it has no hypothesis and no load"))
            if not against:
                return Conclusion(RunOutcome.PASSED, tuple(f"{what}: {_why(each)}" for what, each in self.judged))
            outcome = worst({each for each, _ in against})
            first = [reason for each, reason in against if each is outcome]
            rest = [reason for each, reason in against if each is not outcome]
            return Conclusion(outcome, tuple(dict.fromkeys([*first, *rest])))


def _why(judgement: Judgement) -> str:
    return "; ".join(judgement.reasons) or judgement.verdict.value
