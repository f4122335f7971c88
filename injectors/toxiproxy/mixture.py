"""Which toxics make a fault, and which faults Toxiproxy cannot make as they are asked for."""

from chaos_aura.core.fault import YES, Capability, Fault, no
from chaos_aura.core.kinds import BOTH, FROM_SERVICE, TO_SERVICE
from injectors.toxiproxy.toxic import DOWNSTREAM, UPSTREAM, Toxic

# While a reset waits for its moment, Toxiproxy can neither remove it nor answer for that proxy at all.
LONGEST_RESET_MS = 1000

_STREAMS = {TO_SERVICE: (UPSTREAM,), FROM_SERVICE: (DOWNSTREAM,), BOTH: (UPSTREAM, DOWNSTREAM)}
# What each kind is to Toxiproxy, and which parameter each attribute comes from; one from none is 0.
_RECIPES: dict[str, tuple[str, dict[str, str]]] = {
    "latency": ("latency", {"latency": "latency_ms", "jitter": "jitter_ms"}),
    "throttle": ("bandwidth", {"rate": "rate_kbps"}),
    "partition": ("timeout", {"timeout": ""}),
    "blackhole": ("timeout", {"timeout": "close_after_ms"}),
    "reset": ("reset_peer", {"timeout": "after_ms"}),
    "slow_close": ("slow_close", {"delay": "delay_ms"}),
    "slice": ("slicer", {"average_size": "size_bytes", "size_variation": "variation_bytes", "delay": "delay_us"}),
    "limit_data": ("limit_data", {"bytes": "limit_bytes"}),
}
_SHORT = {UPSTREAM: "up", DOWNSTREAM: "down"}


def can_be_made(fault: Fault) -> Capability:
    match fault.kind:
        case "latency":
            return _in_whole_ms(fault, "latency_ms", "jitter_ms")
        case "partition" if refuses(fault) and fault.text("direction") != BOTH:
            why = "connections can only be refused both ways"
            return no(why, f"give direction={BOTH}, or how=silent")
        case "reset" if fault.number("after_ms") > LONGEST_RESET_MS:
            why = "Toxiproxy cannot take back a reset that waits: healing would last as long as after_ms"
            return no(why, f"give after_ms up to {LONGEST_RESET_MS}")
        case "slice" if fault.number("variation_bytes") >= fault.number("size_bytes"):
            return no("pieces cannot vary by their whole size or more", "give variation_bytes below size_bytes")
    return YES


def refuses(fault: Fault) -> bool:
    return fault.kind == "partition" and fault.text("how") == "refused"


def toxics_for(fault: Fault, lease_id: str) -> tuple[Toxic, ...]:
    """Each has the lease in its name, so that nobody else's is ever removed."""
    kind, attributes = _recipe(fault)
    return tuple(
        Toxic(f"chaos-{lease_id}-{_SHORT[stream]}", kind, stream, attributes) for stream in _streams(fault) if kind
    )


def directions(fault: Fault) -> tuple[str, ...]:
    """`("from_service",)`"""
    return tuple(TO_SERVICE if stream == UPSTREAM else FROM_SERVICE for stream in _streams(fault))


def _streams(fault: Fault) -> tuple[str, ...]:
    match fault.kind:
        case "latency" | "throttle" | "partition":
            return _STREAMS[fault.text("direction")]
        case "blackhole" | "slow_close":
            return _STREAMS[BOTH]
    return (DOWNSTREAM,)


def _recipe(fault: Fault) -> tuple[str, dict[str, int]]:
    """`("latency", {"latency": 200, "jitter": 0})`; no toxic makes a refusal."""
    if refuses(fault):
        return "", {}
    kind, parameters = _RECIPES[fault.kind]
    return kind, {attribute: int(fault.number(name)) if name else 0 for attribute, name in parameters.items()}


def _in_whole_ms(fault: Fault, *names: str) -> Capability:
    for name in names:
        if fault.number(name) != int(fault.number(name)):
            return no(f"Toxiproxy counts in whole milliseconds, not {fault.number(name):g}", f"give a whole {name}")
    return YES
