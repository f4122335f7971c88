"""What the kernel's network emulation is told. Not every kernel has it."""

_ROOM = "100000"  # packets: what waits must not be lost for want of room


def netem_loss(percent: float) -> tuple[str, ...]:
    return ("netem", "limit", _ROOM, "loss", "random", f"{percent:g}%")


def netem_delay(latency_ms: float, jitter_ms: float) -> tuple[str, ...]:
    jitter = (f"{jitter_ms:g}ms",) if jitter_ms else ()
    return ("netem", "limit", _ROOM, "delay", f"{latency_ms:g}ms", *jitter)
