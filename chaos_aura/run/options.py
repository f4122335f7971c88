"""What an experiment may tell our control: the `arguments` of its provider.

{"budget_s": 30, "limit_s": 300, "wait_s": 0, "seed": 7, "services": ["redis"], "least_disk_mb": 200,
 "least_memory_mb": 200, "bystanders": ["temporal"], "safeguards": [{"name": ..., "provider": ..., "tolerance": ...}]}
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from chaos_aura.core.errors import BadInput

_WHERE = "control chaos-aura"
_LONGEST_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Options:
    """`budget_s`: how long recovery may take. `limit_s`: how long the whole run may. `wait_s`: for another run's end.

    `services`: which must be up, all when none is named. `bystanders`: services that no fault may make unwell.
    Below so much room on the disk or in memory the run is stopped; 0: never.
    """

    budget_s: float = 30.0
    limit_s: float = 300.0
    wait_s: float = 0.0
    seed: int | None = None
    services: tuple[str, ...] = ()
    least_disk_mb: float = 100.0
    least_memory_mb: float = 200.0
    bystanders: tuple[str, ...] = ()
    safeguards: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def check(cls, arguments: Mapping[str, Any]) -> None:
        """As far as they are known before the experiment's configuration is: a `${name}` may become anything."""
        cls.of({name: value for name, value in arguments.items() if not (isinstance(value, str) and "${" in value)})

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> "Options":
        """Strict: what is misspelt would not hold."""
        known = [each.name for each in fields(cls)]
        for name in arguments:
            if name not in known:
                raise BadInput(_WHERE, f"has no argument `{name}`", f"there are: {', '.join(known)}")
        return cls(**{name: _READERS[name](name, value) for name, value in arguments.items()})


def _seconds(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_S:
        raise BadInput(f"{_WHERE}, {name}", f"is {value!r}", f"give seconds, 0 to {_LONGEST_S:g}")
    return float(value)


def _megabytes(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise BadInput(f"{_WHERE}, {name}", f"is {value!r}", "give a number of megabytes, 0 for no limit")
    return float(value)


def _whole(name: str, value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise BadInput(f"{_WHERE}, {name}", f"is {value!r}", "give a whole number, or leave it out")
    return value


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise BadInput(f"{_WHERE}, {name}", f"is {value!r}", 'give a list of names: ["redis"]')
    return tuple(value)


def _probes(name: str, value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list):
        raise BadInput(f"{_WHERE}, {name}", f"is {value!r}", "give a list of probes with tolerances")
    for each in value:
        if not isinstance(each, Mapping) or not {"name", "provider", "tolerance"} <= set(each):
            raise BadInput(f"{_WHERE}, {name}", f"{each!r} is no probe", "give each a name, a provider and a tolerance")
    return tuple(value)


_READERS: Mapping[str, Any] = {
    "budget_s": _seconds,
    "limit_s": _seconds,
    "wait_s": _seconds,
    "seed": _whole,
    "services": _names,
    "least_disk_mb": _megabytes,
    "least_memory_mb": _megabytes,
    "bystanders": _names,
    "safeguards": _probes,
}
