"""Which edges a target means, and why it may mean none."""

from chaos_aura.core.catalogue import EXTERNAL, Catalogue, Edge, Target
from chaos_aura.core.fault import YES, Capability, no
from chaos_aura.core.project_file import FILE
from injectors.toxiproxy.greetings import greeting_for

SERVER = "toxiproxy"


def edges_of(target: Target, catalogue: Catalogue) -> tuple[Edge, ...]:
    """An edge is itself; a service means all edges into it."""
    return (target,) if isinstance(target, Edge) else catalogue.edges_into(target.name)


def can_reach(target: Target, catalogue: Catalogue) -> Capability:
    if all(service.name != SERVER for service in catalogue.services):
        remedy = f"describe one in {FILE}: [toxiproxy]" if _is_external(catalogue) else "run: chaos-aura up toxiproxy"
        return no("this stack has no Toxiproxy", remedy)
    edges = edges_of(target, catalogue)
    if not edges:
        return no(f"no edge leads to {target.name}", _instead(target, catalogue))
    for edge in edges:
        if edge not in catalogue.edges:
            return no(f"{edge.name} is no edge of the running stack at {edge.address}", "take one of its catalogue")
        if greeting_for(edge.speaks, edge.scheme) is None:
            return no(f"no round trip to {edge.service} is known, so nothing could be proven", "take another edge")
    return YES


def _instead(target: Target, catalogue: Catalogue) -> str:
    from_it = [edge.name for edge in catalogue.edges if edge.client == target.name]
    there_are = from_it or [edge.name for edge in catalogue.edges]
    if there_are:
        return f"there are: {', '.join(there_are)}"
    return f"describe one in {FILE}: [edges.*]" if _is_external(catalogue) else "start a client: chaos-aura up"


def _is_external(catalogue: Catalogue) -> bool:
    return catalogue.stack == EXTERNAL
