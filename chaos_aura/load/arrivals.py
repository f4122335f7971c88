"""When each arrival is due, known before the first one comes: the same seed gives the same arrivals.

An arrival comes each time that the rate, summed up since the beginning, has grown by one (constant), or by what a
chance decides whose mean is one (Poisson). So a rate that changes needs no steps.
"""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from enum import StrEnum

from chaos_aura.core.errors import BadInput
from chaos_aura.load.shapes import Phase

MOST = 1_000_000
_NS = 1e9


class Pattern(StrEnum):
    CONSTANT = "constant"
    POISSON = "poisson"


def arrivals_ns(phases: Sequence[Phase], pattern: Pattern, seed: int) -> list[int]:
    """Nanoseconds after the beginning, in order. Load is bounded: BadInput when it never ends or is too much."""
    for phase in phases:
        _refuse_unbounded(phase)
    expected = sum(phase.arrivals for phase in phases)
    if expected > MOST:
        raise BadInput("load", f"{expected:.0f} arrivals are more than {MOST}", "make it shorter, or its rate lower")
    due_s = _due_s(phases, _growths(pattern, seed))
    return [int(at_s * _NS) for at_s in due_s]


def _refuse_unbounded(phase: Phase) -> None:
    numbers = {"lasts_s": phase.lasts_s, "from_per_s": phase.from_per_s, "to_per_s": phase.to_per_s}
    for name, value in numbers.items():
        if not math.isfinite(value) or value < 0:
            where = f"load, phase {phase.name}"
            raise BadInput(where, f"{name} is {value}", "give a number that is not negative and not endless")


def _growths(pattern: Pattern, seed: int) -> Iterator[float]:
    """By how much the sum of the rate grows until the next one comes."""
    if pattern is Pattern.CONSTANT:
        # The first comes half an interval after the beginning, so that a phase holds as many as its rate says.
        return itertools.chain([0.5], itertools.repeat(1.0))
    chance = random.Random(seed)
    return (chance.expovariate(1.0) for _ in itertools.count())


def _due_s(phases: Sequence[Phase], growths: Iterator[float]) -> Iterator[float]:
    began_s, sum_before, wanted = 0.0, 0.0, next(growths)
    for phase in phases:
        while wanted <= sum_before + phase.arrivals and phase.arrivals > 0:
            yield began_s + _reached_s(phase, wanted - sum_before)
            wanted += next(growths)
        began_s, sum_before = began_s + phase.lasts_s, sum_before + phase.arrivals


def _reached_s(phase: Phase, grown: float) -> float:
    """When the phase's rate, summed up, has grown so far: rate * t + slope * t^2 / 2 = grown."""
    slope = (phase.to_per_s - phase.from_per_s) / phase.lasts_s
    root = math.sqrt(max(0.0, phase.from_per_s**2 + 2 * slope * grown))
    # Of the two ways to write the solution, the one without a difference of nearly equal numbers.
    return min(phase.lasts_s, 2 * grown / (phase.from_per_s + root))
