"""Live tests of the platform share one stack; each leaves it healthy, and finds it granting."""

import random
import uuid
from collections.abc import Callable, Iterator

import pytest
from awaiting import wait_until
from books import api_url, disagreements, read_books
from driven_allocations import allocate
from hurting import unwell
from tenants import Load

from chaos_aura.stack.running import RunningStack

DRAINED_WITHIN_S = 90  # also by a store that was killed and is still starting, on a busy machine


@pytest.fixture(scope="module")
def granting(stack: RunningStack) -> None:
    """Tests of other rooms cut the worker off from Temporal: healthy again, its client may still wait for seconds
    before it polls."""
    tenant = f"first-{uuid.uuid4().hex[:12]}"
    allocate(stack, tenant, tenant)


@pytest.fixture(autouse=True)
def finds_it_granting(request: pytest.FixtureRequest) -> None:
    if "stack" in request.fixturenames:
        request.getfixturevalue("granting")


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
        found: list[str] = []

        def agrees() -> bool:
            found[:] = [f"{name} is unwell: {why}" for name, why in unwell(stack).items()]
            if not found:
                found[:] = disagreements(told, read_books(stack, load.tenants.run, {held.tenant for held in told}))
            return not found

        try:
            wait_until(agrees, DRAINED_WITHIN_S, "all are healthy and the books agree")
        except AssertionError:
            pytest.fail("\n".join(found))

    return check
