from itertools import pairwise
from typing import Any

import pytest

from chaos_aura.core.errors import BadInput
from chaos_aura.load.shapes import lasts_s
from chaos_aura.run.load_wanted import LoadWanted


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"shape": "sawtooth"}, "there is no shape 'sawtooth'; take one of: baseline, sustained, peak, spike"),
        ({"pattern": "bursts"}, "pattern: is 'bursts'"),
        ({"rate_per_s": -1}, "rate_per_s: is -1"),
        ({"rate_per_s": float("nan")}, "rate_per_s: is nan"),
        ({"rate_per_s": 20_000}, "rate_per_s: is 20000"),
        ({"baseline_s": 0}, "baseline_s: is 0"),
        ({"baseline_s": 61}, "baseline_s: is 61"),
    ],
)
def test_what_means_nothing_is_refused(wanted: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        LoadWanted(**wanted).refuse_nonsense()


def test_an_absolute_rate_needs_no_capacity_and_wins_over_a_shape() -> None:
    wanted = LoadWanted("peak", rate_per_s=5)
    assert not wanted.needs_capacity
    [phase] = wanted.phases(0, 300)
    assert (phase.name, phase.lasts_s, phase.from_per_s, phase.to_per_s) == ("peak", 300, 5, 5)


@pytest.mark.parametrize(("shape", "per_s"), [("baseline", 3), ("sustained", 6), ("peak", 10)])
def test_a_shape_is_a_part_of_what_the_machine_can_do(shape: str, per_s: float) -> None:
    wanted = LoadWanted(shape)
    assert wanted.needs_capacity
    assert [phase.to_per_s for phase in wanted.phases(10, 300)] == [per_s]


def test_a_spike_begins_as_usual_and_ends_as_usual_until_the_run_does() -> None:
    phases = LoadWanted("spike", rate_per_s=5).phases(10, 300)
    assert phases[0].lasts_s > LoadWanted().baseline_s + LoadWanted().hold_s, (
        "the baseline is measured before it begins"
    )
    assert {phases[0].from_per_s, phases[-1].to_per_s, phases[-2].to_per_s} == {3}
    assert max(phase.to_per_s for phase in phases) == 50
    assert lasts_s(phases) > 300
    assert all(before.to_per_s == after.from_per_s for before, after in pairwise(phases[1:]))


def test_the_plan_is_what_was_asked_for() -> None:
    mix = {"gpu_types": {"t4": 1}, "counts": {"1": 1}, "priorities": {"low": 1}}
    wanted = LoadWanted(rate_per_s=5, pattern="poisson", hold_s=2, tenants=3, canary_per_s=7, mix=mix)
    plan = wanted.plan("http://127.0.0.1:1", "tag", 9, 0, 60)
    assert (plan.tag, plan.seed, plan.pattern, plan.tenants, plan.hold_s) == ("tag", 9, "poisson", 3, 2)
    assert (plan.canary_per_s, dict(plan.mix.gpu_types), plan.lasts_s) == (7, {"t4": 1}, 60)
