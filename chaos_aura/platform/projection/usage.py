"""What a tenant has used, as the projection has counted it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chaos_aura.platform.projection import scripts
from chaos_aura.platform.projection.effects import MICRO, MS_PER_HOUR
from chaos_aura.platform.projection.keys import LIVE
from chaos_aura.platform.projection.ledger import connect


@dataclass(frozen=True, slots=True)
class Usage:
    """`quoted_usd` is the price of all that was granted, as asked; `used_usd` of hours that were held and are over."""

    tenant: str
    requested: int = 0
    decided: int = 0
    granted: int = 0
    refused: int = 0
    released: int = 0
    gpu_hours: Mapping[str, float] = field(default_factory=dict)  # by GPU type, of what is over
    held_gpus: Mapping[str, int] = field(default_factory=dict)  # by GPU type, now
    quoted_usd: float = 0.0
    used_usd: float = 0.0
    duplicates: int = 0  # events that came again, and were not counted again

    @classmethod
    def of_hash(cls, tenant: str, told: Mapping[str, str]) -> "Usage":
        numbers = {name: int(amount) for name, amount in told.items()}
        plain = ("requested", "decided", "granted", "refused", "released", "duplicates")
        return cls(
            tenant,
            gpu_hours={name: ms / MS_PER_HOUR for name, ms in _by_type("gpu_ms", numbers).items()},
            held_gpus={name: count for name, count in _by_type("held", numbers).items() if count},
            quoted_usd=numbers.get("quoted_micro_usd", 0) / MICRO,
            used_usd=numbers.get("used_micro_usd", 0) / MICRO,
            **{name: numbers.get(name, 0) for name in plain},
        )


class UsageReader:
    """Raises redis-py's errors when Redis is away."""

    def __init__(self, url: str, *, timeout_s: float = 1.0) -> None:
        self._redis = connect(url, timeout_s)
        self._read = self._redis.register_script(scripts.READ)

    async def of(self, tenant: str) -> Usage:
        """Of a tenant that nothing is known of, all are zero."""
        told = await self._read(keys=[LIVE], args=[tenant])
        return Usage.of_hash(tenant, dict(zip(told[::2], told[1::2], strict=True)))

    async def close(self) -> None:
        await self._redis.aclose()


def _by_type(prefix: str, numbers: Mapping[str, int]) -> dict[str, int]:
    return {name.partition(":")[2]: each for name, each in numbers.items() if name.startswith(f"{prefix}:")}
