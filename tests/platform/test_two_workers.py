"""With a second worker there is an elsewhere: what one leaves undone, the other does, and nobody does it twice."""

import random
import time
from collections.abc import Callable, Iterator

import pytest
from awaiting import wait_until
from hurting import is_stopped, paused
from local_stack import PlacedStack
from tenants import Held, Load

from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState

pytestmark = pytest.mark.alone

_WITHIN_S = 120


@pytest.fixture(scope="module")
def two_workers(stack: RunningStack) -> Iterator[RunningStack]:
    one = PlacedStack(stack.project)
    one.up(workers=2)
    yield one.running()
    one.up(workers=1)


@pytest.mark.timeout(300)
def test_what_a_silent_worker_had_begun_goes_on_elsewhere(
    two_workers: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None], seed: int
) -> None:
    """It wakes in the middle of what it was doing, which has been done since."""
    with load(rate=6.0, hold_s=2.0) as tenants:
        wait_until(lambda: len(tenants.tenants.living) >= 10, _WITHIN_S, "ten that each worker knows some of")
        with paused(two_workers, random.Random(seed).choice(("worker", "worker-2"))) as silent:
            begun = tenants.tenants.living
            wait_until(lambda: all(map(_is_over, begun)), _WITHIN_S, "the end of each that was begun")
            tenants.wait_for_releases(10, within_s=_WITHIN_S)
            assert is_stopped(silent)
        tenants.wait_for_releases(10)
    assert sum(held.is_released for held in begun) >= 5  # one may be refused, or be over before the worker is silent
    all_is_right(tenants)


@pytest.mark.timeout(300)
def test_told_to_end_while_it_is_busy_it_leaves_nobody_without_an_answer(
    two_workers: RunningStack, load: Callable[..., Load], all_is_right: Callable[[Load], None]
) -> None:
    with load(rate=6.0, hold_s=2.0) as tenants:
        tenants.wait_for_grants(10)
        tenants.wait_for_a_call_under_way(for_s=0)
        told_at_s = time.monotonic()
        two_workers.supervisor.stop("worker")
        wait_until(
            lambda: two_workers.supervisor.children()["worker"].process is None, _WITHIN_S, "the end of the worker"
        )
        ended_at_s = time.monotonic()
        tenants.wait_for_grants(10)
        child = two_workers.supervisor.children()["worker"]
        two_workers.supervisor.start("worker")
        tenants.wait_for_grants(10)
    assert (child.state, child.last_end) == (ChildState.STOPPED, "exited with 0")
    assert tenants.calls_between(told_at_s, ended_at_s) > 0  # what was under way before may have its answer by then
    answers = {answer for held in tenants.tenants.all for answer in held.answers}
    assert answers <= {"200", "201", "202", "409", "D200"}
    all_is_right(tenants)


def _is_over(held: Held) -> bool:
    return held.is_released or bool(held.refused)
