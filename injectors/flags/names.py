"""Which flags the platform has, and what each may be."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from chaos_aura.core.errors import BadInput

FILE = "flags.json"
VARIABLES = "CHAOS_AURA_FLAG_"
LOOKS_EVERY_S = 0.05
AGENTS = ("lnn_cost_optimizer", "lnn_fairness_enforcer", "lnn_performance_predictor")
COUNCIL_SIZE, DELAYS, FAILING = "council_size", "agent_delays_s", "failing_agents"
LONGEST_DELAY_S = 3600
DEFAULTS: Mapping[str, Any] = {
    "circuit_breakers": True,
    "retries": True,
    "retry_budget": True,
    "cache": True,
    COUNCIL_SIZE: 3,
    DELAYS: {},
    FAILING: [],
}
_COUNCIL_SIZES = (1, 2, 3)
_WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


def refuse_unknown_agent(where: str, agent: str) -> None:
    if agent not in AGENTS:
        raise BadInput(where, f"no such agent: {agent!r}", f"there are: {', '.join(AGENTS)}")


def read(flag: str, text: str) -> Any:
    """As the platform would write it in JSON. BadInput says what there is, or what it may be."""
    if flag not in DEFAULTS:
        raise BadInput("set_flag, flag", f"no such flag: {flag!r}", f"there are: {', '.join(DEFAULTS)}")
    try:
        return _READERS.get(flag, _switch)(text.strip())
    except ValueError as cause:
        raise BadInput("set_flag, value", f"{flag} {cause}, not {text!r}") from cause


def in_environment(flag: str, environ: Mapping[str, str]) -> Any:
    """What holds where the file says nothing."""
    text = environ.get(VARIABLES + flag.upper())
    return DEFAULTS[flag] if text is None else read(flag, text)


def _switch(text: str) -> bool:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    raise ValueError("must be on or off")


def _council_size(text: str) -> int:
    if text in map(str, _COUNCIL_SIZES):
        return int(text)
    raise ValueError("must be 1, 2 or 3")


def _delays_s(text: str) -> dict[str, float]:
    told = _json(text)
    if not isinstance(told, dict) or not all(_is_delay(each) for each in told.values()):
        raise ValueError(f"must give seconds for each agent, at most {LONGEST_DELAY_S}")
    return {_agent(name): float(each) for name, each in told.items()}


def _failing(text: str) -> list[str]:
    """A list in JSON, or names with commas between them."""
    told = _json(text) if text.startswith("[") else [name.strip() for name in text.split(",") if name.strip()]
    if not isinstance(told, list):
        raise ValueError("must be a list of agents")
    return sorted({_agent(name) for name in told})


def _agent(name: Any) -> str:
    if name in AGENTS:
        return str(name)
    raise ValueError(f"must name agents of {', '.join(AGENTS)}")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON") from None


def _is_delay(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST_DELAY_S


_READERS: Mapping[str, Callable[[str], Any]] = {COUNCIL_SIZE: _council_size, DELAYS: _delays_s, FAILING: _failing}
