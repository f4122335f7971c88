"""chaos-aura: does a system survive its own parts failing? Proof, undo and measurement on Chaos Toolkit."""


def discover(discover_system: bool = True) -> object:
    """For `chaos discover chaos-aura`, which looks for it here. Whoever imports any part of ours imports this file."""
    from chaos_aura.toolkit.discovery import discover_all  # noqa: PLC0415 - nobody else needs Chaos Toolkit here

    return discover_all(discover_system)
