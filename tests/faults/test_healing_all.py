"""The order in which leases end, and which wait."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from test_ledger import lease

from chaos_aura.core.fault import Footprint
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.faults.healing_all import blockers_of, in_order

SERVICES = st.frozensets(st.sampled_from(["neo4j", "redis", "toxiproxy"]), max_size=2)


def made(number: int, hurts: frozenset[str] = frozenset(), needs: frozenset[str] = frozenset()) -> Lease:
    return replace(lease(lease_id=f"{number:03}"), footprint=Footprint(frozenset({str(number)}), hurts, needs))


def test_the_last_is_ended_first() -> None:
    assert [each.id for each in in_order([made(1), made(3), made(2)])] == ["003", "002", "001"]


def test_what_hurts_a_thing_is_ended_before_what_needs_it() -> None:
    paused = made(1, hurts=frozenset({"toxiproxy"}))
    latency = made(2, needs=frozenset({"toxiproxy"}))
    assert [each.id for each in in_order([latency, paused])] == ["001", "002"]


def test_one_that_is_stuck_is_not_waited_for() -> None:
    stuck = replace(made(1, hurts=frozenset({"redis"})), state=LeaseState.STUCK)
    assert blockers_of(made(2, needs=frozenset({"redis"})), [stuck]) == []


@given(st.lists(st.tuples(SERVICES, SERVICES), max_size=8))
def test_each_is_ended_once_and_none_before_what_it_waits_for(
    shapes: list[tuple[frozenset[str], frozenset[str]]],
) -> None:
    leases = [made(number, *shape) for number, shape in enumerate(shapes)]
    ordered = in_order(leases)
    assert sorted(each.id for each in ordered) == [each.id for each in leases]
    for place, each in enumerate(ordered):
        later = ordered[place + 1 :]
        blocked_by_later = blockers_of(each, later)
        # Only a circle, in which each waits for another, may be broken.
        assert not blocked_by_later or all(blockers_of(other, ordered[place:]) for other in ordered[place:])
