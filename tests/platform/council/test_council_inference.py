"""The fast way through a cell gives what the plain way gives, for the request as it is and for each variant."""

from itertools import islice

import numpy as np
import pytest

from chaos_aura.platform.council.cell import Parameters, forward
from chaos_aura.platform.council.features import observe
from chaos_aura.platform.council.groups import GROUPS
from chaos_aura.platform.council.inference import Inference
from chaos_aura.platform.council.lessons import aligned
from chaos_aura.platform.council.situation import Situation
from chaos_aura.platform.council.synthetic import situations
from chaos_aura.platform.council.training import begun


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    return begun(9, np.random.Generator(np.random.PCG64(4)))


@pytest.fixture(scope="module")
def drawn() -> list[Situation]:
    return list(islice(situations(9), 200))


def test_fast_and_plain_agree(parameters: Parameters, drawn: list[Situation]) -> None:
    inference = Inference(parameters, GROUPS)
    fast = [inference.judged(observe(each)).logit for each in drawn]
    np.testing.assert_allclose(fast, forward(parameters, aligned(drawn)).logits, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", GROUPS)
def test_what_a_group_counts_for_is_what_goes_without_it(
    name: str, parameters: Parameters, drawn: list[Situation]
) -> None:
    inference, group, columns = Inference(parameters, GROUPS), GROUPS[name], list(GROUPS[name].columns)
    counted = [inference.judged(observe(each)).counted[name] for each in drawn]
    whole, without = aligned(drawn), aligned(drawn)
    if group.is_past:
        without.there[:, :-1] = 0
    else:
        without.rows[:, -1, columns] = group.unremarkable
    expected = forward(parameters, whole).logits - forward(parameters, without).logits
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(counted, expected, rtol=0, atol=1e-12)


def test_no_column_belongs_to_two_groups() -> None:
    columns = [column for group in GROUPS.values() for column in group.columns]
    assert len(columns) == len(set(columns))
