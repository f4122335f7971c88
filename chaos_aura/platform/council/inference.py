"""One situation through a cell, fast: what `cell.forward` computes, as few NumPy calls as it takes.

The request is seen several times at once, each time with one group of features replaced: what that changes is what the
group counted for. The past is walked once for all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chaos_aura.platform.council.cell import Parameters
from chaos_aura.platform.council.features import NAMES, Array, Observation


@dataclass(frozen=True, slots=True)
class Group:
    """Features that belong together, and what they are in a request that nobody would notice."""

    columns: tuple[int, ...]
    unremarkable: tuple[float, ...]
    is_past: bool = False  # the whole of what came before, instead


@dataclass(frozen=True, slots=True)
class Judgement:
    logit: float
    counted: Mapping[str, float]  # of each group: how much of the logit is gone without it


class Inference:
    """`_steady` and `_daily`: what each part gets whatever the gap, and for each day of it.

    The state is kept doubled, and the gate's sigmoid is a tanh of half its argument: one tanh for all three parts.
    """

    def __init__(self, parameters: Parameters, groups: Mapping[str, Group]) -> None:
        self._names = tuple(groups)
        self._units = parameters.units
        self._kept, self._replaced, self._remembers = _variants(tuple(groups.values()))
        self._inputs_steady, self._inputs_daily = _by_gap(parameters.inputs)
        self._bias_steady, self._bias_daily = _by_gap(parameters.bias)
        self._recurrent_steady, self._recurrent_daily = (0.5 * part for part in _by_gap(parameters.recurrent))
        self._readout = parameters.readout * 0.5
        self._offset = float(parameters.offset)

    def judged(self, seen: Observation) -> Judgement:
        recurrent = self._recurrent_daily * seen.gaps_days[:, None, None]
        recurrent += self._recurrent_steady
        pushed = self._pushed(seen.rows, seen.gaps_days[:, None])
        state = self._remembered(pushed[:-1], recurrent[:-1])
        logits = self._last(seen, state, recurrent[-1])
        whole = float(logits[0])
        return Judgement(whole, dict(zip(self._names, (whole - logits[1:]).tolist(), strict=True)))

    def _pushed(self, rows: Array, gaps: Array) -> Array:
        daily = rows @ self._inputs_daily + self._bias_daily
        daily *= gaps
        daily += rows @ self._inputs_steady
        daily += self._bias_steady
        return daily

    def _remembered(self, pushed: Array, recurrent: Array) -> Array:
        """The state after all that is past. Its arrays are made once and written over at each step."""
        parts, state, apart = np.empty(3 * self._units), np.zeros(self._units), np.empty(self._units)
        near, far, gate = parts.reshape(3, self._units)
        for push, matrix in zip(pushed, recurrent, strict=True):
            np.dot(state, matrix, out=parts)
            np.add(parts, push, out=parts)
            np.tanh(parts, out=parts)
            np.subtract(near, far, out=apart)
            np.multiply(apart, gate, out=apart)
            np.add(near, far, out=state)
            np.add(state, apart, out=state)
        return state

    def _last(self, seen: Observation, state: Array, recurrent: Array) -> Array:
        """The logit of the request as it is, then of each variant."""
        rows = seen.rows[-1] * self._kept + self._replaced
        pushed = self._pushed(rows, seen.gaps_days[-1:])
        parts = np.tanh(pushed + (self._remembers * state) @ recurrent)
        near, far, gate = parts[:, : self._units], parts[:, self._units : 2 * self._units], parts[:, 2 * self._units :]
        logits: Array = (near + far + gate * (near - far)) @ self._readout + self._offset
        return logits


def _by_gap(parts: Array) -> tuple[Array, Array]:
    """Of near, far, rate and phase: near, far and half the gate's argument, without the gap and for each day of it."""
    near, far, rate, phase = np.split(parts, 4, axis=-1)
    steady = np.concatenate((near, far, 0.5 * phase), axis=-1)
    daily = np.concatenate((np.zeros_like(near), np.zeros_like(far), -0.5 * rate), axis=-1)
    return steady, daily


def _variants(groups: Sequence[Group]) -> tuple[Array, Array, Array]:
    """For the request as it is, then for each variant: what is kept of its row, what is put there, who remembers."""
    kept, replaced = np.ones((len(groups) + 1, len(NAMES))), np.zeros((len(groups) + 1, len(NAMES)))
    remembers = np.ones((len(groups) + 1, 1))
    for line, group in enumerate(groups, start=1):
        columns = list(group.columns)
        kept[line, columns], replaced[line, columns] = 0.0, group.unremarkable
        remembers[line] = not group.is_past
    return kept, replaced, remembers
