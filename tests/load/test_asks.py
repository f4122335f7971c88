"""What arrivals ask for: the same again for the same seed, and never more than half of what there is."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loads import planned

from chaos_aura.core.errors import BadInput
from chaos_aura.load.asks import Fitted, fitted
from chaos_aura.load.mix import Mix
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.shapes import shaped

INVENTORY = {"t4": 20, "v100": 10, "a100": 8, "h100": 4}
URL = "http://127.0.0.1:1"


def most_held(plan: LoadPlan, load: Fitted, for_s: float) -> Counter[str]:
    """Of each type at any time, when each ask holds what it gets from its arrival on for so long."""
    most: Counter[str] = Counter()
    due_ns = plan.arrivals_ns(0)
    for nth, at_ns in enumerate(due_ns):
        held: Counter[str] = Counter()
        for other in range(nth + 1):
            if due_ns[other] + for_s * 1e9 > at_ns:
                held[load.asks[other].gpu_type] += load.asks[other].count
        most |= held
    return most


@given(seed=st.integers(0, 1000), per_s=st.floats(0.5, 15), hold_s=st.floats(0, 5))
def test_at_most_half_of_each_type_is_held(seed: int, per_s: float, hold_s: float) -> None:
    plan = planned(URL, per_s=per_s, lasts_s=10, seed=seed, hold_s=hold_s)
    load = fitted(plan, INVENTORY)
    assert load.hold_s <= hold_s
    assert all(held <= INVENTORY[name] // 2 for name, held in most_held(plan, load, load.hold_s * 1.5).items())


def test_the_same_seed_asks_for_the_same_and_another_one_for_something_else() -> None:
    plan = planned(URL, per_s=5, lasts_s=20)
    assert fitted(plan, INVENTORY) == fitted(plan, INVENTORY)
    assert fitted(plan, INVENTORY).asks != fitted(planned(URL, per_s=5, lasts_s=20, seed=6), INVENTORY).asks


def test_each_is_asked_for_as_often_as_its_weight_says() -> None:
    mix = Mix({"t4": 3.0, "a100": 1.0, "h100": 0.0}, {1: 1.0, 2: 1.0}, {"low": 1.0, "high": 4.0})
    plan = planned(URL, per_s=100, lasts_s=40, mix=mix, tenants=4)
    asks = fitted(plan, dict.fromkeys(("t4", "a100"), 10_000)).asks
    assert [each.request_id for each in asks] == [f"t-{nth}" for nth in range(4000)]
    for name, share in {
        ("gpu_type", "t4"): 0.75,
        ("count", 2): 0.5,
        ("priority", "low"): 0.2,
        ("tenant", "t-t3"): 0.25,
    }.items():
        assert sum(getattr(each, name[0]) == name[1] for each in asks) / 4000 == pytest.approx(share, abs=0.04)


def test_a_hold_that_is_too_long_is_made_shorter() -> None:
    assert fitted(planned(URL, per_s=4.5, hold_s=1), INVENTORY).hold_s == 1
    assert 0.3 < fitted(planned(URL, per_s=4.5, hold_s=60), INVENTORY).hold_s < 5


def test_a_spike_of_five_times_what_the_platform_can_do_fits() -> None:
    plan = planned(URL, phases=shaped("spike", 60, 15))
    assert fitted(plan, INVENTORY).hold_s >= 0.05


def test_what_is_too_much_even_for_a_short_hold_is_refused() -> None:
    with pytest.raises(BadInput, match=r"up to 500 a second, held for 0\.05 s each, are more than half of"):
        fitted(planned(URL, per_s=500), INVENTORY)
    with pytest.raises(BadInput, match="more than half of"):
        fitted(planned(URL, per_s=1, mix=Mix(counts={8: 1.0})), {"t4": 8})
    with pytest.raises(BadInput, match="more than half of"):
        fitted(planned(URL, per_s=1), {})
