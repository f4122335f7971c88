from collections.abc import Callable
from dataclasses import replace

import pytest
from granting import TAG, allocated, operation, released, sound_stores
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.operation import ALLOCATE, Operation, Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.agreement import GRANTED, RELEASED, Agreement, Kind, agreement
from chaos_aura.record.stores import KAFKA, NEO4J, POOL, Recorded, Stores

GIVEN_BACK, KEPT, REFUSED, UNKNOWN = (f"{TAG}-{nth}" for nth in range(4))
HISTORY = [
    allocated(GIVEN_BACK, 0, 1, "t4-0"),
    released(GIVEN_BACK, 2, 3),
    allocated(KEPT, 1, 2, "t4-1", "t4-2"),
    operation(ALLOCATE, REFUSED, 1, 2, Outcome.FAIL, why="no_capacity"),
    operation(ALLOCATE, UNKNOWN, 1, 9, Outcome.INFO, why="timeout"),
]
SOUND = sound_stores(HISTORY)

type Planted = Callable[[Stores], Stores]


def judged(stores: Stores, history: list[Operation] = HISTORY) -> Agreement:
    return agreement(history, stores, TAG)


def in_neo4j(name: str, **changed: object) -> Planted:
    return lambda stores: replace(stores, neo4j={**stores.neo4j, name: replace(stores.neo4j[name], **changed)})


def recorded(name: str, row: Recorded) -> Planted:
    return lambda stores: replace(stores, neo4j={**stores.neo4j, name: row})


def not_in_neo4j(name: str) -> Planted:
    return lambda stores: replace(stores, neo4j={key: row for key, row in stores.neo4j.items() if key != name})


def in_kafka(name: str, kind: str, *ids: str) -> Planted:
    return lambda stores: replace(stores, kafka={**stores.kafka, name: {**stores.kafka.get(name, {}), kind: ids}})


def in_pool(held: dict[str, tuple[str, ...]], *, taken: int = 0) -> Planted:
    """`taken`: how many fewer are free."""

    def plant(stores: Stores) -> Stores:
        free = {"t4": stores.pool.free["t4"] - taken}
        return replace(stores, pool=replace(stores.pool, free=free, held={**stores.pool.held, **held}))

    return plant


def not_held(stores: Stores) -> Stores:
    return replace(stores, pool=replace(stores.pool, free=stores.pool.total, held={}))


def test_a_sound_run_agrees() -> None:
    found = judged(SOUND)
    assert found.findings == ()
    assert found.judgement.has_passed, found.judgement
    assert found.acknowledged == 2


@pytest.mark.parametrize(
    ("plant", "kind", "store", "allocation"),
    [
        (not_in_neo4j(KEPT), Kind.LOST, NEO4J, KEPT),
        (in_neo4j(KEPT, decisions=0), Kind.LOST, NEO4J, KEPT),
        (in_neo4j(GIVEN_BACK, state=GRANTED), Kind.LOST, NEO4J, GIVEN_BACK),
        (in_neo4j(KEPT, decisions=2), Kind.DOUBLED, NEO4J, KEPT),
        (in_neo4j(KEPT, gpu_ids=("t4-1", "t4-7")), Kind.DISAGREEING, NEO4J, KEPT),
        (in_neo4j(KEPT, state=RELEASED), Kind.PHANTOM, NEO4J, KEPT),
        (recorded(f"{TAG}-99", Recorded(1, "refused")), Kind.PHANTOM, NEO4J, f"{TAG}-99"),
        (recorded(f"{TAG}-99", Recorded(1, GRANTED, ("t4-9",))), Kind.PHANTOM, NEO4J, f"{TAG}-99"),
        (recorded(REFUSED, Recorded(1, GRANTED, ("t4-9",))), Kind.PHANTOM, NEO4J, REFUSED),
        (in_kafka(KEPT, GRANTED), Kind.LOST, KAFKA, KEPT),
        (in_kafka(GIVEN_BACK, RELEASED), Kind.LOST, KAFKA, GIVEN_BACK),
        (in_kafka(KEPT, GRANTED, "one", "other"), Kind.DOUBLED, KAFKA, KEPT),
        (in_kafka(KEPT, RELEASED, "one"), Kind.PHANTOM, KAFKA, KEPT),
        (in_kafka(f"{TAG}-99", "requested", "one"), Kind.PHANTOM, KAFKA, f"{TAG}-99"),
        (in_kafka(REFUSED, GRANTED, "one"), Kind.PHANTOM, KAFKA, REFUSED),
        (not_held, Kind.LOST, POOL, KEPT),
        (in_pool({KEPT: ("t4-1",)}, taken=-1), Kind.DISAGREEING, POOL, KEPT),
        (in_pool({GIVEN_BACK: ("t4-0",)}, taken=1), Kind.LEAKED, POOL, GIVEN_BACK),
        (in_pool({}, taken=1), Kind.LEAKED, POOL, ""),
        (in_pool({f"{TAG}-99": ("t4-9",)}, taken=1), Kind.PHANTOM, POOL, f"{TAG}-99"),
        (in_pool({REFUSED: ("t4-9",)}, taken=1), Kind.PHANTOM, POOL, REFUSED),
        (in_pool({"others": ("t4-1",)}, taken=1), Kind.DOUBLED, POOL, ""),
    ],
)
def test_each_planted_defect_is_found_alone(plant: Planted, kind: Kind, store: str, allocation: str) -> None:
    found = judged(plant(SOUND))
    assert [(each.kind, each.store, each.allocation) for each in found.findings] == [(kind, store, allocation)]
    assert found.judgement.verdict is Verdict.FAIL
    assert str(found.findings[0]) in found.judgement.reasons[0]
    assert found.of(kind) == found.findings


@pytest.mark.parametrize(
    "plant",
    [
        recorded(UNKNOWN, Recorded(1, GRANTED, ("t4-9",))),
        recorded(REFUSED, Recorded(1, "refused")),
        in_kafka(UNKNOWN, GRANTED, "one"),
        in_kafka(KEPT, GRANTED, "the same", "the same"),
        in_kafka(REFUSED, "refused", "one"),
        in_pool({UNKNOWN: ("t4-9",)}, taken=1),
        in_pool({"somebody-else": ("t4-9",)}, taken=1),
    ],
)
def test_what_may_be_is_no_finding(plant: Planted) -> None:
    assert judged(plant(SOUND)).findings == ()


@pytest.mark.parametrize("outcome", [Outcome.INFO, None])
def test_a_release_of_which_nobody_knows_may_be_in_a_store_or_not(outcome: Outcome | None) -> None:
    history = [*HISTORY, released(KEPT, 4, None if outcome is None else 5, outcome)]
    for plant in (lambda stores: stores, in_neo4j(KEPT, state=RELEASED), in_kafka(KEPT, RELEASED, "one"), not_held):
        assert judged(plant(SOUND), history).findings == ()


def test_a_release_that_failed_gave_nothing_back() -> None:
    history = [*HISTORY, released(KEPT, 4, 5, Outcome.FAIL)]
    assert [each.kind for each in judged(not_held(SOUND), history).findings] == [Kind.LOST]


@pytest.mark.parametrize("store", [NEO4J, KAFKA, POOL])
def test_a_store_that_could_not_be_read_is_unknown(store: str) -> None:
    emptied = {NEO4J: replace(SOUND, neo4j={}), KAFKA: replace(SOUND, kafka={}), POOL: not_held(SOUND)}[store]
    found = judged(replace(emptied, missing={store: "nothing listens there"}))
    assert found.findings == ()
    assert found.judgement.verdict is Verdict.UNKNOWN
    assert found.judgement.reasons[0] == f"{store} could not be read: nothing listens there"


def test_what_one_store_lost_is_a_failure_whatever_another_hides() -> None:
    found = judged(replace(not_in_neo4j(KEPT)(SOUND), missing={KAFKA: "away"}))
    assert found.judgement.verdict is Verdict.FAIL


def test_where_nothing_was_granted_nothing_is_known() -> None:
    nothing = [HISTORY[3]]
    assert agreement(nothing, sound_stores(nothing), TAG).judgement.verdict is Verdict.UNKNOWN


def test_of_a_store_that_the_stack_does_not_have_nothing_is_asked_and_it_is_said() -> None:
    bare = replace(sound_stores(HISTORY), neo4j={}, kafka={}, absent=("kafka", "neo4j"))
    judgement = agreement(HISTORY, bare, TAG).judgement
    assert judgement.verdict is Verdict.PASS
    assert "neo4j is no part of this stack: not asked" in judgement.reasons
    assert agreement(HISTORY, replace(bare, absent=("kafka",)), TAG).judgement.verdict is Verdict.FAIL
    assert (
        agreement(HISTORY, replace(bare, absent=("kafka", "neo4j", "pool")), TAG).judgement.verdict is Verdict.UNKNOWN
    )


outcomes = st.sampled_from(["kept", "given back", "refused", "unknown", "release unknown"])


@given(st.lists(outcomes, min_size=1, max_size=20), st.data())
def test_any_sound_history_agrees_and_any_loss_in_it_is_found(drawn: list[str], data: st.DataObject) -> None:
    history = []
    for nth, became in enumerate(drawn):
        name = f"{TAG}-{nth}"
        if became == "refused":
            history.append(operation(ALLOCATE, name, nth, nth + 1, Outcome.FAIL, why="no_capacity"))
        elif became == "unknown":
            history.append(operation(ALLOCATE, name, nth, nth + 1, Outcome.INFO))
        else:
            history.append(allocated(name, nth, nth + 1, f"t4-{nth}"))
            if became != "kept":
                outcome = Outcome.OK if became == "given back" else Outcome.INFO
                history.append(released(name, nth + 2, nth + 3, outcome))
    stores = sound_stores(history)
    assert agreement(history, stores, TAG).findings == ()
    if stores.neo4j:
        lost = data.draw(st.sampled_from(sorted(stores.neo4j)))
        for planted in (not_in_neo4j(lost)(stores), in_kafka(lost, GRANTED)(stores)):
            assert [(each.kind, each.allocation) for each in agreement(history, planted, TAG).findings] == [
                (Kind.LOST, lost)
            ]
