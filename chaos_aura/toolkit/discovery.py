"""What `chaos discover chaos-aura` tells: every action with its description and the types of its arguments."""

from chaoslib.discovery.discover import discover_actions, initialize_discovery_result
from chaoslib.types import Discovery

from chaos_aura.toolkit import actions


def discover_all(discover_system: bool) -> Discovery:
    """Looks at no system: what there is to hurt, `chaos-aura faults` tells."""
    del discover_system
    from importlib.metadata import version  # noqa: PLC0415 - costs 50 ms, which only a discovery pays

    discovery = initialize_discovery_result("chaos-aura", version("chaos-aura"), "chaos_aura")
    discovery["activities"].extend(discover_actions(actions.__name__))
    return discovery
