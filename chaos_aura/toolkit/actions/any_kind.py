"""Faults by name, a plug-in's own kinds too, and the end of faults."""

from typing import Any

from chaos_aura.toolkit.ending import healed
from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = ["heal", "heal_all", "inject"]


def inject(
    kind: str,
    target: str,
    parameters: dict[str, Any] | None = None,
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Inject a fault of any kind, also one that a plug-in brings.

    parameters: what this kind can be told, by name; see `chaos-aura faults KIND`.
    """
    return injected(kind, target, duration, injector, parameters or {})


def heal(kind: str = "", target: str = "", lease: str = "") -> list[Told]:
    """End the open faults that fit, and prove that they are gone.

    Fails when something is not gone, when a fault of this run had been lost before, and for a word that means nothing.

    What comes back: of each {"lease", "kind", "target", "parameters", "lasts_s", "gone"}.
    """
    return healed(kind, target, lease)


def heal_all() -> list[Told]:
    """End every open fault, whoever injected it, and prove that they are gone: for rollbacks.

    What comes back: as of `heal`.
    """
    return healed("", "", "")
