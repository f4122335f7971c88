"""How the platform's breakers must be. For `probes.breakers`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from steady_states.border import judging

__all__ = ["a_breaker_opened", "every_breaker_is_closed", "no_breaker_is_open"]

_CLOSED, _HALF_OPEN, _OPEN = "closed", "half_open", "open"


@judging
def every_breaker_is_closed(value: Any = None) -> Judgement:
    """No breaker of any process is open, or half open. For `breaker_states`.

    One stays half open until somebody calls: where nobody does, ask for `no_breaker_is_open`.
    """
    return _all_are(value, (_CLOSED,))


@judging
def no_breaker_is_open(value: Any = None) -> Judgement:
    """Every breaker of every process lets calls through, or the next one at least. For `breaker_states`."""
    return _all_are(value, (_CLOSED, _HALF_OPEN))


@judging
def a_breaker_opened(dependency: str, value: Any = None) -> Judgement:
    """Some process stopped asking that dependency for a while. For `breaker_history`."""
    opened = [each["process"] for each in value if each["dependency"] == dependency and each["after"] == _OPEN]
    if not opened:
        return failed(f"no breaker opened for {dependency}")
    return passed(f"the breaker for {dependency} opened in {', '.join(sorted(set(opened)))}")


def _all_are(value: Any, enough: tuple[str, ...]) -> Judgement:
    silent = [process for process, states in value.items() if states is None]
    known = {f"{process}.{name}": state for process, states in value.items() for name, state in (states or {}).items()}
    if others := [f"{name} is {state}" for name, state in known.items() if state not in enough]:
        return failed(*others)
    if silent:
        return unknown(*(f"{process} does not tell of its breakers" for process in silent))
    words = " or ".join(each.replace("_", " ") for each in enough)
    return passed(f"all {len(known)} breakers are {words}") if known else unknown("nobody told of a breaker")
