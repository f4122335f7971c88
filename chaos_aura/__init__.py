"""chaos-aura: does a system survive its own parts failing? Proof, undo and measurement on Chaos Toolkit."""

from typing import Any


def discover(discover_system: bool = True) -> Any:
    """For `chaos discover chaos-aura`, which looks for it here."""
    from chaos_aura.toolkit.discovery import discover_all  # noqa: PLC0415 - nobody else needs Chaos Toolkit here

    return discover_all(discover_system)
