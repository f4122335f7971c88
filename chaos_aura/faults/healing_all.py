"""Ends several faults: the last first, each only when what its healing needs is well again, one failure stopping none.

Leases that have nothing to do with each other are healed side by side: one mechanism that does not answer must not make
the others wait.
"""

import threading
from collections.abc import Iterable, Sequence

from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.faults.healing import Healing, Outcome

Lane = list[Lease]


def heal_all(healing: Healing, leases: Iterable[Lease], others: Iterable[Lease] = ()) -> list[Outcome]:
    """In the order in which they were written. `others` are open and are not to be healed now."""
    chosen = list(leases)
    ids = {lease.id for lease in chosen}
    staying = [lease for lease in others if lease.id not in ids]
    free = [lease for lease in chosen if not blockers_of(lease, staying)]
    outcomes = {lease.id: _waiting(healing, lease, staying) for lease in chosen if blockers_of(lease, staying)}
    lanes: list[tuple[Lane, list[Outcome]]] = [(lane, []) for lane in _lanes(free)]
    threads = [threading.Thread(target=_heal_lane, args=(healing, *lane)) for lane in lanes[1:]]
    for number, thread in enumerate(threads, 1):
        try:
            thread.start()
        except RuntimeError:  # a process that ends starts no thread any more
            _heal_lane(healing, *lanes[number])
    if lanes:
        _heal_lane(healing, *lanes[0])
    for thread in threads:
        if thread.ident:
            thread.join()
    outcomes |= {outcome.lease.id: outcome for _, ended in lanes for outcome in ended}
    return [outcomes[lease.id] for lease in chosen]


def blockers_of(lease: Lease, others: Iterable[Lease]) -> list[Lease]:
    """Those that hurt what its healing needs. One that is stuck is not waited for: perhaps it never ends."""
    return [
        other
        for other in others
        if other.id != lease.id
        and other.state is not LeaseState.STUCK
        and lease.footprint.needs & other.footprint.hurts
    ]


def in_order(leases: Sequence[Lease]) -> list[Lease]:
    """Last in, first out; but what hurts a thing is healed before what needs that thing."""
    left, ordered = sorted(leases, key=lambda lease: lease.id, reverse=True), []
    while left:
        ready = next((lease for lease in left if not blockers_of(lease, left)), left[0])
        left.remove(ready)
        ordered.append(ready)
    return ordered


def _lanes(leases: Sequence[Lease]) -> list[Lane]:
    """Those that touch a common thing are in one."""
    lanes: list[tuple[set[str], Lane]] = []
    for lease in leases:
        things = {f"injector {lease.injector}", *lease.footprint.hurts, *lease.footprint.needs}
        lane = [lease]
        apart = []
        for other_things, other_lane in lanes:
            if things & other_things:
                things |= other_things
                lane = other_lane + lane
            else:
                apart.append((other_things, other_lane))
        lanes = [*apart, (things, lane)]
    return [lane for _, lane in lanes]


def _heal_lane(healing: Healing, lane: Lane, ended: list[Outcome]) -> None:
    ended.extend(healing.heal(lease) for lease in in_order(lane))


def _waiting(healing: Healing, lease: Lease, others: Iterable[Lease]) -> Outcome:
    blockers = blockers_of(lease, others)
    named = " and ".join(f"{blocker.fault} (lease {blocker.id})" for blocker in blockers)
    return healing.postponed(lease, f"its healing needs what {named} hurts; it is healed right after that")
