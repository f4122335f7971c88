"""Live tests of the platform share one stack; each leaves it healthy."""

import random
from collections.abc import Callable, Iterator

import pytest
from awaiting import wait_until
from books import api_url, disagreements, read_books
from hurting import is_well
from tenants import Load

from chaos_aura.stack.running import RunningStack

HEALED_WITHIN_S = 60  # a killed JVM on a busy machine; what is asked of the platform begins then
DRAINED_WITHIN_S = 30


@pytest.fixture
def seed() -> int:
    chosen = random.SystemRandom().randrange(1_000_000)
    print(f"seed {chosen}")  # noqa: T201 - pytest shows it when the test fails
    return chosen


@pytest.fixture
def load(stack: RunningStack, seed: int) -> Callable[..., Load]:
    """`with load(rate) as tenants:`"""

    def make(rate: float = 4.0, **options: float) -> Load:
        return Load(lambda: api_url(stack), seed, rate, **options)

    return make


@pytest.fixture
def all_is_right(stack: RunningStack) -> Iterator[Callable[[Load], None]]:
    """Asks that the pool and all stores agree with what tenants were told, soon after the fault is gone."""

    def check(load: Load) -> None:
        told = load.tenants.all
        assert told
        wait_until(lambda: is_well(stack), HEALED_WITHIN_S, "every member is healthy")
        found: list[str] = []

        def agrees() -> bool:
            found[:] = disagreements(told, read_books(stack, load.tenants.run, {held.tenant for held in told}))
            return not found

        try:
            wait_until(agrees, DRAINED_WITHIN_S, "the books agree")
        except AssertionError:
            pytest.fail("\n".join(found))

    return check
