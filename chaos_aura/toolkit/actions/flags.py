"""Faults that the platform's own switches make."""

from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = ["fail_agent", "set_flag", "slow_agent"]


def fail_agent(target: str, agent: str, duration: float = 0.0, injector: str = "") -> Told:
    """Let a council agent fail.

    agent: its name.
    """
    return injected("fail_agent", target, duration, injector, {"agent": agent})


def slow_agent(target: str, agent: str, delay_s: float = 5.0, duration: float = 0.0, injector: str = "") -> Told:
    """Let a council agent take long.

    agent: its name.
    delay_s: how long.
    """
    return injected("slow_agent", target, duration, injector, {"agent": agent, "delay_s": delay_s})


def set_flag(target: str, flag: str, value: str, duration: float = 0.0, injector: str = "") -> Told:
    """Throw a switch of the platform.

    flag: its name.
    value: as JSON, or on and off.
    """
    return injected("set_flag", target, duration, injector, {"flag": flag, "value": value})
