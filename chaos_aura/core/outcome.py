"""How a run ended, in the words that people read. Only one of them is a pass."""

from enum import StrEnum

from chaos_aura.core.verdict import Verdict


class RunOutcome(StrEnum):
    """Where there are several, the first in this order counts: what is dangerous, what is certain, then the rest."""

    NOT_HEALED = "fault not healed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    BASELINE_NOT_MET = "baseline not met"
    NOT_INJECTED = "fault not injected"
    NOT_HELD = "fault not held"
    INCONCLUSIVE = "inconclusive"
    DRY = "dry"
    PASSED = "passed"

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS.get(self, Verdict.UNKNOWN)


_VERDICTS = {
    RunOutcome.PASSED: Verdict.PASS,
    RunOutcome.FAILED: Verdict.FAIL,
    RunOutcome.NOT_HEALED: Verdict.FAIL,
}
_ORDER = tuple(RunOutcome)


def worst(outcomes: "set[RunOutcome] | frozenset[RunOutcome]") -> RunOutcome:
    """Nothing at all is no pass."""
    return min(outcomes, key=_ORDER.index) if outcomes else RunOutcome.INCONCLUSIVE
