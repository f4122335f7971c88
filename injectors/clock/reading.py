"""How far the clock of a service is off, told by itself over its own protocol."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import TargetUnfit
from injectors.clock.bolt_clock import told_over_bolt
from injectors.clock.conversation import Conversation, Garbled, talking_to
from injectors.clock.http_clock import told_over_http
from injectors.clock.kafka_clock import told_by_kafka
from injectors.clock.redis_clock import told_by_redis

TOLERANCE_S = 1.5

_PROTOCOL_OF = {"redis": "redis", "neo4j": "bolt", "kafka": "kafka", "http": "http"}
_BY_HTTP = ("api", "worker", "projection")

_PROTOCOLS: Mapping[str, Callable[[Conversation], float]] = {
    "redis": told_by_redis,
    "bolt": told_over_bolt,
    "http": told_over_http,
    "kafka": told_by_kafka,
}


def protocol_of(service: Service) -> str:
    """Empty when there is no known way to read its clock."""
    if service.name.partition("-")[0] in _BY_HTTP:
        return "http"
    return _PROTOCOL_OF.get(service.speaks, "")


@dataclass(frozen=True, slots=True)
class Reading:
    """`off_s` is known to within `error_s`: half of the time that the question took."""

    off_s: float
    error_s: float

    def is_off_by(self, seconds: float) -> bool:
        return abs(self.off_s - seconds) <= TOLERANCE_S

    def __str__(self) -> str:
        if self.is_off_by(0):
            return f"right to within {max(abs(self.off_s), self.error_s):.3f} s"
        return f"{abs(self.off_s):.3f} s {'ahead' if self.off_s > 0 else 'behind'}"

    def to_dict(self) -> dict[str, Any]:
        return {"off_s": round(self.off_s, 6), "error_s": round(self.error_s, 6)}


@dataclass(frozen=True, slots=True)
class Clock:
    """`Clock("neo4j", Address("127.0.0.1", 21007), "bolt")`"""

    service: str
    address: Address
    protocol: str

    def read(self) -> Reading:
        """TargetUnfit when it does not tell."""
        with ExitStack() as connected:
            try:
                talk = connected.enter_context(talking_to(self.address))
                before_s = time.time()
                told_s = _PROTOCOLS[self.protocol](talk)
            except (OSError, Garbled, ValueError, KeyError, TypeError) as cause:
                why = f"does not tell its time at {self.address} ({str(cause) or type(cause).__name__})"
                raise TargetUnfit(self.service, why, "look at its log") from cause
            after_s = time.time()
        return Reading(told_s - (before_s + after_s) / 2, (after_s - before_s) / 2)
