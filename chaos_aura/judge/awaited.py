"""A recovery that no load measures: something was looked at until it held again, or for long enough."""

from dataclasses import dataclass

from chaos_aura.core.verdict import Judgement, failed, passed, unknown

_TIMES = 2  # of the budget: a machine that is never quiet would be waited for without end


@dataclass(frozen=True, slots=True)
class Awaited:
    """What the latest look told. `took_s`: from where the budget counts until it was over where it holds, until it
    began where it does not. `noisy_s`: how much of that the machine itself was noisy. `is_first`: nobody had looked
    before.
    """

    holds: bool
    took_s: float
    budget_s: float
    noisy_s: float = 0.0
    is_first: bool = False

    @property
    def is_over(self) -> bool:
        """It holds, or its budget is used up and not even the noise explains that."""
        return self.holds or self._is_too_late or self.took_s > self.budget_s * _TIMES

    @property
    def judgement(self) -> Judgement:
        if not self.holds:
            told = f"not within {self.budget_s:g} s: looked at for {self.took_s:.1f} s"
            return failed(told) if self._is_too_late else unknown(f"{told}; {self._noise}")
        told = f"the hypothesis held {self.took_s:.1f} s later, of {self.budget_s:g} s"
        if self.took_s <= self.budget_s:
            return passed(told)
        if self.is_first:
            return unknown(f"{told}, and nobody had looked before: the method took that long")
        return unknown(f"{told}; {self._noise if self.noisy_s else 'the budget ended between two looks'}")

    @property
    def _is_too_late(self) -> bool:
        return not self.holds and self.took_s - self.noisy_s > self.budget_s

    @property
    def _noise(self) -> str:
        return f"the machine itself was noisy for {self.noisy_s:.1f} s of that"
