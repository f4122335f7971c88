"""Situations with what the teachers say of them, in the shape that training wants."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.cell import Sequences
from chaos_aura.platform.council.features import NAMES, Array, observe
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.synthetic import situations
from chaos_aura.platform.model.context import WINDOW_SIZE


@dataclass(frozen=True, slots=True)
class Lessons:
    sequences: Sequences
    certainties: Mapping[str, Array]  # of each agent's teacher, one for each sequence

    def __len__(self) -> int:
        return len(self.sequences.there)


def lessons(seed: int, number: int) -> Lessons:
    drawn = list(islice(situations(seed), number))
    said = {
        agent: np.array([teacher.certainty(concern(each)) for each in drawn])
        for agent, concern in teacher.CONCERNS.items()
    }
    return Lessons(aligned(drawn), said)


def aligned(drawn: list[Situation]) -> Sequences:
    """At their ends: the request is the last step of each."""
    steps = WINDOW_SIZE + 1
    rows = np.zeros((len(drawn), steps, len(NAMES)))
    gaps, there = np.zeros((len(drawn), steps)), np.zeros((len(drawn), steps))
    for index, situation in enumerate(drawn):
        seen = observe(situation)
        start = steps - len(seen.rows)
        rows[index, start:], gaps[index, start:], there[index, start:] = seen.rows, seen.gaps_days, 1.0
    return Sequences(rows, gaps, there)


def chosen(sequences: Sequences, which: NDArray[np.int64]) -> Sequences:
    return Sequences(sequences.rows[which], sequences.gaps_days[which], sequences.there[which])
