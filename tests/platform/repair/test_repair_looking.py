"""What is compared, in which order, and who is asked at all."""

import asyncio
from dataclasses import replace

from repaired_allocations import GRANTED, RELEASED, named
from scripted_stores import Stores

from chaos_aura.platform.model import EventKind
from chaos_aura.platform.repair.plan import Fate, Plan
from chaos_aura.platform.repair.told import Standing


def looked(stores: Stores, *only: str) -> dict[str, Plan]:
    return dict(asyncio.run(stores.looking(*only).all())[1])


def test_of_what_both_stores_hold_whole_nobody_is_asked() -> None:
    stores = Stores()
    stores.add(named(RELEASED, "run-1"))
    stores.add(named(GRANTED, "run-2"), Standing.RUNNING)
    assert looked(stores) == {}
    assert stores.asked == []


def test_what_is_written_while_temporal_is_asked_is_not_missing() -> None:
    stores = Stores()
    stores.add(named(RELEASED, "run-1"))
    late = stores.kept_by_id.pop("run-1")
    stores.kinds["run-1"] = set()

    def written() -> None:
        stores.kept_by_id["run-1"] = late
        stores.add(named(RELEASED, "run-1"))

    stores.when_temporal_is_asked = written
    assert looked(stores) == {"run-1": Plan()}
    assert stores.asked == ["run-1"]


def test_events_from_before_the_run_are_found_before_they_are_called_missing() -> None:
    stores = Stores()
    stores.add(named(RELEASED, "run-1"))
    stores.before["run-1"] = {EventKind.REQUESTED, EventKind.DECIDED}
    stores.kinds["run-1"] -= stores.before["run-1"]
    assert looked(stores) == {"run-1": Plan()}


def test_what_only_a_store_knows_of_is_asked_of_temporal_too() -> None:
    stores = Stores()
    stores.add(named(GRANTED, "run-1"))
    del stores.told["run-1"]
    (left,) = looked(stores)["run-1"].left
    assert (left.store, left.fate) == ("temporal", Fate.LOST)


def test_every_page_is_read() -> None:
    stores = Stores()
    for number in range(2500):
        stores.add(named(RELEASED, f"run-{number}"))
    assert looked(stores) == {}
    looked_at = asyncio.run(stores.looking().all())[0]
    assert (looked_at.temporal, looked_at.neo4j, looked_at.kafka) == (2500, 2500, 2500)
    stores.kept_by_id.clear()
    assert len(looked(stores)) == 2500


def test_only_those_that_are_named_are_looked_at() -> None:
    stores = Stores()
    for name in ("run-1", "run-2"):
        stores.add(named(RELEASED, name))
        stores.kept_by_id[name] = replace(stores.kept_by_id[name], has_decision=False)
    assert list(looked(stores, "run-2")) == ["run-2"]
    assert stores.asked == ["run-2"]
