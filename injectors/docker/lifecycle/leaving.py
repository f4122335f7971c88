"""Whether a container that still runs was told to end: its engine shows that nowhere but in what it remembers."""

import math
import signal

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import KILL, STOP, Happened, happened, now_s

_WAITS_S = 0.5  # for the answer of an order that is carried out all the same
_LATE_S = 5.0


def tell_to(engine: Engine, what: str, container: str, grace_s: float) -> None:
    """`stop` or `restart`: its engine sends the signal, waits for so long, and kills what is left then."""
    engine.order(f"containers/{container}/{what}?t={math.ceil(grace_s)}", waits_s=_WAITS_S)


def is_leaving(engine: Engine, now: Container, since_s: float, grace_s: float) -> bool:
    """Told so since then. What the engine has forgotten may have been just that, as long as the grace lasts.

    Other signals are sent as well: some programs read their configuration again when they get one.
    """
    found = happened(engine, now.id, since_s)
    if _tells_to_end(found, now):
        return True
    return not found.all_known and now_s(engine) < since_s + grace_s + _LATE_S


def was_told_to_end(engine: Engine, now: Container, since_s: float) -> bool:
    """By way of its engine, as far as that remembers. Of one that waits for its next start it tells the stop only."""
    found = happened(engine, now.id, since_s)
    return found.has(STOP) or _tells_to_end(found, now)


def _tells_to_end(found: Happened, now: Container) -> bool:
    ending = _ending_signals(now)
    return any(event.action == KILL and event.signal in ending for event in found.events)


def _ending_signals(now: Container) -> frozenset[str]:
    """By number: what asks it to end, as its image may say, and what does not ask."""
    told = str((now.document.get("Config") or {}).get("StopSignal") or "SIGTERM")
    number = told if told.isdecimal() else str(int(signal.Signals.__members__.get(told, signal.SIGTERM)))
    return frozenset({number, str(int(signal.SIGTERM)), str(int(signal.SIGKILL))})
