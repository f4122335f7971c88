"""What is written, and what is said of it: only what was read back is repaired."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from repaired_allocations import RELEASED, named
from scripted_stores import Stores, failing, nothing

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.model import EventKind
from chaos_aura.platform.repair.applying import Applied, Applying
from chaos_aura.platform.repair.plan import Fate
from chaos_aura.platform.repair.told import Standing

_BATCH = 50


@pytest.fixture
def stores() -> Stores:
    """One lacks its decision and two events."""
    one = Stores()
    one.add(named(RELEASED, "run-1"))
    del one.kept_by_id["run-1"]
    one.kinds["run-1"] -= {EventKind.GRANTED, EventKind.RELEASED}
    return one


def applied(stores: Stores, after_planning: Callable[[], None] = nothing) -> list[Applied]:
    async def apply() -> list[Applied]:
        looking = stores.looking()
        _, plans = await looking.all()
        after_planning()
        applying = Applying(looking, stores, stores)  # type: ignore[arg-type]
        return [batch async for batch in applying.all(plans)]

    return asyncio.run(apply())


def became(batches: list[Applied]) -> list[tuple[str, bool]]:
    return [(done.item.missing, done.repaired) for batch in batches for done in batch.done]


def test_all_of_it_is_written_once_and_read_back(stores: Stores) -> None:
    assert became(applied(stores)) == [("decision", True), ("event granted", True), ("event released", True)]
    assert stores.published == [("run-1", EventKind.GRANTED), ("run-1", EventKind.RELEASED)]
    assert applied(stores) == []


def test_what_came_by_itself_is_not_written_again(stores: Stores) -> None:
    batches = applied(stores, lambda: stores.add(named(RELEASED, "run-1")))
    assert {repaired for _, repaired in became(batches)} == {True}
    assert stores.published == []


def test_what_could_not_be_written_says_why(stores: Stores) -> None:
    stores.when_something_is_written = failing("kafka")
    (batch,) = applied(stores)
    assert {repaired for _, repaired in became([batch])} == {False}
    assert {done.why_not for done in batch.done} == {"kafka: no answer"}


def test_what_was_taken_and_is_not_there_is_not_repaired(stores: Stores) -> None:
    async def taken_and_lost(_: object) -> None:
        """Says that it did."""

    stores.publish = stores.write = taken_and_lost  # type: ignore[method-assign]
    (batch,) = applied(stores)
    assert [done.repaired for done in batch.done] == [False] * 3
    assert {done.why_not for done in batch.done} == {"it was written, and is not there"}


def test_what_nobody_can_tell_any_more_is_left_and_not_called_repaired(stores: Stores) -> None:
    stores.told["run-1"] = replace(stores.told["run-1"], standing=Standing.RUNNING)
    (batch,) = applied(stores, lambda: stores.falls_silent("run-1"))
    assert batch.done == ()
    assert [(left.store, left.fate) for left in batch.left] == [("temporal", Fate.UNKNOWN)]
    assert stores.published == []


def test_once_a_store_is_away_the_rest_is_not_tried() -> None:
    stores = Stores()
    for number in range(2 * _BATCH):
        stores.add(named(RELEASED, f"run-{number:03}"))
    stores.kept_by_id.clear()
    asked_before: list[int] = []

    def then_away() -> None:
        asked_before.append(len(stores.asked))
        if len(asked_before) == 2:
            raise DependencyAway("temporal", "no answer")

    def planned() -> None:
        stores.when_temporal_is_asked = then_away

    first, second = applied(stores, planned)
    assert {done.repaired for done in first.done} == {True}
    assert {(done.repaired, done.why_not) for done in second.done} == {(False, "temporal: no answer")}
    assert len(first.done) == len(second.done) == _BATCH
    assert len(stores.kept_by_id) == _BATCH
