"""The liquid cell: its gradients are those of its loss, its time is real, its state bounded."""

from itertools import islice

import numpy as np
import pytest

from chaos_aura.platform.council import teacher
from chaos_aura.platform.council.cell import Parameters, Sequences, forward, sigmoid
from chaos_aura.platform.council.lessons import aligned
from chaos_aura.platform.council.synthetic import situations
from chaos_aura.platform.council.training import begun, gradient, loss


def some_parameters(units: int = 5) -> Parameters:
    return begun(units, np.random.Generator(np.random.PCG64(3)))


@pytest.fixture(scope="module")
def lesson() -> tuple[Sequences, np.ndarray]:
    drawn = list(islice(situations(8), 24))
    return aligned(drawn), np.array([teacher.certainty(teacher.fairness(each)) for each in drawn])


def changed(parameters: Parameters, name: str, where: tuple[int, ...], by: float) -> Parameters:
    arrays = {key: values.copy() for key, values in parameters.arrays().items()}
    arrays[name][where] += by
    return Parameters(**arrays)


@pytest.mark.parametrize("name", ["inputs", "recurrent", "bias", "readout", "offset"])
def test_gradients_are_those_of_finite_differences(name: str, lesson: tuple[Sequences, np.ndarray]) -> None:
    sequences, said = lesson
    parameters, step = some_parameters(), 1e-5
    slopes = gradient(parameters, sequences, said).arrays()[name]
    numeric = np.empty_like(slopes)
    for where in np.ndindex(slopes.shape):
        above, below = (loss(changed(parameters, name, where, by), sequences, said) for by in (step, -step))
        numeric[where] = (above - below) / (2 * step)
    assert np.abs(numeric).max() > 1e-4
    np.testing.assert_allclose(slopes, numeric, rtol=1e-5, atol=1e-8)


def test_the_lessons_of_the_gradient_check_reach_all_of_the_cell(lesson: tuple[Sequences, np.ndarray]) -> None:
    sequences, _ = lesson
    lengths = sequences.there.sum(axis=1)
    assert lengths.min() < 4
    assert lengths.max() == 17
    assert (sequences.gaps_days > 0).any()


def test_what_is_not_there_changes_nothing(lesson: tuple[Sequences, np.ndarray]) -> None:
    sequences, _ = lesson
    junk = np.where(sequences.there[..., None] > 0, sequences.rows, 7.0)
    parameters = some_parameters()
    elsewhere = Sequences(junk, sequences.gaps_days, sequences.there)
    np.testing.assert_array_equal(forward(parameters, sequences).logits, forward(parameters, elsewhere).logits)


def test_a_longer_gap_is_another_story(lesson: tuple[Sequences, np.ndarray]) -> None:
    """The same decisions in the same order: only when they were made differs."""
    sequences, _ = lesson
    long = sequences.there.sum(axis=1) > 8
    slow = Sequences(sequences.rows, sequences.gaps_days + sequences.there, sequences.there)
    parameters = some_parameters()
    apart = np.abs(forward(parameters, sequences).logits - forward(parameters, slow).logits)
    assert (apart[long] > 1e-3).all()


def test_one_step_is_the_formula() -> None:
    parameters = some_parameters(units=3)
    row, gap = np.linspace(-1, 1, 20), 0.7
    pushed = row @ parameters.inputs + parameters.bias
    near, far, rate, phase = pushed.reshape(4, 3)
    gate = 1 / (1 + np.exp(-(phase - rate * gap)))
    state = gate * np.tanh(near) + (1 - gate) * np.tanh(far)
    sequences = Sequences(row[None, None], np.full((1, 1), gap), np.ones((1, 1)))
    expected = state @ parameters.readout + parameters.offset
    np.testing.assert_allclose(forward(parameters, sequences).logits, expected, rtol=1e-12)


def test_a_state_never_leaves_its_bounds(lesson: tuple[Sequences, np.ndarray]) -> None:
    sequences, _ = lesson
    wild = Parameters(**{name: values * 1e6 for name, values in some_parameters().arrays().items()})
    assert np.abs(forward(wild, sequences).last).max() <= 1


def test_the_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
