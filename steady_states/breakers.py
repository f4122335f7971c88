"""How the platform's breakers must be. For `probes.breakers`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from steady_states.border import judging

__all__ = ["a_breaker_opened", "every_breaker_is_closed"]

_CLOSED, _OPEN = "closed", "open"


@judging
def every_breaker_is_closed(value: Any = None) -> Judgement:
    """No breaker of any process is open, or half open. For `breaker_states`."""
    silent = [process for process, states in value.items() if states is None]
    known = {f"{process}.{name}": state for process, states in value.items() for name, state in (states or {}).items()}
    if not_closed := [f"{name} is {state}" for name, state in known.items() if state != _CLOSED]:
        return failed(*not_closed)
    if silent:
        return unknown(*(f"{process} does not tell of its breakers" for process in silent))
    return passed(f"all {len(known)} breakers are closed") if known else unknown("nobody told of a breaker")


@judging
def a_breaker_opened(dependency: str, value: Any = None) -> Judgement:
    """Some process stopped asking that dependency for a while. For `breaker_history`."""
    opened = [each["process"] for each in value if each["dependency"] == dependency and each["after"] == _OPEN]
    if not opened:
        return failed(f"no breaker opened for {dependency}")
    return passed(f"the breaker for {dependency} opened in {', '.join(sorted(set(opened)))}")
