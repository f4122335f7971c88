"""How long a program that ended waits before its next start: at most 5 s, and it never gives up."""

from dataclasses import dataclass

CAP_S = 5.0
_FIRST_S = 0.25
STEADY_S = 10.0


@dataclass(slots=True)
class Backoff:
    """A program that ran for 10 s is steady: its next end counts as its first."""

    failures: int = 0

    def next_wait_s(self, ran_for_s: float) -> float:
        """0, 0.25, 0.5, 1, 2, 4, 5, 5, ..."""
        self.failures = 0 if ran_for_s >= STEADY_S else self.failures
        wait_s = min(CAP_S, _FIRST_S * 2 ** (self.failures - 1)) if self.failures else 0.0
        self.failures = min(self.failures + 1, 32)
        return wait_s
