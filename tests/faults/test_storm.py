"""More than forty controllers are killed, each at a random moment: nothing is left, and the platform is well."""

import os
import random
from collections.abc import Callable

import pytest
from awaiting import wait_until
from driven_allocations import drive
from hurting import is_well
from local_stack import PlacedStack
from storm import BLOWS, Storm, Strike

_STRIKES = max(40, len(BLOWS))  # each at least once
_GONE_WITHIN_S = 20  # on a busy machine; the benchmark tells how long it takes on this one
_WELL_WITHIN_S = 30


@pytest.mark.timeout(600)
def test_killed_controllers_leave_nothing(place: Callable[..., PlacedStack]) -> None:
    seed = int(os.environ.get("CHAOS_AURA_STORM_SEED", random.SystemRandom().randrange(10**6)))
    placed = place()
    placed.up()
    stack = placed.running()
    drive(stack, 3)
    storm = Storm(stack, seed, _GONE_WITHIN_S)
    strikes: list[Strike] = []
    try:
        strikes.extend(storm.strike(number) for number in range(_STRIKES))
    finally:
        storm.close()
    left = {f"{number}: {strike}": strike.left for number, strike in enumerate(strikes) if strike.left}
    assert not left, f"seed {seed}: {left}"
    said = [f"{strike}: {strike.said}" for strike in strikes]
    assert not [str(strike) for strike in strikes if strike.was_refused], f"seed {seed}: {said}"
    assert sum(strike.was_injected for strike in strikes) >= _STRIKES / 4, f"seed {seed}: {said}"
    wait_until(lambda: is_well(stack), _WELL_WITHIN_S, "the platform is well again")
    drive(stack, 1)
