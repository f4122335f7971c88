"""What an event adds to its tenant's usage, worked out anew: what the projection has counted is judged by it.

Whole numbers only, so that their sum does not depend on the order.
"""

from collections.abc import Mapping
from typing import Any

_PREFIX = "allocation."
_MICRO = 1_000_000
_MS_PER_HOUR = 3_600_000


def kind_of(event: Mapping[str, Any]) -> str:
    """`granted`"""
    return str(event["kind"]).removeprefix(_PREFIX)


def additions(event: Mapping[str, Any]) -> dict[str, int]:
    """`{"granted": 1, "held:a100": 2, "quoted_micro_usd": 10240000}`; of one that readers do not refuse."""
    kind = kind_of(event)
    adds = {kind: 1}
    gpus, gpu_type = len(event.get("gpu_ids") or ()), event["gpu_type"]
    if kind == "granted":
        adds[f"held:{gpu_type}"] = gpus
        adds["quoted_micro_usd"] = round((event.get("total_usd") or 0) * _MICRO)
    elif kind == "released":
        held_ms = int(event.get("held_ms") or 0)
        adds[f"held:{gpu_type}"] = -gpus
        adds[f"gpu_ms:{gpu_type}"] = gpus * held_ms
        adds["used_micro_usd"] = _half_up(round((event.get("hourly_usd") or 0) * _MICRO) * held_ms, _MS_PER_HOUR)
    return adds


def _half_up(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)
