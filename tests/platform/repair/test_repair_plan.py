"""What is missing of an allocation, for every combination of what the stores may hold."""

from collections.abc import Set as AbstractSet
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repaired_allocations import GRANTED, ID, PENDING, REFUSED, RELEASED

from chaos_aura.platform.allocation.orders import Store
from chaos_aura.platform.model import Allocation, EventKind, State
from chaos_aura.platform.model.event import event_of_release, events_of_decision
from chaos_aura.platform.repair.plan import KINDS, Fate, Plan, events_to_write, may_lack, plan_of
from chaos_aura.platform.repair.told import Standing, Told
from chaos_aura.platform.stores.kept import Kept

DECIDED = {each.state.value: each for each in (GRANTED, RELEASED, REFUSED)}
HELD_KINDS = [
    frozenset(some) for some in chain.from_iterable(combinations(EventKind, size) for size in range(len(EventKind) + 1))
]
HELD_DECISIONS = [None] + [Kept(ID, state, has) for state in (*State, "muddled") for has in (True, False)]
_RANK = {"pending": 0, "granted": 1, "refused": 2, "released": 2}


def told(allocation: Allocation | None, standing: Standing = Standing.ENDED, *unwritten: str) -> Told:
    return Told(ID, standing, allocation, frozenset(unwritten), why="so it is")


def kept(state: str, *, has_decision: bool = True) -> Kept:
    return Kept(ID, state, has_decision)


def missing(plan: Plan) -> list[str]:
    return [item.missing for item in plan.items]


def fates(plan: Plan) -> list[tuple[str, Fate]]:
    return [(left.store, left.fate) for left in plan.left]


def whole(allocation: Allocation) -> tuple[Kept, AbstractSet[EventKind]]:
    return kept(allocation.state.value), frozenset(KINDS[allocation.state.value])


@pytest.mark.parametrize("allocation", DECIDED.values(), ids=DECIDED)
def test_the_kinds_of_a_state_are_those_of_the_events_that_are_written(allocation: Allocation) -> None:
    events = events_of_decision(allocation)
    if allocation.state is State.RELEASED:
        events = (*events, event_of_release(allocation))
    assert tuple(event.kind for event in events) == KINDS[allocation.state.value]


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("allocation", DECIDED.values(), ids=DECIDED)
def test_where_all_is_there_nothing_is_planned(allocation: Allocation, standing: Standing) -> None:
    plan = plan_of(told(allocation, standing), *whole(allocation))
    assert plan.items == ()
    assert events_to_write(plan) == ()
    is_over = allocation.state is not State.GRANTED
    assert may_lack(*whole(allocation), is_running=True) is False
    assert may_lack(*whole(allocation), is_running=False) is not is_over


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (None, ["decision"]),
        (kept("granted", has_decision=False), ["decision"]),
        (kept("pending"), ["state released"]),
        (kept("granted"), ["state released"]),
        (kept("released"), []),
    ],
)
def test_a_decision_that_neo4j_lacks_or_has_not_followed(held: Kept | None, said: list[str]) -> None:
    plan = plan_of(told(RELEASED), held, set(KINDS["released"]))
    assert (missing(plan), plan.left) == (said, ())
    assert all((item.store, item.state) == (Store.NEO4J, "released") for item in plan.items)
    assert events_to_write(plan) == ()


def test_events_are_planned_in_their_order_and_say_when_they_come_too_late() -> None:
    plan = plan_of(told(RELEASED), kept("released"), {EventKind.DECIDED, EventKind.RELEASED})
    assert missing(plan) == ["event requested", "event granted"]
    assert [item.out_of_order for item in plan.items] == [True, True]
    assert plan.items[0].why == "Kafka holds decided, released; it will stand after decided, released, out of order"
    assert [event.kind for event in events_to_write(plan)] == [EventKind.REQUESTED, EventKind.GRANTED]


def test_the_last_events_come_in_order() -> None:
    plan = plan_of(told(RELEASED), kept("released"), {EventKind.REQUESTED, EventKind.DECIDED})
    assert [(item.missing, item.out_of_order) for item in plan.items] == [
        ("event granted", False),
        ("event released", False),
    ]


@pytest.mark.parametrize("allocation", DECIDED.values(), ids=DECIDED)
def test_what_its_own_writers_are_at_is_left_to_them(allocation: Allocation) -> None:
    both = plan_of(told(allocation, Standing.RUNNING, "neo4j", "kafka"), None, frozenset())
    assert (both.items, fates(both)) == ((), [("neo4j", Fate.WAITS), ("kafka", Fate.WAITS)])
    one = plan_of(told(allocation, Standing.RUNNING, "kafka", "redis"), None, frozenset())
    assert (missing(one), fates(one)) == (["decision"], [("kafka", Fate.WAITS)])
    other = plan_of(told(allocation, Standing.RUNNING, "neo4j"), None, frozenset())
    assert (len(other.items), fates(other)) == (len(KINDS[allocation.state.value]), [("neo4j", Fate.WAITS)])


def test_who_is_refused_in_one_and_granted_in_another_is_overwritten_nowhere() -> None:
    for allocation, state in ((RELEASED, "refused"), (REFUSED, "released"), (REFUSED, "granted"), (GRANTED, "refused")):
        plan = plan_of(told(allocation), kept(state), frozenset(KINDS[allocation.state.value]))
        assert (plan.items, fates(plan)) == ((), [("neo4j", Fate.CONTRADICTS)])
    for allocation, kinds in ((RELEASED, KINDS["refused"]), (REFUSED, KINDS["granted"])):
        plan = plan_of(told(allocation), kept(allocation.state.value), frozenset(kinds))
        assert (plan.items, fates(plan)) == ((), [("kafka", Fate.CONTRADICTS)])


def test_a_state_that_nobody_knows_is_not_overwritten() -> None:
    plan = plan_of(told(RELEASED), kept("muddled"), frozenset(KINDS["released"]))
    assert (plan.items, fates(plan)) == ((), [("neo4j", Fate.CONTRADICTS)])


def test_whoever_went_on_meanwhile_is_not_put_back() -> None:
    plan = plan_of(told(GRANTED, Standing.RUNNING), *whole(RELEASED))
    assert plan == Plan()


def test_of_a_pending_one_nothing_is_missing() -> None:
    assert plan_of(told(PENDING, Standing.RUNNING), None, frozenset()) == Plan()


@pytest.mark.parametrize("held", [None, *(kept(state) for state in State)], ids=str)
@pytest.mark.parametrize("standing", [Standing.BROKEN, Standing.NOT_FOUND, Standing.SILENT])
def test_what_nobody_can_tell_is_left(standing: Standing, held: Kept | None) -> None:
    plan = plan_of(told(None, standing), held, frozenset({EventKind.REQUESTED}))
    fate = Fate.UNKNOWN if standing is Standing.SILENT else Fate.LOST
    assert (plan.items, fates(plan)) == ((), [("temporal", fate)])
    assert "so it is" in plan.left[0].why


def test_an_id_that_nobody_ever_heard_of_is_unknown_not_lost() -> None:
    assert fates(plan_of(told(None, Standing.NOT_FOUND), None, frozenset())) == [("temporal", Fate.UNKNOWN)]
    assert fates(plan_of(told(None, Standing.BROKEN), None, frozenset())) == [("temporal", Fate.LOST)]


decided = st.sampled_from(list(DECIDED.values()))
decisions = st.sampled_from(HELD_DECISIONS)
kinds_held = st.sampled_from(HELD_KINDS)
unwritten = st.sets(st.sampled_from([store.value for store in Store]))
standings = st.sampled_from([Standing.RUNNING, Standing.ENDED])


@given(decided, standings, unwritten, decisions, kinds_held)
def test_whatever_they_hold_nothing_goes_back_and_no_event_is_written_that_is_there(
    allocation: Allocation, standing: Standing, still: set[str], held: Kept | None, kinds: frozenset[EventKind]
) -> None:
    plan = plan_of(told(allocation, standing, *still), held, kinds)
    written = [event.kind for event in events_to_write(plan)]
    assert not set(written) & kinds
    assert written == [kind for kind in KINDS[allocation.state.value] if kind in written]
    assert all(item.store.value not in still for item in plan.items)
    in_neo4j = [item for item in plan.items if item.store is Store.NEO4J]
    assert len(in_neo4j) <= 1
    if in_neo4j and held and held.has_decision:
        assert _RANK[held.state] < _RANK[allocation.state.value]
        assert (held.state, allocation.state) != ("granted", State.REFUSED)


@given(decided, decisions, kinds_held)
def test_once_it_is_written_nothing_is_missing(
    allocation: Allocation, held: Kept | None, kinds: frozenset[EventKind]
) -> None:
    plan = plan_of(told(allocation), held, kinds)
    if any(item.store is Store.NEO4J for item in plan.items):
        held = kept(allocation.state.value)
    after = plan_of(told(allocation), held, kinds | {event.kind for event in events_to_write(plan)})
    assert after.items == ()
    assert after.left == plan.left


@given(decided, decisions, kinds_held, st.booleans())
def test_nothing_is_passed_over_unasked_that_would_be_planned(
    allocation: Allocation, held: Kept | None, kinds: frozenset[EventKind], runs: bool
) -> None:
    """But where both stores tell the same whole story: then they are believed."""
    standing = Standing.RUNNING if runs else Standing.ENDED
    agrees = held is not None and held.state == allocation.state.value
    if agrees and plan_of(told(allocation, standing), held, kinds) != Plan():
        assert may_lack(held, kinds, is_running=runs)


def test_a_workflow_that_is_over_while_a_store_says_granted_is_asked() -> None:
    assert may_lack(*whole(GRANTED), is_running=False)
    assert missing(plan_of(told(RELEASED), *whole(GRANTED))) == ["state released", "event released"]
