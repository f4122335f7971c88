"""How the load must fare. For `probes.load`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed
from steady_states.border import judging, number

__all__ = ["is_at_least", "succeed_at_least"]


@judging
def succeed_at_least(share: float, value: Any = None) -> Judgement:
    """That share of the operations goes well, 0 to 1. For `success_rate`."""
    found = number(value)
    if not 0 <= found <= 1:
        raise ValueError(f"{found} is no share")
    told = f"{found:.1%} succeed, at least {share:.1%}"
    return passed(told) if found >= share else failed(told)


@judging
def is_at_least(per_second: float, value: Any = None) -> Judgement:
    """So many operations go well a second. For `throughput`."""
    found = number(value)
    told = f"{found:.1f} a second, at least {per_second:g}"
    return passed(told) if found >= per_second else failed(told)
