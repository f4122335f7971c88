"""Whom a fault on an edge can be about: its one client, and all containers of the service alike."""

from chaos_aura.containers.group import ALL, ONLY
from chaos_aura.core.fault import YES, Capability, Fault, no

_EVERYBODY = "*"


def can_be_aimed(fault: Fault) -> Capability:
    peer, which = str(fault.parameters.get("peer", _EVERYBODY)), str(fault.parameters.get("which", ONLY))
    if peer != _EVERYBODY:
        why = f"an edge belongs to its one client, so it cannot be about {peer} only"
        return no(why, f"give peer={_EVERYBODY} and the edge of that client as target, or injector=docker")
    if which not in (ONLY, ALL):
        why = f"an edge leads to all containers of a service, so it cannot be about {which} of them"
        return no(why, f"give which={ALL}, or injector=docker")
    return YES
