"""Workers and API killed at any moment: work goes on, no GPU has two owners, none leaks."""

import random
from collections.abc import Callable
from functools import partial

import pytest
from amounts import amount
from killing import kill, kill_until_it_runs_again
from local_stack import ALL
from tenants import Load

from chaos_aura.stack.running import RunningStack

pytestmark = pytest.mark.alone

_KILLS = amount(12, long=30)
_MEETING_A_CALL = amount(8, long=20)  # of them at least: a call may be answered in the moment before its kill
_LATEST_IN_A_CALL_S = 0.05


@pytest.mark.timeout(900)
def test_many_kills_in_a_row_under_load(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None], seed: int
) -> None:
    """After each kill a request that came later is granted. Most kills meet a call that has no answer yet."""
    chance, killed_at_s = random.Random(seed), list[float]()
    with load(rate=3.0) as tenants:
        tenants.wait_for_grants(5)
        for _ in range(_KILLS):
            name, for_s = chance.choice(("worker", "api")), chance.uniform(0, _LATEST_IN_A_CALL_S)
            in_a_call = partial(tenants.wait_for_a_call_under_way, for_s)
            killed_at_s.append(kill_until_it_runs_again(stack, name, in_a_call))
            tenants.wait_for_grants(1, within_s=60)
    assert sum(tenants.calls_at(each) > 0 for each in killed_at_s) >= _MEETING_A_CALL
    all_is_right(tenants)


@pytest.mark.timeout(300)
def test_everything_killed_at_once(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None]
) -> None:
    with load() as tenants:
        tenants.wait_for_grants(5)
        for name in ALL:
            kill(stack, name)
        tenants.wait_for_grants(10, within_s=120)
    all_is_right(tenants)
