"""Faults of what the stores hold."""

from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = ["corrupt_cache", "evict_cache", "poison_event", "tamper_decision"]


def corrupt_cache(target: str, tenant: str = "*", count: int = 10, duration: float = 0.0, injector: str = "") -> Told:
    """Damage bytes of cached context windows.

    tenant: whose; *: anybody's.
    count: how many at most.
    """
    return injected("corrupt_cache", target, duration, injector, {"tenant": tenant, "count": count})


def evict_cache(target: str, tenant: str = "*", count: int = 10, duration: float = 0.0, injector: str = "") -> Told:
    """Remove cached context windows.

    tenant: whose; *: anybody's.
    count: how many at most.
    """
    return injected("evict_cache", target, duration, injector, {"tenant": tenant, "count": count})


def poison_event(
    target: str, how: str = "malformed", count: int = 1, duration: float = 0.0, injector: str = ""
) -> Told:
    """Put bad events among the good ones.

    how: what is wrong with them.
    count: how many.
    """
    return injected("poison_event", target, duration, injector, {"how": how, "count": count})


def tamper_decision(target: str, count: int = 10, duration: float = 0.0, injector: str = "") -> Told:
    """Change what recorded decisions say.

    count: how many at most.
    """
    return injected("tamper_decision", target, duration, injector, {"count": count})
