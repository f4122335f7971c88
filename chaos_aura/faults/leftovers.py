"""What a process that died left open: the reaper ends it, and whoever wants to inject waits for that."""

import time

from chaos_aura.core.boot import boot_id
from chaos_aura.core.lease import Lease, LeaseState
from chaos_aura.faults.healing_all import blockers_of
from chaos_aura.faults.ledger import Ledger

ENDED_WITHIN_S = 10.0  # a reaper and its healer that have to start, and the injector's settling time
_LOOK_EVERY_S = 0.02


def await_end_of_leftovers(ledger: Ledger, within_s: float = ENDED_WITHIN_S) -> None:
    """Returns in any case: whatever is still open then is told by whom it stands in the way of."""
    deadline_s = time.monotonic() + within_s
    while _is_any_left(ledger.open_leases()) and time.monotonic() < deadline_s:
        time.sleep(_LOOK_EVERY_S)


def _is_any_left(leases: tuple[Lease, ...]) -> bool:
    """One that is stuck, or waits for another whose owner lives, may not end for long."""
    boot = boot_id()
    left = [lease for lease in leases if not lease.owner.is_alive(boot)]
    staying = [lease for lease in leases if lease not in left]
    return any(lease.state is not LeaseState.STUCK and not blockers_of(lease, staying) for lease in left)
