"""Fits a cell to its teacher: Adam on the cross-entropy with the teacher's certainty, back through time.

The same seed gives the same bytes on any processor. Processors differ in the last bit of a sum or a tanh, and training
is chaotic: such bits alone have moved weights by 1. So after every step each weight is put on a grid far finer than a
step and far coarser than that bit, which forgets the difference before it can grow.
"""

from dataclasses import dataclass

import numpy as np

from chaos_aura.platform.council.cell import Parameters, Sequences, backward, forward, sigmoid
from chaos_aura.platform.council.features import NAMES, Array
from chaos_aura.platform.council.lessons import Lessons, chosen
from chaos_aura.platform.council.teacher import LIMIT

_GRID = 2.0**20  # points in 1


@dataclass(frozen=True, slots=True)
class Plan:
    units: int = 12
    lessons: int = 24_000
    held_out: int = 6_000
    epochs: int = 16
    batch: int = 128
    fastest: float = 0.01  # learning rate at the start, falling to nothing along a cosine
    seed: int = 20_261_121  # of the lessons, too
    held_out_seed: int = 1


def fitted(lessons: Lessons, agent: str, plan: Plan) -> Parameters:
    random = np.random.Generator(np.random.PCG64(plan.seed))
    parameters = begun(plan.units, random)
    adam = _Adam(parameters)
    said = lessons.certainties[agent]
    batches = len(lessons) // plan.batch
    for epoch in range(plan.epochs):
        order = np.argsort(random.random(len(lessons)), kind="stable")
        for number in range(batches):
            which = order[number * plan.batch : (number + 1) * plan.batch]
            gradients = gradient(parameters, chosen(lessons.sequences, which), said[which])
            done = (epoch * batches + number) / (plan.epochs * batches)
            parameters = adam.moved(parameters, gradients, plan.fastest * 0.5 * (1 + np.cos(np.pi * done)))
    return parameters


def begun(units: int, random: np.random.Generator) -> Parameters:
    """Small and even; it begins with memories that fade within about a day."""
    features = len(NAMES)

    def even(*shape: int, width: float) -> Array:
        return (random.random(shape) * 2 - 1) * width

    bias = np.zeros(4 * units)
    bias[2 * units : 3 * units] = 1.0
    return Parameters(
        inputs=even(features, 4 * units, width=features**-0.5),
        recurrent=even(units, 4 * units, width=units**-0.5),
        bias=bias,
        readout=even(units, width=units**-0.5),
        offset=np.zeros(()),
    )


def gradient(parameters: Parameters, sequences: Sequences, said: Array) -> Parameters:
    tape = forward(parameters, sequences)
    return backward(parameters, sequences, tape, (sigmoid(tape.logits) - said) / len(said))


def loss(parameters: Parameters, sequences: Sequences, said: Array) -> float:
    logits = forward(parameters, sequences).logits
    return float(np.mean(np.logaddexp(0, logits) - said * logits))


def accuracy(parameters: Parameters, lessons: Lessons, agent: str) -> float:
    """How often cell and teacher come down on the same side, cases on the very edge included."""
    logits = forward(parameters, lessons.sequences).logits
    return float(np.mean((logits > 0) == (lessons.certainties[agent] > LIMIT)))


class _Adam:
    def __init__(self, parameters: Parameters, mean_kept: float = 0.9, square_kept: float = 0.999) -> None:
        self._means = {name: np.zeros_like(values) for name, values in parameters.arrays().items()}
        self._squares = {name: np.zeros_like(values) for name, values in parameters.arrays().items()}
        self._mean_kept = mean_kept
        self._square_kept = square_kept
        self._steps = 0

    def moved(self, parameters: Parameters, gradients: Parameters, rate: float) -> Parameters:
        self._steps += 1
        slopes = gradients.arrays()
        moved = {name: values - rate * self._step(name, slopes[name]) for name, values in parameters.arrays().items()}
        return Parameters(**{name: np.asarray(np.round(values * _GRID) / _GRID) for name, values in moved.items()})

    def _step(self, name: str, slope: Array) -> Array:
        self._means[name] = self._mean_kept * self._means[name] + (1 - self._mean_kept) * slope
        self._squares[name] = self._square_kept * self._squares[name] + (1 - self._square_kept) * slope**2
        mean = self._means[name] / (1 - self._mean_kept**self._steps)
        square = self._squares[name] / (1 - self._square_kept**self._steps)
        return np.asarray(mean / (np.sqrt(square) + 1e-8))
