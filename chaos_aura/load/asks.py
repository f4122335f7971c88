"""What each arrival asks for, decided by the seed before the first one comes.

The load holds at most half of each GPU type, so that a leak shows: by schedule, a request that would go beyond that
asks for less, or for another type. Where that is not enough each is held for less long.
"""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from chaos_aura.core.errors import BadInput
from chaos_aura.load.plan import LoadPlan

_SHORTEST_S = 0.05
_SHORTER = 0.6
# The platform holds them for longer than the tenant: until the answer is there, and after they are asked back.
_HELD_FOR = 1.5
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Ask:
    request_id: str
    tenant: str
    gpu_type: str
    count: int
    priority: str

    @property
    def value(self) -> dict[str, Any]:
        """As the history tells it."""
        return {
            "request_id": self.request_id,
            "tenant": self.tenant,
            "gpu_type": self.gpu_type,
            "count": self.count,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Fitted:
    hold_s: float
    asks: Sequence[Ask]


def fitted(plan: LoadPlan, inventory: Mapping[str, int]) -> Fitted:
    """BadInput when even a short hold is too much for half of the inventory."""
    arrivals_ns = plan.arrivals_ns(0)
    hold_s = plan.hold_s
    while True:
        asks = _asks(plan, arrivals_ns, _Half(inventory, hold_s))
        if asks is not None:
            return Fitted(hold_s, asks)
        if hold_s <= _SHORTEST_S:
            raise _too_much(plan, hold_s, inventory)
        hold_s = max(_SHORTEST_S, hold_s * _SHORTER)


def _too_much(plan: LoadPlan, hold_s: float, inventory: Mapping[str, int]) -> BadInput:
    most_per_s = max(max(phase.from_per_s, phase.to_per_s) for phase in plan.phases)
    why = f"up to {most_per_s:g} a second, held for {hold_s:g} s each, are more than half of {dict(inventory)}"
    return BadInput("load", why, "let it ask less often or for fewer GPUs at once, or give the pool more")


class _Half:
    """Who holds what by schedule, of each type at most half."""

    def __init__(self, inventory: Mapping[str, int], hold_s: float) -> None:
        self._free = {name: count // 2 for name, count in inventory.items()}
        self._held: dict[str, deque[tuple[int, int]]] = {name: deque() for name in inventory}
        self._held_ns = int(hold_s * _HELD_FOR * _NS)

    def takes(self, gpu_type: str, count: int, at_ns: int) -> bool:
        """Whether there was room for it."""
        held = self._held.get(gpu_type)
        if held is None:
            return False
        while held and held[0][0] <= at_ns:
            self._free[gpu_type] += held.popleft()[1]
        if count > self._free[gpu_type]:
            return False
        self._free[gpu_type] -= count
        held.append((at_ns + self._held_ns, count))
        return True


class _Draw:
    """One draw a question and arrival, whatever comes of it: so the rest of the sequence stays the same."""

    def __init__(self, weights: Mapping[Any, float], seed: str) -> None:
        self._names = list(weights)
        self._sums = list(accumulate(weights.values()))
        self._chance = random.Random(seed)

    def __call__(self) -> Any:
        return self._chance.choices(self._names, cum_weights=self._sums)[0]


def _asks(plan: LoadPlan, arrivals_ns: Sequence[int], half: _Half) -> list[Ask] | None:
    """None when there is one for which no type has room."""
    tenants = {f"{plan.tag}-t{nth}": 1.0 for nth in range(plan.tenants)}
    weights: dict[str, Mapping[Any, float]] = {
        "tenant": tenants,
        "type": plan.mix.gpu_types,
        "count": plan.mix.counts,
        "priority": plan.mix.priorities,
    }
    draws = [_Draw(each, f"{plan.seed} {name}") for name, each in weights.items()]
    fewest = min(_possible(plan.mix.counts))
    fallbacks = [(gpu_type, fewest) for gpu_type in _possible(plan.mix.gpu_types)]
    asks = []
    for nth, at_ns in enumerate(arrivals_ns):
        tenant, gpu_type, count, priority = (draw() for draw in draws)
        wanted = ((gpu_type, count), (gpu_type, fewest), *fallbacks)
        given = next((each for each in wanted if half.takes(*each, at_ns)), None)
        if given is None:
            return None
        asks.append(Ask(f"{plan.tag}-{nth}", tenant, *given, priority))
    return asks


def _possible[K](weights: Mapping[K, float]) -> list[K]:
    return [each for each, weight in weights.items() if weight > 0]
