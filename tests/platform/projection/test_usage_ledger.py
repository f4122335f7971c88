"""Single steps in a real Redis: whole or not at all, and only from where the caller believes usage to stand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import redis

from chaos_aura.platform.projection.effects import Effect
from chaos_aura.platform.projection.keys import BUILDING
from chaos_aura.platform.projection.ledger import Applied, Ledger, Place, Refused
from chaos_aura.platform.projection.usage import Usage, UsageReader

pytestmark = pytest.mark.live
_WITHIN_S = 30.0


def _effects(*ids: str, tenant: str = "acme") -> list[Effect]:
    return [Effect(each, ":allocation.granted", tenant, {"granted": 1, "held:t4": 2}) for each in ids]


@asynccontextmanager
async def _ledger(url: str, **options: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(url, timeout_s=_WITHIN_S, **options)
    try:
        yield ledger
    finally:
        await ledger.close()


async def _granted(url: str, tenant: str = "acme") -> int:
    reader = UsageReader(url, timeout_s=_WITHIN_S)
    try:
        return (await reader.of(tenant)).granted
    finally:
        await reader.close()


@pytest.fixture
def empty(redis_url: str) -> str:
    with redis.Redis.from_url(redis_url) as client:
        assert client.flushall()
    return redis_url


def _run(scene: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scene()

    asyncio.run(main())


def test_effects_and_position_go_together(empty: str) -> None:
    async def scene() -> None:
        async with _ledger(empty) as ledger:
            generation = await ledger.generation()
            assert await ledger.positions(generation) == {}
            assert await ledger.apply(Place(generation, 3, None, 17), _effects("a", "b")) == Applied(2, 0)
            assert await ledger.positions(generation) == {3: 17}
            assert await ledger.apply(Place(generation, 3, 17, 20), _effects("b", "c", "c")) == Applied(1, 2)
            assert await ledger.positions(generation) == {3: 20}
            assert await ledger.apply(Place(generation, 3, 20, 21), []) == Applied(0, 0)
        reader = UsageReader(empty, timeout_s=_WITHIN_S)
        assert await reader.of("acme") == Usage("acme", granted=3, held_gpus={"t4": 6}, duplicates=2)
        await reader.close()

    _run(scene)


@pytest.mark.parametrize("believed", [None, 16, 18])
def test_wrong_position_changes_nothing(empty: str, believed: int | None) -> None:
    async def scene() -> None:
        async with _ledger(empty) as ledger:
            generation = await ledger.generation()
            await ledger.apply(Place(generation, 3, None, 17), _effects("a"))
            outcome = await ledger.apply(Place(generation, 3, believed, 30), _effects("b"))
            assert outcome == Refused("elsewhere: '17'")
            assert await ledger.positions(generation) == {3: 17}
            assert await _granted(empty) == 1

    _run(scene)


def test_wrong_generation_changes_nothing(empty: str) -> None:
    async def scene() -> None:
        async with _ledger(empty) as ledger:
            generation = await ledger.generation()
            await ledger.renew(generation)
            await ledger.renew(generation)  # it does not count any more: nothing happens
            outcome = await ledger.apply(Place(generation, 0, None, 5), _effects("a"))
            assert outcome == Refused(f"overtaken: '{int(generation) + 1}'")
            assert await ledger.generation() == str(int(generation) + 1)
            assert await ledger.positions(generation) == {}

    _run(scene)


def test_what_is_built_counts_only_after_the_switch(empty: str) -> None:
    async def scene() -> None:
        async with _ledger(empty) as live, _ledger(empty, pointer=BUILDING) as building:
            before = await live.generation()
            await live.apply(Place(before, 0, None, 5), _effects("a"))
            built = await building.start_building()
            await building.apply(Place(built, 0, None, 9), _effects("a", "b", "c"))
            assert await _granted(empty) == 1
            assert await building.switch_to(built)
            assert await building.switch_to(built)  # repeated, because its first answer was lost
            assert await _granted(empty) == 3
            await building.remove_old()
            assert await live.positions(before) == {}
            assert await live.positions(built) == {0: 9}

    _run(scene)


def test_overtaken_builder_cannot_switch(empty: str) -> None:
    async def scene() -> None:
        async with _ledger(empty, pointer=BUILDING) as ledger:
            first = await ledger.start_building()
            second = await ledger.start_building()
            assert isinstance(await ledger.apply(Place(first, 0, None, 5), _effects("a")), Refused)
            assert not await ledger.switch_to(first)
            assert await ledger.switch_to(second)

    _run(scene)


def test_tenants_with_odd_names_are_kept_apart(empty: str) -> None:
    names = ["a:b", "generation", "", "1", "ü\n*", "seen:1:a"]

    async def scene() -> None:
        async with _ledger(empty) as ledger:
            generation = await ledger.generation()
            at = None
            for number, name in enumerate(names, 1):
                effects = _effects(*(f"{number}-{each}" for each in range(number)), tenant=name)
                await ledger.apply(Place(generation, 0, at, number), effects)
                at = number
            assert [await _granted(empty, name) for name in names] == list(range(1, len(names) + 1))

    _run(scene)


def test_events_are_remembered_for_days_and_not_for_ever(empty: str) -> None:
    async def scene() -> None:
        async with _ledger(empty) as ledger:
            await ledger.apply(Place(await ledger.generation(), 0, None, 1), _effects("a"))

    _run(scene)
    with redis.Redis.from_url(empty) as client:
        (key,) = client.keys("usage-seen:*")
        assert 2 * 24 * 3600 < client.ttl(key) < 10 * 24 * 3600


def test_numbers_beyond_a_float_stay_exact(empty: str) -> None:
    exact = 2**53 + 1

    async def scene() -> None:
        async with _ledger(empty) as ledger:
            effect = Effect("a", "e", "acme", {"granted": exact})
            await ledger.apply(Place(await ledger.generation(), 0, None, 1), [effect])
            assert await _granted(empty) == exact

    _run(scene)
