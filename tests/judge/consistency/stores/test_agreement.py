from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from granting import TAG, TENANT, Held, allocated, operation, released, sound_stores
from hypothesis import given
from hypothesis import strategies as st

from chaos_aura.core.operation import ALLOCATE, RELEASE, Operation, Outcome
from chaos_aura.core.verdict import Verdict
from chaos_aura.judge.consistency.stores.agreement import STORES, Agreement, agreement
from chaos_aura.judge.consistency.stores.contexts import WINDOW
from chaos_aura.judge.consistency.stores.finding import MOST_KEPT, Kind
from chaos_aura.judge.consistency.stores.phantoms import GRANTED, RELEASED
from chaos_aura.record.rows import KAFKA, NEO4J, TEMPORAL, UNREADABLE, Event, Recorded, Rows
from chaos_aura.record.stores import POOL, REDIS, USAGE, Context, Past

GIVEN_BACK, KEPT, REFUSED, UNKNOWN = (f"{TAG}-{nth}" for nth in range(4))
HISTORY = [
    allocated(GIVEN_BACK, 0, 1, "t4-0"),
    released(GIVEN_BACK, 2, 3),
    allocated(KEPT, 1, 2, "t4-1", "t4-2"),
    operation(ALLOCATE, REFUSED, 1, 2, Outcome.FAIL, why="no_capacity"),
    operation(ALLOCATE, UNKNOWN, 1, 9, Outcome.INFO, why="timeout"),
]
SOUND = sound_stores(HISTORY)
PAST = SOUND.stores.contexts["tag-t0"].past

type Planted = Callable[[Held], Held]


def judged(held: Held, history: list[Operation] = HISTORY) -> Agreement:
    return agreement(history, held.rows, held.stores, TAG)


def with_rows(held: Held, **changed: object) -> Held:
    return replace(held, rows=replace(held.rows, **changed))  # type: ignore[arg-type]


def with_stores(held: Held, **changed: object) -> Held:
    return replace(held, stores=replace(held.stores, **changed))  # type: ignore[arg-type]


def in_neo4j(name: str, **changed: object) -> Planted:
    return lambda held: recorded(name, replace(held.rows.neo4j[name], **changed))(held)  # type: ignore[arg-type]


def recorded(name: str, row: Recorded) -> Planted:
    """In the context that is made of it, too."""

    def plant(held: Held) -> Held:
        past = held.stores.contexts[TENANT].past
        if row.tenant == TENANT and name not in {each.allocation for each in past}:
            past = (Past(name, row.decided_at_ms, row.outcome), *past)
        with_context = with_stores(held, contexts={TENANT: Context(past)})
        return with_rows(with_context, neo4j={**held.rows.neo4j, name: row})

    return plant


def not_in_neo4j(name: str) -> Planted:
    """Nor in the context that is made of it."""

    def plant(held: Held) -> Held:
        past = tuple(each for each in held.stores.contexts[TENANT].past if each.allocation != name)
        rest = {key: row for key, row in held.rows.neo4j.items() if key != name}
        return with_rows(with_stores(held, contexts={TENANT: Context(past)}), neo4j=rest)

    return plant


def in_kafka(name: str, kind: str, *ids: str) -> Planted:
    """In place of those of that kind, which keep their place; the usage stays what its events add up to."""

    def plant(held: Held) -> Held:
        before = held.rows.kafka.get(name, ())
        at = next((nth for nth, each in enumerate(before) if each.kind == kind), len(before))
        rest = [each for each in before if each.kind != kind]
        gpu_ids = next((each.gpu_ids for each in before if each.gpu_ids), ())
        rest[at:at] = [Event(kind, each, tenant=TENANT, gpu_ids=gpu_ids) for each in ids]
        return _counted(with_rows(held, kafka={**held.rows.kafka, name: tuple(rest)}))

    return plant


def events(name: str, change: Callable[[tuple[Event, ...]], tuple[Event, ...]]) -> Planted:
    return lambda held: with_rows(held, kafka={**held.rows.kafka, name: change(held.rows.kafka[name])})


def in_pool(held: dict[str, tuple[str, ...]], *, taken: int = 0) -> Planted:
    """`taken`: how many fewer are free."""

    def plant(before: Held) -> Held:
        pool = before.stores.pool
        free = {"t4": pool.free["t4"] - taken}
        return with_stores(before, pool=replace(pool, free=free, held={**pool.held, **held}))

    return plant


def not_held(held: Held) -> Held:
    pool = held.stores.pool
    return with_stores(held, pool=replace(pool, free=pool.total, held={}))


def in_temporal(name: str, status: str | None) -> Planted:
    def plant(held: Held) -> Held:
        rest = {key: each for key, each in held.rows.temporal.items() if key != name}
        return with_rows(held, temporal=rest if status is None else {**rest, name: status})

    return plant


def in_context(*past: Past, damaged: str = "") -> Planted:
    return lambda held: with_stores(held, contexts={TENANT: Context(past, damaged)})


def in_usage(**changed: int) -> Planted:
    return lambda held: with_stores(held, usage={TENANT: {**held.stores.usage[TENANT], **changed}})


def _counted(held: Held) -> Held:
    usage: Counter[str] = Counter()
    for found in held.rows.kafka.values():
        for event in {each.id: each for each in found}.values():
            usage.update(event.adds)
    return with_stores(held, usage={TENANT: dict(usage)})


def swapped(found: tuple[Event, ...]) -> tuple[Event, ...]:
    return (found[1], found[0], *found[2:])


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
        (recorded(f"{TAG}-99", Recorded(1, "refused", (), TENANT)), Kind.PHANTOM, NEO4J, f"{TAG}-99"),
        (recorded(f"{TAG}-99", Recorded(1, GRANTED, ("t4-9",), TENANT)), Kind.PHANTOM, NEO4J, f"{TAG}-99"),
        (recorded(REFUSED, Recorded(1, GRANTED, ("t4-9",), TENANT)), Kind.PHANTOM, NEO4J, REFUSED),
        # Nobody was told of it, and Neo4j shows that it happened: taken for a failure, all would be well.
        (recorded(UNKNOWN, Recorded(1, GRANTED, ("t4-1",), TENANT)), Kind.DOUBLED, NEO4J, ""),
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
        (in_kafka(KEPT, "requested"), Kind.LOST, KAFKA, KEPT),
        (in_kafka(KEPT, "decided"), Kind.LOST, KAFKA, KEPT),
        (events(KEPT, swapped), Kind.REORDERED, KAFKA, KEPT),
        (in_kafka(KEPT, "refused", "one"), Kind.DISAGREEING, KAFKA, KEPT),
        (in_neo4j(KEPT, state="pending"), Kind.DISAGREEING, NEO4J, KEPT),
        (events(KEPT, lambda found: (*found[:2], replace(found[2], kind=UNREADABLE))), Kind.LOST, KAFKA, KEPT),
        (events(KEPT, lambda found: (*found[:2], replace(found[2], gpu_ids=("t4-7",)))), Kind.DISAGREEING, KAFKA, KEPT),
        (in_temporal(KEPT, None), Kind.LOST, TEMPORAL, KEPT),
        (in_temporal(KEPT, "failed"), Kind.DISAGREEING, TEMPORAL, KEPT),
        (in_temporal(KEPT, "completed"), Kind.DISAGREEING, TEMPORAL, KEPT),
        (in_temporal(GIVEN_BACK, "running"), Kind.DISAGREEING, TEMPORAL, GIVEN_BACK),
        (in_temporal(f"{TAG}-99", "running"), Kind.PHANTOM, TEMPORAL, f"{TAG}-99"),
        (in_context(Past(GIVEN_BACK, 0, "approved")), Kind.DISAGREEING, REDIS, KEPT),
        (in_context(*PAST, Past(f"{TAG}-99", 7, "approved")), Kind.PHANTOM, REDIS, f"{TAG}-99"),
        (in_context(PAST[0], replace(PAST[1], outcome="refused")), Kind.DISAGREEING, REDIS, KEPT),
        (in_context(PAST[0], replace(PAST[1], decided_at_ms=9)), Kind.DISAGREEING, REDIS, KEPT),
        (in_context(damaged="no sorted set"), Kind.DISAGREEING, REDIS, ""),
        (in_context(PAST[0], PAST[0], PAST[1]), Kind.DOUBLED, REDIS, ""),
        (in_usage(granted=3), Kind.DISAGREEING, USAGE, ""),
        (lambda held: with_stores(held, usage={}), Kind.DISAGREEING, USAGE, ""),
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
        recorded(UNKNOWN, Recorded(1, GRANTED, ("t4-9",), TENANT)),  # taken for a failure, it would be a phantom
        recorded(REFUSED, Recorded(1, "refused", (), TENANT)),
        in_temporal(UNKNOWN, "running"),
        in_temporal(REFUSED, "completed"),
        lambda held: with_stores(held, contexts={}),
        in_usage(duplicates=4),
        events(KEPT, lambda found: (*found, found[0])),
        in_kafka(UNKNOWN, GRANTED, "one"),
        in_kafka(KEPT, GRANTED, "the same", "the same"),
        in_kafka(REFUSED, "refused", "one"),
        in_pool({UNKNOWN: ("t4-9",)}, taken=1),
        in_pool({"somebody-else": ("t4-9",)}, taken=1),
    ],
)
def test_what_may_be_is_no_finding(plant: Planted) -> None:
    assert judged(plant(SOUND)).findings == ()


REFUSED_AFTER_ALL = [
    *HISTORY,
    operation(ALLOCATE, UNKNOWN, 10, 11, Outcome.FAIL, why="no_capacity", status=409),
]


@pytest.mark.parametrize(
    ("plant", "store"),
    [
        (recorded(UNKNOWN, Recorded(1, GRANTED, ("t4-9",), TENANT)), NEO4J),
        (in_kafka(UNKNOWN, GRANTED, "one"), KAFKA),
        (in_pool({UNKNOWN: ("t4-9",)}, taken=1), POOL),
    ],
)
def test_who_was_refused_in_the_end_holds_nothing_whatever_became_of_an_earlier_try(plant: Planted, store: str) -> None:
    assert judged(SOUND, REFUSED_AFTER_ALL).findings == ()
    found = judged(plant(SOUND), REFUSED_AFTER_ALL).findings
    assert [(each.kind, each.store, each.allocation) for each in found] == [(Kind.PHANTOM, store, UNKNOWN)]


def test_a_try_that_could_not_be_served_leaves_the_earlier_one_in_doubt() -> None:
    history = [*HISTORY, operation(ALLOCATE, UNKNOWN, 10, 11, Outcome.FAIL, why="overloaded", status=503)]
    assert judged(recorded(UNKNOWN, Recorded(1, GRANTED, ("t4-9",), TENANT))(SOUND), history).findings == ()


@pytest.mark.parametrize(
    ("store", "plant"),
    [
        (NEO4J, in_neo4j(KEPT, tenant="nobody")),
        (KAFKA, events(KEPT, lambda found: tuple(replace(each, tenant="nobody") for each in found))),
    ],
)
def test_another_tenants_name_is_found(store: str, plant: Planted) -> None:
    found = judged(plant(SOUND)).findings
    assert (Kind.DISAGREEING, store, KEPT) in {(each.kind, each.store, each.allocation) for each in found}


def test_who_gets_something_else_than_he_asked_for_was_wronged() -> None:
    asked = {"request_id": KEPT, "tenant": TENANT, "count": 2, "gpu_type": "a100"}
    history = [replace(each, asked=asked) if each.request_id == KEPT else each for each in HISTORY]
    [finding] = judged(SOUND, history).findings
    assert (finding.kind, finding.store, finding.told) == (
        Kind.DISAGREEING, POOL, "asked for 2 a100, and got t4-1, t4-2",
    )  # fmt: skip


def test_what_is_held_is_compared_also_when_nobody_knows_of_its_release() -> None:
    history = [*HISTORY, released(KEPT, 4, 5, Outcome.INFO)]
    [finding] = judged(in_pool({KEPT: ("t4-1", "t4-7")})(SOUND), history).findings
    assert (finding.kind, finding.store) == (Kind.DISAGREEING, POOL)


def test_a_workflow_may_go_on_while_a_store_that_it_writes_is_away() -> None:
    running = in_temporal(GIVEN_BACK, "running")(SOUND)
    assert [each.store for each in judged(running).findings] == [TEMPORAL]
    away = with_stores(with_rows(running, kafka={}), missing={KAFKA: "away"})
    assert judged(away).judgement.verdict is Verdict.UNKNOWN


def test_what_was_over_by_itself_was_given_back() -> None:
    """Its hours were over, and the platform says so to whoever comes to give it back."""
    history = [*HISTORY, operation(RELEASE, KEPT, 4, 5, Outcome.FAIL, why="already_released", status=409)]
    over = in_temporal(KEPT, "completed")(in_neo4j(KEPT, state=RELEASED)(not_held(SOUND)))
    assert judged(over, history).findings == ()


@pytest.mark.parametrize("outcome", [Outcome.INFO, None])
def test_a_release_of_which_nobody_knows_may_be_in_a_store_or_not(outcome: Outcome | None) -> None:
    history = [*HISTORY, released(KEPT, 4, None if outcome is None else 5, outcome)]
    for plant in (lambda held: held, in_neo4j(KEPT, state=RELEASED), in_kafka(KEPT, RELEASED, "one"), not_held):
        assert judged(plant(SOUND), history).findings == ()


def test_a_release_that_failed_gave_nothing_back() -> None:
    history = [*HISTORY, released(KEPT, 4, 5, Outcome.FAIL)]
    assert [each.kind for each in judged(not_held(SOUND), history).findings] == [Kind.LOST]


@pytest.mark.parametrize("store", STORES)
def test_a_store_that_could_not_be_read_is_unknown(store: str) -> None:
    emptied = replace(SOUND.rows, **{store: {}}) if hasattr(SOUND.rows, store) else SOUND.rows
    found = judged(with_stores(replace(SOUND, rows=emptied), missing={store: "nothing listens there"}))
    assert found.findings == ()
    assert found.judgement.verdict is Verdict.UNKNOWN
    assert found.judgement.reasons[0] == f"{store} could not be read: nothing listens there"


@pytest.mark.parametrize(("store", "rests_on"), [(REDIS, NEO4J), (USAGE, KAFKA)])
def test_what_is_made_of_another_store_agrees_with_nothing_where_that_is_away(store: str, rests_on: str) -> None:
    emptied = replace(SOUND.rows, **{rests_on: {}})
    found = judged(with_stores(replace(SOUND, rows=emptied), missing={rests_on: "away"}))
    assert f"{store} has nothing to agree with: {rests_on} could not be read" in found.judgement.reasons


def test_what_one_store_lost_is_a_failure_whatever_another_hides() -> None:
    found = judged(with_stores(not_in_neo4j(KEPT)(SOUND), missing={KAFKA: "away"}))
    assert found.judgement.verdict is Verdict.FAIL


def test_where_nothing_was_granted_nothing_is_known() -> None:
    nothing = [HISTORY[3]]
    assert judged(sound_stores(nothing), nothing).judgement.verdict is Verdict.UNKNOWN


def test_of_a_store_that_the_stack_does_not_have_nothing_is_asked_and_it_is_said() -> None:
    absent = tuple(store for store in STORES if store != POOL)
    bare = with_stores(replace(SOUND, rows=Rows()), absent=absent)
    judgement = judged(bare).judgement
    assert judgement.verdict is Verdict.PASS
    assert {f"{store} is no part of this stack: not asked" for store in absent} < set(judgement.reasons)
    assert judged(with_stores(bare, absent=(KAFKA,))).judgement.verdict is Verdict.FAIL
    assert judged(with_stores(bare, absent=STORES)).judgement.verdict is Verdict.UNKNOWN


def test_a_finding_shows_what_its_tenant_did_and_what_the_store_holds() -> None:
    [finding] = judged(in_neo4j(GIVEN_BACK, state=GRANTED)(SOUND)).findings
    assert [(op.what, op.outcome) for op in finding.operations] == [("allocate", Outcome.OK), ("release", Outcome.OK)]
    assert [row["state"] for row in finding.seen] == [GRANTED]


def test_of_very_many_some_are_kept_and_all_are_counted() -> None:
    many = MOST_KEPT + 5
    history = [allocated(f"{TAG}-{nth}", nth, nth + 1, f"t4-{nth}") for nth in range(many)]
    sound = sound_stores(history, total=many)
    found = judged(with_rows(sound, temporal={}), history)
    assert (len(found.findings), found.counts[Kind.LOST]) == (MOST_KEPT, many)
    assert found.judgement.reasons[0].startswith(f"{TEMPORAL}: {many} lost: ")


def test_only_the_newest_decisions_are_in_a_context() -> None:
    history = [allocated(f"{TAG}-{nth}", nth, nth + 1, f"t4-{nth}") for nth in range(40)]
    sound = sound_stores(history)
    assert judged(sound, history).findings == ()
    past = sound.stores.contexts[TENANT].past
    stale = in_context(Past(f"{TAG}-23", 23, "approved"), *past[:-1])(sound)
    assert [(each.store, each.allocation) for each in judged(stale, history).findings] == [(REDIS, f"{TAG}-39")]


@pytest.mark.parametrize(
    ("plant", "may_mend"),
    [
        (not_in_neo4j(KEPT), True),
        (in_usage(granted=3), True),
        (in_temporal(GIVEN_BACK, "running"), True),
        (in_neo4j(KEPT, decisions=2), False),
        (events(KEPT, swapped), False),
        (lambda held: not_in_neo4j(KEPT)(events(KEPT, swapped)(held)), True),
    ],
)
def test_what_is_missing_may_still_come_and_what_is_wrong_stays(plant: Planted, may_mend: bool) -> None:
    assert judged(plant(SOUND)).may_mend is may_mend


def test_of_a_sound_run_nothing_is_waited_for() -> None:
    assert not judged(SOUND).may_mend


outcomes = st.sampled_from(["kept", "given back", "refused", "unknown", "release unknown"])


@given(st.lists(outcomes, min_size=1, max_size=WINDOW), st.data())  # all are in the context
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
    sound = sound_stores(history)
    assert judged(sound, history).findings == ()
    if sound.rows.neo4j:
        lost = data.draw(st.sampled_from(sorted(sound.rows.neo4j)))
        for planted in (not_in_neo4j(lost)(sound), in_kafka(lost, GRANTED)(sound)):
            assert [(each.kind, each.allocation) for each in judged(planted, history).findings] == [(Kind.LOST, lost)]
