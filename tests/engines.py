"""An engine with every injector that is installed, on a running stack of a test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from awaiting import wait_until
from grounds import ground_of

from chaos_aura.faults.engine import Engine
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.registry import Registry
from chaos_aura.stack.running import RunningStack

_CLOSED_WITHIN_S = 30


@contextmanager
def engine_on(stack: RunningStack, on_step: Callable[[str], None] = lambda _: None) -> Iterator[Engine]:
    """What it injects is healed at the end, by the reaper if need be."""
    ground = ground_of(stack)
    link = ReaperLink(ground.home)
    engine = Engine(ground, Registry.installed(ground), link, limits=Limits(), on_step=on_step)
    try:
        yield engine
    finally:
        engine.heal_mine()
        wait_until(lambda: not engine.ledger.open_leases(), _CLOSED_WITHIN_S, "every lease is closed")
        engine.close()
        link.close()
