"""Workers and API killed at any moment: work goes on, no GPU has two owners, none leaks."""

import random
import time
from collections.abc import Callable

import pytest
from killing import kill, kill_until_it_runs_again
from tenants import Load

from chaos_aura.stack.running import RunningStack

_KILLS = 30
_LONGEST_PAUSE_S = 0.8


@pytest.mark.timeout(900)
def test_thirty_kills_in_a_row_under_load(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None], seed: int
) -> None:
    """After each kill a request that came later is granted; each kill meets at least one call without an answer yet."""
    chance = random.Random(seed)
    with load(rate=3.0) as tenants:
        tenants.wait_for_grants(5)
        for _ in range(_KILLS):
            time.sleep(chance.uniform(0, _LONGEST_PAUSE_S))  # waits for nothing: it only chooses the moment of the kill
            tenants.wait_for_a_call_under_way()
            kill_until_it_runs_again(stack, chance.choice(("worker", "api")))
            tenants.wait_for_grants(1, within_s=60)
    all_is_right(tenants)


@pytest.mark.timeout(300)
def test_everything_killed_at_once(
    stack: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None]
) -> None:
    with load() as tenants:
        tenants.wait_for_grants(5)
        for name in ("worker", "api", "projection", "temporal", "redis"):
            kill(stack, name)
        tenants.wait_for_grants(10, within_s=90)
    all_is_right(tenants)
