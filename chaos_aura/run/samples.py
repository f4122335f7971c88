"""What the sampler has seen until now, as the judges want it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.judge.backlog import BacklogSample
from chaos_aura.judge.noise import MachineSample, noisy_stretches
from chaos_aura.record.samples import BACKLOG, HEALTH, MACHINE, READINESS, read_samples


@dataclass(frozen=True)
class Samples:
    """In the order in which they were taken."""

    rows: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def read(cls, path: Path) -> "Samples":
        return cls(tuple(read_samples(path)))

    def of(self, what: str) -> tuple[Mapping[str, Any], ...]:
        return tuple(row for row in self.rows if row["what"] == what)

    @property
    def backlogs(self) -> dict[str, list[BacklogSample]]:
        found: dict[str, list[BacklogSample]] = {}
        for row in self.of(BACKLOG):
            oldest = row.get("oldest_s")
            sample = BacklogSample(int(row["at"]), None if oldest is None else float(oldest))
            found.setdefault(str(row["name"]), []).append(sample)
        return found

    def noisy_ns(self) -> tuple[tuple[int, int], ...]:
        return noisy_stretches(MachineSample.of(row) for row in self.of(MACHINE))

    def noisy_s(self, from_ns: int, until_ns: int | None = None) -> float:
        """How long the machine itself was noisy since then."""
        stretches = self.noisy_ns()
        last_ns = max((high_ns for _, high_ns in stretches), default=0) if until_ns is None else until_ns
        return sum(max(0, min(high_ns, last_ns) - max(low_ns, from_ns)) for low_ns, high_ns in stretches) / 1e9

    def health(self) -> dict[str, bool | None]:
        """As it was seen last, by service."""
        return {str(row["service"]): row.get("healthy") for row in self.of(HEALTH)}

    def breakers(self) -> dict[str, str]:
        rows = self.of(READINESS)
        return dict(rows[-1].get("breakers") or {}) if rows else {}
