"""A closed-form continuous-time (CfC) liquid cell, forwards over many sequences and backwards through time.

One step of `gap` days with input x from state h (Hasani et al., "Closed-form continuous-time neural networks", 2022):

    [near, far, rate, phase] = x @ inputs + h @ recurrent + bias
    gate = sigmoid(phase - rate * gap)
    h'   = gate * tanh(near) + (1 - gate) * tanh(far)

The last state is read out as one logit: above 0 approves.
"""

from dataclasses import dataclass, fields

import numpy as np

from chaos_aura.platform.council.features import Array


@dataclass(frozen=True, slots=True)
class Parameters:
    inputs: Array  # (features, 4 * units)
    recurrent: Array  # (units, 4 * units)
    bias: Array  # (4 * units,)
    readout: Array  # (units,)
    offset: Array  # ()

    @property
    def units(self) -> int:
        return len(self.readout)

    def arrays(self) -> dict[str, Array]:
        return {each.name: getattr(self, each.name) for each in fields(self)}


@dataclass(frozen=True, slots=True)
class Sequences:
    """Shorter ones begin with rows that are not there: `there` is 0, and the state stays as it is."""

    rows: Array  # (sequences, steps, features)
    gaps_days: Array  # (sequences, steps)
    there: Array  # (sequences, steps)


@dataclass(frozen=True, slots=True)
class _Step:
    before: Array
    near: Array
    far: Array
    rate: Array
    gate: Array
    gap: Array
    there: Array


@dataclass(frozen=True, slots=True)
class Tape:
    """What the way back needs of the way forth."""

    steps: list[_Step]
    last: Array
    logits: Array


def forward(parameters: Parameters, sequences: Sequences) -> Tape:
    pushed = sequences.rows @ parameters.inputs + parameters.bias
    state = np.zeros((len(pushed), parameters.units))
    steps = []
    for index in range(pushed.shape[1]):
        gap, there = sequences.gaps_days[:, index, None], sequences.there[:, index, None]
        near, far, rate, phase = np.split(pushed[:, index] + state @ parameters.recurrent, 4, axis=1)
        step = _Step(state, np.tanh(near), np.tanh(far), rate, sigmoid(phase - rate * gap), gap, there)
        steps.append(step)
        state = state + there * (step.gate * step.near + (1 - step.gate) * step.far - state)
    return Tape(steps, state, state @ parameters.readout + parameters.offset)


def backward(parameters: Parameters, sequences: Sequences, tape: Tape, slope: Array) -> Parameters:
    """The gradients of a loss whose slope on each logit is given.

    Step by step also where one large product would do: small ones OpenBLAS does in this thread, and its own threads
    make the training ten times slower on a machine whose cores are busy.
    """
    inputs, recurrent = np.zeros_like(parameters.inputs), np.zeros_like(parameters.recurrent)
    bias = np.zeros_like(parameters.bias)
    towards = slope[:, None] * parameters.readout
    for index in range(len(tape.steps) - 1, -1, -1):
        step = tape.steps[index]
        pushed = _through(step, towards * step.there)
        inputs += sequences.rows[:, index].T @ pushed
        recurrent += step.before.T @ pushed
        bias += pushed.sum(axis=0)
        towards = towards * (1 - step.there) + pushed @ parameters.recurrent.T
    return Parameters(inputs, recurrent, bias, readout=tape.last.T @ slope, offset=np.asarray(slope.sum()))


def _through(step: _Step, towards: Array) -> Array:
    """From the slope on a step's result to the slope on its four parts before their curves."""
    on_gate = towards * (step.near - step.far) * step.gate * (1 - step.gate)
    return np.concatenate(
        (
            towards * step.gate * (1 - step.near**2),
            towards * (1 - step.gate) * (1 - step.far**2),
            -on_gate * step.gap,
            on_gate,
        ),
        axis=1,
    )


def sigmoid(values: Array) -> Array:
    """By way of tanh, which cannot overflow."""
    return 0.5 * (1 + np.tanh(0.5 * values))
