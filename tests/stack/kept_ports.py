"""Ports that stay one stack's own: no other is given them while a test looks whether they are free again."""

import os
import random
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from awaiting import wait_until

from chaos_aura.stack import ports
from chaos_aura.stack.port_holder import holder_of
from chaos_aura.stack.ports import Reservation

_WITHIN_S = 60


@contextmanager
def kept_ports() -> Iterator[Callable[[int, random.Random], Reservation]]:
    """Chooses ports as `up` does; their marks are let go at the end of it only."""
    marks: list[int] = []

    def choose(count: int, rng: random.Random) -> Reservation:
        reservation = ports.choose(count, rng)
        marks.extend(map(os.dup, reservation.descriptors))
        return reservation

    try:
        yield choose
    finally:
        for mark in marks:
            os.close(mark)


def await_listeners(taken: Collection[int]) -> None:
    """Only looked for: whoever tries such a port takes it, for a moment, from a server that is about to listen."""
    wait_until(lambda: all(map(holder_of, taken)), _WITHIN_S, f"somebody listens on each of {sorted(taken)}")
