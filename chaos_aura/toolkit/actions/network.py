"""Faults of the path between a client and a service. The target is an edge, or a service: all edges into it."""

from chaos_aura.toolkit.injecting import injected
from chaos_aura.toolkit.told import Told

__all__ = [
    "blackhole",
    "dns_failure",
    "latency",
    "limit_data",
    "packet_loss",
    "partition",
    "reset",
    "slice",
    "slow_close",
    "throttle",
]


def latency(
    target: str,
    latency_ms: float = 100.0,
    jitter_ms: float = 0.0,
    direction: str = "from_service",
    which: str = "only",
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Make each answer later.

    latency_ms: how much later.
    jitter_ms: more or less, at random.
    direction: which way is slow.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected(
        "latency",
        target,
        duration,
        injector,
        {"latency_ms": latency_ms, "jitter_ms": jitter_ms, "direction": direction, "which": which},
    )


def throttle(
    target: str,
    rate_kbps: int = 100,
    direction: str = "from_service",
    which: str = "only",
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Let so much through in a second.

    rate_kbps: kilobytes a second.
    direction: which way is slow.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    parameters = {"rate_kbps": rate_kbps, "direction": direction, "which": which}
    return injected("throttle", target, duration, injector, parameters)


def packet_loss(
    target: str,
    percent: float = 10.0,
    peer: str = "*",
    which: str = "only",
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Lose a share of packets.

    percent: of all packets.
    peer: only what it exchanges with this service; *: with everybody.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("packet_loss", target, duration, injector, {"percent": percent, "peer": peer, "which": which})


def partition(
    target: str,
    direction: str = "both",
    how: str = "silent",
    peer: str = "*",
    which: str = "only",
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Cut the path.

    direction: which way nothing passes.
    how: silent: what is sent vanishes; refused: connections end and none is accepted (both ways only).
    peer: only what it exchanges with this service; *: with everybody.
    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    parameters = {"direction": direction, "how": how, "peer": peer, "which": which}
    return injected("partition", target, duration, injector, parameters)


def dns_failure(target: str, which: str = "only", duration: float = 0.0, injector: str = "") -> Told:
    """Let it find no other machine by name.

    which: of several containers: only (there is just one), one, all, a share such as 50%, or a name.
    """
    return injected("dns_failure", target, duration, injector, {"which": which})


def blackhole(target: str, close_after_ms: int = 1000, duration: float = 0.0, injector: str = "") -> Told:
    """Swallow all data, then close the connection.

    close_after_ms: how long it is kept open.
    """
    return injected("blackhole", target, duration, injector, {"close_after_ms": close_after_ms})


def reset(target: str, after_ms: int = 0, duration: float = 0.0, injector: str = "") -> Told:
    """End connections as a crashed machine would (TCP RST).

    after_ms: how long each may live.
    """
    return injected("reset", target, duration, injector, {"after_ms": after_ms})


def slow_close(target: str, delay_ms: int = 1000, duration: float = 0.0, injector: str = "") -> Told:
    """Let connections end late.

    delay_ms: how late.
    """
    return injected("slow_close", target, duration, injector, {"delay_ms": delay_ms})


def slice(
    target: str,
    size_bytes: int = 16,
    variation_bytes: int = 0,
    delay_us: int = 1000,
    duration: float = 0.0,
    injector: str = "",
) -> Told:
    """Let answers through in small pieces.

    size_bytes: average size of a piece.
    variation_bytes: more or less, at random.
    delay_us: pause between two pieces.
    """
    return injected(
        "slice",
        target,
        duration,
        injector,
        {"size_bytes": size_bytes, "variation_bytes": variation_bytes, "delay_us": delay_us},
    )


def limit_data(target: str, limit_bytes: int = 1024, duration: float = 0.0, injector: str = "") -> Told:
    """Close each connection after so many bytes of answers.

    limit_bytes: how many.
    """
    return injected("limit_data", target, duration, injector, {"limit_bytes": limit_bytes})
