"""Counts of one load while it runs."""

from collections import Counter
from dataclasses import dataclass, field

from chaos_aura.core.operation import Outcome


@dataclass
class Tally:
    """Each arrival is under way until its first try is over; then its allocation is ok, fail or info."""

    begun: int = 0
    not_begun: int = 0
    held: int = 0
    _outcomes: Counter[Outcome] = field(default_factory=Counter)

    @property
    def under_way(self) -> int:
        return self.begun - sum(self._outcomes.values())

    @property
    def ok(self) -> int:
        return self._outcomes[Outcome.OK]

    @property
    def fail(self) -> int:
        return self._outcomes[Outcome.FAIL]

    @property
    def info(self) -> int:
        return self._outcomes[Outcome.INFO]

    def decided(self, outcome: Outcome, before: Outcome | None) -> None:
        """`before`: what was known of it after its last try."""
        if before is not None:
            self._outcomes[before] -= 1
        self._outcomes[outcome] += 1
