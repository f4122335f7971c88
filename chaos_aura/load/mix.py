"""What tenants ask for: GPU types, how many at once, priorities, each as often as its weight says."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chaos_aura.core.errors import BadInput

_WHERE = "load, mix"
# As often as there are of them by default, so that the scarcest type is not always gone.
_TYPES = {"t4": 20.0, "v100": 10.0, "a100": 8.0, "h100": 4.0}
_COUNTS = {1: 7.0, 2: 3.0}
_PRIORITIES = {"low": 1.0, "normal": 7.0, "high": 2.0}


@dataclass(frozen=True, slots=True)
class Mix:
    gpu_types: Mapping[str, float] = field(default_factory=lambda: dict(_TYPES))
    counts: Mapping[int, float] = field(default_factory=lambda: dict(_COUNTS))
    priorities: Mapping[str, float] = field(default_factory=lambda: dict(_PRIORITIES))

    def __post_init__(self) -> None:
        for name in ("gpu_types", "counts", "priorities"):
            _refuse_unfit(name, getattr(self, name))
        if any(count < 1 for count in self.counts):
            raise BadInput(_WHERE, "a count is below 1", "ask for one GPU or more")

    def to_dict(self) -> dict[str, Any]:
        return {
            "gpu_types": dict(self.gpu_types),
            "counts": {str(count): weight for count, weight in self.counts.items()},
            "priorities": dict(self.priorities),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Mix":
        """BadInput when it is not what `to_dict` gives."""
        if set(row) != {"gpu_types", "counts", "priorities"}:
            raise BadInput(_WHERE, f"has {sorted(row)}", "give gpu_types, counts and priorities")
        return cls(
            _weights("gpu_types", row["gpu_types"], str),
            _weights("counts", row["counts"], int),
            _weights("priorities", row["priorities"], str),
        )


def _weights[K](name: str, row: Any, key: Callable[[str], K]) -> dict[K, float]:
    try:
        return {key(each): float(weight) for each, weight in row.items()}
    except (AttributeError, TypeError, ValueError) as cause:
        raise BadInput(_WHERE, f"{name} is {row!r}", 'give weights by name, as {"t4": 2, "a100": 1}') from cause


def _refuse_unfit(name: str, weights: Mapping[Any, float]) -> None:
    values = weights.values()
    if not all(math.isfinite(each) and each >= 0 for each in values) or not sum(values) > 0:
        raise BadInput(_WHERE, f"{name} has the weights {list(values)}", "give none below 0, and one above")
