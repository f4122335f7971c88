"""A fault on an edge in words: what it writes, what it does, what heals it."""

from chaos_aura.core.catalogue import Edge
from chaos_aura.core.fault import Fault
from injectors.toxiproxy.mixture import directions
from injectors.toxiproxy.plan import Plan

_DIRECTED = {"latency": "latency", "throttle": "throttle", "partition": "passage", "blackhole": "passage"}
_AFTERWARDS = {
    "partition": "; connections open when it begins or ends are lost",
    "blackhole": "; connections open when it begins or ends are lost",
    "reset": "; connections open when it begins end without a reset",
}


def written(fault: Fault, edge: Edge) -> list[str]:
    """`["latency from_service of edge worker.neo4j"]`"""
    if thing := _DIRECTED.get(fault.kind):
        return [f"{thing} {direction} of edge {edge.name}" for direction in directions(fault)]
    return [f"{fault.kind} of edge {edge.name}"]


def touched(fault: Fault, edge: Edge) -> str:
    """`edge worker.neo4j at 127.0.0.1:21013: latency (latency_ms=200.0, ...)`"""
    told = ", ".join(f"{name}={value}" for name, value in fault.parameters.items())
    return f"edge {edge.name} at {edge.address}: {fault.kind} ({told}){_AFTERWARDS.get(fault.kind, '')}"


def remedy(plan: Plan) -> str:
    by_hand = f"run: {plan.by_hand()}"
    if plan.container:
        return f"{by_hand}; if that hangs: docker restart {plan.container} (its toxics end with it)"
    if plan.process is None:
        return by_hand
    return f"{by_hand}; if that hangs: kill -9 {plan.process.pid} (it is started again without toxics)"
