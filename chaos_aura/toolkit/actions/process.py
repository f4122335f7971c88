"""Faults of a service's process."""

from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = ["crash_loop", "kill", "pause", "restart", "stop"]


def kill(target: str, comes_back: bool = True, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """End the process at once (SIGKILL).

    comes_back: whether its supervisor starts it again at once, or only when the fault ends.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("kill", target, duration, injector, {"comes_back": comes_back, "which": which})


def stop(target: str, grace_s: float = 10.0, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Ask the process to end, and keep it stopped.

    grace_s: how long it may take before it is killed.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("stop", target, duration, injector, {"grace_s": grace_s, "which": which})


def pause(target: str, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Freeze every thread (SIGSTOP).

    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("pause", target, duration, injector, {"which": which})


def restart(target: str, grace_s: float = 10.0, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """End it and start it again.

    grace_s: how long it may take to end.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("restart", target, duration, injector, {"grace_s": grace_s, "which": which})


def crash_loop(target: str, every_ms: int = 0, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Kill it again as often as it comes back.

    every_ms: how long it may live each time; 0: not a moment.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("crash_loop", target, duration, injector, {"every_ms": every_ms, "which": which})
