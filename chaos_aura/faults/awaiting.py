"""Looks until a proof holds."""

import time
from collections.abc import Callable

from chaos_aura.core.fault import Proof

_FIRST_WAIT_S = 0.001
_LONGEST_WAIT_S = 0.05


def await_proof(look: Callable[[], Proof], within_s: float, clock: Callable[[], float] = time.monotonic) -> Proof:
    """The first that holds, or the last one seen. It looks at least once."""
    deadline_s, wait_s = clock() + within_s, _FIRST_WAIT_S
    while True:
        proof = look()
        if proof or clock() >= deadline_s:
            return proof
        time.sleep(wait_s)
        wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
