"""How long something may take. For every probe of `probes.latency`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed
from steady_states.border import judging, number

__all__ = ["is_at_most"]


@judging
def is_at_most(seconds: float, value: Any = None) -> Judgement:
    """It takes no longer."""
    took_s = number(value)
    told = f"{took_s:.3f} s, at most {seconds:g} s"
    return passed(told) if took_s <= seconds else failed(told)
